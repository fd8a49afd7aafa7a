"""Numbers in a PRD: service levels, limits and loads, each with the words it stood in. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

type Measure = Literal["latency", "ratio", "throughput", "rate_limit", "size", "duration"]

_TIME = r"(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b"
_BELOW = r"(?:<=?|≤|under|below|within|less than|at most|no more than|faster than|max(?:imum)?(?: of)?|up to)"
_LATENCY = re.compile(rf"{_BELOW}\s*{_TIME}", re.IGNORECASE)
_PERCENTILE = re.compile(r"\bp\s?(50|75|90|95|99(?:\.\d+)?)\b|\b(50|75|90|95|99)th percentile", re.IGNORECASE)
_RATIO = re.compile(r"(?:>=?|≥|at least )?\s*(?P<value>\d{2,3}(?:\.\d+)?)\s*%")
_RATIO_WORDS = re.compile(r"availab|uptime|succe|deliver|durab|reliab|\bslo\b", re.IGNORECASE)
_RATIO_NOT = re.compile(r"sampling|coverage|jitter|cpu|memory|burn|discount|\btax\b|line coverage", re.IGNORECASE)
_THROUGHPUT = re.compile(
    r"(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<scale>k|m|million|thousand)?\s*"
    r"(?:(?P<what>[a-z][a-z -]{1,24}?)\s*(?:/|\bper\b|\ba\b)\s*(?:[a-z]+ per )?"
    r"(?P<per>s|secs?|seconds?|min|minutes?|h|hours?|days?)\b"
    r"|(?P<short>rps|tps|qps|rpm)\b)",
    re.IGNORECASE,
)
_LIMIT_WORDS = re.compile(
    r"rate[- ]limit|throttl|token bucket|quota|per (?:client|user|tenant|endpoint|key|ip)\b", re.IGNORECASE
)
_CONDITION = re.compile(r"\b(if|unless|timeouts?|not|after)\b", re.IGNORECASE)
_SIZE = re.compile(r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>[KMG]i?B)\b", re.IGNORECASE)
_DURATION = re.compile(
    r"(?P<value>\d+(?:\.\d+)?)[\s-]*(?P<unit>ms|s|sec|seconds?|m|min|minutes?|h|hours?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_UNITS = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@dataclass(frozen=True)
class Target:
    """One number to hold. `value` is in milliseconds, percent, per second, bytes or seconds, by `measure`.

    `shown` is the number as people read it; `name` says what it is about; `percentile` is for latencies.
    """

    measure: Measure
    name: str
    value: float
    shown: str
    requirement: str
    percentile: str = ""
    assumed: bool = False


def find_targets(text: str, requirement: str) -> tuple[Target, ...]:
    """Every number that one statement sets, in its order of measure."""
    text = re.sub(r"-+>|→", " to ", text)
    return (
        *_latencies(text, requirement),
        *_ratios(text, requirement),
        *_throughputs(text, requirement),
        *_sizes(text, requirement),
        *_durations(text, requirement),
    )


def number(value: float) -> str:
    """A number without a needless fraction."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _latencies(text: str, requirement: str) -> Iterator[Target]:
    if _RATIO.search(text) and re.search(r"window|over \d+", text):
        return
    percentile = "95"
    start = 0
    for found in _LATENCY.finditer(text):
        if _CONDITION.search(text[: found.start()]):
            continue
        seen = _PERCENTILE.findall(text[start : found.start()])
        percentile = (seen[-1][0] or seen[-1][1]) if seen else percentile
        milliseconds = _float(found["value"]) * (1 if found["unit"].lower().startswith("m") else 1000)
        name = _phrase(_PERCENTILE.sub("", text[start : found.start()]))
        start = found.end()
        shown = f"p{percentile} < {number(milliseconds)} ms"
        yield Target("latency", name or "Response time", milliseconds, shown, requirement, percentile)


def _ratios(text: str, requirement: str) -> Iterator[Target]:
    if not _RATIO_WORDS.search(text) or _RATIO_NOT.search(text):
        return
    for found in _RATIO.finditer(text):
        value = float(found["value"])
        if 90 <= value < 100:
            available = re.search(r"availab|uptime", text, re.IGNORECASE)
            name = "Availability" if available else _ratio_name(text[found.end() :])
            yield Target("ratio", name, value, f"≥ {value:g} %", requirement)
            return


def _ratio_name(after: str) -> str:
    within = re.match(r"\s*of ([a-z ]+?) (?:\w+ )?(within|under|in less than)\s+(\d+\s*\w+)", after, re.IGNORECASE)
    if within:
        return f"{_phrase(within[1])} within {within[3]}"
    return _phrase(re.split(r"[,.;(]", after)[0].replace(" of ", " ")) or "Success"


def _throughputs(text: str, requirement: str) -> Iterator[Target]:
    limited = _LIMIT_WORDS.search(text)
    for found in _THROUGHPUT.finditer(text):
        value = _float(found["value"]) * _UNITS.get((found["scale"] or "").lower(), 1)
        what = (found["what"] or "requests").strip()
        per = {"rpm": "m"}.get((found["short"] or "").lower(), (found["per"] or "s")[0].lower())
        unit = {"s": "second", "m": "minute", "h": "hour", "d": "day"}[per]
        rate = value / _SECONDS[per]
        if limited:
            whose = re.search(r"per (client|user|tenant|endpoint|api key|key|ip)\b", text, re.IGNORECASE)
            name = f"Rate limit per {whose[1].lower()}" if whose else "Rate limit"
            yield Target("rate_limit", name, rate, f"{number(value)} {_load(what)} per {unit}", requirement)
        elif not re.search(r"^\s*(ms|min|hours?|days?|times?)\b", what):
            yield Target("throughput", "Throughput", rate, f"{number(value)} {_load(what)} per {unit}", requirement)


def _load(what: str) -> str:
    return {"req": "requests", "reqs": "requests", "msgs": "messages", "msg": "messages"}.get(what.lower(), what)


def _sizes(text: str, requirement: str) -> Iterator[Target]:
    for found in _SIZE.finditer(text):
        unit = found["unit"].upper().replace("I", "")
        size = float(found["value"]) * 1024 ** (" KMG".index(unit[0]))
        name = _phrase(text[: found.start()]) or "Size limit"
        yield Target("size", name, size, f"{found['value']} {unit}", requirement)


def _durations(text: str, requirement: str) -> Iterator[Target]:
    """Times that are neither a latency nor a window: lifetimes, timeouts, retention."""
    wanted = (
        r"expir|retain|retention|\bttl\b|timeout|lifetime|lived|valid for|keep|kept|delete[ds]? after|within|"
        r"\brpo\b|\brto\b|before|older"
    )
    windowed = _RATIO.search(text) and re.search(r"window|over \d+", text)
    if windowed or not re.search(wanted, text, re.IGNORECASE):
        return
    latencies = (found for found in _LATENCY.finditer(text) if not _CONDITION.search(text[: found.start()]))
    taken = [found.span() for found in latencies]
    for found in _DURATION.finditer(text):
        if any(start <= found.start() < end for start, end in taken):
            continue
        unit = found["unit"].lower()
        letter = "mo" if unit.startswith("mo") else unit[0] if unit != "ms" else "ms"
        seconds = float(found["value"]) * {"ms": 0.001, "mo": 2592000.0, "y": 31536000.0, **_SECONDS}[letter]
        before = re.split(r"[,;)]", text[: found.start()])[-1].replace("(", " ")
        name = _phrase(before) if len(before.split()) > 1 else " ".join(text.split()[:6])
        words = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
        word = words.get(letter, "millisecond") + ("" if found["value"] == "1" else "s")
        yield Target("duration", name, seconds, f"{found['value']} {word}", requirement)


def _float(text: str) -> float:
    return float(text.replace(",", ""))


def _phrase(text: str) -> str:
    """The last few words before a number, as a name: `Latency: p95 write latency` -> `Write latency`."""
    text = re.sub(r"\([^)]*\)", " ", text)
    text = re.split(r"[,;:.]\s", text.rstrip(" :,;"))[-1]
    text = re.sub(
        r"(?i)\b(is|are|be|must|should|shall|in|of|for|at|the|a|an|and|stays?|remains?|default|by|with)\b\s*$",
        "",
        text.strip(),
    )
    text = re.sub(r"(?i)^(?:and|with|the|a|an|of|must|should|shall|to|for|at|is)\b\s*", "", text.strip(" -–:;,<>≤≥=+"))
    text = re.sub(r"(?i)\s+(?:is|are|be|must|should|shall|must be|in|of|for|at|after|than)$", "", text)
    words = re.sub(r"[`*\"|]", "", text).split()
    name = " ".join(words[-7:])
    return name[:1].upper() + name[1:]
