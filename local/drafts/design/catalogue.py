"""Things that backends keep, with the fields each usually has. Data only.

One line a noun: `field:type`, the type being text (default), long, uuid, ref, int, number, money, bool, time, date,
email, uri, phone, country, currency, object, list, secret or an enumeration `a|b|c`. `?` marks an optional field, and a
leading `~` a link that is only there when the thing it points at is.
"""

from local.drafts.english import word_set

ENTITIES: dict[str, str] = {
    "account": "name owner_email:email status:active|suspended|closed currency:currency",
    "address": "line1 line2? city postal_code country:country",
    "alert": "rule_id:ref severity:info|warning|critical status:firing|acknowledged|resolved fired_at:time message",
    "alert rule": "name metric operator:above|below threshold:number severity:info|warning|critical enabled:bool",
    "api key": "name scopes:list expires_at?:time status:active|revoked",
    "application": "name description?:long status:active|disabled",
    "appointment": "patient_id:ref provider_id:ref starts_at:time ends_at:time "
    "status:booked|confirmed|cancelled|completed reason?",
    "article": "title body:long author status:draft|published published_at?:time",
    "asset": "name kind location? status:active|retired",
    "attachment": "file_name content_type size_bytes:int url:uri",
    "audit log": "actor action target occurred_at:time detail?:object",
    "authorization code": "client_id redirect_uri:uri scope expires_at:time used:bool",
    "balance": "account_id:ref amount:money currency:currency",
    "booking": "customer_id:ref starts_at:time ends_at:time status:pending|confirmed|cancelled|completed",
    "campaign": "name starts_at:time ends_at:time status:draft|running|finished",
    "cart": "customer_id:ref currency:currency total_amount:money",
    "category": "name description?:long",
    "claim": "policy_number amount:money currency:currency status:submitted|approved|rejected",
    "client": "name redirect_uris:list kind:confidential|public scopes:list",
    "clinic": "name time_zone phone:phone address",
    "comment": "body:long author_id:ref",
    "consent": "subject_id:ref purpose granted:bool granted_at:time",
    "contact": "full_name email:email phone?:phone",
    "contract": "title party starts_at:date ends_at?:date status:draft|signed|ended",
    "coupon": "code discount_percent:number expires_at:time",
    "course": "title description?:long status:draft|open|closed",
    "customer": "full_name email:email phone?:phone status:active|blocked",
    "dashboard": "~organization_id:ref name description?:long widgets:list",
    "dead letter": "~delivery_id:ref source_id:ref reason last_error last_status?:int failed_at:time",
    "delivery": "~event_id:ref ~endpoint_id:ref status:queued|delivered|failed "
    "attempt_count:int last_status?:int delivered_at?:time",
    "device": "~organization_id:ref name serial_number kind status:online|offline|disabled last_seen_at?:time",
    "discount": "code percent:number valid_until:time",
    "document": "title content_type size_bytes:int checksum status:draft|final",
    "driver": "full_name phone:phone licence_number status:available|busy|off_duty",
    "employee": "full_name email:email department started_on:date",
    "endpoint": "url:uri description? secret:secret headers?:list rate_per_second:int enabled:bool",
    "enrolment": "course_id:ref student_id:ref status:active|completed|withdrawn",
    "event": "event_type occurred_at:time payload:object",
    "expense": "amount:money currency:currency spent_on:date category status:submitted|approved|rejected",
    "export": "format:csv|json status:queued|running|ready|failed url?:uri",
    "feature flag": "key description? enabled:bool rollout_percent:int",
    "file": "file_name content_type size_bytes:int checksum",
    "flight": "number origin destination departs_at:time arrives_at:time",
    "group": "name description?:long",
    "identifier": "value encoding:decimal|base62 sequence:int issued_at:time",
    "import": "file_name status:queued|running|done|failed row_count:int",
    "incident": "title severity:low|medium|high|critical status:open|mitigated|closed opened_at:time",
    "ingredient": "name quantity:number unit",
    "invitation": "~organization_id:ref email:email role:owner|admin|member "
    "status:pending|accepted|expired expires_at:time",
    "invoice": "customer_id:ref number currency:currency total_amount:money due_on:date "
    "status:draft|issued|paid|overdue|void",
    "item": "name quantity:int unit_price:money",
    "job": "kind status:queued|running|succeeded|failed started_at?:time finished_at?:time",
    "lead": "full_name email:email source status:new|contacted|qualified|lost",
    "listing": "title description:long price:money currency:currency status:active|sold|withdrawn",
    "loan": "borrower_id:ref amount:money currency:currency rate_percent:number status:requested|active|repaid",
    "location": "name latitude:number longitude:number",
    "measurement": "device_id:ref metric value:number unit? measured_at:time",
    "member": "full_name email:email role:owner|admin|member joined_at:time",
    "membership": "member_id:ref plan status:active|paused|ended",
    "menu": "name description?:long available:bool",
    "message": "sender_id:ref body:long sent_at:time status:queued|sent|delivered|failed",
    "note": "title body:long",
    "notification": "recipient channel:email|sms|push|webhook subject body:long status:queued|sent|failed",
    "offer": "title price:money currency:currency valid_until:time",
    "order": "customer_id:ref status:pending|confirmed|shipped|delivered|cancelled currency:currency "
    "total_amount:money placed_at:time",
    "order line": "order_id:ref sku quantity:int unit_price:money",
    "organization": "name slug plan:free|team|enterprise status:active|suspended",
    "parcel": "tracking_number weight_grams:int status:accepted|in_transit|delivered",
    "patient": "full_name date_of_birth:date email?:email phone:phone",
    "payment": "order_id:ref amount:money currency:currency "
    "status:authorized|captured|refunded|failed provider_reference",
    "payment method": "kind:card|bank_account last_four expires_on:date",
    "permission": "name description?:long",
    "plan": "name price:money currency:currency interval:month|year",
    "player": "display_name email:email rating:int",
    "playlist": "title description?:long track_count:int",
    "policy": "name description?:long effect:allow|deny enabled:bool",
    "post": "title body:long author_id:ref status:draft|published",
    "prescription": "patient_id:ref medication dosage issued_on:date",
    "price": "product_id:ref amount:money currency:currency valid_from:time",
    "product": "sku name description?:long price:money currency:currency status:active|discontinued",
    "profile": "display_name email:email locale? time_zone?",
    "project": "name description?:long status:active|archived",
    "provider": "full_name speciality email:email active:bool",
    "question": "text kind:single|multiple|free required:bool",
    "quote": "customer_id:ref amount:money currency:currency valid_until:date",
    "recipe": "title instructions:long servings:int",
    "refresh token": "client_id user_id:ref scope expires_at:time revoked:bool",
    "refund": "payment_id:ref amount:money currency:currency reason status:requested|completed|rejected",
    "reminder": "~appointment_id:ref channel:email|sms due_at:time status:scheduled|sent|failed",
    "report": "title period_start:date period_end:date format:csv|json|pdf status:queued|ready|failed",
    "reservation": "~order_id:ref ~customer_id:ref quantity:int expires_at:time status:held|confirmed|released",
    "return": "order_id:ref reason status:requested|received|refunded",
    "review": "rating:int title? body:long author_id:ref",
    "role": "name permissions:list",
    "room": "name capacity:int location?",
    "route": "name origin destination distance_km:number",
    "rule": "name condition threshold:number enabled:bool",
    "schedule": "name starts_at:time ends_at:time time_zone",
    "session": "user_id:ref started_at:time expires_at:time",
    "setting": "key value description?",
    "shipment": "order_id:ref carrier tracking_number status:created|in_transit|delivered|lost shipped_at?:time",
    "slot": "provider_id:ref starts_at:time ends_at:time status:free|held|booked",
    "stock level": "sku quantity:int location updated_by?",
    "student": "full_name email:email enrolled_on:date",
    "subscriber": "email:email status:active|unsubscribed",
    "subscription": "~endpoint_id:ref ~customer_id:ref status:active|paused|cancelled started_at:time",
    "supplier": "name email:email phone?:phone",
    "survey": "title description?:long status:draft|open|closed",
    "tag": "name color?",
    "task": "title description?:long assignee_id?:ref due_on?:date status:open|in_progress|done",
    "team": "~organization_id:ref name description?:long",
    "template": "name subject body:long",
    "tenant": "name plan status:active|suspended",
    "ticket": "subject description:long priority:low|normal|high|urgent status:open|pending|solved|closed",
    "track": "title duration_seconds:int artist",
    "transaction": "account_id:ref amount:money currency:currency kind:debit|credit booked_at:time",
    "transfer": "from_account_id:ref to_account_id:ref amount:money currency:currency status:pending|completed|failed",
    "trip": "origin destination starts_at:time status:planned|active|completed",
    "user": "full_name email:email status:active|disabled",
    "vehicle": "registration kind capacity:int status:available|in_use|maintenance",
    "vendor": "name email:email status:active|blocked",
    "video": "title duration_seconds:int status:uploading|processing|ready url?:uri",
    "visit": "patient_id:ref visited_at:time notes?:long",
    "vote": "option voter_id:ref",
    "waitlist entry": "~patient_id:ref ~customer_id:ref requested_for:date status:waiting|offered|closed",
    "wallet": "owner_id:ref balance:money currency:currency",
    "warehouse": "name location capacity:int",
    "workflow": "name description?:long status:draft|active|retired",
    "workspace": "name slug plan",
}

UNKNOWN_ENTITY = "name description?:long status:active|archived"

ALIASES: dict[str, str] = {
    "access log": "audit log",
    "audit entry": "audit log",
    "audit record": "audit log",
    "audit trail": "audit log",
    "auth code": "authorization code",
    "dead-letter": "dead letter",
    "dlq": "dead letter",
    "dlq item": "dead letter",
    "doctor": "provider",
    "enrollment": "enrolment",
    "id": "identifier",
    "inventory": "stock level",
    "stock": "stock level",
    "invite": "invitation",
    "line item": "order line",
    "order item": "order line",
    "org": "organization",
    "organisation": "organization",
    "practitioner": "provider",
    "clinician": "provider",
    "reading": "measurement",
    "rule engine": "alert rule",
    "telemetry": "measurement",
    "unique identifier": "identifier",
    "waiting list": "waitlist entry",
    "waitlist": "waitlist entry",
    "webhook": "endpoint",
}

# Words that end a noun phrase or never name a thing that a backend keeps.
NOT_THINGS = word_set("""
    access ability admin alerting analysis analytics api apis application approach architecture
    authentication authorization availability backend backoff batch behaviour behavior breaker
    bucket build cache capability case change ci cli client code compliance concurrency config
    configuration connection console constraint content context control coverage criteria data
    database date day default delivery demo deployment design detail details developer development
    documentation effort email end engine engineer environment error errors example failure feature
    features feedback field fields filter flow following format frequency function functionality
    goal goals guarantee handling header headers health history host hour http https identity
    idempotency implementation improvement info information infrastructure input integration
    interface isolation issue item items json key keys kind language latency layer level library
    limit limits list load lock log logging login logs management manner mechanism metadata method
    metric metrics mfa migration minute mode model module month monitoring multi name need needs
    network new number object one operation operations option options order output overview page
    pages parameter parameters part password path pattern payload people performance phase platform
    point possibility practice priority problem process processing production programme protocol
    purpose quality query queue range rate reason recovery redirect reference reliability replay
    report request requests requirement requirements resource resources response result results
    retention retry retries risk rollback rps rules sample scalability schema scope scopes screen
    script search second secret security semantics sequence server service services setup shutdown
    signature size solution source stack stakeholder standard state status step storage store story
    stream string structure success support system systems table team technology test testing tests
    text thing things throughput time timeline timestamp token tokens tool tools top tracing traffic
    type types ui unit update uptime url usage use value values version view volume way web week
    window work worker workers year yes
""")
