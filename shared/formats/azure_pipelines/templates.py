"""What Azure Pipelines makes of `${{ }}` and `template:` before a run, as far as it can be known from the files. Pure.

Where it is not known which branch of an `if` is taken, both are kept: either may run.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from shared.formats.azure_pipelines.conditions import Branches
from shared.formats.azure_pipelines.located import UnreadableYaml, YamlList, YamlMap, YamlNode, YamlText, walk

MAXIMUM_DEPTH = 8
MAXIMUM_VALUES = 60_000
MAXIMUM_TEXT = 20_000

_DIRECTIVE = re.compile(r"\$\{\{\s*(?:if|elseif|else|each|insert)\b")
_EACH = re.compile(r"\$\{\{\s*each\s+(\w+)\s+in\s+([^{}]*)\}\}")
_EXPRESSION = re.compile(r"\$\{\{([^{}]*)\}\}")
_PLACE = re.compile(r"[A-Za-z_]\w*(?:\.[\w-]+|\['[^'\]]*'\])*")
_STEP = re.compile(r"[\w-]+|'[^'\]]*'")
_HOLDERS = ("stages", "jobs", "steps", "variables")


@dataclass(frozen=True)
class TemplateUse:
    """A `template:` reference: the path as written, the file it means (None for another repository), its line."""

    written: str
    path: str | None
    line: int


@dataclass(frozen=True)
class _Scope:
    """Where expansion stands: the file's path, the names expressions may use, how many templates deep."""

    file: str
    names: Mapping[str, YamlNode] = field(default_factory=dict[str, YamlNode])
    depth: int = 0


def is_directive(key: str) -> bool:
    """Whether a mapping key is `${{ if }}`, `${{ each }}` or `${{ insert }}` rather than a name."""
    return _DIRECTIVE.match(key.lstrip()) is not None


def has_directive(node: YamlNode) -> bool:
    """Whether anything in `node` depends on `${{ if }}` and its like."""
    return any(is_directive(name) for part in walk(node) if isinstance(part, YamlMap) for name in part.names())


def splice(node: YamlNode) -> YamlNode:
    """`node` with the contents of `${{ if }}` and its like put where they would land."""
    if isinstance(node, YamlList):
        return YamlList(tuple(landed for item in node.items for landed in _splice_item(item)), node.line)
    if not isinstance(node, YamlMap):
        return node
    entries: list[tuple[YamlText, YamlNode]] = []
    is_open = node.open
    for name, value in node.entries:
        if not is_directive(name.text):
            is_open = is_open or "${{" in name.text
            entries.append((name, splice(value)))
        elif isinstance(inner := splice(value), YamlMap):
            entries.extend(inner.entries)
            is_open = is_open or inner.open
        else:
            is_open = True
    return YamlMap(tuple(entries), node.line, is_open)


def _splice_item(item: YamlNode) -> Iterator[YamlNode]:
    if not (isinstance(item, YamlMap) and item.entries and all(is_directive(key) for key in item.names())):
        yield splice(item)
        return
    for _, value in item.entries:
        if isinstance(value, YamlList):
            yield from (landed for inner in value.items for landed in _splice_item(inner))
        else:
            yield from _splice_item(value)


def template_uses(node: YamlNode, file: str) -> list[TemplateUse]:
    """Every `template:` of `file`, wherever Azure Pipelines reads one: list items and `extends`."""
    found: list[TemplateUse] = []
    for holder in _maps_with_templates(splice(node)):
        value = holder.get("template")
        if isinstance(value, YamlText):
            found.append(TemplateUse(value.text, resolve_path(value.text, file), value.line))
    return found


def resolve_path(written: str, file: str) -> str | None:
    """The file `written` means inside `file`: relative to it, or from the root; None for another repository."""
    path, _, repository = written.strip().partition("@")
    if repository not in ("", "self"):
        return None
    joined = path if path.startswith("/") else posixpath.join(posixpath.dirname(file), path)
    return posixpath.normpath(joined.lstrip("/"))


def _maps_with_templates(node: YamlNode, key: str = "") -> Iterator[YamlMap]:
    if isinstance(node, YamlList):
        for item in node.items:
            if isinstance(item, YamlMap) and key in _HOLDERS and item.get("template"):
                yield item
            yield from _maps_with_templates(item)
    elif isinstance(node, YamlMap):
        if key == "extends" and node.get("template"):
            yield node
        for name, value in node.entries:
            yield from _maps_with_templates(value, name.text)


def expand(node: YamlNode, file: str, files: Mapping[str, YamlNode]) -> YamlNode:
    """`node` of `file` with templates of `files` put in place and `${{ parameters.x }}` replaced where known.

    Raises `UnreadableYaml` where templates include each other without end or grow beyond what is checked.
    """
    try:
        return splice(_Expansion(files).root(node, _Scope(file)))
    except RecursionError:
        raise UnreadableYaml("nests templates too deeply", node.line) from None


class _Expansion:
    def __init__(self, files: Mapping[str, YamlNode]):
        self._files = files
        self._left = MAXIMUM_VALUES

    def root(self, node: YamlNode, scope: _Scope, given: YamlNode | None = None) -> YamlNode:
        """A whole file: its parameters' defaults and what the caller gave are known inside it."""
        if not isinstance(node, YamlMap):
            return node
        scope = replace(scope, names={"parameters": _parameters(node, given)})
        expanded = self._node(node, scope)
        extends = expanded.get("extends") if isinstance(expanded, YamlMap) else None
        body = self._template(extends, scope) if isinstance(extends, YamlMap) else None
        if not isinstance(expanded, YamlMap) or not isinstance(body, YamlMap):
            return expanded
        own = {name.text for name, _ in expanded.entries}
        added = tuple(entry for entry in body.entries if entry[0].text not in own)
        return YamlMap(expanded.entries + added, expanded.line, expanded.open)

    def _node(self, node: YamlNode, scope: _Scope) -> YamlNode:
        self._left -= 1
        if self._left < 0:
            raise UnreadableYaml(f"expands to more than {MAXIMUM_VALUES:,} values", node.line)
        if isinstance(node, YamlText):
            return _substitute(node, scope.names)
        if isinstance(node, YamlList):
            return YamlList(tuple(self._items(node.items, scope)), node.line)
        entries = tuple(self._entries(node, scope))
        return YamlMap(entries, node.line, node.open)

    def _entries(self, node: YamlMap, scope: _Scope) -> Iterator[tuple[YamlText, YamlNode]]:
        branches = _branches(scope)
        for name, value in node.entries:
            for inner in _loop(name.text, scope) if branches.keeps(name.text) else ():
                expanded = self._node(value, inner)
                if isinstance(expanded, YamlList) and name.text in _HOLDERS:
                    expanded = YamlList(tuple(self._with_templates(expanded, inner)), expanded.line)
                key = _substitute(name, inner.names)
                yield (key if isinstance(key, YamlText) else name), expanded

    def _items(self, items: Iterable[YamlNode], scope: _Scope) -> Iterator[YamlNode]:
        branches = _branches(scope)
        for written in items:
            item = _kept(written, branches)
            if item is None:
                continue
            loops = [key for key in item.names() if _EACH.match(key)] if isinstance(item, YamlMap) else []
            expanded = self._node(item, scope)
            if isinstance(expanded, YamlList) and isinstance(item, YamlText):
                yield from expanded.items  # `- ${{ parameters.steps }}`
            elif loops and isinstance(expanded, YamlMap):
                yield from (YamlMap((entry,), item.line) for entry in expanded.entries)
            else:
                yield expanded

    def _with_templates(self, holder: YamlList, scope: _Scope) -> Iterator[YamlNode]:
        for item in (landed for written in holder.items for landed in _splice_item(written)):
            body = self._template(item, scope) if isinstance(item, YamlMap) and item.get("template") else None
            if not isinstance(body, YamlMap):
                yield item
                continue
            for key in _HOLDERS:
                if isinstance(inner := body.get(key), YamlList):
                    yield from inner.items

    def _template(self, use: YamlMap, scope: _Scope) -> YamlNode | None:
        path = resolve_path(use.text("template"), scope.file)
        if path is None or path not in self._files:
            return None
        if scope.depth >= MAXIMUM_DEPTH:
            raise UnreadableYaml(f"includes templates more than {MAXIMUM_DEPTH} deep", use.line)
        return splice(self.root(self._files[path], _Scope(path, depth=scope.depth + 1), use.get("parameters")))


def _branches(scope: _Scope) -> Branches:
    def text_of(reference: str) -> str | None:
        if scope.depth == 0 and reference.startswith("parameters"):
            return None  # whoever queues the run may choose another value than the default
        value = _look_up(reference, scope.names)
        return value.text if isinstance(value, YamlText) and "$" not in value.text else None

    return Branches(text_of)


def _kept(item: YamlNode, branches: Branches) -> YamlNode | None:
    """A list's item without the branches that are not taken; None where nothing is left of it."""
    if not (isinstance(item, YamlMap) and item.entries and all(is_directive(key) for key in item.names())):
        return item
    entries = tuple(entry for entry in item.entries if branches.keeps(entry[0].text))
    return YamlMap(entries, item.line, item.open) if entries else None


def _parameters(root: YamlMap, given: YamlNode | None) -> YamlMap:
    """What `parameters` means inside a file: the caller's values, then the defaults of either notation."""
    declared = root.get("parameters")
    entries = list(given.entries) if isinstance(given, YamlMap) else []
    if isinstance(declared, YamlMap):
        entries.extend(declared.entries)
    for item in declared.items if isinstance(declared, YamlList) else ():
        if isinstance(item, YamlMap) and isinstance(name := item.get("name"), YamlText):
            default = item.get("default")
            entries.extend([(name, default)] if default else [])
    return YamlMap(tuple(entries), root.line)


def _loop(key: str, scope: _Scope) -> Iterator[_Scope]:
    """One scope for each turn of `${{ each x in y }}`; just `scope` where `y` is not known or it is no loop."""
    found = _EACH.match(key.strip())
    values = _look_up(found[2], scope.names) if found else None
    if found and isinstance(values, YamlList):
        for item in values.items:
            yield replace(scope, names={**scope.names, found[1]: item})
    else:
        yield scope


def _substitute(node: YamlText, names: Mapping[str, YamlNode]) -> YamlNode:
    if "${{" not in node.text or is_directive(node.text):
        return node
    whole = _EXPRESSION.fullmatch(node.text.strip())
    if whole and (value := _look_up(whole[1], names)) is not None:
        return value

    def text_of(found: re.Match[str]) -> str:
        value = _look_up(found[1], names)
        return value.text if isinstance(value, YamlText) else found[0]

    text = _EXPRESSION.sub(text_of, node.text)
    return node if len(text) > MAXIMUM_TEXT else replace(node, text=text)


def _look_up(expression: str, names: Mapping[str, YamlNode]) -> YamlNode | None:
    """The value of a plain reference such as `parameters.environment` or `env['name']`; None for anything else."""
    place = _PLACE.fullmatch(expression.strip())
    steps = [step.strip("'") for step in _STEP.findall(place[0])] if place else []
    value = names.get(steps[0]) if steps else None
    for step in steps[1:]:
        value = value.get(step) if isinstance(value, YamlMap) else None
    return value
