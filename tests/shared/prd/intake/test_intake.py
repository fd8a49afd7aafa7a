"""Word, PDF and HTML become Markdown with the same requirements; what cannot be read is refused with its own reason."""

import re
import zlib
from pathlib import Path

import pytest

from shared.errors import BadInput
from shared.prd.intake import Converter, kind_of
from shared.prd.intake.html import from_html, from_html_bytes
from shared.prd.intake.word import from_word
from tests.documents import ORDERS, as_html, as_word, zipped
from tests.shared.prd.intake.measure import as_pdf, overlap, prds, words_of

CONVERTER = Converter()
PLAIN = {path.stem: path.read_text(encoding="utf-8") for path in prds() if path.stem != "feed-relay"}
"""feed-relay.md is plain text in the form of an RFC: what Markdown makes of it is another document."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def pdf_of(content: bytes, *, encrypted: bool = False, image: bool = False) -> bytes:
    """A PDF of one page by hand; its password is unknown where it is encrypted."""
    picture = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\nx\nendstream"
    resources = b"/XObject<</I 6 0 R>>" if image else b"/Font<</F 5 0 R>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<" + resources + b">>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        picture,
        b"<</Filter/Standard/V 1/R 2/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>>",
    ]
    written, places = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"/Encrypt 7 0 R/ID[<00><00>]" if encrypted else b""
    return written + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, trailer, len(written),
    )  # fmt: skip


TEXT = b"BT /F 20 Tf 72 770 Td (Order Service) Tj /F 11 Tf 0 -40 Td (Orders must be taken and paid.) Tj ET"
BOMB = zipped({"word/document.xml": b"<w:p/>" * 11_000_000})
BAD: dict[str, tuple[str, bytes, str]] = {
    "an encrypted PDF": ("a.pdf", pdf_of(TEXT, encrypted=True), "pdf-encrypted"),
    "a scanned PDF": ("a.pdf", pdf_of(b"q 500 0 0 700 40 40 cm /I Do Q", image=True), "pdf-scanned"),
    "an empty PDF": ("a.pdf", pdf_of(b""), "pdf-scanned"),
    "a broken PDF": ("a.pdf", b"%PDF-1.7\n" + b"x" * 500, "pdf-broken"),
    "no PDF by any name": ("a.pdf", b"# Orders\n", "pdf-broken"),
    "an encrypted Word document": ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "word-encrypted"),
    "a Word 97 document": ("a.doc", OLE + b"\x00" * 600, "prd-old-word"),
    "RTF": ("a.rtf", rb"{\rtf1 Orders}", "prd-rtf"),
    "a cut Word document": ("a.docx", as_word(ORDERS)[:900], "word-broken"),
    "another archive": ("a.docx", zipped({"a.txt": "x"}), "word-broken"),
    "a Word document without XML": ("a.docx", zipped({"word/document.xml": "<"}), "word-broken"),
    "an archive bomb": ("a.docx", BOMB, "word-too-large"),
    "a page nested without end": ("a.html", b"<html>" + b"<div>" * 5_000 + b"x", "prd-too-complex"),
    "a page in no encoding": ("a.html", b"<html><meta charset=utf-8>\xff\xfe\xfa", "prd-not-text"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_cannot_be_read_is_refused_with_its_own_reason(kind: str):
    name, data, code = BAD[kind]
    with pytest.raises(BadInput) as refused:
        await CONVERTER.text_of(name, data)
    assert (refused.value.code, refused.value.http_status) == (code, 415)
    assert name in refused.value.detail
    assert refused.value.mend


async def test_xml_that_expands_without_end_is_refused():
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x" * 100}">' for n in range(9))
    bomb = zipped(
        {
            "word/document.xml": f"<!DOCTYPE x [{entities}]><x>&a8;</x>",
            "[Content_Types].xml": "<x/>",
            "_rels/.rels": "<x/>",
        }
    )
    with pytest.raises(BadInput) as refused:
        await CONVERTER.text_of("a.docx", bomb)
    assert refused.value.code in ("word-broken", "prd-too-complex")


async def test_a_pdf_that_unpacks_without_end_is_refused_within_its_limits():
    packer = zlib.compressobj(9)
    letters = b"BT /F 11 Tf (x) Tj ET " * 50_000
    packed = b"".join([*(packer.compress(letters) for _ in range(800)), packer.flush()])
    whole = pdf_of(b"%s")
    stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    bomb = whole.replace(b"<</Length 2>>stream\n%s\nendstream", stream)
    assert len(bomb) < 5_000_000
    with pytest.raises(BadInput) as refused:
        await CONVERTER.text_of("a.pdf", bomb)
    assert refused.value.code in ("prd-too-complex", "pdf-scanned", "pdf-broken")


async def test_a_conversion_that_takes_too_long_is_ended():
    with pytest.raises(BadInput, match=r"more than 0\.01 s"):
        await Converter(seconds=0.01).text_of("a.docx", as_word(ORDERS))


async def test_text_is_handed_on_as_it_is():
    text = await CONVERTER.text_of("orders.md", ORDERS.encode())
    assert (text.data, text.converted) == (ORDERS.encode(), None)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a", b"%PDF-1.7", "pdf"), ("a.txt", b"\n\n%PDF-1.7", "pdf"), ("A.PDF", b"x", "pdf"), ("a.docx", b"x", "word"),
        ("a", as_word(ORDERS), "word"), ("a.htm", b"x", "html"), ("a", b" <!DOCTYPE html>", "html"),
        ("a", b"\xef\xbb\xbf<HTML>", "html"), ("a.md", b"<p>html in markdown</p>", None), ("a.md", b"# About .docx", None),
    ],
)  # fmt: skip
def test_a_kind_is_known_by_its_first_bytes_or_its_name(name: str, data: bytes, kind: str | None):
    assert kind_of(name, data) == kind


async def test_a_pdf_by_hand_is_read():
    text = await CONVERTER.text_of("orders.pdf", pdf_of(TEXT))
    assert text.data.decode() == "# Order Service\n\nOrders must be taken and paid.\n"
    assert text.converted is not None
    assert (text.converted.format, text.converted.lost) == ("PDF", ())


async def test_what_is_lost_is_counted_and_named():
    text = await CONVERTER.text_of("orders.docx", as_word(ORDERS, picture=True, note="Only on day one."))
    assert text.converted is not None
    assert text.converted.lost == ("image: Context diagram",)
    assert "[image: Context diagram]" in text.data.decode()
    assert re.search(r"Prices are in EUR\.\[\^2\]\n\n\[\^2\]: Only on day one\.", text.data.decode())


def test_headings_lists_tables_links_and_code_are_kept():
    text, lost = from_html_bytes(as_html(ORDERS).encode())
    assert text.replace("| --- | --- | --- |", "|---|---|---|") == ORDERS
    assert lost == []


@pytest.mark.parametrize(
    "markup",
    ["<script>alert(1)</script>", "<a href='javascript:alert(1)'>x</a>", "<img src=x onerror=alert(1)>",
     "<svg><script>alert(1)</script></svg>", "<style>p{}</style>", "<iframe src='https://x.example'>y</iframe>"],
)  # fmt: skip
def test_nothing_of_a_page_that_acts_comes_through(markup: str):
    text, _ = from_html(f"<h1>Orders</h1>{markup}<p>Orders must be taken.</p>")
    assert not re.search(r"alert|javascript|onerror|<|p\{\}", text)
    assert text.endswith("Orders must be taken.\n")


@pytest.mark.parametrize("name", PLAIN)
def test_a_page_and_a_word_document_give_the_requirements_of_the_markdown(name: str):
    wanted = words_of(PLAIN[name])
    assert words_of(from_html_bytes(as_html(PLAIN[name]).encode())[0]) == wanted
    assert words_of(from_word(as_word(PLAIN[name]))[0]) == wanted


async def test_a_word_document_and_its_pdf_give_nearly_the_same_requirements():
    from shared.prd.intake.pdf import from_pdf  # native code: loaded where it is needed

    alike: dict[str, float] = {}
    for name, pdf in zip(PLAIN, await as_pdf(list(PLAIN.values())), strict=True):
        text, lost = from_pdf(pdf)
        alike[name] = overlap(words_of(from_word(as_word(PLAIN[name]))[0]), words_of(text))
        assert not [each for each in lost if "image" in each]
    assert min(alike.values()) >= 0.8, alike
    assert sum(alike.values()) / len(alike) >= 0.9, alike


def test_page_numbers_and_running_titles_are_left_out():
    from shared.prd.intake.pdf_layout import Line, Part, markdown_of

    def line(text: str, base: float, size: float = 11) -> Line:
        return Line((Part(text, 72, 72 + 5 * len(text)),), base, size, bold=False)

    pages = [
        [line("Confidential", 820), line(f"Requirement {name} must be met.", 500), line(f"Page {number} of 4", 30)]
        for number, name in enumerate("ABCD", 1)
    ]
    text, running = markdown_of(pages)
    assert running == 8
    assert "Confidential" not in text
    assert text.count("must be met") == 4


def test_the_parsers_are_loaded_in_the_child_alone():
    source = (Path(__file__).parents[4] / "shared/prd/intake/converter.py").read_text(encoding="utf-8")
    assert not re.search(r"import (mammoth|pypdfium2|bs4|nh3)", source)
