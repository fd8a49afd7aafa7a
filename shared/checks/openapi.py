"""The architecture's inline OpenAPI document: there is one, it parses, it is valid 3.1, and it can be built from.

This module finds and reads it; what it must meet stands in `shared/checks/oas/`, one module for each concern.
"""

import re
from collections import Counter
from collections.abc import Iterator

from shared.checks import Context
from shared.checks.oas import examples, operations, schemas, style, validity
from shared.checks.oas.flaw import Flaw
from shared.contracts import Finding, Rule
from shared.formats import markdown
from shared.formats.located_yaml import UnreadableYamlError
from shared.formats.openapi import Contract, contract_blocks, read_contract

NOT_ONE = Rule("OAS-001", "error", "There is exactly one contract, so that everything else can derive from it.")
NOT_YAML = Rule("OAS-002", "error", "A contract that does not parse cannot be built from.")
NOT_3_1 = Rule("OAS-003", "error", "The contract is promised as OpenAPI 3.1.")
NO_PATHS = Rule("OAS-005", "error", "A contract without an operation describes no service.")
_CONCERNS = (validity, operations, schemas, examples, style)
_BREAK_SCHEMAS = (validity.INVALID, validity.BAD_REFERENCE, schemas.LEFTOVER)
"""Errors that explain why a schema can't be applied to its examples."""
RULES = tuple(
    sorted(
        (NOT_ONE, NOT_YAML, NOT_3_1, NO_PATHS, *(rule for concern in _CONCERNS for rule in concern.RULES)),
        key=lambda rule: rule.id,
    )
)

MAXIMUM_FINDINGS = 20
"""Of one rule; how many more there are is said in a last one."""

_VERSION = re.compile(r"3\.1\.[0-9]{1,3}")


def check(context: Context) -> Iterator[Finding]:
    """Find the document in the deliverable and hold it against every rule."""
    blocks = contract_blocks(context.text)
    if len(blocks) != 1:
        yield context.finding(
            NOT_ONE,
            blocks[1].line if blocks else 1,
            f"{len(blocks)} OpenAPI documents were found.",
            "Give one complete document in one ```yaml block under `## API contract`.",
        )
        return
    yield from _check_block(context, blocks[0])


def _check_block(context: Context, block: markdown.Fence) -> Iterator[Finding]:
    try:
        contract = read_contract(block)
    except UnreadableYamlError as error:
        line = block.line + 1 + error.line
        yield context.finding(NOT_YAML, line, f"The contract can't be read. {error.message}", "Correct the YAML.")
        return
    version = contract.document.get("openapi", contract.document.get("swagger"))
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or "openapi" not in contract.document:
        yield context.finding(
            NOT_3_1,
            contract.first_line,
            f"The version is {str(version)[:40]!r}.",
            "Write it as `openapi: 3.1.0`.",
        )
        return
    yield from _limited(context, _findings(context, contract))


def _findings(context: Context, contract: Contract) -> Iterator[Finding]:
    seen: set[Flaw] = set()  # what several operations share is reported once
    for flaw in _flaws(contract):
        if flaw not in seen:
            seen.add(flaw)
            yield context.finding(flaw.rule, contract.line(*flaw.place), flaw.message, flaw.mend)
    for line, text in contract.traps:
        yield context.finding(style.TRAP, line, *style.trap_message(text))


def _flaws(contract: Contract) -> Iterator[Flaw]:
    if not contract.operations:
        yield Flaw(NO_PATHS, ("paths",), "The document has no operation under `paths`.", "Describe every operation.")
    found = [flaw for concern in _CONCERNS for flaw in concern.flaws(contract)]
    explained = any(flaw.rule in _BREAK_SCHEMAS for flaw in found)
    yield from (flaw for flaw in found if not (explained and flaw.rule is examples.UNUSABLE_SCHEMA))


def _limited(context: Context, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first findings of each rule, and for the rest one that says how many there are."""
    counted: Counter[str] = Counter()
    last: dict[str, Finding] = {}
    for finding in findings:
        counted[finding.rule] += 1
        last[finding.rule] = finding
        if counted[finding.rule] <= MAXIMUM_FINDINGS:
            yield finding
    for rule in RULES:
        if (more := counted[rule.id] - MAXIMUM_FINDINGS) > 0:
            yield context.finding(
                rule, last[rule.id].line, f"{more} more of {rule.id} are not listed.", "Mend all of the kind."
            )
