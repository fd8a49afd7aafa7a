"""Settings that code cannot do without, and ports of this machine that it reaches: who gives them. Pure.

A name counts as given wherever it stands outside of the code that reads it: a table, a step's `env`, a compose file, an
env file, a script. Only one that stands nowhere else is missing.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.pack.model.container_files import is_compose, services_of, texts
from shared.pack.model.delivery import Delivery
from shared.pack.model.documents import DELIVERY, Block
from shared.pack.model.python_project import Class, Module, PythonProject, dotted_name
from shared.pack.model.references import Reference, State

_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b")
_COMPOSE_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_]\w{0,99})(?::?\?[^}\n]*)?\}|(?<!\$)\$([A-Z_][A-Z0-9_]{1,99})\b")
_ASSIGNED_URL = re.compile(
    r"^\s*(?:export\s+|-\s+)?([A-Z][A-Z0-9_]{2,60})\s*[=:]\s*[\"']?[a-z]{2,12}://(?:[^@\s/]{1,60}@)?(?:localhost|127\.0\.0\.1):(\d{2,5})",
    re.MULTILINE,
)
SERVICE_PORTS = frozenset({8000, 8080, 7071, 5000})
"""Where the service itself listens: uvicorn, ASP.NET in a container, the Functions host, `dotnet run`."""
_SETTINGS_BASES = frozenset({"BaseSettings"})


@dataclass(frozen=True)
class SettingRead:
    """A setting that Python code needs, with no default to fall back on."""

    name: str
    document: str
    line: int


class Settings:
    """Settings and local ports of a pack."""

    def __init__(self, delivery: Delivery, project: PythonProject) -> None:
        self.delivery, self.project = delivery, project
        self.documents = delivery.documents

    @cached_property
    def required(self) -> tuple[SettingRead, ...]:
        """First reads of settings without a default, by name."""
        found: dict[str, SettingRead] = {}
        for module in self._readers:
            for name, node in (*_environ_reads(module.tree), *self._fields(module)):
                found.setdefault(name, SettingRead(name, module.block.document, module.line(node)))
        return tuple(found.values())

    @cached_property
    def _readers(self) -> tuple[Module, ...]:
        """Modules that may read the environment."""
        words = re.compile(r"environ|getenv|BaseSettings")
        return tuple(module for module in self.project.modules.values() if words.search(module.block.content))

    def _fields(self, module: Module) -> Iterator[tuple[str, ast.AST]]:
        """Environment names of the fields of pydantic settings that have no default."""
        for owner in module.classes.values():
            if not _SETTINGS_BASES & {base.split(".")[-1] for base in owner.bases}:
                continue
            prefix = _env_prefix(owner)
            if prefix is None:
                continue
            for name, field in owner.fields.items():
                if field.value is None and not name.startswith("_") and "ClassVar" not in ast.dump(field.annotation):
                    yield f"{prefix}{name}".upper(), field

    @cached_property
    def unread_fields(self) -> tuple[SettingRead, ...]:
        """Fields of settings classes that no code reads as an attribute; none where a class is dumped as a whole."""
        used = {
            node.attr
            for module in self.project.modules.values()
            for node in module.nodes
            if isinstance(node, ast.Attribute)
        }
        found: list[SettingRead] = []
        for module in self._readers:
            for owner in module.classes.values():
                prefix = _env_prefix(owner) if _SETTINGS_BASES & {base.split(".")[-1] for base in owner.bases} else None
                if prefix is not None and "model_dump" not in used:
                    for name, field in owner.fields.items():
                        if name not in used and not name.startswith(("_", "model_")):
                            read = SettingRead(f"{prefix}{name}".upper(), module.block.document, module.line(field))
                            found.append(read)
        return tuple(found)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Needed settings with their state."""
        return tuple(
            Reference("setting", read.name, read.document, read.line, self._state(read.name)) for read in self.required
        )

    def _state(self, name: str) -> State:
        pattern = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", re.IGNORECASE)
        for document in self.documents:
            reading = _reading_lines(document.name, self._readers, name)
            for number, line in enumerate(document.lines, 1):
                if number not in reading and pattern.search(line):
                    return "resolved"
        return "missing" if self.delivery.is_whole else "undecided"

    @cached_property
    def compose_blocks(self) -> tuple[Block, ...]:
        """Compose files that documents show."""
        return tuple(block for path, block in self.documents.files.items() if is_compose(path))

    @cached_property
    def compose_references(self) -> tuple[Reference, ...]:
        """`${NAME}` without a default in compose files, with whether anything else in the pack names it."""
        found: list[Reference] = []
        for block in self.compose_blocks:
            for number, line in enumerate(block.content.splitlines(), 1):
                for match in _COMPOSE_VARIABLE.finditer(line.partition(" #")[0]):
                    name = match[1] or match[2]
                    state: State = "resolved" if self._is_named_outside(name, block) else "missing"
                    if state == "missing" and not self.delivery.is_whole:
                        state = "undecided"
                    found.append(Reference("compose variable", name, block.document, block.line_of(number), state))
        return tuple(found)

    def _is_named_outside(self, name: str, block: Block) -> bool:
        inside = range(block.line, block.line + block.content.count("\n") + 2)
        pattern = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
        for document in self.documents:
            for number, line in enumerate(document.lines, 1):
                if pattern.search(line) and not (document.name == block.document and number in inside):
                    return True
        return False

    @cached_property
    def port_references(self) -> tuple[Reference, ...]:
        """Ports of this machine that settings lead to, with whether anything listens there."""
        if not self.compose_blocks:
            return ()
        return tuple(
            Reference("port", str(port), document, line, self._port_state(port), name)
            for name, port, document, line in self._reached()
        )

    def _reached(self) -> Iterator[tuple[str, int, str, int]]:
        for module in self._readers:
            for name, url, node in _url_defaults(module.tree):
                if found := _LOCAL.search(url):
                    yield name, int(found[1]), module.block.document, module.line(node)
        for placed in self.delivery.steps:
            for name, value in placed.step.env.items():
                if found := _LOCAL.search(value):
                    yield name, int(found[1]), DELIVERY, placed.step.line
            for command in placed.script.commands if placed.script else ():
                for match in _ASSIGNED_URL.finditer(command.text):
                    yield match[1], int(match[2]), DELIVERY, command.line

    def _port_state(self, port: int) -> State:
        if port in SERVICE_PORTS or port in self._published:
            return "resolved"
        if self._is_host_network or not self.delivery.is_whole:
            return "undecided"
        pattern = re.compile(rf"(?<![\d.:]){port}(?![\d.])|(?<!localhost)(?<!127\.0\.0\.1):{port}\b")
        for document in self.documents:
            if any(pattern.search(_LOCAL.sub(" ", line)) for line in document.lines):
                return "undecided"
        return "missing"

    @cached_property
    def _published(self) -> frozenset[int]:
        ports: set[int] = set()
        for block in self.compose_blocks:
            for _, service in services_of(block):
                for given in texts(service.get("ports")):
                    host = re.match(r"(?:\d{1,3}(?:\.\d{1,3}){3}:)?(\d{2,5})(?::|$)", given.text.strip())
                    ports.update([int(host[1])] if host else [])
                ports.update(int(found) for found in re.findall(r"published:\s*[\"']?(\d{2,5})", block.content))
        return frozenset(ports)

    @cached_property
    def _is_host_network(self) -> bool:
        return any("network_mode" in block.content for block in self.compose_blocks)


def _environ_reads(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """`os.environ["NAME"]` where the name is a literal and nothing catches the KeyError."""
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try | ast.If | ast.IfExp)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load) or id(node) in guarded:
            continue
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if dotted_name(node.value) in ("os.environ", "environ") and isinstance(key, str):
            yield key, node


def _url_defaults(tree: ast.Module) -> Iterator[tuple[str, str, ast.AST]]:
    """`os.environ.get("NAME", "http://localhost:9000")` and `os.getenv` alike."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted_name(node.func) in (
            "os.environ.get",
            "os.getenv",
            "environ.get",
            "getenv",
        ):
            values = [
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            if len(values) == 2 and len(node.args) == 2:
                yield values[0], values[1], node


def _env_prefix(owner: Class) -> str | None:
    """The prefix of a settings class; None where fields may have other names in the environment."""
    source = ast.dump(owner.node)
    if "alias" in source or "customise_sources" in source or "env_nested_delimiter" in source:
        return None
    for node in ast.walk(owner.node):
        value = node.value if isinstance(node, ast.keyword) and node.arg == "env_prefix" else None
        if isinstance(node, ast.Assign) and any(
            isinstance(to, ast.Name) and to.id == "env_prefix" for to in node.targets
        ):
            value = node.value
        if value is not None:
            held = value.value if isinstance(value, ast.Constant) else None
            return held if isinstance(held, str) else None
    return ""


def _reading_lines(document: str, modules: tuple[Module, ...], name: str) -> frozenset[int]:
    """The document's lines on which Python code reads the setting, or a settings class declares it."""
    lines: set[int] = set()
    declares = re.compile(rf"\s*{re.escape(name)}\s*:", re.IGNORECASE)
    for module in modules:
        if module.block.document == document:
            is_settings = "BaseSettings" in module.block.content
            for number, text in enumerate(module.block.content.splitlines(), 1):
                if (name in text and "environ" in text) or (is_settings and declares.match(text)):
                    lines.add(module.block.line_of(number))
    return frozenset(lines)
