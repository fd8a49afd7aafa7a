"""Reads C#, Bicep, shell scripts, HCL and Dockerfiles with tree-sitter: where they stop following the grammar.

The grammars lag behind the languages. What they do not know yet is rewritten, in place and at the same length, into
something of the same shape that they do; a table below says what.
"""

import re
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from shared.checks.languages import Fault, Unread, refuse_long, refuse_long_lines
from shared.formats.csharp import in_older_words, is_nested_too_deeply

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

MAXIMUM_CHARACTERS = 100_000
MAXIMUM_SECONDS = 2.0
GRAMMARS = {
    "csharp": "tree_sitter_c_sharp",
    "bicep": "tree_sitter_bicep",
    "bash": "tree_sitter_bash",
    "hcl": "tree_sitter_hcl",
    "dockerfile": "tree_sitter_dockerfile",
}
_STRAY = frozenset({b"fi", b"done", b"esac", b"then", b"else", b"elif", b"do", b"}", b"$", b"%", b">"})
"""Taken for commands by the grammar: the end of something never begun, or a prompt."""


def faults(language: str, source: str) -> Iterator[Fault]:
    """The first place where `source` leaves the grammar of `language` (a key of GRAMMARS), if there is one."""
    refuse_long(source, MAXIMUM_CHARACTERS)
    refuse_long_lines(source)
    if is_nested_too_deeply(source):
        raise Unread("it is nested too deeply")
    text = _REWRITES.get(language, _unchanged)(source)
    tree = _parse(language, text)
    if language == "csharp" and tree.root_node.has_error:
        member = _parse(language, f"class _ {{ {text}\n}}")  # a member out of its class is quoted often
        tree = tree if member.root_node.has_error else member
    fault = _first_fault(tree) or (_stray_word(tree) if language == "bash" else None)
    if fault:
        yield fault


@cache
def _language(name: str) -> "Language":
    from tree_sitter import Language

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some grammars hand over a bare pointer
        return cast(Any, Language)(import_module(GRAMMARS[name]).language())


def _parse(language: str, text: str) -> "Tree":
    from tree_sitter import Parser

    source = text.encode("utf-8", "replace") + b"\n"  # the last line of a Dockerfile needs its end
    end = time.monotonic() + MAXIMUM_SECONDS
    try:
        return Parser(_language(language)).parse(
            lambda offset, _place: source[offset : offset + 65_536],
            progress_callback=lambda _offset, _has_error: time.monotonic() > end,
        )
    except ValueError:
        raise Unread("it takes too long to parse") from None


def _first_fault(tree: "Tree") -> Fault | None:
    """The first node that is missing or in error, the innermost of those that begin together."""
    node, found = tree.root_node, None
    if not node.has_error:
        return None
    while True:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if node.is_missing or (node.is_error and (found is None or inner is None)):
            found = node
        if inner is None:
            return _describe(found or node)  # a missing token that the grammar hides is seen in its parent alone
        node = inner


def _describe(node: "Node") -> Fault:
    line, column = node.start_point.row + 1, node.start_point.column + 1
    if node.start_byte == node.end_byte and not node.is_missing:
        return Fault(line, f"something is missing (column {column})")
    if node.is_missing:
        return Fault(line, f"{node.type.strip() or 'the end of the line'!r} is missing (column {column})")
    text = (node.text or b"").decode("utf-8", "replace").strip().partition("\n")[0][:60]
    last = node.end_point.row + 1
    return Fault(line, f"it does not parse at {text!r} (column {column}{f', to line {last}' if last > line else ''})")


def _stray_word(tree: "Tree") -> Fault | None:
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type == "command_name" and (node.text or b"").partition(b" ")[0] in _STRAY:
            word = (node.text or b"").decode("utf-8", "replace").partition(" ")[0]
            return Fault(node.start_point.row + 1, f"{word!r} stands where a command should")
        stack.extend(reversed(node.children))
    return None


def _unchanged(source: str) -> str:
    return source


def _blank(text: str) -> str:
    """As long as `text`, with its line breaks."""
    return re.sub(r"[^\n]", " ", text)


_USING = re.compile(r"^\s{0,99}using\s{1,9}(?:'[^'\n]*'|none)[ \t]*$", re.MULTILINE)
_PARAMETER = re.compile(r"^param(?=\s{1,9}\w{1,100}\s{0,9}=)", re.MULTILINE)
_BICEP_TOKEN = re.compile(r"'''(?:[^']|'(?!''))*'''|'(?:\\.|[^'\\\n])*'|//[^\n]*|\.\.\.|[\[\]{}()]")


def _older_bicep(source: str) -> str:
    """Parameter files (`using`, values without types) and the spread operator."""
    if _USING.search(source):
        source = _PARAMETER.sub("var  ", _USING.sub(lambda match: _blank(match[0]), source))
    open_brackets: list[str] = []

    def rewrite(match: re.Match[str]) -> str:
        mark = match[0]
        if mark in ("[", "{", "("):
            open_brackets.append(mark)
        elif mark in ("]", "}", ")") and open_brackets:
            open_brackets.pop()
        return {"{": "_: "}.get("".join(open_brackets[-1:]), "   ") if mark == "..." else mark

    return _BICEP_TOKEN.sub(rewrite, source)


_LINK = re.compile(r"^(?:COPY|ADD)[^\n]{0,200}?\s--link(?:=\w{1,9})?\b", re.MULTILINE | re.IGNORECASE)


def _older_dockerfile(source: str) -> str:
    """The flag `--link` of COPY and ADD."""
    return _LINK.sub(lambda match: re.sub(r"--link(?:=\w+)?$", lambda flag: _blank(flag[0]), match[0]), source)


_REWRITES: dict[str, Callable[[str], str]] = {
    "csharp": in_older_words,
    "bicep": _older_bicep,
    "dockerfile": _older_dockerfile,
}
