"""Reads a PRD: bytes to text, front matter, title, project name, stack. Pure: text in, values out."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, cast

from shared.errors import BadInput
from shared.formats.file_names import safe_path
from shared.prd.suspicion import without_suspicious_passages

SHORTEST = 3
"""Characters that a PRD has at least."""
LONGEST_TITLE = 400
"""Characters of a heading that are looked at."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^\s{0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_NOISE = re.compile(
    r"\b(draft|final|product requirements? documents?|requirements? documents?|product requirements?|prd"
    r"|spec(ification)?|v\d+(\.\d+)*|version \d+(\.\d+)*)\b",
    re.IGNORECASE,
)
_GENERIC = {
    "", "introduction", "overview", "background", "summary", "executive summary", "purpose", "goals", "goal",
    "problem statement", "requirements", "table of contents", "contents", "about", "abstract", "document",
}  # fmt: skip
_STACK_WORDS = {
    "csharp": re.compile(r"(?<![\w.])(?:C#|\.NET|ASP\.NET|dotnet|csharp|Entity Framework|NuGet)(?!\w)", re.IGNORECASE),
    "python": re.compile(r"\b(?:python|fastapi|django|flask|pydantic|pytest|asyncio|sqlalchemy)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Prd:
    """A readable PRD. `text` is the body without front matter; `front_matter` holds its raw values."""

    name: str
    text: str
    front_matter: dict[str, Any]

    @property
    def title(self) -> str:
        """The product's name as the PRD gives it; falls back to the file's name."""
        return find_title(without_suspicious_passages(self.text)) or _stem(self.name) or "Backend service"

    @property
    def project(self) -> str:
        """`title` as a folder name: lower case, a-z 0-9 and hyphens, at most 48 characters."""
        name = slug(self.title) or slug(_stem(self.name)) or "backend-service"
        return name if safe_path(name) else f"{name}-service"  # Windows has no folder named nul


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Raises `BadInput` for a PRD of more than `max_bytes`."""
    if size > max_bytes:
        raise BadInput(
            "prd-too-large",
            f"{shown(name)} has {size:,} bytes; at most {max_bytes:,} are read.",
            "Shorten the PRD or split it into one PRD per service.",
            http_status=413,
        )


def read_prd(name: str, data: bytes, *, max_bytes: int) -> Prd:
    """Decode and split a PRD. Raises `BadInput` with its own message for everything that is not one."""
    check_size(name, len(data), max_bytes)
    text = _decode(name, data).replace("\r\n", "\n").replace("\r", "\n")
    front_matter, body = split_front_matter(name, text)
    if len(body.strip()) < SHORTEST or not re.search(r"\w", body):
        detail = f"{shown(name)} has no text" + (" but punctuation." if body.strip() else ".")
        if len(body.strip()) in range(1, SHORTEST):
            detail = f"{shown(name)} holds {len(body.strip())} character(s), which is no PRD."
        raise BadInput("prd-empty", detail, "Write down what the service must do and send it again.")
    return Prd(name=name, text=body, front_matter=front_matter)


def _decode(name: str, data: bytes) -> str:
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(
            "prd-not-text",
            f"{shown(name)} is not {encoding.removesuffix('-sig').upper()} text: "
            f"byte {error.start + 1} cannot be decoded.",
            "Save the PRD as UTF-8 text or Markdown.",
            http_status=415,
        ) from None
    if "\x00" in text:
        raise BadInput(
            "prd-binary",
            f"{shown(name)} holds NUL bytes: a binary file, or text in UTF-16 or UTF-32 without a byte order mark.",
            "Save the PRD as UTF-8 text or Markdown.",
            http_status=415,
        )
    return text


def split_front_matter(name: str, text: str) -> tuple[dict[str, Any], str]:
    """Split YAML front matter (between two `---` lines at the very top) from the body.

    A leading rule without a closing one is no front matter. Raises `BadInput` where it is not a YAML mapping.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    values = _front_matter_values(name, match[1])
    return values, text[match.end() :]


def _front_matter_values(name: str, source: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    mend = "Front matter is a YAML mapping between two `---` lines, such as `stack: python`."
    if (
        len(source) > 20_000
        or source.count("[") + source.count("{") > 100
        or re.search(r"(^|[\s\[{,:-])[&*][^\s,\]}]", source)
    ):
        raise BadInput(
            "front-matter", f"{shown(name)}: front matter is too long, nested too deeply or uses YAML anchors.", mend
        )
    try:
        values: object = YAML(typ="safe", pure=True).load(source)  # pyright: ignore[reportUnknownMemberType] (untyped)
    except (YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise BadInput("front-matter", f"{shown(name)}, line {line}: front matter is not valid YAML.", mend) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise BadInput("front-matter", f"{shown(name)}: front matter is not a mapping of names to values.", mend)
    return {str(key): value for key, value in cast(dict[object, Any], values).items()}


def find_title(text: str) -> str | None:
    """What names the product rather than a kind of document: a short first line, a top heading, the first one."""
    headings = [(len(match[1]), match[2]) for match in _HEADING.finditer(_without_fences(text))]
    top = [heading for level, heading in headings if level == 1]
    first_line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    candidates = top or [heading for _, heading in headings[:1]]
    if len(first_line) <= 100 and not first_line.startswith(("#", "-", "*", "|", ">", "`")):
        candidates = [first_line, *candidates]
    for candidate in candidates:
        title = _clean_title(candidate)
        if title.lower() not in _GENERIC:
            return title[:120]
    return None


def _without_fences(text: str) -> str:
    return re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)


def shown(name: str) -> str:
    """A file's name as messages and logs show it: one line of printable characters, not too long."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name[:200])


def _clean_title(raw: str) -> str:
    readable = "".join(character for character in raw[:LONGEST_TITLE] if character.isprintable() or character == "\t")
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", readable)
    text = _NOISE.sub(" ", re.sub(r"[*_`]", "", text))
    text = re.sub(r"\(\s*\)|\[\s*\]", " ", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"^(?:[^\w(]|(?:\d+\.)+\s)+|[^\w)!?#+]+$", "", text)
    return text.removeprefix("for ").strip()


def _stem(name: str) -> str:
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return base.rsplit(".", 1)[0] if "." in base else base


def slug(text: str, limit: int = 48) -> str:
    """Lower-case a-z, 0-9 and hyphens; accents are dropped, everything else becomes a hyphen."""
    text = re.split(r":\s|\s[–—-]\s", text, maxsplit=1)[0]
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:limit].strip("-")


def find_stack(text: str) -> tuple[str, str]:
    """`(stack, reason)` for `stack: auto`: the stack the PRD names most, else python as an assumption."""
    counts = {stack: len(words.findall(text)) for stack, words in _STACK_WORDS.items()}
    stack = max(counts, key=lambda name: counts[name])
    if counts[stack] == 0:
        return "python", "assumed: the PRD names neither Python nor .NET"
    if len(set(counts.values())) == 1:
        return "python", "assumed: the PRD names Python and .NET equally often"
    found = cast(re.Match[str], _STACK_WORDS[stack].search(text))
    line = text.count("\n", 0, found.start()) + 1
    return stack, f"the PRD names {found[0]!r} (line {line})"


def content_hash(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
