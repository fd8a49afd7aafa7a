"""C# source as a syntax tree of tree-sitter, whose grammar lags behind the language. Pure.

What the grammar does not know yet is rewritten, in place and at the same length, into something of the same shape that
it does, so that lines and columns stay.
"""

import re
import time
import warnings
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from tree_sitter import Language, Node

MAXIMUM_CHARACTERS = 100_000
MAXIMUM_SECONDS = 2.0
MAXIMUM_ANGLES = 100
"""Opened within one statement and not closed: type arguments cost quadratic time and more."""

_EXTENSION_BLOCK = re.compile(
    r"\bextension\s{0,9}(?:<[^<>(){};]{0,200}>)?\s{0,9}\([^(){};]{0,200}\)(?=[^;{}]{0,200}\{)"
)
_CONDITIONAL_ASSIGNMENT = re.compile(
    r"\?(?=(?:\.\w{1,100}|\[[^\[\]\n]{1,100}\])(?:\.\w{1,100}){0,9}\s{0,9}(?:[-+*/|&^%]|\?\?)?=[^=>])"
)
_COMPOUND_OPERATOR = re.compile(r"(?<=\boperator )([-+*/%&|^]|<<|>>)=(?=\s{0,9}\()")
_ANTI_CONSTRAINT = re.compile(r"\ballows\s{1,9}ref\s{1,9}struct\b")


def _blank(text: str) -> str:
    """As long as `text`, with its line breaks."""
    return re.sub(r"[^\n]", " ", text)


def in_older_words(source: str) -> str:
    """C# 13 and 14: extension blocks, `a?.B = c`, `operator +=`, `where T : allows ref struct`."""
    source = _EXTENSION_BLOCK.sub(lambda match: "class _ " + _blank(match[0])[8:], source)
    source = _CONDITIONAL_ASSIGNMENT.sub(" ", source)
    source = _COMPOUND_OPERATOR.sub(lambda match: f"{match[1]} ", source)
    return _ANTI_CONSTRAINT.sub(lambda match: "class" + _blank(match[0])[5:], source)


def syntax(source: str) -> "Node | None":
    """The root of the syntax tree, errors and all; None where the source is too large or takes too long."""
    if len(source) > MAXIMUM_CHARACTERS or is_nested_too_deeply(source):
        return None
    from tree_sitter import Parser

    text = in_older_words(source).encode("utf-8", "replace") + b"\n"
    end = time.monotonic() + MAXIMUM_SECONDS
    try:
        return (
            Parser(_language())
            .parse(
                lambda offset, _place: text[offset : offset + 65_536],
                progress_callback=lambda _offset, _has_error: time.monotonic() > end,
            )
            .root_node
        )
    except ValueError:
        return None


def is_nested_too_deeply(source: str) -> bool:
    """Whether some statement opens more angle brackets than a parser can bear."""
    return any(part.count("<") - part.count(">") > MAXIMUM_ANGLES for part in re.split(r"[;{}]", source))


@cache
def _language() -> "Language":
    import tree_sitter_c_sharp
    from tree_sitter import Language

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some grammars hand over a bare pointer
        return cast(Any, Language)(tree_sitter_c_sharp.language())


def text_of(node: "Node | None") -> str:
    """The source of a node; empty for none."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def walk(node: "Node") -> "Iterator[Node]":
    """All named nodes below and including `node`, in document order, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.named_children))


def line_in(node: "Node") -> int:
    """The 1-based line of the source on which a node begins."""
    return node.start_point[0] + 1
