"""How a plan and a manifest tell of the earlier pack that a run goes on from. Pure."""

from collections.abc import Iterator
from typing import Any

from shared.contracts import MAYBE, Base

MOST_IDS = 20
"""Ids of one kind of change that a line lists."""


def base_json(base: Base) -> dict[str, Any]:
    """The earlier run, the ids of the requirements that changed, and the texts that are stale or stay."""
    return {
        "run": base.run_id,
        "stamp": base.stamp,
        "folder": base.folder,
        "requirements": {
            "added": list(base.added),
            "removed": list(base.removed),
            "changed": list(base.changed),
            "moved": list(base.moved),
        },
        "passages_changed": base.context,
        "texts": [
            {"call": text.key, "level": text.level, "sections": list(text.sections), "edited": text.edited}
            for text in base.texts
        ],
    }


def base_in_words(base: Base) -> Iterator[str]:
    """The same in a few lines."""
    kinds = {"added": base.added, "removed": base.removed, "changed": base.changed, "moved": base.moved}
    told = [f"{len(ids)} {kind} ({_listed(ids)})" for kind, ids in kinds.items() if ids]
    told += [f"{base.context} passage(s) of other text"] if base.context else []
    yield f"Goes on from: run {base.run_id} ({base.stamp}); {', '.join(told) or 'nothing is asked for that was not'}"
    stale = [text for text in base.texts if text.level]
    for text in stale:
        sections = f": {', '.join(text.sections)}" if text.sections else ""
        yield f"  {'may be stale' if text.level == MAYBE else 'stale'}: {text.key}{sections}"
    stays = [text.key for text in base.texts if not text.level]
    if stays:
        yield f"  stays: {', '.join(stays)}"
    edited = [text.key for text in base.texts if text.edited]
    if edited:
        yield f"  edited by hand since, and kept so: {', '.join(edited)}"


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:MOST_IDS]) + (f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else "")
