"""How a requirement is met, tested, gated and monitored, by its subject: a table and one look-up. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from local.drafts.design.model import Design, Operation
from local.drafts.prd.analysis import Requirement

type Place = Literal["api", "data", "flow", "security", "performance", "reliability", "deployment"]
type Gate = Literal["contract", "integration", "load", "security", "build", "smoke"]


@dataclass(frozen=True)
class Mechanism:
    """One way to meet a requirement: where it is designed and how, what proves it, which gate, which signal."""

    pattern: str
    place: Place
    designed: str
    gate: Gate
    tested: str
    observed: str


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(r"\bpkce\b|code_challenge|code_verifier", "security", "The S256 challenge is kept with the authorization code and compared at the exchange", "security", "exchange with a wrong, missing and right verifier", "count of rejected exchanges by reason"),
    Mechanism(r"cross-tenant|tenant (data )?isolation|scoped by `?tenant|\btenancy\b|no leaks", "security", "The tenant comes from the token, is part of every key and is enforced by a row policy", "security", "tenant B asks for tenant A's resources and gets 404", "count of denied cross-tenant reads; any value above zero alerts"),
    Mechanism(r"rate[- ]limit|throttl|token bucket|quota", "performance", "A token bucket per caller, shared by all instances, answers 429 with `Retry-After`", "load", "one caller exceeds the limit while another stays unaffected", "rate of 429 answers by caller"),
    Mechanism(r"idempoten|duplicate|exactly once|replays? with same", "reliability", "The idempotency key is stored with the body's hash and the first answer, in the transaction of the effect", "integration", "the same key twice gives one effect and one answer; another body gives 409", "count of replayed keys"),
    Mechanism(r"circuit[- ]breaker", "reliability", "A circuit breaker per target opens on consecutive failures and probes before it closes", "integration", "a failing target opens the circuit, and a healthy one closes it", "state of each circuit, as a gauge"),
    Mechanism(r"\bdlq\b|dead[- ]letter", "reliability", "What exhausts its attempts is kept as a dead letter with its reason and can be replayed", "integration", "exhaust the attempts, find the dead letter, replay it", "age and number of dead letters"),
    Mechanism(r"\bretr(y|ies|ied)\b|backoff|at-least-once|at least once", "reliability", "Exponential backoff with jitter and a bounded number of attempts, as a durable queue message", "integration", "a target fails twice and then succeeds", "attempts per message, as a histogram"),
    Mechanism(r"availab|uptime|\bslo\b.*%|failover|redundan|\brpo\b|\brto\b|backup|data cent(?:re|er)|downtime|disaster|survive", "reliability", "At least two instances in separate zones, health-checked, with tested restores", "smoke", "restart one instance under load; restore a backup into a fresh environment", "success ratio of requests against the objective"),
    Mechanism(r"graceful shutdown", "reliability", "Readiness turns false first; requests in flight get 30 s to end", "integration", "send SIGTERM while a request is under way", "requests cut off at shutdown"),
    Mechanism(r"p\d\d|latency|response time|\d+\s?ms\b|within \d+ ?s", "performance", "A time budget per hop, indexed reads and no synchronous call to a partner on the request path", "load", "percentiles under the expected load against the threshold", "duration percentiles by operation"),
    Mechanism(r"/sec|per second|per minute|per day|throughput|concurren|sustained|\brps\b|scal(e|ab|ing)|stateless|local state", "performance", "Stateless instances scale out on load; shared state lives in the stores only", "load", "ramp to the expected load and hold it", "requests per second and saturation by instance"),
    Mechanism(r"secret|hardcoded|key vault|credential", "security", "Key Vault holds secrets, read by managed identity; code and settings hold names only", "security", "secret scan of history and image; start without a secret fails clearly", "Key Vault read failures"),
    Mechanism(r"\btls\b|https|\bmtls\b|encrypt", "security", "TLS 1.2 or later at the edge and between services; storage encrypted with managed keys", "security", "plain HTTP and old TLS versions are refused", "refused handshakes by reason"),
    Mechanism(r"signature|\bhmac\b|\bsigned?\b|\brs256\b|\bjwks?\b", "security", "Signatures are made with a key from Key Vault, rotated with an overlap, and checked in constant time", "security", "altered, expired and foreign signatures are refused", "signature failures by key id"),
    Mechanism(r"\brbac\b|\broles?\b|permission|authori[sz]ed|only (?:the|an?|its|their) |may only|\boidc\b|sign[- ]?in|log[- ]?in|csrf", "security", "Permissions are scopes of the token, checked per operation before any work is done", "security", "each operation without a token, with a foreign scope and with the right one", "401 and 403 answers by operation"),
    Mechanism(r"gdpr|\bpii\b|personal data|privacy|hipaa|health data|erase|anonymi|consent", "security", "Personal fields are marked in the model, masked in logs, exportable and erasable by subject", "security", "erase a subject and search every store and log for it", "erasure requests and the age of the oldest open one"),
    Mechanism(r"audit", "security", "An append-only audit record is written in the transaction of each change", "integration", "every write leaves one audit record with actor and target", "audit records per write; a gap alerts"),
    Mechanism(r"retain|retention|\bttl\b|expire|lifetime|short-lived|long-lived|valid for|delete[sd]? after|kept for", "data", "The store's expiry or a daily clean-up removes what is past its time", "integration", "set the clock past the limit and read again", "oldest record by kind against its limit"),
    Mechanism(r"\bevents?\b|queue|broker|webhook|notif|e-?mail|\bsms\b|mqtt|kafka|\bnsq\b|publish", "flow", "Written to the outbox in the transaction, relayed to the broker, handled by idempotent consumers", "integration", "stop the broker, write, start it: every message arrives once in effect", "outbox age and consumer lag"),
    Mechanism(r"\blogs?\b|logging|metric|trac(e|ing)|dashboard|prometheus|grafana|observab|request id|burn (?:rate|alert)|on-?call|alert(?:s|ed)? (?:when|if|for|on)\b", "deployment", "OpenTelemetry in every process, exported to Azure Monitor, with the trace id in each log line", "smoke", "one request is found in logs, metrics and traces by its trace id", "ingestion delay and dropped telemetry"),
    Mechanism(r"docker|helm|kubernetes|\bk8s\b|compose|makefile|\bci\b|ci/cd|pipeline|deploy|rollback|written in|\bcost\b|environment variables", "deployment", "One image for all environments, built once, promoted by the pipeline, configured from outside", "build", "the image starts in a clean environment and passes its smoke test", "deployments, failed deployments and time to roll back"),
    Mechanism(r"persist|stor(e|ed|age)\b|database|saved?\b", "data", "Written in one transaction before the answer is sent", "integration", "kill the process after the answer; the record is there", "failed and slow statements by table"),
    Mechanism(r"\blint|\b(?:unit|integration|load|end-to-end|e2e) tests?\b|coverage", "deployment", "Lint, types, tests and coverage are gates of the pipeline", "build", "the gate fails on a seeded fault", "failed gates by stage"),
    Mechanism(r"openapi|swagger", "api", "The contract is this OpenAPI 3.1 document", "contract", "each answer is held against the contract's schemas", "answers that break the contract"),
    Mechanism(r"\b(?:access|refresh|id)[ _]tokens?\b|\bscopes?\b|\bclaims?\b|\bopenid\b", "security", "Tokens are signed, short-lived and carry the granted scopes and no others; a refresh token is used once", "security", "ask for more than was granted, use a refresh token twice, read a token's claims", "tokens issued and refused, by grant"),
    Mechanism(r"valid|reject|allow[- ]?list|max(imum)? payload|format|required|(?:bod(?:y|ies)|payloads?|requests?|files?|uploads?)\b.*\b\d+ ?[KMG]i?B\b", "api", "Bodies are checked against the contract's schema; what fails gets 422 with the field's pointer", "contract", "missing, malformed and oversized input", "422 answers by operation and field"),
)  # fmt: skip
DOMAIN = Mechanism("", "api", "Operations of the contract", "contract", "request, answer and errors of each operation", "rate, errors and duration of its operations")  # fmt: skip

_COMPILED = tuple((re.compile(one.pattern.lower()), one) for one in MECHANISMS)
"""Lower case throughout: matching without regard to case takes three times as long."""


@lru_cache(maxsize=4096)
def mechanism_of(requirement: Requirement) -> Mechanism:
    """The first mechanism whose words the requirement uses; the contract itself where none does."""
    text = requirement.text.lower()
    return next((one for pattern, one in _COMPILED if pattern.search(text)), DOMAIN)


def operations_of(requirement: Requirement, design: Design) -> tuple[Operation, ...]:
    """The operations a requirement is about: those that cite it, those of the things it names, or, beneath a heading
    that names a path, those of that path."""
    cited = [one for one in design.operations if requirement.id in one.requirements]
    if cited:
        return tuple(cited)
    nouns = {one.noun for one in design.resources if requirement.id in one.requirements}
    about = [one for one in design.business if one.resource and one.resource.noun in nouns]
    if about:
        return tuple(about)
    beside = {one.id for one in design.analysis.requirements if one.block == requirement.block}
    return tuple(one for one in design.business if one.action == "call" and beside.intersection(one.requirements))


def stores_of(requirement: Requirement, design: Design) -> tuple[str, ...]:
    """The tables of the things that a requirement names."""
    return tuple(one.table for one in design.resources if requirement.id in one.requirements)


def is_placed(requirement: Requirement, design: Design) -> bool:
    """Whether anything in the design answers a requirement: a mechanism, an operation, or a thing that is kept."""
    if mechanism_of(requirement) is not DOMAIN:
        return True
    return bool(operations_of(requirement, design) or stores_of(requirement, design))


def met_in(design: Design, *places: Place) -> list[tuple[Requirement, Mechanism]]:
    """The requirements that are designed in the given places, in the PRD's order."""
    pairs = [(one, mechanism_of(one)) for one in design.requirements]
    return [(requirement, mechanism) for requirement, mechanism in pairs if mechanism.place in places]
