"""Names that several documents share: log fields and events, what suites read, files, options and columns that sentences
count on. Each defect is planted in the rule's good example and found by its rule alone."""

from functools import partial

import pytest

from shared.checks import all_rules, run
from shared.contracts import Finding
from tests.mutants import Mutant
from tests.shared.checks.test_reference_examples import CHECKS, example

GOOD = {rule.id: rule.good for rule in all_rules()}
DEFECTS = [
    ("REF-070", "(Properties.shareId)", "(Properties.ShareId)"),
    ("REF-070", "Created {shareId}", "Created {ShareID}"),
    ("REF-071", '"event", "code", "shareId"', '"event", "shareId"'),
    ("REF-071", "| committed | shareId |", "| committed | shareId, waitMinutes |"),
    ("REF-072", '"code": "OK", ', ""),
    ("REF-072", '"code": "OK", ', '"reason": "OK", '),
    ("REF-073", '"event": "share.created"', '"event": "share.create"'),
    ("REF-073", "| share.created | Information", "| share.updated | Information"),
    ("REF-074", "log.info(", "log.critical("),
    ("REF-074", "| share.created | Information", "| share.created | Warning"),
    ("REF-075", "(Properties.code)", "(Properties.country)"),
    ("REF-075", "(Properties.code)", '(Properties["share.country"])'),
    ("REF-076", '"SERVICE_LOG")', '"SERVICE_LOG_PATH")'),
    ("REF-076", 'environ.get("SERVICE_LOG")', 'environ.get("LOG_FILE", "")'),
    ("REF-077", "| SERVICE_LOG, TEST_BASE_URL |", "| SERVICE_LOG |"),
    ("REF-077", 'environ.get("TEST_BASE_URL"', 'environ.get("BASE_ADDRESS"'),
    ("REF-078", "`PURGE_INTERVAL_SECONDS=5`", "`PURGE_INTERVAL_SECONDS=10`"),
    ("REF-078", "--env PURGE_INTERVAL_SECONDS=5", "--env PURGE_INTERVAL_SECONDS=3600"),
    ("REF-080", "alembic==1.17.0", "sqlalchemy==2.0.44"),
    ("REF-080", '["alembic", "upgrade", "head"]', '["celery", "worker"]'),
    ("REF-081", "settings.purge_interval_seconds", "3600"),
    ("REF-081", "settings.database_host", '"localhost"'),
    ("REF-079", 'Path("load-baseline.json")', 'Path("load-base.json")'),
    ("REF-079", "compared with `load-baseline.json`", "compared with `results/load-baseline.csv`"),
    ("REF-082", "options.EnableTraceBasedLogsSampler = false", "options.SamplingRatio = 1.0f"),
    ("REF-082", "`EnableTraceBasedLogsSampler = false`", "`RecordException = true`"),
    ("REF-083", "\n    <UserSecretsId>orders-api</UserSecretsId>", ""),
    ("REF-083", "<UserSecretsId>orders-api</UserSecretsId>", "<AssemblyName>orders-api</AssemblyName>"),
    ("REF-084", "the column `traceparent` of `delivery`", "the column `trace_parent` of `delivery`"),
    ("REF-084", "    traceparent text", "    trace text"),
    ("REF-086", "| DATABASE_HOST | localhost |", "| DATABASE_SERVER | localhost |"),
    ("REF-086", "| PUBLIC_BASE_URL | address that links begin with |", "| PUBLIC_URL | address that links begin with |"),
    ("REF-085", ', "opentelemetry-sdk==1.38.0"', ""),
    ("REF-085", "from opentelemetry.sdk.resources", "from azure.monitor.opentelemetry.exporter"),
]  # fmt: skip


def spoiled(rule: str, old: str, new: str) -> list[Finding]:
    """What the checks say of the rule's good example after one replacement."""
    assert old in GOOD[rule]
    return list(run(CHECKS, example(GOOD[rule].replace(old, new))))


MUTANTS = [
    Mutant(rule, f"{old} becomes {new}", partial(spoiled, rule, old, new), frozenset()) for rule, old, new in DEFECTS
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule}-{mutant.name}"[:80])
def test_each_defect_is_found_by_its_rule_and_breaks_no_other(mutant: Mutant):
    assert mutant.verdict() == (True, set())


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("REF-072", '"code": "OK", ', '"code": "OK", "more": 1, '),
        ("REF-074", "| share.created | Information", "| share.created | INFO, ERROR if failed"),
        ("REF-074", "log.info(", "log.log(level, "),
        ("REF-076", 'environ.get("SERVICE_LOG")', 'environ.get("LOG_FILE", "service.log")'),
        ("REF-079", "compared with `load-baseline.json`", "compared with `infra/workbook.json`"),
        ("REF-079", "compared with `load-baseline.json`", "compared with `$(Pipeline.Workspace)/base.json`"),
        ("REF-083", "user-secrets set", "user-secrets init"),
        ("REF-085", "from opentelemetry.sdk.resources", "from opentelemetry.trace"),
    ],
)
def test_what_is_no_defect_has_no_finding(rule: str, old: str, new: str):
    good = GOOD[rule].replace(old, new)
    assert rule not in {finding.rule for finding in run(CHECKS, example(good))}
