"""Quality gates: the step that a gate names exists, and can do what the gate says."""

from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of
from shared.checks.reference_examples import EXAMPLES
from shared.contracts import Finding, Rule, found, unjudged
from shared.pack import Reference, can_hold, gates, is_confirmed, kind_of

DELIVERY = "cicd-pipeline.md"
GATE_WITHOUT_STEP = Rule(
    "REF-041", "error", "A gate whose step does not exist stops nothing.",
    proves="The table of gates names a step, and no step, job or stage of the pipeline has that name or one near it.",
    leaves="Names that are near another, commands instead of names, policies and approvals outside of the pipeline.",
    bad=EXAMPLES["REF-041"].bad, good=EXAMPLES["REF-041"].good,
)  # fmt: skip
GATE_NOT_HELD = Rule(
    "REF-042", "error", "A gate whose step looks at something else lets everything pass.",
    proves="The step that a gate for licences, coverage, secrets, SBOM, breaking changes, image or load names runs "
    "only programs whose abilities are known, and none of them can hold such a gate.",
    leaves="Gates of other kinds, steps that run a program or script that is not known.",
    bad=EXAMPLES["REF-042"].bad, good=EXAMPLES["REF-042"].good,
)  # fmt: skip
RULES = (GATE_WITHOUT_STEP, GATE_NOT_HELD)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Every row of a table of gates that says which step enforces it."""
    delivery = delivery_of(pack)
    unclear: list[str] = []
    unknown: list[str] = []
    for gate in gates(delivery):
        kind = kind_of(gate)
        yield Reference("step", gate.step_cell, DELIVERY, gate.line, gate.state)
        if gate.state == "missing":
            message = (
                f"The gate {gate.name[:80]!r} is enforced by {gate.step_cell[:100]!r}; the pipeline has no such step."
            )
            yield found(GATE_WITHOUT_STEP, DELIVERY, gate.line, message, "Name a step by its displayName, or add it.")
        elif gate.state == "undecided":
            unclear.append(gate.name)
        elif kind is not None:
            holds = can_hold(delivery, gate, kind)
            if holds is False:
                message = (
                    f"The gate {gate.name[:80]!r} names {gate.step_cell[:100]!r}; nothing in it looks at {kind.name}."
                )
                yield found(
                    GATE_NOT_HELD, DELIVERY, gate.line, message, f"Add a tool for {kind.name} that fails the step."
                )
            elif holds is None:
                unknown.append(gate.name)
        elif not is_confirmed(delivery, gate):
            unknown.append(gate.name)
    if unclear:
        message = f"{len(unclear)} gates name steps that could not be told apart: {', '.join(unclear)[:300]}."
        yield unjudged(GATE_WITHOUT_STEP, DELIVERY, 1, message)
    if unknown:
        message = f"Of {len(unknown)} gates it is not known what could hold them: {', '.join(unknown)[:300]}."
        yield unjudged(GATE_NOT_HELD, DELIVERY, 1, message)
