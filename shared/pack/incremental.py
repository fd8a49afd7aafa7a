"""Weighs a new version of a PRD against the pack that an earlier run made: what is stale, what stays. Pure.

The earlier pack is read from its manifest.json, whatever version of this app wrote it, and from its documents as they
lie there now: those that somebody has edited are the ones to go on from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from shared.contracts import MAYBE, SURE, BaseText, BlobRef, Call, Payload
from shared.pack.gist import gist_of
from shared.pack.staleness import MANIFEST, Stale, Staleness, find_stale
from shared.prd.requirements import Change, Comparison, Context, compare

LEAST_KEPT = 0.3
"""A PRD that has less than this of an earlier one's requirements is another product under the same name."""
MOST_SECTIONS = 12
MOST_LINES, LONGEST_LINE = 50, 100
"""Changes that a plan shows as text, and characters of each."""
_COMPLETE = ("completed", "completed_with_findings")

type Json = dict[str, Any]


@dataclass(frozen=True)
class EarlierPack:
    """A pack that a run may go on from. `paths` and `hashes` are those of its deliverables by name."""

    run_id: str
    stamp: str
    folder: str
    options: Mapping[str, Any]
    paths: Mapping[str, str]
    hashes: Mapping[str, str]
    errors: Mapping[str, int]
    sections: Mapping[str, str]

    @classmethod
    def read(cls, manifest: object) -> "EarlierPack | None":
        """From a manifest.json; None where it tells of no complete pack, or cannot be read."""
        try:
            told = cast(Json, manifest)
            listed = cast(list[Json], told["deliverables"])
            if told["status"] not in _COMPLETE or not all(one["path"] for one in listed):
                return None
            return cls(
                run_id=str(told["run"]["id"]),
                stamp=str(told["run"]["stamp"]),
                folder=str(told["folders"]["project"]),
                options=dict(told["options"]),
                paths={one["name"]: one["path"] for one in listed},
                hashes={one["name"]: one["sha256"] for one in listed},
                errors={one["name"]: int(one["findings"]["errors"]) for one in listed},
                sections={title: body for title, body in told["sections"].items() if body},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def orchestrators_text(self, titles: Sequence[str]) -> str | None:
        """What the orchestrator agent wrote under these titles; None where one is missing."""
        if not all(title in self.sections for title in titles):
            return None
        return "\n\n".join(f"## {title}\n\n{self.sections[title].strip()}" for title in titles) + "\n"


@dataclass(frozen=True)
class Weighed(Payload):
    """What a new version of a PRD changes, and what of the earlier pack that makes stale."""

    comparison: Comparison
    staleness: Staleness

    def to_json(self) -> Json:
        """As a plan answers it: each change and each stale section."""
        return {
            "requirements": [change.to_dict() for change in self.comparison.changes],
            "unchanged": self.comparison.unchanged,
            "context": [context.to_dict() for context in self.comparison.context],
            "stale": [stale.to_dict() | {"level": stale.level} for stale in self.staleness.sections],
        }


def weigh(before: str, after: str, documents: Mapping[str, str]) -> Weighed | None:
    """Hold a new PRD against an earlier one and its pack's documents; None where it is another product's."""
    comparison = compare(before, after)
    if comparison.kept < LEAST_KEPT and not comparison.is_same:
        return None
    return Weighed(comparison, find_stale(before, comparison, documents))


def base_text(call: Call, text: str, reference: BlobRef, pack: EarlierPack, staleness: Staleness) -> BaseText:
    """An earlier text as the run takes it along."""
    sections = [stale.section for stale in staleness.sections if stale.deliverable == call.deliverable]
    return BaseText(
        key=call.key,
        text=reference,
        level=level_of(call, staleness),
        sections=tuple(dict.fromkeys(filter(None, sections)))[:MOST_SECTIONS],
        errors=pack.errors.get(call.deliverable, 0) if call.task == "draft" else 0,
        gist=gist_of(text),
        edited=call.task == "draft" and reference.sha256 != pack.hashes[call.deliverable],
    )


def level_of(call: Call, staleness: Staleness) -> str:
    """How surely a call has to be made. The manifest's first part says what was assumed, its last sums all up."""
    if call.deliverable != MANIFEST:
        return staleness.level(call.deliverable)
    if "*" in call.needs:
        return MAYBE if any(name != MANIFEST for name in staleness.deliverables) else ""
    return SURE if staleness.level(MANIFEST) == SURE else ""


def in_words_for(deliverable: str, weighed: Weighed, moved: Sequence[str]) -> str:
    """What an agent is told of the changes: of the PRD, where they reach its text, what moved in the architecture."""
    stale = [one for one in weighed.staleness.sections if one.deliverable == deliverable]
    parts = [
        ("Requirements that changed:", map(_change, weighed.comparison.asked)),
        ("Text around them that changed:", map(_context, weighed.comparison.context)),
        ("What that reaches in your text:", map(_place, stale)),
        ("Names of the architecture whose definition moved:", (f"- {name}" for name in moved)),
    ]
    told = ((head, list(lines)) for head, lines in parts)
    return "\n\n".join("\n".join([head, *lines]) for head, lines in told if lines)


def _change(change: Change) -> str:
    was = f' Was: "{change.before}"' if change.before else ""
    now = f' Is: "{change.after}"' if change.after else ""
    return f"- {change.id} {change.kind}.{was}{now}"


def _context(context: Context) -> str:
    return f'- Added: "{context.after}"' if context.after else f'- Taken out: "{context.before}"'


def _place(stale: Stale) -> str:
    return f"- {stale.section or 'no section yet'}: {stale.reason}"


def lines_of_plan(weighed: Weighed) -> Iterator[str]:
    """The requirements that changed, as a plan shows them, one a line."""
    changes = weighed.comparison.asked
    for change in changes[:MOST_LINES]:
        yield f"  {change.kind:<7} {change.id} {(change.after or change.before)[:LONGEST_LINE]}"
    if len(changes) > MOST_LINES:
        yield f"  and {len(changes) - MOST_LINES} more"
