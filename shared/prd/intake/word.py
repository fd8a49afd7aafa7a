"""Word documents (.docx) to Markdown, over the HTML that mammoth makes of their styles. Pure; runs in the child.

An archive is untrusted: what it would unpack to is reckoned before anything is unpacked.
"""

import io
import re
import zipfile
from typing import Any

import mammoth as untyped_mammoth  # pyright: ignore[reportMissingTypeStubs] (has none)

from shared.prd.intake.html import from_html
from shared.prd.intake.unreadable import Unreadable

mammoth: Any = untyped_mammoth
MOST_UNPACKED = 60_000_000
MOST_RATIO = 200
"""How many times its size an archive may unpack to, beyond what any small document does."""
SMALL = 5_000_000
MOST_FILES = 3_000
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote:fresh
p[style-name='Code'] => pre:separator('\\n')
"""


def from_word(data: bytes) -> tuple[str, list[str]]:
    """A document as Markdown, and what was lost."""
    names = _guarded(data)
    try:
        result = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, convert_image=mammoth.images.img_element(_image)
        )
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (mammoth has no error of its own: whatever it meets is the document's fault)
        raise Unreadable("word-broken", f"it is no Word document that can be read ({type(error).__name__}).") from None
    text, lost = from_html(str(result.value))
    return text, lost + _besides(names, data)


def _image(image: object) -> dict[str, str]:
    """No picture is carried over: its name stands in its place."""
    return {"src": "", "alt": str(getattr(image, "alt_text", "") or "")}


def _guarded(data: bytes) -> list[str]:
    """The names in the archive, once it is known to unpack to something bounded."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
        raise Unreadable("word-broken", "it is no Word document: the archive that it should be is broken.") from None
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or total > MOST_UNPACKED or (total > SMALL and total > MOST_RATIO * len(data)):
        detail = f"it unpacks to {total:,} bytes in {len(entries):,} files, which is more than is read."
        raise Unreadable("word-too-large", detail)
    names = [entry.filename for entry in entries]
    if "word/document.xml" not in names:
        raise Unreadable("word-broken", "it is an archive, but no Word document.")
    return names


def _besides(names: list[str], data: bytes) -> list[str]:
    """What a document may hold beside its text, and mammoth does not read."""
    kinds = {
        "page header(s) and footer(s)": r"word/(?:header|footer)\d*\.xml",
        "comment file(s)": r"word/comments\.xml",
        "chart(s)": r"word/charts/chart\d+\.xml",
        "embedded file(s)": r"word/embeddings/.+",
        "diagram(s)": r"word/diagrams/data\d+\.xml",
    }
    counts = {kind: sum(bool(re.fullmatch(pattern, name)) for name in names) for kind, pattern in kinds.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        body = archive.read("word/document.xml")
    counts["deleted passage(s) that were tracked"] = len(re.findall(rb"<w:del[ >]", body))
    return [f"{count} {kind}" for kind, count in counts.items() if count]
