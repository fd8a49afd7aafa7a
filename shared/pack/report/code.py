"""Source code as highlighted lines. Pure; bounded: long blocks, long lines and unknown languages stay plain."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, cast

from shared.pack.report.markup import Html, el, join, text

MOST_HIGHLIGHTED = 60_000
"""Characters of one block; colours help nobody through more than that, and weigh four times the text."""
LONGEST_LINE = 2_000
_LEXERS = (
    "bash", "csharp", "docker", "gherkin", "http", "ini", "javascript", "json", "kusto", "python", "sql", "terraform",
    "toml", "typescript", "xml", "yaml",
)  # fmt: skip
_ALIASES = {
    "sh": "bash", "shell": "bash", "console": "bash", "c#": "csharp", "cs": "csharp", "dockerfile": "docker",
    "hcl": "terraform", "js": "javascript", "kql": "kusto", "py": "python", "yml": "yaml",
}  # fmt: skip
_CLASSES = (
    ("Token.Comment", "c"), ("Token.Keyword.Constant", "n"), ("Token.Keyword", "k"), ("Token.Literal.String", "s"),
    ("Token.Literal.Number", "n"), ("Token.Name.Function", "f"), ("Token.Name.Class", "f"),
    ("Token.Name.Decorator", "f"), ("Token.Name.Tag", "t"), ("Token.Name.Attribute", "t"),
    ("Token.Literal.Scalar", "s"), ("Token.Operator.Word", "k"),
)  # fmt: skip


def code_block(source: str, language: str, first_line: int = 0, marks: Collection[tuple[int, str]] = ()) -> Html:
    """`source` in a box. `marks` are lines, counted as `first_line` is, with the ids by which they are linked."""
    ids: dict[int, list[str]] = {}
    for line, name in marks:
        ids.setdefault(line, []).append(name)
    lines = _lines(source.rstrip("\n"), language)
    shown = (_marked(line, ids.get(number)) for number, line in enumerate(lines, first_line))
    return el("pre", el("code", join(shown, "\n")), tabindex="0", cls="code", aria_label=f"Code: {language or 'text'}")


def _marked(line: Html, ids: list[str] | None) -> Html:
    """A line that is linked to; a line has one id, and is wrapped once for each."""
    for name in ids or ():
        line = el("span", line or " ", id=name, cls="at line")
    return line


def _lines(source: str, language: str) -> list[Html]:
    name = _ALIASES.get(language, language)
    plain = [text(line) for line in source.split("\n")]
    if name not in _LEXERS or len(source) > MOST_HIGHLIGHTED or any(len(line) > LONGEST_LINE for line in plain):
        return plain
    lines: list[list[Html]] = [[]]
    for kind, value in _merged(name, source):
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append(el("span", part, cls=kind) if kind else text(part))
    coloured = [join(parts) for parts in lines][: len(plain)]
    return coloured + plain[len(coloured) :]


def _merged(name: str, source: str) -> Iterator[tuple[str, str]]:
    """Stretches of one colour."""
    kind, held = "", ""
    for token, value in _lexer(name).get_tokens(source):
        of_token = _class_of(str(token)) if value.strip() else kind
        if of_token != kind and held:
            yield kind, held
            held = ""
        kind, held = of_token, held + value
    if held:
        yield kind, held


@cache
def _class_of(token: str) -> str:
    return next((cls for prefix, cls in _CLASSES if token.startswith(prefix)), "")


@cache
def _lexer(name: str) -> Any:
    from pygments import lexers

    return cast(Any, lexers).get_lexer_by_name(name, stripnl=False, ensurenl=False)
