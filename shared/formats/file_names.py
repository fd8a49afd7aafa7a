"""Makes file names safe that come from untrusted documents. Pure.

What passes can be stored on Windows, macOS, Linux and in Blob Storage, below a folder that it cannot leave.
"""

import re
import unicodedata

MAXIMUM_PATH = 200
MAXIMUM_SEGMENT_BYTES = 120
MAXIMUM_DEPTH = 12

_PUNCTUATION = frozenset("._-+@()[]{}=, ")
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u034f") | {chr(code) for code in range(0xFE00, 0xFE10)}
_DEVICES = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9])", re.IGNORECASE)
_DRIVEN_BY_GIT = (".git", ".gitmodules")


def safe_path(name: str) -> str | None:
    """`name` as a clean relative path with `/`, or None where it is not safe on every system.

    Refused: absolute paths, `..`, drives, backslashes, control and look-alike characters, percent escapes, device names
    of Windows, names that end in a dot or space, Git's own folder, and what is too long or too deep.
    """
    if len(name) > MAXIMUM_PATH or name.startswith("/") or name.endswith("/"):
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not 0 < len(parts) <= MAXIMUM_DEPTH or not all(map(_is_safe, parts)):
        return None
    return "/".join(parts)


def _is_safe(part: str) -> bool:
    return (
        len(part.encode(errors="surrogatepass")) <= MAXIMUM_SEGMENT_BYTES
        and all(map(_is_plain, part))
        and unicodedata.normalize("NFKC", part) == part  # a full-width solidus or dot would become a real one
        and part[0] != " "
        and part[-1] not in ". "
        and not _DEVICES.fullmatch(part.split(".")[0].strip())
        and part.casefold() not in _DRIVEN_BY_GIT
    )


def _is_plain(character: str) -> bool:
    if character in _PUNCTUATION:
        return True
    return unicodedata.category(character)[0] in "LMN" and character not in _INVISIBLE


def slug(text: str) -> str:
    """`text` in lower-case ASCII words joined by hyphens, at most 60 characters; may be empty."""
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def path_key(path: str) -> str:
    """Equal for paths that are one file on some system."""
    return unicodedata.normalize("NFKC", path).casefold()
