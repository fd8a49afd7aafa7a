"""Packs that a strong model wrote from the product's own prompts, with what careful readers found in them.

Each folder of `packs/` holds the PRD, the first drafts, `labels.toml` and `requirements.txt`: the requirements with the
ids that the writer was shown (`R-012 34 text`: id, line, text). As ids follow the extraction of their day, citations are
put into today's ids before a pack is judged; requirements that the writer was never shown are left out of the account.

A label is a defect (`sees` says who can see it: `code` by resolving names and numbers, `reader` by understanding, `run`
by running), a finding of that day that was right, or one that was wrong. `kept_out` packs were not looked at while rules
were written.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.agents.agent_files import catalogue
from shared.checks import PACK_CHECKS, Context, Pack, PackDocument, run
from shared.contracts import Finding
from shared.prd.requirements.extraction import Requirement, extract_requirements

FOLDER = Path(__file__).parent / "packs"
DATABASES = {
    "branch-loans": "postgres",
    "care-shifts": "sqlserver",
    "sharing-service": "postgres",
    "rental-depot": "sqlserver",
    "clinic-booking": "postgres",
}
KEPT_OUT = ("branch-loans", "care-shifts", "fleet-telemetry", "grant-applications")
_ID = re.compile(r"\bR-(\d{3,4})\b")
_WORD = re.compile(r"\w{4,}")
_CERTAIN = 6
"""Characters of a word that tells a defect also in another document than the label's."""


@dataclass(frozen=True)
class Defect:
    """What is truly wrong: where, who can see it, and words of which a right finding has one."""

    document: str
    line: int
    sees: str
    kind: str
    words: tuple[str, ...]
    is_warning: bool

    def is_told_by(self, finding: Finding) -> bool:
        """Whether a finding is about this defect."""
        told = [word for word in self.words if _has(finding.message, word)]
        if finding.deliverable == self.document:
            return bool(told)
        return any(len(word) >= _CERTAIN and not word.isdecimal() for word in told)


@dataclass(frozen=True)
class RealPack:
    """One pack with its labels."""

    name: str
    labels: dict[str, Any]
    pack: Pack
    unseen: frozenset[str]
    """Ids of requirements, as extracted today, that the writer was not shown."""

    @cached_property
    def defects(self) -> list[Defect]:
        """All labelled defects."""
        return [
            Defect(
                each["document"],
                int(each.get("line", 1)),
                each["sees"],
                each["kind"],
                tuple(each.get("words", ())),
                each.get("severity") == "warning",
            )
            for each in self.labels.get("defects", [])
        ]

    @cached_property
    def findings(self) -> list[Finding]:
        """What today's rules say, without what rests on requirements that the writer never saw."""
        found = run(PACK_CHECKS, self.pack)
        for call in catalogue().calls_for(self.pack.stack):
            agent, text = catalogue()[call.agent], self.pack.text(call.deliverable)
            if call.task == "draft" and text is not None:
                sections = agent.tasks["draft"].sections
                context = Context(
                    call.deliverable, text, sections, stack=self.pack.stack, db=self.pack.db, prd=self.pack.prd
                )
                found += run(agent.checks, context)
        return [each for each in found if not self.unseen & set(re.findall(r"\bR-\d+\b", each.message))]

    @property
    def errors(self) -> list[Finding]:
        """Findings that send a document back."""
        return [each for each in self.findings if each.severity == "error"]

    def is_true(self, finding: Finding) -> bool:
        """Whether a label says what the finding says."""
        return any(each.is_told_by(finding) for each in self.defects) or any(
            each["rule"] == finding.rule and each["document"] == finding.deliverable and _is_there(each, finding)
            for each in self.labels.get("true_findings", [])
        )

    def is_found(self, defect: Defect) -> bool:
        """Whether some error or warning tells the defect."""
        return any(each.severity != "unjudged" and defect.is_told_by(each) for each in self.findings)


def packs() -> Iterator[RealPack]:
    """All packs that are there."""
    for folder in sorted(FOLDER.iterdir()):
        if folder.is_dir():
            yield load(folder.name)


def load(name: str) -> RealPack:
    """One pack, its citations in today's ids."""
    folder = FOLDER / name
    prd = (folder / "prd.md").read_text(encoding="utf-8")
    stack = "csharp" if (folder / "csharp-implementation.md").exists() else "python"
    renamed, unseen = _renamed((folder / "requirements.txt").read_text(encoding="utf-8"), extract_requirements(prd))
    documents = [
        PackDocument(call.deliverable, _ID.sub(lambda match: renamed.get(match[0], "the PRD"), text))
        for call in catalogue().calls_for(stack)
        if call.task == "draft"
        for text in [(folder / call.deliverable).read_text(encoding="utf-8")]
    ]
    labels = tomllib.loads((folder / "labels.toml").read_text(encoding="utf-8"))
    for label in (*labels.get("true_findings", []), *labels.get("false_findings", [])):
        if "requirements" in label:
            label["requirements"] = [renamed[each] for each in label["requirements"] if each in renamed]
    return RealPack(name, labels, Pack(tuple(documents), prd, stack, DATABASES.get(name, "postgres")), unseen)


def _renamed(shown: str, today: tuple[Requirement, ...]) -> tuple[dict[str, str], frozenset[str]]:
    """Today's id for each id that the writer was shown, and today's ids that no such id stands for."""
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for row in shown.splitlines():
        identifier, line, text = row.split(" ", 2)
        wanted = set(_WORD.findall(text.casefold()))
        likeness = [
            (len(wanted & set(_WORD.findall(each.text.casefold()))) / max(1, len(wanted)), each.id)
            for each in today
            if abs(each.line - int(line)) <= 1
        ]
        if likeness and max(likeness)[0] >= 0.5:
            renamed[identifier] = max(likeness)[1]
            taken.add(max(likeness)[1])
        else:  # a label such as `Catalogue.` was a requirement once; what stands behind it is meant
            beside = [each.id for each in today if each.line == int(line)]
            taken.update(beside)
            renamed[identifier] = "] [".join(beside) or "the PRD"
    return renamed, frozenset(each.id for each in today if each.id not in taken)


def _has(message: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)" if word.isdecimal() else re.escape(word), message) is not None


def _is_there(label: dict[str, Any], finding: Finding) -> bool:
    if "requirements" in label or "words" in label:
        return any(_has(finding.message, word) for word in (*label.get("words", ()), *label.get("requirements", ())))
    return abs(int(label.get("line", finding.line)) - finding.line) <= 3
