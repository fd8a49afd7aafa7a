"""Which phases of a roadmap come after the first, so that what stands in them is postponed. Pure."""

import re
from collections.abc import Sequence

_NUMBERED = re.compile(
    r"^(?:phase|version|release|stage|step|mvp|milestone|iteration|v|r|stufe|etappe|ausbaustufe|fase|tahap|étape|etapa|"
    r"этап|фаза|версия|阶段|階段|フェーズ|第|(?=\d\.\d+$))\s*(?:-|–)?\s*(\d{1,2})(?:\.(\d+))?",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"^(?:phase|stage|stufe|fase|tahap|étape|etapa)\s+(I{1,3}|IV|V)\b")
_AFTER = re.compile(
    r"^(?:later|future|next|then|after(?:wards|\b.{0,20}launch)?|some ?day|eventually|subsequent\w*|long[- ]term|"
    r"medium[- ]term|mid[- ]term|beyond|post[- ]?(?:mvp|launch)|danach|später|zukünftig|langfristig|mittelfristig|"
    r"ensuite|"
    r"plus tard|después|futuro|depois|poi|più avanti|daarna|later|nanti|selanjutnya|ke depan|jangka panjang|потом|"
    r"позже|未来|后续|将来|今後)\b",
    re.IGNORECASE,
)
_DATED = re.compile(r"^(?:q[1-4]\b|h[12]\b|20\d\d\b|(?:spring|summer|autumn|fall|winter)\b)", re.IGNORECASE)
_WORK = re.compile(
    r"\b(?:weeks?|sprints?|days?|set ?up|setup|planning|testing|development|implementation|documentation|deployment|"
    r"design|discovery|research|foundation|kick-?off|go-?live|rollout|wochen?|semaines?|semanas?|minggu)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(.{1,30}?)\s*(?:[:：]|\s[–—-])\s*(\S.*)$")


def is_postponed(phase: str, before: Sequence[str]) -> bool:
    """Whether a phase comes after a roadmap's first one. `before` are the phases above it.

    Steps of the work on one version (`Phase 2: testing`, `Weeks 3-4`) postpone nothing.
    """
    if _WORK.search(phase):
        return False
    if number := _NUMBERED.match(phase):
        return int(number[1]) >= 2 or (bool(before) and bool(number[2]))
    if roman := _ROMAN.match(phase):
        return roman[1] != "I"
    return bool(_AFTER.match(phase)) or (bool(before) and bool(_DATED.match(phase)))


def is_phase(text: str) -> bool:
    """Whether a text names a phase."""
    return any(pattern.match(text) for pattern in (_NUMBERED, _ROMAN, _AFTER, _DATED))


def opening_phase(text: str) -> tuple[str, str]:
    """`v2: returns` as phase and content; an empty phase where the text opens with none."""
    found = _OPENING.match(text)
    return (found[1], found[2]) if found and is_phase(found[1]) else ("", text)
