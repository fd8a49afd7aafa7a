"""Shell scripts as commands: words with what they may be, where they run, what they are redirected to. Pure.

Read with tree-sitter. Variables are followed as far as literals lead; what is known only at run time is `UNKNOWN`
within a word. Macros of Azure Pipelines, `$(Build.BuildNumber)`, look like command substitutions: those with the name
of no command stay in the text as written.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from posixpath import normpath
from typing import TYPE_CHECKING, Any, cast

from shared.pack.model.documents import Block

if TYPE_CHECKING:
    from tree_sitter import Language, Node

UNKNOWN = "\0"
"""Stands in a word for a part that is known only at run time."""
LANGUAGES = ("bash", "sh", "shell")
LONGEST_SCRIPT = 60_000
MOST_POSSIBILITIES = 16
_DEEPEST = 120
_MACRO = re.compile(r"\$\(([A-Za-z][\w.-]{0,99})\)")
_MARKED = re.compile("\ue000\ue000([^\ue001]*)\ue001")
COMMANDS_WITHOUT_ARGUMENTS = frozenset({
    "date", "pwd", "nproc", "hostname", "whoami", "id", "mktemp", "uname", "arch", "tty", "uuidgen", "env", "ls",
    "logname", "cat", "true", "false", "groups", "locale", "jobs", "users",
})  # fmt: skip
"""What `$(name)` runs in a shell where no pipeline variable has that name."""

type Word = tuple[str, ...]
"""What a word may be."""


@dataclass(frozen=True)
class Command:
    """One simple command: its words, the folder it runs in from the repository's root (None where unknown), files it
    is redirected to (`written`) and from (`read`), the text of a here-document, and names it sets for itself."""

    words: tuple[Word, ...]
    line: int
    folder: str | None
    written: tuple[Word, ...] = ()
    read: tuple[Word, ...] = ()
    text: str = ""
    sets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The program, where it is one known word."""
        return self.words[0][0] if self.words and len(self.words[0]) == 1 else ""


@dataclass
class Script:
    """What a script does: its commands in order, names it assigns, functions it defines, names it reads with the line
    of the first use (those with a default left out). `whole` is False where it could not be read to its end."""

    commands: list[Command] = field(default_factory=list[Command])
    assigned: set[str] = field(default_factory=set[str])
    functions: set[str] = field(default_factory=set[str])
    used: dict[str, int] = field(default_factory=dict[str, int])
    whole: bool = True
    cut: bool = False
    """Whether commands were left out because it is too long or nested too deeply."""


@lru_cache(maxsize=512)
def read_script(source: str, first_line: int, folder: str = "") -> Script:
    """The script `source`, whose first line is `first_line` of its document, run in `folder`."""
    script = Script()
    if len(source) > LONGEST_SCRIPT:
        script.whole, script.cut = False, True
        return script
    text = _MACRO.sub(lambda macro: macro[0] if _is_command(macro[1]) else f"\ue000\ue000{macro[1]}\ue001", source)
    encoded = text.encode("utf-8", "replace") + b"\n"
    tree = _parser().parse(encoded)
    script.whole = not tree.root_node.has_error
    _Reader(encoded, first_line, script, folder).block(tree.root_node, 0)
    return script


def scripts_of(block: Block) -> Script:
    """The script that a shell block holds."""
    return read_script(block.content, block.line + 1)


def is_shell(block: Block) -> bool:
    """Whether a block is a shell script, by its language or path."""
    return block.language in LANGUAGES or (block.path or "").endswith((".sh", ".bash"))


def _is_command(name: str) -> bool:
    return name in COMMANDS_WITHOUT_ARGUMENTS


@cache
def _language() -> "Language":
    import tree_sitter_bash
    from tree_sitter import Language

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return cast(Any, Language)(tree_sitter_bash.language())


def _parser() -> Any:
    from tree_sitter import Parser

    return Parser(_language())


class _Reader:
    """Walks the syntax tree in order, with what variables may hold and the folder commands run in."""

    def __init__(self, source: bytes, first_line: int, script: Script, folder: str | None) -> None:
        self.source, self.first_line, self.script, self.folder = source, first_line, script, folder
        self.values: dict[str, Word] = {"PWD": (".",), "BUILD_SOURCESDIRECTORY": (".",)}

    def block(self, node: "Node", depth: int) -> None:
        """Every command in `node`; a subshell's change of folder ends with it."""
        if depth > _DEEPEST:
            self.script.whole, self.script.cut = False, True
            return
        kind = node.type
        if kind == "command":
            self.command(node, (), (), "", depth)
        elif kind == "redirected_statement":
            self.redirected(node, depth)
        elif kind == "variable_assignment":
            self.assign(node, depth)
        elif kind in ("subshell", "command_substitution", "process_substitution"):
            folder = self.folder
            self.children(node, depth)
            self.folder = folder
        elif kind == "for_statement":
            self.loop(node, depth)
        elif kind == "function_definition":
            name = node.child_by_field_name("name")
            self.script.functions.add(self.text(name) if name else "")
            self.children(node, depth)
        else:
            self.note(node)
            self.children(node, depth)

    def children(self, node: "Node", depth: int) -> None:
        for child in node.named_children:
            self.block(child, depth + 1)

    def note(self, node: "Node") -> None:
        """Names that are declared or read."""
        if node.type == "declaration_command":
            names = (child for child in node.named_children if child.type == "variable_name")
            self.script.assigned.update(self.text(child) for child in names if self.text(node).startswith("local"))
        if node.type == "expansion":
            first = next((child for child in node.children if child.type == "variable_name"), None)
            if first is not None and re.match(r"\s*\$\{\w+:?[-+=?]", self.text(node)) is None:
                self.uses(self.text(first), node)
        if node.type == "simple_expansion":
            self.uses(self.text(node).strip().lstrip("$"), node)

    def uses(self, name: str, node: "Node") -> None:
        """A variable is read here, unless something before it in the script assigned it."""
        if name.isidentifier() and name not in self.script.assigned:
            self.script.used.setdefault(name, self.line(node))

    def loop(self, node: "Node", depth: int) -> None:
        """`for name in words; do ...`: the name may be any of the words."""
        name = node.child_by_field_name("variable")
        words = [child for child in node.named_children if child != name and child.type != "do_group"]
        if name is not None:
            options = [option for word in words for option in self.word(word)]
            self.values[self.text(name)] = tuple(dict.fromkeys(options))[:MOST_POSSIBILITIES] or (UNKNOWN,)
            self.script.assigned.add(self.text(name))
        self.children(node, depth)

    def assign(self, node: "Node", depth: int) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        if value is not None:
            self.block(value, depth + 1)
        held = self.word(value) if value is not None else ("",)
        known = self.values.get(self.text(name))
        self.values[self.text(name)] = tuple(dict.fromkeys((*(known or ()), *held)))[:MOST_POSSIBILITIES]
        self.script.assigned.add(self.text(name))

    def redirected(self, node: "Node", depth: int) -> None:
        """A statement with its redirections, which belong to the last command of a list or pipeline."""
        written: list[Word] = []
        read: list[Word] = []
        text = ""
        for child in node.named_children:
            if child.type == "file_redirect":
                target = child.child_by_field_name("destination")
                if target is not None and target.type != "number":
                    (read if self.text(child).lstrip("0123456789").startswith("<") else written).append(
                        self.word(target)
                    )
                self.children(child, depth)
            elif child.type == "heredoc_redirect":
                body = next((part for part in child.named_children if part.type == "heredoc_body"), None)
                text = self.text(body) if body is not None else ""
                for part in child.named_children:
                    if part.type == "file_redirect" and (target := part.child_by_field_name("destination")) is not None:
                        written.append(self.word(target))
                    elif part.type not in ("heredoc_start", "heredoc_end", "file_redirect"):
                        self.block(part, depth + 1)
        body = node.child_by_field_name("body")
        if body is None:
            return
        if body.type == "command":
            self.command(body, tuple(written), tuple(read), text, depth)
        else:
            self.block(body, depth + 1)
            self.script.commands.append(Command((), self.line(node), self.folder, tuple(written), tuple(read), text))

    def command(self, node: "Node", written: tuple[Word, ...], read: tuple[Word, ...], text: str, depth: int) -> None:
        words: list[Word] = []
        sets: list[str] = []
        for child in node.named_children:
            if child.type == "variable_assignment":
                name = child.child_by_field_name("name")
                sets.append(self.text(name) if name else "")
                self.children(child, depth)
            elif child.type == "file_redirect":
                target = child.child_by_field_name("destination")
                if target is not None and target.type != "number":
                    written = (*written, self.word(target))
            elif child.type == "command_name":
                words.append(self.word(child.named_children[0]) if child.named_children else (self.text(child),))
                self.children(child, depth)
            else:
                words.append(self.word(child))
                self.block(child, depth + 1)
        command = Command(tuple(words), self.line(node), self.folder, written, read, text, tuple(sets))
        if command.name == "cd":
            self.folder = self.entered(words[1:])
        if command.name in ("read", "mapfile", "readarray", "getopts", "unset"):
            self.script.assigned.update(option for word in words[1:] for option in word if option.isidentifier())
        self.script.commands.append(command)

    def entered(self, words: list[Word]) -> str | None:
        """The folder after `cd words`, None where it cannot be told."""
        if self.folder is None or len(words) != 1 or len(words[0]) != 1:
            return None
        place = in_repository(words[0][0], self.folder)
        return None if place is None else place

    def word(self, node: "Node") -> Word:
        """What a word may be."""
        if node.type in ("word", "number", "string_content", "heredoc_content", "extglob_pattern"):
            return (re.sub(r"\\(.)", r"\1", _unmarked(self.text(node))),)
        if node.type == "raw_string":
            return (_unmarked(self.text(node)[1:-1]),)
        if node.type in ("simple_expansion", "expansion"):
            name = next((child for child in node.children if child.type == "variable_name"), None)
            plain = name is not None and self.text(node).strip() in (f"${self.text(name)}", f"${{{self.text(name)}}}")
            return self.values.get(self.text(name), (UNKNOWN,)) if name is not None and plain else (UNKNOWN,)
        if node.type in ("string", "concatenation"):
            return self.joined(node)
        return (UNKNOWN,)

    def joined(self, node: "Node") -> Word:
        """The parts of a string or concatenation, with what stands between them."""
        options: list[str] = [""]
        place = node.start_byte + (node.type == "string")
        for child in node.named_children:
            between = _unmarked(self.source[place : child.start_byte].decode("utf-8", "replace"))
            if child.type in ("simple_expansion", "expansion"):  # the grammar counts the space before to it
                between += self.text(child)[: -len(self.text(child).lstrip())]
            options = [f"{left}{between}{right}" for left in options for right in self.word(child)]
            options = options[:MOST_POSSIBILITIES]
            place = child.end_byte
        rest = _unmarked(self.source[place : node.end_byte - (node.type == "string")].decode("utf-8", "replace"))
        return tuple(f"{option}{rest}" for option in options)

    def text(self, node: "Node") -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line(self, node: "Node") -> int:
        return self.first_line + node.start_point[0]


def _unmarked(text: str) -> str:
    return _MARKED.sub(r"$(\1)", text)


_ROOTS = re.compile(
    r"^(?:\$\((?:Build\.SourcesDirectory|System\.DefaultWorkingDirectory|Build\.Repository\.LocalPath)\)"
    r"|\$\(Pipeline\.Workspace\)/s)(?:/|$)"
)
_PATH = re.compile(r"[\w.@+-]{1,120}(?:/[\w.@+-]{1,120}){0,20}")


def in_repository(text: str, folder: str | None) -> str | None:
    """The path from the repository's root that `text` means in `folder`; None where it is elsewhere or unknown."""
    rooted = _ROOTS.match(text)
    inner = text[rooted.end() :] if rooted else text
    if rooted:
        folder = ""
    if folder is None or UNKNOWN in inner or not inner.strip("./"):
        return (folder or "") if folder is not None and inner in (".", "./", "") else None
    path = normpath("/".join(filter(None, (folder, inner.rstrip("/")))))
    return path if _PATH.fullmatch(path) and not path.startswith("..") else None


def possible_paths(word: Word, folder: str | None) -> Iterator[str]:
    """The repository's paths that a word may mean, those that lie elsewhere or are unknown left out."""
    for option in word:
        path = in_repository(option, folder)
        if path:
            yield path


def all_options(words: Iterable[Word]) -> Iterator[str]:
    """Everything that any of `words` may be."""
    for word in words:
        yield from word
