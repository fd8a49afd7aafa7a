"""Writes a result down: `proof.json` and `proof.md`, beside the manifest."""

import json
from pathlib import Path

from prove.verdicts import Evidence, Proof, Proven

_SIGNS = {"proved": "proved", "refuted": "**refuted**", "not provable": "not provable here"}


def write_report(folder: Path, proven: Proven) -> None:
    """Both files, each whole or not at all."""
    _write(folder / "proof.json", json.dumps(proven.to_json(), indent=1, ensure_ascii=False) + "\n")
    _write(folder / "proof.md", as_markdown(proven))


def _write(place: Path, text: str) -> None:
    fresh = place.with_name(f".{place.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(place)


def as_markdown(proven: Proven) -> str:
    """The result as a person reads it."""
    lines = [
        f"# Proof of {proven.folder}",
        "",
        f"{proven.count('proved')} proved, {proven.count('refuted')} refuted, "
        f"{proven.count('not provable')} not provable here; {proven.seconds} s, begun {proven.began}.",
        "",
        "| proof | outcome | seconds | reason |",
        "|---|---|---|---|",
        *(f"| {p.title} (`{p.name}`) | {_SIGNS[p.outcome]} | {p.seconds} | {_cell(p.reason)} |" for p in proven.proofs),
        "",
        "## What kept the pack's code in",
        "",
        *(f"- Held: {each}." for each in proven.containment.held),
        *(f"- **Not held**: {each}." for each in proven.containment.not_held),
        "",
        "## Evidence",
        *(line for proof in proven.proofs for line in _evidence(proof)),
        "",
    ]
    return "\n".join(lines)


def _evidence(proof: Proof) -> list[str]:
    lines = ["", f"### {proof.title}"]
    for each in proof.evidence:
        lines += ["", f"`{each.command.replace('`', ' ')}`: {_ended(each)}, {each.seconds} s", ""]
        lines += [f"    {line}" for line in each.log]
    return lines if proof.evidence else [*lines, "", "Nothing was run."]


def _ended(each: Evidence) -> str:
    return f"exit code {each.exit}" if each.ended == "by itself" else f"ended by the limit on {each.ended}"


def _cell(text: str) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return safe.replace("[", "\\[").replace("`", "'")
