"""PRDs in other formats: the same Markdown as a page, as a Word document, and (where there is a Chromium) as a PDF."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

ORDERS = """# Order Service

Orders are taken here. See [the shop](https://shop.example/orders).

## Functional requirements

1. A customer must be able to place an order.
2. A support agent can cancel an order:
   - before it is paid
   - until it is shipped
3. The total must be computed by the service.

## API

| Method | Path | Purpose |
|---|---|---|
| POST | `/v1/orders` | Place an order |
| GET | `/v1/orders/{orderId}` | Look up one order |

## Non-functional requirements

- Placing an order: p95 < 250 ms.
- **Availability:** 99.9 % each month.
"""
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
    'ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override '
    'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.'
    'document.main+xml"/></Types>'
)
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PICTURE = (
    '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:docPr id="1" name="Picture 1" descr="Context diagram"/><a:graphic xmlns:a="http://schemas.openxmlformats.org/'
    'drawingml/2006/main"><a:graphicData><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    f'<pic:blipFill><a:blip xmlns:r="{_RELATIONS}" r:embed="image1"/></pic:blipFill></pic:pic></a:graphicData>'
    "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
)
FOOTNOTED = '<w:p><w:r><w:t>Prices are in EUR.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'


def as_html(text: str) -> str:
    """A page of its own."""
    style = "body{font:11pt sans-serif}table{border-collapse:collapse}td,th{border:1px solid #888;padding:3px 8px;text-align:left}"
    body = MarkdownIt(options_update={"breaks": True}).enable("table").render(text)
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><style>{style}</style></head><body>{body}</body></html>\n'
    )


def as_word(text: str, *, picture: bool = False, note: str = "") -> bytes:
    """A .docx with Word's own heading styles, lists and tables; with a picture and a footnote where asked for."""
    body = "".join(_blocks(MarkdownIt().enable("table").parse(text)))
    body += (PICTURE if picture else "") + (FOOTNOTED if note else "")
    document = f'<w:document xmlns:w="{_WORD}" xmlns:r="{_RELATIONS}"><w:body>{body}</w:body></w:document>'
    related = {"styles": "styles.xml", "numbering": "numbering.xml"} | ({"footnotes": "footnotes.xml"} if note else {})
    relations = "".join(
        f'<Relationship Id="{kind}" Type="{_RELATIONS}/{kind}" Target="{target}"/>' for kind, target in related.items()
    )
    relations += f'<Relationship Id="image1" Type="{_RELATIONS}/image" Target="media/image1.png"/>' if picture else ""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="a" Type="{_RELATIONS}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
        "word/styles.xml": _styles(),
        "word/numbering.xml": _numbering(),
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>',
    }
    if picture:
        files["word/media/image1.png"] = PNG
    if note:
        files["word/footnotes.xml"] = (
            f'<w:footnotes xmlns:w="{_WORD}"><w:footnote w:id="2"><w:p><w:r><w:t>{escape(note)}</w:t></w:r></w:p>'
            "</w:footnote></w:footnotes>"
        )
    return zipped(files)


def zipped(files: dict[str, str | bytes]) -> bytes:
    """An archive of these files, the same each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _styles() -> str:
    headings = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
        for level in range(1, 7)
    )
    return f'<w:styles xmlns:w="{_WORD}">{headings}</w:styles>'


def _numbering() -> str:
    kinds = (("0", "bullet"), ("1", "decimal"))
    levels = {
        kind: "".join(f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="{kind}"/></w:lvl>' for level in range(4))
        for _, kind in kinds
    }
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{number}">{levels[kind]}</w:abstractNum>' for number, kind in kinds
    )
    used = "".join(f'<w:num w:numId="{int(n) + 1}"><w:abstractNumId w:val="{n}"/></w:num>' for n, _ in kinds)
    return f'<w:numbering xmlns:w="{_WORD}">{abstract}{used}</w:numbering>'


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """Paragraphs and tables of WordprocessingML."""
    lists: list[int] = []
    heading, cell = "", False
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                lists.append(1 if token.type == "bullet_list_open" else 2)
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "heading_open":
                heading = f'<w:pStyle w:val="Heading{token.tag[1]}"/>'
            case "heading_close":
                heading = ""
            case "table_open":
                yield "<w:tbl>"
            case "table_close":
                yield "</w:tbl>"
            case "tr_open":
                yield "<w:tr>"
            case "tr_close":
                yield "</w:tr>"
            case "th_open" | "td_open":
                cell = True
                yield "<w:tc>"
            case "th_close" | "td_close":
                cell = False
                yield "</w:tc>"
            case "inline":
                style = heading or (_in_list(lists) if lists and not cell else "")
                yield f"<w:p><w:pPr>{style}</w:pPr>{''.join(_runs(token.children or []))}</w:p>"
            case "fence" | "code_block":
                yield "".join(f"<w:p>{_run(line)}</w:p>" for line in token.content.splitlines())
            case _:
                pass


def _in_list(lists: list[int]) -> str:
    return f'<w:numPr><w:ilvl w:val="{len(lists) - 1}"/><w:numId w:val="{lists[-1]}"/></w:numPr>'


def _runs(tokens: Sequence[Token]) -> Iterator[str]:
    bold = False
    for token in tokens:
        bold = token.type == "strong_open" or (bold and token.type != "strong_close")
        if token.type in ("text", "code_inline"):
            yield _run(token.content, bold)
        elif token.type in ("softbreak", "hardbreak"):
            yield "<w:r><w:br/></w:r>"


def _run(text: str, bold: bool = False) -> str:
    weight = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{weight}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
