"""Renders `integration-architecture.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import re

from local.drafts.design import technology_names
from local.drafts.diagrams import context_diagram, er_diagram, first_table, sequence
from local.drafts.document import bullets, cite, document, fence, paragraphs, requirements_met
from local.drafts.openapi import ERRORS, build_openapi, scopes
from local.drafts.shapes import Design, Resource
from local.drafts.words import capitalise, kebab, quote, snake, table
from local.drafts.yaml_text import to_yaml

_SQL = ("PostgreSQL", "TimescaleDB", "SQL Server", "MySQL", "SQLite", "CockroachDB", "Oracle")


def render_architecture(design: Design) -> str:
    """The architect's document for a design."""
    return document(
        f"Integration architecture: {design.title}",
        [
            ("Overview and service boundaries", _overview(design)),
            ("API contract", _contract(design)),
            ("Error taxonomy", _errors(design)),
            ("Data model and storage", _data(design)),
            ("Migration and versioning", _migration(design)),
            ("Integration and data flow", _flow(design)),
            ("Security", _security(design)),
            ("Performance and scalability", _performance(design)),
            ("Reliability", _reliability(design)),
            ("Deployment and environments", _deployment(design)),
        ],
    )


def is_relational(design: Design) -> bool:
    """Whether the datastore has tables and transactions over several of them."""
    return design.database in _SQL


def _overview(design: Design) -> str:
    modules = [
        (
            capitalise(one.noun),
            f"Keeps {one.plural} and their rules",
            cite(one.requirements[:6]) or "inferred from the title",
        )
        for one in design.resources
    ]
    return paragraphs(
        quote(design.brief.summary, 400),
        f"**Shape: {design.style}.** Chosen because {design.style_reason}. Each module owns its tables and is called "
        "through its application layer only, so that one can be taken out without touching the others.",
        table(("Module", "Owns", "From"), modules),
        fence("mermaid", context_diagram(design)),
    )


def _contract(design: Design) -> str:
    named = (
        "its paths are the PRD's own"
        if design.brief.endpoints
        else "its paths follow from what the PRD does with each thing"
    )
    return paragraphs(
        f"OpenAPI 3.1, complete: {len(design.operations)} operations; {named}. Lists are paged by cursor, every "
        "creation takes an `Idempotency-Key`, and every error is `application/problem+json` (RFC 9457).",
        fence("yaml", to_yaml(build_openapi(design))),
        requirements_met(design, "api"),
    )


def _errors(design: Design) -> str:
    used = sorted({status for one in design.operations for status in one.errors})
    retry = {429: "after `Retry-After`", 500: "with backoff, same key", 503: "after `Retry-After`"}
    rows = [
        (str(status), f"`{ERRORS[status][1]}`", ERRORS[status][2], retry.get(status, "no: change the request"))
        for status in used
    ]
    return paragraphs(
        "One shape for all: `Problem`. The `type` is stable and may be programmed against; `title` and `detail` are for "
        "people and may change. `trace_id` leads to the logs.",
        table(("Status", "type", "Meaning", "Retry"), rows),
        bullets(
            [
                "Validation reports every faulty field at once, in `errors`, each with a JSON pointer.",
                "A resource of another tenant or owner answers 404, never 403: its existence is not told.",
                "Internal messages, stack traces and SQL never leave the process.",
            ]
        ),
    )


def _data(design: Design) -> str:
    rows = [(f"`{one.table}`", _indexes(one, design), _personal(one)) for one in design.resources]
    support = "outbox and idempotency records beside them" if design.broker else "idempotency records beside them"
    return paragraphs(
        f"**Primary store: {design.database}**, {design.database_reason}. It holds the records below, with {support}.",
        f"**{design.cache}** holds only what may be lost: cached reads, counters and short-lived state."
        if design.cache
        else "",
        fence("mermaid", er_diagram(design)),
        table(("Table" if is_relational(design) else "Collection", "Keys and indexes", "Personal data"), rows),
        _lifetimes(design),
        requirements_met(design, "data"),
    )


def _indexes(resource: Resource, design: Design) -> str:
    first = "tenant_id, " if design.tenancy else ""
    unique = next(
        (
            one.name
            for one in resource.fields
            if re.search(r"^(sku|slug|email|code|number|.*_number|idempotency_key)$", one.name)
        ),
        None,
    )
    parts = ["primary key `id`", f"`({first}created_at, id)` for paging"]
    parts += [f"unique `({first}{unique})`"] if unique else []
    parts += [f"`({first}{one.name})`" for one in resource.fields if one.type == "ref" or one.name == "status"][:2]
    return "; ".join(parts)


def _personal(resource: Resource) -> str:
    names = [f"`{one.name}`" for one in resource.fields if one.personal]
    return ", ".join(names) or "none"


def _lifetimes(design: Design) -> str:
    texts = {one.id: one.text for one in design.brief.requirements}
    rows = [(one.shown, quote(texts[one.requirement], 160), cite([one.requirement])) for one in design.limits]
    return table(("Limit or lifetime", "Where the PRD sets it", "From"), rows) if rows else ""


def _migration(design: Design) -> str:
    tool = "Alembic" if design.stack == "python" else "EF Core migrations"
    scheme = (
        f"{tool}, one forward script per change"
        if is_relational(design)
        else "Versioned documents, upgraded on read and by a back-fill job"
    )
    return paragraphs(
        bullets(
            [
                f"**Schema:** {scheme}, applied by the pipeline before the new version takes traffic.",
                "**Expand, migrate, contract:** a release only adds; the back-fill runs apart; what is unused goes a release "
                "later. The version before always runs on the new schema, which is what makes a rollback safe.",
                "**API:** additions within a major version; a breaking change is a new path prefix, with the old one served "
                "for at least six months under `Deprecation` and `Sunset` headers.",
                "**Events:** each carries `schema_version`; consumers ignore fields they do not know.",
                "**Check:** the pipeline compares the contract with the released one and stops on a break.",
            ]
        ),
        "```sql\n" + first_table(design) + "\n```" if is_relational(design) else "",
    )


def _flow(design: Design) -> str:
    points = [
        (one.name, capitalise(one.use), _direction(one.part))
        for one in design.brief.technologies
        if one.part not in ("database", "platform")
    ]
    events = [
        (f"`{name}`", f"`id`, `{snake(one.noun)}_id`, `occurred_at`, `schema_version`", one.name)
        for name, one in design.events[:12]
    ]
    return paragraphs(
        table(("Integration point", "Used for", "How"), points)
        if points
        else "The PRD names no system to integrate with.",
        fence("mermaid", sequence(design)),
        paragraphs(f"Domain events on {design.broker}:", table(("Event", "Carries", "About"), events))
        if design.broker and events
        else "",
        requirements_met(design, "flow"),
    )


def _direction(part: str) -> str:
    return {
        "cache": "private endpoint, managed identity",
        "broker": "outbox on the way out, inbox on the way in",
        "partner": "outbound HTTPS from the worker, with a timeout, retries and a circuit breaker",
        "identity": "tokens and keys are checked locally; signing keys are fetched and cached",
        "protocol": "at the edge, on the same application layer",
        "telemetry": "exported through OpenTelemetry",
    }.get(part, "adapter in the infrastructure layer")


def _security(design: Design) -> str:
    names = technology_names(design.identity) or "OAuth 2.0 access tokens (assumed; the PRD names no scheme)"
    personal = [f"`{one.noun}.{field.name}`" for one in design.resources for field in one.fields if field.personal]
    tenancy = (
        "**Tenancy:** the tenant is the token's `tenant_id`, never a parameter; it leads every key and index and is enforced again by the store."
        if design.tenancy
        else "**Tenancy:** one organisation; resources are still scoped to their owner where the PRD speaks of one."
    )
    return paragraphs(
        bullets(
            [
                f"**Authentication:** {names}. Signature, issuer, audience and expiry are checked on every request.",
                "**Authorization:** one permission per kind of operation: "
                + ", ".join(f"`{one}`" for one in scopes(design))
                + ".",
                "**Secrets:** Key Vault, read by managed identity. **Keys:** rotated every 90 days with an overlap of two versions.",
                tenancy,
                "**Personal data:** "
                + (", ".join(personal[:10]) if personal else "no field of the model is personal by its name")
                + "; masked in logs, exportable and erasable by subject. Whether GDPR or a sector rule applies is for the owner to confirm.",
                "**Edge:** TLS 1.2 or later, bodies limited to "
                + _body_limit(design)
                + ", rate limits before authentication by address and after it by caller.",
                "**Supply chain:** pinned dependencies, signed images, scans in the pipeline.",
            ]
        ),
        requirements_met(design, "security"),
    )


def _body_limit(design: Design) -> str:
    return next((one.shown for one in design.limits if one.measure == "size"), "1 MB")


def _performance(design: Design) -> str:
    latencies = [
        (level.id, level.target.name, level.target.shown, _source(level.target.requirement))
        for level in design.levels
        if level.target.measure == "latency"
    ]
    loads = [(one.name, one.shown, _source(one.requirement)) for one in (*design.loads, design.rate_limit)]
    cached = design.cache or "an in-process cache per instance"
    return paragraphs(
        table(("Id", "What", "Target", "From"), latencies),
        table(("Load", "Value", "From"), loads),
        bullets(
            [
                f"**Caching:** {cached}, for reads by id, for 60 s at most, dropped on write; lists are not cached.",
                "**Partitioning:** "
                + (
                    "by `tenant_id`, then by time for what only grows."
                    if design.tenancy
                    else "by time for what only grows; nothing else needs it at the stated load."
                ),
                "**Concurrency:** optimistic, by a version column; the loser gets 409. Connection pools are sized so that all instances together stay under the store's limit.",
                "**Scaling:** out at 60 % CPU or on queue length; two instances at least.",
            ]
        ),
        requirements_met(design, "performance"),
    )


def _source(requirement: str) -> str:
    return f"[{requirement}]" if requirement else "assumed: the PRD gives no number"


def _reliability(design: Design) -> str:
    rows = [
        (
            level.id,
            level.target.name,
            level.target.shown,
            _indicator(level.target.measure),
            _source(level.target.requirement),
        )
        for level in design.levels
    ]
    messages = (
        f"**Outbox and inbox:** messages leave {design.broker} only through the outbox; consumers keep handled ids for seven days. "
        "**Dead letters:** after eight attempts a message is parked with its reason, alerts, and can be replayed."
        if design.broker
        else "**Messages:** nothing in the PRD needs a broker; an outbox table can be added without changing the contract."
    )
    return paragraphs(
        table(("SLO", "About", "Objective", "SLI", "From"), rows),
        bullets(
            [
                "**Retries:** only by the caller of a failed step, with exponential backoff, jitter of 20 to 40 % and a cap; never nested.",
                "**Idempotency:** keys are kept for 24 hours with the body's hash and the first answer.",
                messages,
                "**Timeouts:** 2 s to connect and 5 s in all for partners; the request's own deadline is passed on.",
                "**Recovery:** point-in-time restore, rehearsed every quarter.",
            ]
        ),
        requirements_met(design, "reliability"),
    )


def _indicator(measure: str) -> str:
    return (
        "good events / valid events, 30 days" if measure == "ratio" else "percentile of duration at the server, 30 days"
    )


def _deployment(design: Design) -> str:
    host = kebab(design.project)
    rows = [
        ("dev", f"`{host}-dev`", "each merge", "synthetic", "1 instance"),
        ("stage", f"`{host}-stage`", "after dev passes, approved", "synthetic, production-sized", "as prod"),
        ("prod", f"`{host}-prod`", "after stage passes, approved", "real", "2 instances or more, across zones"),
    ]
    runtime = "Python 3.13" if design.stack == "python" else ".NET 10"
    return paragraphs(
        f"**{design.platform}**, because {design.hosting_reason}; {runtime} in one image for all environments.",
        table(("Environment", "Resource group", "Deployed", "Data", "Size"), rows),
        fence(
            "mermaid",
            'flowchart LR\n  dev["dev"] --> stage["stage"] --> prod["prod"]\n  registry["Container registry"] --> dev\n  registry --> stage\n  registry --> prod',
        ),
        requirements_met(design, "deployment"),
    )
