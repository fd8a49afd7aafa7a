"""Objectives followed by name from the architecture to query and alert, and names that tiles and runbooks use."""

from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import documents_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found, unjudged
from shared.pack import Objective, ObservabilityPlan, Quantity, Reference, objectives, query_objectives

OBSERVABILITY = "observability-plan.md"
SLO_NOT_OBSERVED = Rule(
    "XDC-007", "error", "An SLO without metric, query and alert is a wish.",
    proves="The observability plan names an objective of the architecture nowhere, or has a block for it that speaks "
    "of no query, or of no alert while no other place has one for it.",
    leaves="Objectives that only rows or sentences speak of.",
    bad=EXAMPLES["XDC-007"].bad, good=EXAMPLES["XDC-007"].good,
)  # fmt: skip
SLO_NUMBER = Rule(
    "XDC-008", "error", "An objective has one number, wherever it stands.",
    proves="The block that states the objective, or its query, has a number of the same kind (share, time, rate) as "
    "the architecture, and another one.",
    leaves="Objectives that one side states as a share and the other as a time, or without a number.",
    bad=EXAMPLES["XDC-008"].bad, good=EXAMPLES["XDC-008"].good,
)  # fmt: skip
QUERY_MISSING = Rule(
    "REF-050", "error", "A tile, alert or runbook that names a query nobody wrote shows nothing when it is needed.",
    proves="A block, alert, tile, runbook or template names a query by path or name, and no query of the plan has it.",
    leaves="Words that may be metrics, names that are no single word.",
    bad=EXAMPLES["REF-050"].bad, good=EXAMPLES["REF-050"].good,
)  # fmt: skip
ALERT_MISSING = Rule(
    "REF-051", "error", "A runbook for an alert that does not exist is never opened, and the alert's own is missing.",
    proves="A runbook's row names an alert that stands nowhere else in the plan.",
    leaves="Names of several words.",
    bad=EXAMPLES["REF-051"].bad, good=EXAMPLES["REF-051"].good,
)  # fmt: skip
RULES = (SLO_NOT_OBSERVED, SLO_NUMBER, QUERY_MISSING, ALERT_MISSING)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Objectives first, then queries and alerts by name."""
    documents = documents_of(pack)
    document = documents.get(OBSERVABILITY)
    if document is None:
        return
    plan = ObservabilityPlan(documents, document)
    unfollowed: list[str] = []
    for objective in objectives(documents):
        findings = list(_check_objective(plan, objective, unfollowed))
        yield from findings
    if unfollowed:
        message = f"{len(unfollowed)} objectives have no block of their own: {', '.join(unfollowed)[:300]}."
        yield unjudged(SLO_NOT_OBSERVED, OBSERVABILITY, 1, message)
    yield from _named(
        QUERY_MISSING, plan.references, "No query is called {!r}.",
        "Show the query as a file of that name, or name one that is there.",
    )  # fmt: skip
    yield from _named(
        ALERT_MISSING, plan.alert_references, "No alert is called {!r}; only this row speaks of it.",
        "Use the alert's name, or add the alert.",
    )  # fmt: skip


def _check_objective(plan: ObservabilityPlan, objective: Objective, unfollowed: list[str]) -> Iterator[Finding]:
    seen = plan.observed(objective.id)
    mend = f"Give {objective.id} a block with its SLI, the name of its query, and its alert."
    if seen is None:
        yield found(SLO_NOT_OBSERVED, OBSERVABILITY, 1, f"{objective.id} is not spoken of.", mend)
        return
    if not seen.block:
        unfollowed.append(objective.id)
        return
    lacking = [what for what, there in (("query", seen.speaks_of_query), ("alert", seen.has_alert)) if not there]
    if lacking:
        message = f"{objective.id} has no {', no '.join(lacking)}."
        yield found(SLO_NOT_OBSERVED, OBSERVABILITY, seen.line, message, mend)
    if differs := _other(objective.quantities, seen.stated):
        message = f"{objective.id} is {differs[0]} in the architecture, {differs[1]} here."
        yield found(SLO_NUMBER, OBSERVABILITY, seen.line, message, "Use the architecture's number.")
    yield from _check_queries(plan, objective)


def _other(promised: frozenset[Quantity], stated: frozenset[Quantity]) -> tuple[str, str] | None:
    """The two numbers of one kind of which none agrees."""
    for kind in ("share", "time", "rate"):
        wanted = {each for each in promised if each.kind == kind}
        given = {each for each in stated if each.kind == kind}
        if wanted and given and not wanted & given:
            return " / ".join(sorted(map(str, wanted))), " / ".join(sorted(map(str, given)))
    return None


def _check_queries(plan: ObservabilityPlan, objective: Objective) -> Iterator[Finding]:
    """The objective's own query, by its path, states the objective's share where that is its only number."""
    shares = {each.value for each in objective.quantities}
    if len(shares) != 1 or any(each.kind != "share" for each in objective.quantities):
        return
    for block in plan.query_blocks:
        stated = query_objectives(block)
        if (
            (block.path or "").startswith(f"queries/{objective.id.lower()}-")
            and len(stated) == 1
            and stated[0] not in shares
        ):
            message = f"{objective.id} is {next(iter(shares)):g}% in the architecture, {stated[0]:g}% in its query."
            yield found(SLO_NUMBER, OBSERVABILITY, block.line, message, "Use the architecture's number in the query.")


def _named(rule: Rule, references: tuple[Reference, ...], message: str, mend: str) -> Iterator[Finding | Reference]:
    first: dict[str, Reference] = {}
    open_: set[str] = set()
    for reference in references:
        yield reference
        if reference.state == "missing":
            first.setdefault(reference.name.lower(), reference)
        elif reference.state == "undecided":
            open_.add(reference.name)
    for reference in first.values():
        yield found(rule, reference.document, reference.line, message.format(reference.name[:120]), mend)
    if open_:
        yield unjudged(
            rule, OBSERVABILITY, 1, f"{len(open_)} names could not be followed: {', '.join(sorted(open_))[:300]}."
        )
