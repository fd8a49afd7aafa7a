"""How an agent is told of findings: those of one root as one, with all their places. Pure."""

from collections.abc import Sequence

from shared.contracts import Finding


def in_list(findings: Sequence[Finding]) -> str:
    """One item for each root: findings of one rule that are mended in the same way.

    Only errors: a warning is worth a look by a person, and no document is changed for it.
    """
    roots = dict[tuple[str, str, str], dict[str, list[int]]]()
    for finding in findings:
        if finding.severity == "error":
            messages = roots.setdefault((finding.rule, finding.severity, finding.mend), {})
            messages.setdefault(finding.message, []).append(finding.line)
    return "\n".join(
        f"- {rule} ({severity}), {_said(messages)} Mend: {mend}" for (rule, severity, mend), messages in roots.items()
    )


def _said(messages: dict[str, list[int]]) -> str:
    return " Also ".join(f"{_places(lines)}: {message}" for message, lines in messages.items())


def _places(lines: list[int]) -> str:
    numbers = sorted(set(lines))
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
