"""PDF to Markdown: the text of each page with the sizes of its letters, put together by `pdf_layout`. Pure.

Runs in the child process. A PDF has no headings, lists or tables, only letters at places: they are rebuilt.
"""

import contextlib
import re
from collections.abc import Iterator
from ctypes import byref, c_double, create_string_buffer
from itertools import islice
from typing import Any, cast

import pypdfium2 as pdfium  # pyright: ignore[reportMissingTypeStubs] (has none)
import pypdfium2.raw as raw  # pyright: ignore[reportMissingTypeStubs] (has none)

from shared.prd.intake.pdf_layout import Letter, Line, lines_of, markdown_of
from shared.prd.intake.unreadable import Unreadable

MOST_PAGES = 500
MOST_LETTERS = 1_000_000
FEWEST_LETTERS = 25
"""Letters of a page below which it counts as a picture, where it shows one."""
MOST_OBJECTS = 20_000
_NO_LETTERS = frozenset({0x02, 0xFFFE, 0xFFFF})
"""Marks of hyphenation, and what has no letter in Unicode."""
_BOLD = 600
"""The weight from which a font is bold (CSS Fonts 4, section 2.2)."""
_NAMED_BOLD = re.compile(r"bold|black|heavy|semibold", re.IGNORECASE)


def from_pdf(data: bytes) -> tuple[str, list[str]]:
    """A document as Markdown, and what was lost."""
    document = _opened(data)
    with contextlib.closing(document):
        if len(document) > MOST_PAGES:
            raise Unreadable("pdf-too-long", f"it has {len(document):,} pages; at most {MOST_PAGES} are read.")
        pages, images, letters = list[list[Line]](), 0, 0
        empty = 0
        for page in document:
            found = lines_of(_letters(page))
            pictures = _images(page)
            count = sum(len(line.text) for line in found)
            letters, images = letters + count, images + pictures
            empty += count < FEWEST_LETTERS and pictures > 0
            pages.append(found)
            page.close()
            if letters > MOST_LETTERS:
                raise Unreadable("pdf-too-long", f"it has more than {MOST_LETTERS:,} letters.")
    if not letters or (images and empty == len(pages)):
        raise Unreadable("pdf-scanned", f"its {len(pages):,} page(s) hold no text, only pictures of it.")
    text, running = markdown_of(pages)
    lost = [f"{images} image(s)"] if images else []
    lost += [f"{empty} page(s) that are pictures"] if empty else []
    return text, lost + ([f"{running} line(s) of page headers and footers"] if running else [])


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(data)
        if not len(document):
            raise Unreadable("pdf-broken", "it has no pages.")
        return document
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("pdf-encrypted", "it is protected with a password.") from None
        raise Unreadable("pdf-broken", "it is no PDF that can be read: it is cut off or damaged.") from None


def _letters(page: pdfium.PdfPage) -> Iterator[Letter]:
    """Every letter of a page with its place and size, in the order in which the page has them.

    Size and weight are asked for at the beginning of each word alone: the calls are what takes the time.
    """
    text = page.get_textpage()
    with contextlib.closing(text):
        handle: Any = text.raw
        left, right, bottom, top, x, base = (c_double() for _ in range(6))
        box = (byref(left), byref(right), byref(bottom), byref(top))
        origin = (byref(x), byref(base))
        size, bold, begins = 0.0, False, True
        for number in range(text.count_chars()):
            code = raw.FPDFText_GetUnicode(handle, number)
            if not code or code in _NO_LETTERS:
                continue
            letter = chr(code)
            if letter.isspace():
                begins = True
                yield Letter(letter, right.value, right.value, base.value, size, bold)
                continue
            raw.FPDFText_GetCharBox(handle, number, *box)
            raw.FPDFText_GetCharOrigin(handle, number, *origin)
            if begins:
                size, bold, begins = _size(handle, number), _is_bold(handle, number), False
            yield Letter(letter, left.value, right.value, base.value, size, bold)


def _size(text: Any, number: int) -> float:
    """The size as it is seen: programs may set letters of size 1 and scale the page."""
    size, matrix = raw.FPDFText_GetFontSize(text, number), raw.FS_MATRIX()
    if raw.FPDFText_GetMatrix(text, number, byref(matrix)):
        size *= (matrix.c**2 + matrix.d**2) ** 0.5
    return round(abs(size) * 2) / 2


def _is_bold(text: Any, number: int) -> bool:
    """By the font's weight; by its name where it tells none."""
    weight = raw.FPDFText_GetFontWeight(text, number)
    if weight > 0:
        return weight >= _BOLD
    name = create_string_buffer(100)
    raw.FPDFText_GetFontInfo(text, number, name, len(name), None)
    return _NAMED_BOLD.search(name.value.decode(errors="replace")) is not None


def _images(page: pdfium.PdfPage) -> int:
    """How many pictures a page shows."""
    objects: Any = cast(Any, page).get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    return sum(1 for _ in islice(objects, MOST_OBJECTS))
