"""The rules of the ledger: ids, severity, reason, what each proves and leaves, and examples. Pure data."""

from shared.contracts import Rule

_PRD = """=== prd.md
# Lockers

## Features
- A courier opens a locker

## Quality
- p95 of opening < 300 ms

## Non-goals
- Frozen food
"""
_ARCHITECTURE = """=== integration-architecture.md
# Architecture

## API contract

```yaml
openapi: 3.1.0
paths:
  /lockers/{lockerId}/open:
    post:
      operationId: openLocker
      description: Meets R-001.
```

## Reliability

Opening takes less than 300 ms [R-002].
"""
_TESTS = """=== test-specifications.md
# Tests

## Contract tests

`test_open_locker_opens` [R-001]
"""
_PLAN = """=== observability-plan.md
# Plan

## SLIs, SLOs and alerts

### SLO-1

Opening takes less than 300 ms at the 95th percentile [R-002].
"""
_GOOD = _PRD + _ARCHITECTURE + _TESTS + _PLAN

_UNANSWERED = _ARCHITECTURE.replace("Meets R-001", "Opens it")
_DECLINED = "\n- [R-001] not designed, because the maker of the lockers opens them.\n"

NOT_ANSWERED = Rule(
    "LED-001", "error",
    "A functional requirement is designed or declined with a reason, itself or in its family; never lost.",
    proves="The architecture cites neither the requirement's id nor one of its family, and no line declines it with a "
    "reason.",
    leaves="Whether what cites it is what was asked for.",
    bad=_PRD + _UNANSWERED + _PLAN, good=_PRD + _UNANSWERED + _DECLINED + _PLAN,
)  # fmt: skip
UNKNOWN_ID = Rule(
    "LED-002", "error", "An id that the PRD does not have proves nothing.",
    proves="A document cites an id of the ledger's form that no requirement of the PRD has.",
    leaves="Ids of other forms, such as those of tickets.",
    bad=_GOOD.replace("opens` [R-001]", "opens` [R-001], [R-017]"), good=_GOOD,
)  # fmt: skip
NOT_TESTED = Rule(
    "LED-003", "warning", "What is designed and not tested may be built wrong without anyone noticing.",
    proves="A functional requirement is designed, and the test specifications do not cite its id.",
    leaves="Tests that cover it without saying so.",
    bad=_GOOD.replace(" [R-001]\n", "\n"), good=_GOOD,
)  # fmt: skip
NOT_OBSERVED = Rule(
    "LED-004", "warning", "A number that nobody measures is a wish.",
    proves="A quality requirement has a measure, is not declined, and the observability plan does not cite its id.",
    leaves="Metrics that measure it without saying so, measures in words.",
    bad=_GOOD.replace("95th percentile [R-002]", "95th percentile"), good=_GOOD,
)  # fmt: skip
NON_GOAL_BUILT = Rule(
    "LED-005", "warning", "What the PRD excludes costs money and confuses when it is built anyway.",
    proves="An operation cites a non-goal, or has all its significant words in name and path and no requirement has.",
    leaves="Non-goals that are built under other names.",
    bad=_GOOD.replace("paths:\n", "paths:\n  /frozen-food:\n    post: {operationId: storeFrozenFood}\n"), good=_GOOD,
)  # fmt: skip
NO_REQUIREMENT = Rule(
    "LED-006", "warning", "Without requirements nothing can be traced.",
    proves="No line of the PRD reads as a requirement.",
    leaves="What the PRD means by what it tells.",
    bad="=== prd.md\n# Lockers\n\n![Our lockers](lockers.png)\n=== integration-architecture.md\n# Architecture\n",
    good=_GOOD,
)  # fmt: skip
NOT_READ = Rule(
    "LED-007", "warning", "What of the PRD is not read has no requirement that could be traced.",
    proves="A line of the PRD is longer, or a row of a table wider, than what is read of it. An example "
    "would be as long.",
    leaves="What the rest of the line asks for.",
)  # fmt: skip
RULES = (UNKNOWN_ID, NOT_TESTED, NOT_OBSERVED, NON_GOAL_BUILT, NO_REQUIREMENT, NOT_READ)
