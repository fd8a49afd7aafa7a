"""How alike a PRD reads in four formats: `python -m tests.shared.prd.intake.measure` (needs a Chromium for the PDFs).

For each PRD of the project: requirements of the Markdown, of the page, the Word document and the PDF made from it, and
which share of all of them each format has in common with the Markdown (Jaccard, by their words).
"""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import PdfMargins

from shared.prd.intake.html import from_html_bytes
from shared.prd.intake.pdf import from_pdf
from shared.prd.intake.word import from_word
from shared.prd.requirements import extract_requirements
from tests.documents import as_html, as_word
from tests.e2e.chromium import running_browser

ROOT = Path(__file__).parents[4]


def prds() -> list[Path]:
    """The PRDs that the project has as examples and as labelled by hand."""
    return sorted([*(ROOT / "examples/prds").glob("*.md"), *(ROOT / "tests/real/prds/documents").glob("*.md")])


def words_of(text: str) -> set[str]:
    """Each requirement's words, without marks."""
    return {" ".join(re.findall(r"\w+", each.text.lower())) for each in extract_requirements(text)}


def overlap(one: set[str], other: set[str]) -> float:
    """Jaccard's index."""
    return len(one & other) / len(one | other) if one | other else 1.0


async def as_pdf(texts: list[str]) -> list[bytes]:
    """Each PRD printed by Chromium, A4 with page numbers."""
    made: list[bytes] = []
    async with running_browser() as browser:
        page = await browser.new_page()
        for text in texts:
            await page.set_content(as_html(text))
            foot = "<p style='font-size:8px;margin:0 auto'><span class=pageNumber></span></p>"
            margins: PdfMargins = {"top": "2cm", "bottom": "2cm", "left": "2cm", "right": "2cm"}
            made.append(await page.pdf(format="A4", margin=margins, display_header_footer=True, header_template="<p></p>",
                                       footer_template=foot))  # fmt: skip
    return made


def rows() -> Iterator[str]:
    """A line for each PRD."""
    texts = [path.read_text(encoding="utf-8") for path in prds()]
    pdfs = asyncio.run(as_pdf(texts))
    for path, text, pdf in zip(prds(), texts, pdfs, strict=True):
        wanted = words_of(text)
        cells = [f"{path.stem:<18} {len(wanted):>3}"]
        for convert, data in ((from_html_bytes, as_html(text).encode()), (from_word, as_word(text)), (from_pdf, pdf)):
            began = time.perf_counter()
            converted, _ = convert(data)
            cells.append(f"{overlap(wanted, words_of(converted)):5.0%} {time.perf_counter() - began:5.2f} s")
        yield "   ".join(cells)


if __name__ == "__main__":
    print("PRD                found   HTML            Word            PDF")
    for row in rows():
        print(row)
