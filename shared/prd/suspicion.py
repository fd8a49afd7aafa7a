"""Finds passages of a PRD that speak to this pipeline instead of about the product. Pure.

What is found is noted in the manifest, never refused: a PRD may well quote an attack. It only has no say in what code
reads out of the text, such as the title and the stack (`without_suspicious_passages`).
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, chain


@dataclass(frozen=True)
class Suspicion:
    """A suspicious passage: its first and last 1-based lines, and what makes it suspicious."""

    line: int
    last: int
    reason: str


MOST_PLACES = 20_000
"""Places that are looked at; a text with more of them is suspicious for that alone."""

_INSTRUCTIONS = r"(?:instructions?|prompts?|directions|directives|guidelines)\b"
_AGENTS = (
    r"(?:system-architect|api-backend-tester|azure-devops-pipelines-expert|azure-monitor-logs-expert"
    r"|python-backend-dev|csharp-expert)\b"
)
_OWN_FILES = (
    r"(?:your (?:outputs?|answers?|files?|documents?|deliverables?|design)|manifest\.(?:md|json)"
    r"|integration-architecture\.md|test-specifications\.md|cicd-pipeline\.md|observability-plan\.md"
    r"|python-sample-implementation\.md|csharp-implementation\.md)"
)
_PRIVATE = (
    r"(?:10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+"
    r"|0\.0\.0\.0|\[::1?\]|[\w.-]{1,100}\.(?:internal|local|corp|lan)\b)"
)
_PATTERNS = (
    (
        "orders to disregard instructions",
        ("ignore|disregard|forget|override|bypass", rf"\b[^.\n]{{0,30}}\b(?:above|previous|prior|earlier|preceding|all"
         rf"|any|your|these|those|system)\b[^.\n]{{0,20}}\b{_INSTRUCTIONS}"),
        ("ignore|disregard|forget", r" (?:all |everything )?(?:of )?(?:the |what is )?(?:above|before this)\b"),
        ("ignore|disregard|forget", r"\b[^.\n]{0,20}\b(?:your|system) rules\b"),
        ("ignorier|vergiss", r"[^.\n]{0,40}\b(?:anweisung|vorgabe|regel)"),
        ("ignor|oubli|olvida", r"\w{0,3}\b[^.\n]{0,20}\b(?:instructions|instrucciones|instruções)\b"),
        ("忽略|無視|无视", r"[^。\n]{0,20}(?:指令|指示|提示|说明|規則|规则)"),
        ("指令|指示|命令", r"を(?:すべて)?無視"),
        ("new|updated|revised", r" (?:system )?instructions?\s?:"),
        ("do anything now|jailbreak|developer mode", r"\b"),
    ),
    (
        "speaks to a language model",
        ("you are", r" (?:now |no longer )?(?:an? |the )?(?:\w{1,20} ){0,3}"
         r"(?:ai|assistant|language model|llm|chatbot|claude|gpt|root|administrator)\b"),
        ("dear|attention|hey|note to|message to|instruction", r"s?,? (?:to |for )?(?:the |any |all )?"
         r"(?:ai|assistants?|llms?|language models?|claude)\b"),
        (r"<\|(?:im_|system|user|assistant|endoftext)|\[/?inst\]|<</?sys>>", ""),
    ),
    (
        "asks for keys, prompts or settings of this pipeline",
        ("print|reveal|disclose|dump|echo|leak|exfiltrate", r"\b[^.\n]{0,30}\b(?:your\b[^.\n]{0,20}\b(?:keys?|secrets?"
         r"|tokens?|credentials?|passwords?|environment|configuration|settings)|anthropic_api_key|azurewebjobsstorage)\b"),
        ("print|reveal|disclose|dump|echo|leak|show|output|repeat|send|tell|include", r"\b[^.\n]{0,30}\b(?:your|system"
         rf"|the above|the hidden)\b[^.\n]{{0,20}}\b(?:{_INSTRUCTIONS}|environment variables?\b)"),
    ),
    (
        "tells this pipeline where to write or whom to call",
        ("write|save|store|put|publish|upload|send|post|move|copy", rf"\b[^.\n]{{0,30}}\b{_OWN_FILES}[^.\n]{{0,30}}?\s"
         r"(?:to|into|under|at|in)\b"),
        ("call|invoke|run|skip|start|stop", rf"\b[^.\n]{{0,30}}\b{_AGENTS}"),
        ("set|change|switch|override", r" (?:the )?(?:option |setting )?[`\"']?(?:stack|output|db)[`\"']?"
         r"(?: option| setting)? ?(?:to|=|:) ?[`\"']?[\w./\\~]"),
        ("create|add|write|emit|produce", r"\b[^.\n]{0,20}\b(?:another|an extra|an additional) deliverable\b"),
    ),
    (
        "imitates the layout of a prompt",
        (r"</?\s?(?:prd|document|requirements|findings)-", r"[0-9a-z]{4,}"),
        (r"</?\s?(?:assignment|prd|system|system-reminder|system_prompt)\s?>", ""),
    ),
    (
        "imitates a tool or its result",
        (r"</?\s?(?:antml:)?(?:tool_|function_|invoke)", r"[\w]{0,20}\b"),
        (r"[\"']type[\"'] ?: ?[\"']tool_(?:result|use)", ""),
        ("tool|function", r"[ _](?:result|response|output)s? ?:"),
    ),
    (
        "claims requirement ids of this pipeline",
        (r"\[r-\d{3,5}\]", ""),
        (r"r-\d{3,5}", r"\b[^.\n]{0,40}\b(?:is|are|was|were|has been|have been) (?:already |fully )?"
         r"(?:designed|tested|shipped|observed|met|declined|out of scope)\b"),
    ),
    (
        "leads to an internal address",
        (r"169\.254\.169\.254|metadata\.google\.internal|0xa9fea9fe|2852039166|fd00:ec2::254", r"\b"),
        ("fetch|download|request|open|visit|curl|wget|load|browse", rf"\b[^\n]{{0,60}}?\bhttps?://{_PRIVATE}"),
        (r"\]\(", rf"\s?<?(?:https?:)?//(?:localhost\b|127\.|{_PRIVATE})"),
        ("file://|gopher://|dict://|ldap://", ""),
    ),
)  # fmt: skip
"""Reason, then how such passages start and go on, in lower case. What follows a start has a bounded length."""
_HIDING = re.compile(r"[\u202a-\u202e\u2066-\u2069]|[\U000e0020-\U000e007f]{4,}|(?<=\w)[\u200b\u2060\ufeff]+(?=\w)")
_HIDES = "hides text with invisible characters"
_TOO_MUCH = "holds more places that could be orders than are looked at"


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], ...], tuple[tuple[str, re.Pattern[str]], ...]]:
    """Where a passage may start, and what it then looks like. Compiled at first use: indexing an app needs neither."""
    starts = [start for _, *forms in _PATTERNS for start, _ in forms]
    words = dict.fromkeys(word for start in starts if _is_words(start) for word in start.split("|"))
    signs = dict.fromkeys(start for start in starts if not _is_words(start))
    patterns = tuple(
        (reason, re.compile("|".join(f"(?:{start}){rest}" for start, rest in forms))) for reason, *forms in _PATTERNS
    )
    return (re.compile(rf"(?<![^\W_])(?:{'|'.join(words)})"), re.compile("|".join(signs))), patterns


def _is_words(start: str) -> bool:
    """Whether a start is made of plain words, which begin at a word's beginning."""
    return bool(re.fullmatch(r"[a-z |]+", start))


@lru_cache(maxsize=8)
def suspicions(text: str) -> tuple[Suspicion, ...]:
    """Every suspicious passage, in order; one for each reason and place."""
    found: set[Suspicion] = set()
    left = MOST_PLACES
    for start, lines in _paragraphs(text):
        found.update(_hidden(start, lines))
        left -= _search(start, lines, left, found)
        if left <= 0:
            found.add(Suspicion(start, start, _TOO_MUCH))
            break
    return tuple(sorted(found, key=lambda each: (each.line, each.reason)))


def without_suspicious_passages(text: str) -> str:
    """Blank out suspicious passages, and what stands between two in one paragraph; line numbers stay the same."""
    found = suspicions(text)
    if not found:
        return text
    lines = text.split("\n")
    for each, following in zip(found, [*(each.line for each in found[1:]), 0], strict=True):
        last = each.last
        if all(line.strip() for line in lines[last : following - 1]):
            last = max(last, following - 1)
        lines[each.line - 1 : last] = [""] * (last - each.line + 1)
    return "\n".join(lines)


def _paragraphs(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, with the number of their first: an order may be broken over lines."""
    gathered: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            gathered.append(line)
        elif gathered:
            yield number - len(gathered), gathered
            gathered = []
    if gathered:
        yield number + 1 - len(gathered), gathered


def _hidden(start: int, lines: list[str]) -> Iterator[Suspicion]:
    for number, line in enumerate(lines, start):
        if not line.isascii() and _HIDING.search(line):
            yield Suspicion(number, number, _HIDES)


def _search(start: int, lines: list[str], most: int, found: set[Suspicion]) -> int:
    """Add what a paragraph holds to `found`; returns at how many places it was looked at closely."""
    places, patterns = _compiled()
    plain = [_plain(line) for line in lines]
    joined = " ".join(plain)
    ends = list(accumulate(len(line) + 1 for line in plain))
    looked = 0
    for looked, place in enumerate(chain.from_iterable(each.finditer(joined) for each in places), 1):
        if looked > most:
            break
        for reason, pattern in patterns:
            if match := pattern.match(joined, place.start()):
                first, last = (start + bisect_right(ends, at) for at in (match.start(), match.end() - 1))
                found.add(Suspicion(first, last, reason))
    return looked


def _plain(line: str) -> str:
    """What a reader sees, in lower case: no invisible characters, no emphasis, no look-alike forms, single spaces."""
    if not line.isascii():
        line = "".join(character for character in line if unicodedata.category(character) != "Cf")
        line = unicodedata.normalize("NFKC", line)
    return " ".join(re.sub(r"[*_]{2,}|^\s*>+", " ", line).lower().split())
