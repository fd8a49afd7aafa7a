"""Technologies that PRDs name, and the part each plays in a backend. Data, and one search over it. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

type Part = Literal["database", "cache", "broker", "partner", "identity", "protocol", "telemetry", "platform"]


@dataclass(frozen=True)
class Technology:
    """A named technology: how PRDs spell it (a pattern), the part it plays, and what it is used for."""

    name: str
    part: Part
    use: str
    pattern: str


def _known(part: Part, use: str, *spellings: str) -> list[Technology]:
    """Technologies of one part; a spelling is `Name` or `Name=pattern`."""
    pairs = (spelling.partition("=") for spelling in spellings)
    return [Technology(name, part, use, pattern or re.escape(name)) for name, _, pattern in pairs]


KNOWN: tuple[Technology, ...] = (
    *_known(
        "database",
        "primary datastore",
        "PostgreSQL=postgres(?:ql)?",
        "TimescaleDB=timescale(?:db)?",
        "ClickHouse",
        "SQL Server=sql ?server|mssql|azure sql",
        "MySQL=mysql|mariadb",
        "MongoDB=mongo(?:db)?",
        "Cosmos DB=cosmos ?db",
        "DynamoDB",
        "Cassandra",
        "CockroachDB",
        "SQLite",
        "Oracle=oracle (?:db|database)",
    ),
    *_known("cache", "short-lived state and caching", "Redis", "Valkey", "Memcached"),
    *_known("cache", "search index", "Elasticsearch", "OpenSearch"),
    *_known("cache", "file storage", "Blob Storage=(?:azure )?blob storage", "S3=(?:amazon |aws )?s3"),
    *_known(
        "broker",
        "asynchronous messages",
        "Kafka",
        "RabbitMQ",
        "NSQ",
        "NATS",
        "Service Bus=(?:azure )?service bus",
        "Event Hubs=(?:azure )?event hubs?",
        "Event Grid=(?:azure )?event grid",
        "SQS",
        "Pub/Sub=google pub/?sub",
        "MQTT",
    ),
    *_known("partner", "payments", "Stripe", "PayPal", "Adyen", "Braintree"),
    *_known("partner", "e-mail delivery", "SendGrid", "Mailgun", "Postmark", "SMTP"),
    *_known("partner", "text messages", "Twilio", "SMS"),
    *_known("partner", "notifications to people", "Slack", "Microsoft Teams=(?:microsoft|ms) teams", "PagerDuty"),
    *_known("partner", "shipping", "FedEx", "UPS=\\bUPS\\b", "DHL"),
    *_known("partner", "tax calculation", "Avalara"),
    *_known("partner", "clinical records", "FHIR", "HL7"),
    *_known(
        "identity",
        "sign-in",
        "OIDC=oidc|openid connect",
        "Entra ID=entra(?: id)?|azure ad\\b",
        "Auth0",
        "Okta",
        "Keycloak",
    ),
    *_known("identity", "delegated authorization", "OAuth 2.0=oauth ?2?(?:\\.0)?"),
    *_known("identity", "access tokens", "JWT=jwts?"),
    *_known("identity", "service-to-service identity", "mTLS=mtls|mutual tls"),
    *_known("identity", "proof of key for public clients", "PKCE"),
    *_known("identity", "signed requests", "HMAC=hmac(?:-sha256)?"),
    *_known("identity", "sign-in", "SAML"),
    *_known("protocol", "remote calls", "gRPC", "GraphQL"),
    *_known("protocol", "live updates", "WebSocket=websockets?", "Server-sent events=server[- ]sent events|\\bSSE\\b"),
    *_known("protocol", "outgoing notifications", "Webhooks=webhooks?"),
    *_known("telemetry", "telemetry", "OpenTelemetry=opentelemetry|otel", "Prometheus=prometheus|prom\\b", "Grafana"),
    *_known("platform", "hosting", "Kubernetes=kubernetes|k8s|aks", "Docker Compose=docker[- ]compose|podman compose"),
)

DATABASE_NAMES: dict[str, str] = {
    "postgres": "PostgreSQL",
    "postgresql": "PostgreSQL",
    "sqlserver": "SQL Server",
    "mssql": "SQL Server",
    "mongodb": "MongoDB",
    "mongo": "MongoDB",
    "mysql": "MySQL",
    "timescaledb": "TimescaleDB",
    "cosmosdb": "Cosmos DB",
    "cosmos": "Cosmos DB",
    "sqlite": "SQLite",
    "redis": "Redis",
}


def find_technologies(text: str) -> tuple[Technology, ...]:
    """The known technologies that a text names, in the order of their first mention."""
    text = text.lower()
    found: list[tuple[int, Technology]] = []
    for prefix, pattern, known in _COMPILED:
        if prefix in text and (match := pattern.search(text)):
            found.append((match.start(), known))
    return tuple(known for _, known in sorted(found, key=lambda pair: pair[0]))


def _compiled() -> tuple[tuple[str, re.Pattern[str], Technology], ...]:
    """Each technology with its pattern, and the letters without which the pattern cannot match."""
    found: list[tuple[str, re.Pattern[str], Technology]] = []
    for known in KNOWN:
        spelled = _lower(known.pattern)
        literal = re.match(r"[a-z0-9]*(?![?*a-z0-9])", spelled)
        prefix = literal[0] if literal and "|" not in spelled else ""
        found.append((prefix, re.compile(rf"(?<![\w-])(?:{spelled})(?![\w])"), known))
    return tuple(found)


def _lower(pattern: str) -> str:
    """A pattern for lower-case text; classes such as `\\W` keep their letter."""
    return re.sub(r"\\.|[A-Z]", lambda part: part[0] if part[0][0] == "\\" else part[0].lower(), pattern)


_COMPILED = _compiled()
"""Lower case throughout: matching without regard to case takes three times as long."""


def database_name(option: str) -> str:
    """The usual spelling of a database asked for by a short name; an unknown one is passed on."""
    return DATABASE_NAMES.get(option.lower().replace(" ", "").replace("-", ""), option)
