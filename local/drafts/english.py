"""English, as far as rules need it: singular and plural, and the cases that names are written in. Pure."""

import re

_IRREGULAR = {
    "person": "people",
    "child": "children",
    "index": "indexes",
    "status": "statuses",
    "analysis": "analyses",
    "alias": "aliases",
    "address": "addresses",
    "process": "processes",
    "access": "accesses",
    "bus": "buses",
    "quiz": "quizzes",
    "media": "media",
    "telemetry": "telemetry",
    "series": "series",
    "staff": "staff",
    "data": "data",
    "news": "news",
    "inventory": "inventory",
    "metadata": "metadata",
    "feedback": "feedback",
}
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def plural(noun: str) -> str:
    """The plural of a lower-case noun or noun phrase (its last word changes)."""
    head, _, last = noun.rpartition(" ")
    return f"{head} {_plural(last)}".strip()


def _plural(noun: str) -> str:
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun + "s"


def singular(noun: str) -> str:
    """The singular of a lower-case noun or noun phrase; a singular stays as it is."""
    head, _, last = noun.rpartition(" ")
    return f"{head} {_singular(last)}".strip()


def _singular(noun: str) -> str:
    if noun in _SINGULAR or noun in _IRREGULAR:
        return _SINGULAR.get(noun, noun)
    if re.search(r"(ss|us|is)$", noun) or len(noun) < 4:
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if re.search(r"(sses|xes|zes|ches|shes)$", noun):
        return noun[:-2]
    return noun.removesuffix("s")


def split_words(text: str) -> list[str]:
    """The words of any name: `alertRule`, `alert-rule`, `Alert Rule` and `alert_rule` are the same two."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", text)
    return [word.lower() for word in re.findall(r"[^\W_]+", spaced)]


def pascal(text: str) -> str:
    """`alert rule` -> `AlertRule`."""
    return "".join(word[:1].upper() + word[1:] for word in split_words(text))


def camel(text: str) -> str:
    """`alert rule` -> `alertRule`."""
    name = pascal(text)
    return name[:1].lower() + name[1:]


def snake(text: str) -> str:
    """`alert rule` -> `alert_rule`."""
    return "_".join(split_words(text))


def kebab(text: str) -> str:
    """`alert rule` -> `alert-rule`."""
    return "-".join(split_words(text))


def capitalise(text: str) -> str:
    """First letter upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def article(noun: str) -> str:
    """`a` or `an`, by the first letter's usual sound."""
    starts = noun.lower()
    return "an" if starts[:1] in "aeio" or re.match(r"un[^i]|up|ur", starts) else "a"


_PLACEHOLDERS = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"\b(?:tbd|tbc)\b", "to be decided"),
        (r"\b(?:todo|fixme|xxx)\b", "to do"),
        (r"\b(?:similar to|same as) above\b", "like the one before"),
        (r"\b(?:rest omitted|omitted for brevity)\b", "left out"),
    )
)


def quote(text: str, limit: int = 220) -> str:
    """The PRD's words for a draft: one line, cut at a word's end, its own placeholders spelled out.

    A draft may hold no `TBD` or dots of its own, and nobody should take the PRD's for the draft's."""
    text = re.sub(r"\s+", " ", text).replace("```", "")
    text = re.sub(r"\.{3,}|…", " etc.", text)
    for pattern, words in _PLACEHOLDERS:
        text = pattern.sub(words, text)
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(",;:-(") + " (shortened)"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; pipes inside cells are escaped."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
