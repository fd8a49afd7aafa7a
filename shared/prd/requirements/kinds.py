"""Which kind a statement is of: by its section, its own id and its words. Pure."""

import re

from shared.prd.requirements import vocabulary
from shared.prd.requirements.goals import excludes_itself, is_wish
from shared.prd.requirements.vocabulary import BUILT_WITH, MEASURE, Family, Kind

_ID_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"NFR|NF|QR|NFA|RNF|ENF", "quality"),
    (r"CON", "constraint"),
    (r"NG", "non_goal"),
    (r"FR|US|AC|UC|FA|RF|HU|STORY|FEAT|EPIC", "functional"),
)
_SERVICE_LEVEL = re.compile(
    r"\bp(?:50|90|95|99)\b[^.;]{0,60}?\d\s?m?s\b|\b\d[\d.,]*\s?% (?:availab|uptime|of )", re.IGNORECASE
)
_WHERE_CONFIGURED = re.compile(r"^where\b[^.]{2,120}?,[^.]{2,80}?\bshall\b", re.IGNORECASE)
"""EARS: a feature that depends on how the product is set up is asked for, also below "optional"."""


def kind_of(text: str, source: str | None, family: Family) -> Kind:
    """The kind of a statement with an own id, if it has one, in a section of this family."""
    if family is vocabulary.LATER and _WHERE_CONFIGURED.match(text):
        return "functional"
    if family.dominates and family.kind:
        return family.kind
    if excludes_itself(text):
        return "non_goal"
    if family is not vocabulary.CONSTRAINT and is_wish(text):
        return "goal"
    return _told(text, source, family)


def _told(text: str, source: str | None, family: Family) -> Kind:
    if source:
        stem = re.split(r"[-_. \d]", source)[0]
        for stems, kind in _ID_KINDS:
            if re.fullmatch(stems, stem):
                return kind
    if family.kind == "functional":
        return "quality" if _SERVICE_LEVEL.search(text) else "functional"
    if family.kind:
        return family.kind
    if BUILT_WITH.search(text):
        return "constraint"
    return "quality" if vocabulary.QUALITY_TOPIC.match(text) or MEASURE.search(text) else "functional"
