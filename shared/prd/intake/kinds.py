"""Which kind of document a PRD is, by its first bytes and, where these leave it open, by its name. Pure."""

import re

from shared.errors import BadInput

WORD, PDF, HTML = "word", "pdf", "html"
SHOWN = {WORD: "Word", PDF: "PDF", HTML: "HTML"}
"""The kinds as people call them."""
MOST_BYTES_BEFORE_PDF = 1_024
"""Where the mark of a PDF begins at the latest (ISO 32000-2, annex I)."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HTML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*(?:<\?xml[^>]{0,200}\?>\s*)?<(?:!doctype\s+html|html)\b", re.I | re.S
)
_NAMED = re.compile(r"\.(?:(docx|docm|dotx)|(pdf)|(html?|xhtml))\Z", re.IGNORECASE)


def kind_of(name: str, data: bytes) -> str | None:
    """The kind that must be converted; None for text. `BadInput` for relatives that nobody can read here."""
    if data.startswith(_OLE):
        raise _old_word(name, data)
    if data.startswith(b"{\\rtf"):
        mend = "Save it as a Word document (.docx), PDF or text."
        raise BadInput("prd-rtf", f"{_shown(name)} is RTF, which is not read.", mend, http_status=415)
    named = _NAMED.search(name)
    if b"%PDF-" in data[:MOST_BYTES_BEFORE_PDF] or (named and named[2]):
        return PDF
    if (data.startswith(b"PK") and b"word/" in data) or (named and named[1]):
        return WORD
    return HTML if _HTML.match(data[:4_000]) or (named and named[3]) else None


def _old_word(name: str, data: bytes) -> BadInput:
    if _ENCRYPTED in data:
        mend = "Remove its password (File, Info, Protect Document) and send it again."
        return BadInput("word-encrypted", f"{_shown(name)} is protected with a password.", mend, http_status=415)
    mend = "Save it as a Word document (.docx), PDF or text."
    detail = f"{_shown(name)} is a document of Word 97 to 2003 (.doc), which is not read."
    return BadInput("prd-old-word", detail, mend, http_status=415)


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name[:200])
