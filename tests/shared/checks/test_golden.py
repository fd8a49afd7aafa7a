"""Good packs pass every rule in both stacks; with a defect in one document, the whole pack is caught by its rule alone."""

from functools import partial

import pytest

from shared.checks import PACK_CHECKS, Pack, run
from shared.contracts import Finding
from tests.golden import STACKS, agents, changed, context_for, golden
from tests.mutants import Mutant


def whole(pack: Pack) -> list[Finding]:
    """What every check says of a pack."""
    findings = [finding for agent in agents(pack.stack) for finding in run(agent.checks, context_for(pack, agent))]
    found = findings + run(PACK_CHECKS, pack)
    return [finding for finding in found if finding.severity != "unjudged"]


def spoiled(name: str, old: str, new: str) -> list[Finding]:
    """What every check says of the good pack with one document changed."""
    return whole(changed(golden("python"), name, old, new))


@pytest.mark.parametrize("stack", STACKS)
def test_a_good_pack_has_no_finding(stack: str):
    assert whole(golden(stack)) == []


ARCHITECTURE, TESTS, DELIVERY = "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md"
OBSERVABILITY, SAMPLE = "observability-plan.md", "python-sample-implementation.md"
DEFECTS = [
    ("STR-001", ARCHITECTURE, "# Integration architecture: Order Service\n", ""),
    ("STR-002", ARCHITECTURE, "## Performance and scalability", "## Performance"),
    ("STR-007", DELIVERY, "## Rollback\n", "## Rollback\n\nTBD\n"),
    ("OAS-007", ARCHITECTURE, "operationId: createOrder\n", "operationId: listOrders\n"),
    ("OAS-004", ARCHITECTURE, "      scheme: bearer\n", ""),
    ("OAS-006", ARCHITECTURE, '"#/components/parameters/IdempotencyKey"', '"#/components/parameters/Idempotency"'),
    ("OAS-027", ARCHITECTURE, "        default: 25\n", "        default: many\n"),
    ("PIP-003", DELIVERY, "  - stage: Test\n", "  - stage: Test\n    timeout: 5\n"),
    ("PIP-011", DELIVERY, "TEST_PASSWORD=Aa1$(openssl rand -hex 16)", "TEST_PASSWORD=Summer2026"),
    ("KQL-002", OBSERVABILITY, "| where Valid >= 20 and Measured > objective", "| where Valid >= and Measured > objective"),
    ("KQL-003", OBSERVABILITY, "AppRequests\n| where TimeGenerated", "AppRequest\n| where TimeGenerated"),
    ("KQL-004", OBSERVABILITY, "percentilew(DurationMs", "percentilew(Duration"),
    ("COD-001", SAMPLE, "def create_app(", "def create_app(("),
    ("COD-007", ARCHITECTURE, "    customer_id uuid NOT NULL,\n", "    customer_id uuid NOT NULL,,\n"),
    ("MER-001", ARCHITECTURE, '  api --> db[("PostgreSQL")]', '  api --> db[("PostgreSQL"'),
    ("MER-003", ARCHITECTURE, "erDiagram\n", "entities\n"),
    ("LED-002", TESTS, "[R-001]", "[R-001] [R-901]"),
    ("XDC-004", DELIVERY, "environment: stage", "environment: staging"),
]  # fmt: skip
RENAMED = "  - stage: SecurityScan\n", "  - stage: Scan\n"
MUTANTS = [
    *(
        Mutant(rule, f"in the whole pack: {old} becomes {new}", partial(spoiled, name, old, new))
        for rule, name, old, new in DEFECTS
    ),
    # whoever waited for the stage waits for nothing now, and so does not wait for the scan
    Mutant(
        "PIP-006", "in the whole pack: a stage renamed", partial(spoiled, DELIVERY, *RENAMED), frozenset({"PIP-008"})
    ),
]
