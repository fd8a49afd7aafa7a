"""Defects planted into packs that a strong model wrote: what a rule finds in our own drafts it finds there too."""

from dataclasses import dataclass, replace
from functools import cache

from shared.checks import PACK_CHECKS, Pack, run
from tests.real.corpus import load

ARCHITECTURE, TESTS, DELIVERY = "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md"
OBSERVABILITY, PYTHON, CSHARP = "observability-plan.md", "python-sample-implementation.md", "csharp-implementation.md"
LISTS_TESTS = "`test_list_shares_refuses_limits_outside`, "
OF_LIST = "`test_list_shares_refuses_a_non_owner` | 200, 400, 403 |"


@dataclass(frozen=True)
class Planted:
    """One replacement in one document of a real pack, and the rule that must then say something it did not say."""

    rule: str
    pack: str
    document: str
    old: str
    new: str
    everywhere: bool = False

    def told(self) -> list[str]:
        """What the rule says of the spoiled pack and did not say of the pack as it was written."""
        pack = load(self.pack).pack
        text = pack.text(self.document)
        assert text is not None
        assert self.old in text, f"{self.old!r} is not in {self.document} of {self.pack}"
        spoiled = text.replace(self.old, self.new, -1 if self.everywhere else 1)
        documents = tuple(replace(one, text=spoiled) if one.name == self.document else one for one in pack.documents)
        before = said(pack, self.rule)
        return [each for each in said(replace(pack, documents=documents), self.rule) if each not in before]


@cache
def said(pack: Pack, rule: str) -> tuple[str, ...]:
    """The messages of one rule's errors and warnings."""
    findings = run([check_of(rule)], pack)
    return tuple(each.message for each in findings if each.rule == rule and each.severity != "unjudged")


@cache
def check_of(rule: str) -> str:
    """The check across documents that holds a rule."""
    from importlib import import_module

    return next(
        name for name, module in PACK_CHECKS.items() if rule in {each.id for each in import_module(module).RULES}
    )


SHARING, RENTAL, PANTRY, GRANTS = "sharing-service", "rental-depot", "pantry-swap", "grant-applications"
FLEET, CLINIC = "fleet-telemetry", "clinic-booking"
PLANTED = [
    Planted("XDC-003", SHARING, TESTS, "}/shares\", json=body, headers={\"Idempotency-Key\"", "}/links\", json=body, headers={\"Idempotency-Key\""),
    Planted("XDC-008", SHARING, OBSERVABILITY, "Objective 99.9 % over 30 days", "Objective 99.5 % over 30 days"),
    Planted("XDC-013", SHARING, TESTS, OF_LIST, OF_LIST.replace("200, 400, 403", "200, 400")),
    Planted("XDC-014", SHARING, TESTS, OF_LIST, OF_LIST.replace("403 |", "403, 409 |")),
    Planted("XDC-015", SHARING, TESTS, LISTS_TESTS + OF_LIST, OF_LIST),
    Planted("REF-001", SHARING, PYTHON, "from app.settings import Settings", "from app.config import Settings"),
    Planted("REF-002", PANTRY, PYTHON, "from app.settings import Settings", "from app.settings import Config"),
    Planted("REF-003", SHARING, PYTHON, '"pydantic-settings>=2.7,<3", ', ""),
    Planted("REF-004", PANTRY, PYTHON, '    "azure-identity>=1.23,<2",\n', '    "azure-identity>=1.23,<2",\n    "stripe>=12,<13",\n'),
    Planted("REF-005", SHARING, TESTS, "`test_get_health_answers`", "`test_get_health_answers_quickly`"),
    Planted("REF-006", SHARING, TESTS, "def database_stopped()", "def database_paused()"),
    Planted("REF-040", SHARING, DELIVERY, "pip install -r tests/requirements.txt", "pip install -r tests/packages.txt"),
    Planted("REF-043", SHARING, DELIVERY, "docker save $(registry)/", "docker save $(containerRegistry)/"),
    Planted("REF-044", SHARING, DELIVERY, "docker compose up --detach --wait", 'docker compose --project-name "$STACK_NAME" up --wait'),
    Planted("REF-047", PANTRY, TESTS, "${TEST_PASSWORD", "${CONTAINER_PASSWORD", True),
    Planted("REF-048", SHARING, TESTS, '- "9000:8080"', '- "9100:8080"'),
    Planted("REF-050", SHARING, OBSERVABILITY, "**`queries/slo-3-publication.kql`**", "**`queries/slo-3-events.kql`**"),
    Planted("REF-052", SHARING, ARCHITECTURE, "| `share.accessed` | `sharing-api` | platform audit |", "| `share.accessed` | `sharing-api` | none |"),
    Planted("REF-061", PANTRY, DELIVERY, "--checks all", "--checks not_a_server_error"),
    Planted("REF-063", SHARING, TESTS, "| `SESSION_STUB_URL` | no | default |", "| `SESSION_STUB_URL` | no | pipeline |"),
    Planted("REF-065", SHARING, TESTS, '"IDEMPOTENCY_KEY_REUSED"', '"CONFLICT"', True),
    Planted("REF-070", RENTAL, OBSERVABILITY, "tostring(Properties.messageType)", "tostring(Properties.outboxId)"),
    Planted("REF-071", PANTRY, PYTHON, '    "dependency",\n    "outcome",', '    "dependency",'),
    Planted("REF-072", PANTRY, PYTHON, '"subjectId": ', '"subject": ', True),
    Planted("REF-073", PANTRY, PYTHON, '"eventName": "readiness.failed"', '"eventName": "readiness.lost"'),
    Planted("REF-074", PANTRY, PYTHON, 'log.warning("readiness failed"', 'log.error("readiness failed"'),
    Planted("REF-075", SHARING, OBSERVABILITY, "tostring(Properties.code)", "tostring(Properties.problemCountry)"),
    Planted("REF-076", SHARING, TESTS, 'os.environ.get("SESSION_STUB_URL", "http://localhost:9000")', 'os.environ.get("SESSION_STUB_URL")'),
    Planted("REF-077", SHARING, TESTS, "| `BUS_STUB_URL` | no | default |\n", ""),
    Planted("REF-078", PANTRY, TESTS, "JANITOR_INTERVAL_SECONDS=5", "RATE_LIMIT_WRITES_PER_MINUTE=2000"),
    Planted("REF-079", SHARING, TESTS, "Unit tests need 85 % of lines.", "Unit tests need 85 % of lines, see `coverage-rules.toml`."),
    Planted("REF-080", SHARING, TESTS, '["docker", "compose", "pause", "database"]', '["alembic", "downgrade", "base"]'),
    Planted("REF-081", PANTRY, PYTHON, "    janitor_interval_seconds: int", "    vacuum_pause_seconds: int = 5\n    janitor_interval_seconds: int"),
    Planted("REF-082", GRANTS, OBSERVABILITY, "(`EnableTraceBasedLogsSampler = false`)", "(`DisableOfflineStorage = true`)"),
    Planted("REF-083", RENTAL, CSHARP, "UserSecretsId", "AssemblyTitle", True),
    Planted("REF-084", FLEET, OBSERVABILITY, "Column `traceparent` in `webhook_delivery`", "Column `trace_context` in `tenant`"),
    Planted("REF-085", CLINIC, PYTHON, "from opentelemetry.instrumentation.fastapi import", "from opentelemetry.exporter.otlp import Exporter\nfrom opentelemetry.sdk.trace import Tracer\nfrom opentelemetry.instrumentation.fastapi import"),
    Planted("LED-002", SHARING, TESTS, "Unit tests need 85 % of lines.", "Unit tests need 85 % of lines [R-905]."),
]  # fmt: skip
