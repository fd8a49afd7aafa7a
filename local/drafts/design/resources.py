"""Finds the things a PRD is about, and what is done with each. Pure.

A noun of the catalogue counts by how often and how plainly it is asked for. A noun outside it needs a plain sign:
a path, "CRUD", "manage" or several verbs that take it as their object.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from local.drafts.design.catalogue import ALIASES, ENTITIES, NOT_THINGS
from local.drafts.english import plural, singular, word_set
from local.drafts.prd.statements import Statement

MOST_RESOURCES = 8

_CREATE = (
    "create|add|register|publish|submit|upload|book|place|record|ingest|send|issue|generate|open|collect|capture|"
    "subscribe|join|invite|enter|import|store|schedule|reserve|raise|request|accept|receive"
)
_READ = "list|view|see|browse|search|get|fetch|query|track|find|retrieve|read|look up|show|display|inspect|filter"
_UPDATE = "update|edit|change|modify|configure|rename|adjust|set|reschedule|amend"
_DELETE = "delete|remove|deactivate|unsubscribe|erase"
_ALL = "manage|crud|maintain|administer"
_ACTIONS = (
    "cancel|approve|reject|replay|retry|revoke|confirm|ship|pay|refund|assign|archive|publish|acknowledge|resolve|"
    "close|reopen|complete|suspend|activate|capture|return|rotate|resend|release|reschedule|check in|merge|transfer"
)
MEANINGS = {
    "create": f"{_CREATE}|{_ALL}",
    "list": f"{_READ}|{_ALL}",
    "read": f"{_READ}|{_ALL}",
    "update": f"{_UPDATE}|{_ALL}",
    "delete": f"{_DELETE}|{_ALL}",
}
_ANY_VERB = "|".join((_CREATE, _READ, _UPDATE, _DELETE, _ALL, _ACTIONS))
_VERB = re.compile(
    rf"\b({_ANY_VERB})(?:s|es|d|ed|ing)?\s+"
    r"(?:(?:a|an|the|new|my|their|its|his|her|all|each|every|any|existing|multiple|several|own|or|and|one|more|his)\s+)*"
    r"(?=([a-z][a-z-]+(?:\s+[a-z][a-z-]+){0,2}))",
    re.IGNORECASE,
)
_CRUD_AFTER = re.compile(r"\b([A-Za-z][a-z-]+(?:,? (?:and |& )?[a-z-]+){0,3}) (?:CRUD|management)\b")
_HAS_FIELDS = re.compile(r"[\w -]{3,30}? (?:has|have|carries|contains) (?:an? )?`", re.IGNORECASE)
_ACTOR = re.compile(r"\bas an? [^,]{2,60}?,\s*(?:i|we)\b", re.IGNORECASE)
_BOUNDARY = word_set("""
    a an the to from with by for of in on at as and or via per into that which who when where if
    then using so is are be can may must should not no their its within over through after before
    without against against based between than up out it them they has have had will only
""")
_PREFIX_TRAPS = re.compile(
    r"\b(?:in|out of|purchase|work|sort|so) (?:order)\b|\bevent[- ]driven\b|\bpost body\b|"
    r"\bid tokens?\b|\brequest ids?\b|\bapi keys?\b(?= auth)",
    re.IGNORECASE,
)


@dataclass
class Evidence:
    """What the PRD says about one thing: how much, what is done with it, and where."""

    noun: str
    score: float = 0.0
    verbs: set[str] = field(default_factory=set[str])
    actions: list[str] = field(default_factory=list[str])
    requirements: list[str] = field(default_factory=list[str])


def find_resources(
    statements: Iterable[tuple[str, Statement]], title: str, path_nouns: Iterable[str]
) -> tuple[Evidence, ...]:
    """The things worth a resource, strongest first. `statements` pairs each with its requirement id or ''."""
    found: dict[str, Evidence] = defaultdict(lambda: Evidence(""))
    for identifier, statement in statements:
        weight = 1.0 if statement.kind == "functional" else 0.3
        _count_mentions(found, _ACTOR.sub(" ", statement.text), identifier, weight)
        _count_objects(found, _ACTOR.sub(" ", statement.text), weight)
    for noun in path_nouns:
        found[noun].score += 5
    _count_mentions(found, title, "", 0.7)
    for noun, evidence in found.items():
        evidence.noun = noun
    return _strongest(found.values())


@lru_cache(maxsize=8192)
def mentions(text: str) -> tuple[tuple[int, str], ...]:
    """Where a text names which known things: (offset, noun), longest name first at one place."""
    text = _PREFIX_TRAPS.sub(lambda trap: " " * len(trap[0]), text)
    names = ((match.start(), re.sub(r"[\s-]+", " ", match[0].lower())) for match in _MENTION.finditer(text))
    return tuple((at, _KNOWN[name]) for at, name in names)


def canonical(phrase: str) -> str | None:
    """The catalogue's noun for a phrase, or None: `Unique IDs` -> `identifier`."""
    words = singular(phrase.lower()).split()
    for start in range(len(words)):
        name = " ".join(words[start:])
        if name in ALIASES or name in ENTITIES:
            return ALIASES.get(name, name)
    return None


def _known_names() -> dict[str, str]:
    names = {noun: noun for noun in ENTITIES} | ALIASES
    plurals = {plural(name): noun for name, noun in names.items()}
    return {name.replace("-", " "): noun for name, noun in (plurals | names).items()}


_KNOWN = _known_names()
_MENTION = re.compile(
    r"(?<![\w/`-])(?:"
    + "|".join(re.escape(name).replace(r"\ ", r"[\s-]") for name in sorted(_KNOWN, key=len, reverse=True))
    + r")(?![\w/(]|-\w)",
    re.IGNORECASE,
)
_AMBIGUOUS = word_set("""
    client comment group item location message note offer order plan policy post price profile
    question rule schedule session setting template track user account application review role file
    job import export return claim contact task address category vote tag route quote lead report
    team member project document location identifier
""")


def _count_mentions(found: dict[str, Evidence], text: str, identifier: str, weight: float) -> None:
    for at, noun in mentions(text):
        if _HAS_FIELDS.match(text, at):
            found[noun].score += 2.5 * weight
        found[noun].score += weight * (0.5 if noun in _AMBIGUOUS else 1.0)
        if identifier and identifier not in found[noun].requirements:
            found[noun].requirements.append(identifier)


def _count_objects(found: dict[str, Evidence], text: str, weight: float) -> None:
    waiting: list[str] = []
    for match in _VERB.finditer(text):
        verb, phrase = match[1].lower(), match[2].lower()
        if re.fullmatch(_ANY_VERB, phrase.split()[0]) and not canonical(phrase.split()[0]):
            waiting.append(verb)
            continue
        nouns = _nouns(phrase)
        for noun in nouns:
            found[noun].score += 1.5 * weight
            for one in [*waiting, verb]:
                found[noun].verbs |= _meaning(one)
                if re.fullmatch(_ACTIONS, one) and one not in found[noun].actions:
                    found[noun].actions.append(one)
        waiting = []
    for phrase in _CRUD_AFTER.findall(text):
        for part in re.split(r",|\band\b|&", phrase):
            for noun in _nouns(part.strip()):
                found[noun].score += 3 * weight
                found[noun].verbs |= {"create", "update", "delete"}


def _nouns(phrase: str) -> list[str]:
    """The thing a verb's object names: the known noun in it, or else its own head noun."""
    words: list[str] = []
    for word in phrase.lower().split():
        if word in _BOUNDARY:
            break
        words.append(word)
    for end in range(len(words), 0, -1):
        if known := canonical(" ".join(words[:end])):
            return [known]
    head = singular(words[-1]) if words else ""
    usable = (
        len(head) > 3 and head not in NOT_THINGS and not re.search(r"(ing|ed|ly|ion|ity|ness|ment|al|able|ful)$", head)
    )
    return [head] if usable else []


def _meaning(verb: str) -> set[str]:
    pairs = (("create", _CREATE), ("read", _READ), ("update", _UPDATE), ("delete", _DELETE))
    meaning = {name for name, verbs in pairs if re.fullmatch(verbs, verb)}
    return {"create", "update", "delete"} if re.fullmatch(_ALL, verb) else meaning


def _strongest(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The strong ones. A noun that often means something else, or that the catalogue lacks, needs more evidence."""
    ranked = sorted(found, key=lambda one: (-one.score, one.noun))
    strong = [one for one in ranked if one.score >= _needed(one)]
    top = ranked[0].score if ranked else 0.0
    if len(strong) < 3:
        strong = [one for one in ranked if one.noun in ENTITIES and one.score >= max(0.6, top / 5)]
    return tuple(one for one in strong if one.score >= min(top / 12, 2.5))


def _needed(one: Evidence) -> float:
    if one.noun not in ENTITIES:
        return 3.5
    return 3.0 if one.noun in _AMBIGUOUS and not one.verbs else 1.5
