"""Azure Pipelines files against the official schema, and the expressions in them. Pure; any pipeline or template file.

The schema is Microsoft's, as PyPI's check-jsonschema carries it. A walker of our own, because plain JSON Schema
validation rejects good pipelines: scalars have no type before a run, `${{ if }}` stands where keys do, and the schema
speaks its own words (`aliases`, `ignoreCase`, `firstProperty`).
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any, Literal, cast

from shared.formats.azure_pipelines.located import (
    UnreadableYaml,
    YamlList,
    YamlMap,
    YamlNode,
    YamlText,
    read_yaml,
    walk,
)
from shared.formats.azure_pipelines.templates import splice

MAXIMUM_VISITS = 400_000
MAXIMUM_PROBLEMS = 50

type Schema = dict[str, Any]
type ProblemKind = Literal["yaml", "schema", "advice", "expression"]

_LATER = re.compile(r"\$\{\{|\$\(|\$\[")
_BOOLEANS = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n"))
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_LITERAL = re.compile(r"\^([\w-]+)\$")
_ROOTS = ("pipeline", "extendsTemplate", "parametersTemplate", "variablesTemplate")
_BODIES = ("stages", "jobs", "steps", "extends", "phases")
_FRAGMENTS = {"stage": "stages", "job": "jobs", "deployment": "jobs"}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a pipeline file: kind, 1-based line, where in the document, and how to mend it.

    `yaml`, `schema` and `expression` make Azure Pipelines refuse the file; `advice` (an unknown task, an input's value
    outside its list) may be the schema's age.
    """

    kind: ProblemKind
    line: int
    path: str
    message: str
    mend: str
    word: str = ""
    known: tuple[str, ...] = ()
    """What was written and what could have been: the message gets a suggestion from these."""

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Whether the file is refused because of it."""
        return "warning" if self.kind == "advice" else "error"


def validate(text: str, first_line: int = 1) -> list[Problem]:
    """Everything the schema and the expression grammar say against a pipeline or template file, in line order."""
    try:
        node = read_yaml(text, first_line)
    except UnreadableYaml as error:
        mend = "Write plain YAML: no anchors, no repeated keys, no tabs, one document."
        return [Problem("yaml", error.line, "", f"The file {error.message}.", mend)]
    return validate_node(node)


def validate_node(node: YamlNode) -> list[Problem]:
    """`validate` for a file that has been read."""
    from shared.checks.pipeline_expressions import faults

    walker = _Walker(_definitions())
    spliced = splice(node)
    problems = _rootless(spliced) or walker.judge(spliced, {"anyOf": _roots(node)}, "")
    for part in walk(node):
        texts = [name for name, _ in part.entries] if isinstance(part, YamlMap) else [part]
        for text in texts:
            if isinstance(text, YamlText):
                problems.extend(_expression_problems(text, faults(text.text)))
    for holder in walk(spliced):
        if isinstance(holder, YamlMap) and isinstance(condition := holder.get("condition"), YamlText):
            problems.extend(_expression_problems(condition, faults(condition.text, whole=True)))
    if walker.exhausted:
        limit = f"The file needs more than {MAXIMUM_VISITS:,} comparisons; the rest is not checked."
        problems.append(Problem("yaml", node.line, "", limit, "Split the file."))
    unique = {(problem.line, problem.message): problem for problem in problems}
    worst = sorted(unique.values(), key=lambda problem: (problem.kind == "advice", problem.line))
    if len(worst) > MAXIMUM_PROBLEMS:
        worst, more = worst[: MAXIMUM_PROBLEMS - 1], worst[MAXIMUM_PROBLEMS - 1 :]
        said = f"{len(more)} more problems of the file are not listed."
        worst.append(replace(more[0], message=said, mend="Correct these, then check again."))
    return sorted(map(_with_suggestion, worst), key=lambda problem: problem.line)


def _with_suggestion(problem: Problem) -> Problem:
    """`problem` with its message finished; done last, because looking for the nearest word takes time."""
    if problem.message.endswith("."):
        return problem
    return replace(problem, message=problem.message + (meant(problem.word, problem.known) or "."))


def _expression_problems(text: YamlText, messages: list[str]) -> Iterator[Problem]:
    mend = "Write it as an Azure Pipelines expression: functions such as and(), eq(), succeeded(), single quotes."
    for message in messages:
        yield Problem("expression", text.line, "", message, mend)


@cache
def _definitions() -> dict[str, Schema]:
    from importlib.metadata import distribution

    # located rather than imported: importing check_jsonschema takes a second and loads a web client
    place = distribution("check-jsonschema").locate_file("check_jsonschema/builtin_schemas/vendor/azure-pipelines.json")
    with open(str(place), encoding="utf-8") as file:  # noqa: PTH123 (what is located need not be a pathlib path)
        return cast("dict[str, Schema]", json.load(file)["definitions"])


def _rootless(node: YamlNode) -> list[Problem]:
    """Said once and plainly where a file has no content at all, rather than by each definition it might have been."""
    names = node.names() if isinstance(node, YamlMap) else ()
    if not isinstance(node, YamlMap) or node.open or set(names) & set(_BODIES):
        return []
    if names and set(names) <= {"parameters", "variables", "resources"}:
        return []
    word = next((name for name in names[:50] if meant(name, _BODIES)), "")
    message = f"The file has none of {', '.join(_BODIES)}"
    return [Problem("schema", node.line, word, message, "Give it one of them.", word, _BODIES)]


def _roots(node: YamlNode) -> list[Schema]:
    """The definitions a file may be: a fragment that is a list is steps, jobs or stages."""
    if not isinstance(node, YamlList):
        return [{"$ref": f"#/definitions/{name}"} for name in _ROOTS]
    head = next((item.names()[0] for item in node.items if isinstance(item, YamlMap) and item.entries), "")
    return [{"$ref": f"#/definitions/{_FRAGMENTS.get(head, 'steps')}"}]


@cache
def tasks() -> dict[str, tuple[str, Schema | None]]:
    """The tasks the schema knows: lower-case `name@version` to its spelling and the schema of its inputs.

    A few are named in the schema's list of tasks without being described; theirs is None.
    """
    definition = _definitions()["task"]
    found: dict[str, tuple[str, Schema | None]] = {}
    for branch in cast("list[Schema]", definition["anyOf"]):
        name = str(branch["properties"]["task"]["pattern"]).strip("^$")
        found.setdefault(name.lower(), (name, cast(Schema, branch["properties"]["inputs"])))
    for listed in cast("list[Schema]", definition["properties"]["task"]["anyOf"]):
        name = str(listed["enum"][0])
        found.setdefault(name.lower(), (name, None))
    return found


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known word is close to `word` or begins with it, else nothing."""
    found = _nearest(word.lower()[:80], tuple(known))
    return f"; did you mean {found!r}?" if found else ""


@lru_cache(maxsize=8192)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    spellings = {name.lower(): name for name in known}
    longer = [name for name in spellings if len(word) > 2 and name.startswith(word)]
    close = longer or get_close_matches(word, list(spellings), 1, cutoff=0.7)
    return spellings[close[0]] if close else ""


class _Walker:
    """One walk over one file; bounded by visits, whatever the document and the schema's branches."""

    def __init__(self, definitions: dict[str, Schema]):
        self._definitions = definitions
        self._visits = 0

    @property
    def exhausted(self) -> bool:
        """Whether the walk gave up before it had seen everything."""
        return self._visits > MAXIMUM_VISITS

    def judge(self, node: YamlNode, schema: Schema, path: str) -> list[Problem]:
        """What `schema` says against `node`, which stands at `path`."""
        self._visits += 1
        if self.exhausted or (isinstance(node, YamlText) and _LATER.search(node.text)):
            return []
        if schema.get("$ref") == "#/definitions/task" or "task" in schema.get("firstProperty", ()):
            return self._task(node, path)
        schema = self._plain(schema)
        if "anyOf" in schema:
            return self._any(node, schema, path)
        if isinstance(node, YamlText):
            return _scalar(node, schema, path)
        kind = "array" if isinstance(node, YamlList) else "object"
        if schema.get("type", kind) != kind:
            return [_wrong_kind(node, [schema], path)]
        if isinstance(node, YamlMap):
            return self._fields(node, schema, path)
        items = cast("Schema | None", schema.get("items"))
        return [
            problem
            for number, item in enumerate(node.items if items else ())
            for problem in self.judge(item, cast(Schema, items), f"{path}[{number}]")
        ]

    def _plain(self, schema: Schema) -> Schema:
        """`schema` with its reference followed; what stands beside the reference (an enum) still holds."""
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key in ("enum", "pattern", "ignoreCase")}
            schema = {**self._definitions[str(schema["$ref"]).rpartition("/")[2]], **beside}
        return schema

    def _branches(self, schema: Schema) -> Iterator[Schema]:
        """The alternatives of `schema`, nested ones flattened; the tasks stay one branch."""
        for branch in cast("list[Schema]", schema["anyOf"]):
            plain = branch if branch.get("$ref") == "#/definitions/task" else self._plain(branch)
            if "anyOf" in plain:
                yield from self._branches(plain)
            else:
                yield plain

    def _any(self, node: YamlNode, schema: Schema, path: str) -> list[Problem]:
        branches = list(self._branches(schema))
        if isinstance(node, YamlText):
            return _any_scalar(node, branches, path)
        kind = "array" if isinstance(node, YamlList) else "object"
        fitting = [branch for branch in branches if branch.get("type", kind) == kind]
        if not fitting:
            return [_wrong_kind(node, branches, path)]
        if isinstance(node, YamlList) or len(fitting) == 1:
            return self._best(node, fitting, path)
        names = {name for name in node.names() if "${{" not in name}
        if _is_deliberate_error(node):
            return []
        marks = {_mark(branch) for branch in fitting} - {""}
        if len(marks) > 1 and not marks & names and not node.open and all(map(_mark, fitting)):
            return [_no_mark(node, sorted(marks), path)]
        fitting.sort(key=lambda branch: _score(branch, names), reverse=True)
        top = _score(fitting[0], names)
        return self._best(node, [branch for branch in fitting if _score(branch, names) == top][:8], path)

    def _best(self, node: YamlNode, branches: list[Schema], path: str) -> list[Problem]:
        best: list[Problem] | None = None
        for branch in branches:
            problems = self.judge(node, branch, path)
            if not problems:
                return []
            if best is None or len(problems) < len(best):
                best = problems
        return best or []

    def _fields(self, node: YamlMap, schema: Schema, path: str) -> list[Problem]:
        properties = cast("dict[str, Schema]", schema.get("properties", {}))
        extra = schema.get("additionalProperties", True)
        problems = list(_missing(node, schema, path)) + list(_not_first(node, schema, path))
        for name, value in node.entries:
            place = f"{path}.{name.text[:60]}".lstrip(".")
            if name.text in properties:
                problems.extend(self.judge(value, properties[name.text], place))
            elif "${{" not in name.text and (extra is False or is_slip(name.text, properties)):
                message = f"Unknown key {name.text[:60]!r} in {path or 'the file'}"
                mend = f"Known here: {', '.join(list(properties)[:30])}."
                problems.append(Problem("schema", name.line, place, message, mend, name.text, tuple(properties)))
        return problems

    def _task(self, node: YamlNode, path: str) -> list[Problem]:
        if not isinstance(node, YamlMap):
            return [_wrong_kind(node, [{"type": "object"}], path)]
        common = cast("dict[str, Schema]", self._definitions["taskBase"]["properties"])
        own: dict[str, Schema] = {"task": {"type": "string"}, "inputs": {"type": "object"}}
        problems = self._fields(node, {"properties": {**own, **common}, "additionalProperties": False}, path)
        from shared.checks.pipeline_tasks import judge_task

        return problems + list(judge_task(node, path))


def _mark(schema: Schema) -> str:
    """The key a mapping of this shape is known by, if it has one."""
    return "task" if schema.get("$ref") else str((schema.get("firstProperty") or schema.get("required") or [""])[0])


def _score(schema: Schema, names: set[str]) -> tuple[bool, int]:
    if schema.get("$ref"):
        return "task" in names, 0
    known = set(cast("dict[str, Schema]", schema.get("properties", {})))
    return not _mark(schema) or _mark(schema) in names, len(known & names) - len(names - known)


def _no_mark(node: YamlMap, marks: list[str], path: str) -> Problem:
    first = node.names()[0] if node.entries else ""
    message = f"{path or 'The file'} has none of the keys that say what it is"
    return Problem(
        "schema", node.line, path, message, f"Begin it with one of: {', '.join(marks)}.", first, tuple(marks)
    )


def is_slip(word: str, known: Iterable[str]) -> bool:
    """Whether `word`, where unknown words are let through, is a known one with a letter or so wrong."""
    spellings = [name.lower() for name in known]
    return bool(get_close_matches(word.lower()[:80], spellings, 1, cutoff=0.84))


def _is_deliberate_error(node: YamlMap) -> bool:
    """Templates refuse a wrong parameter by an item such as `'Give an environment': error` behind an `if`."""
    return len(node.entries) == 1 and " " in node.names()[0] and node.text(node.names()[0]) == "error"


def _missing(node: YamlMap, schema: Schema, path: str) -> Iterator[Problem]:
    for name in cast("list[str]", schema.get("required", [])):
        if name not in node.names() and not node.open:
            message = f"{path or 'The file'} has no {name!r}, which is required."
            yield Problem("schema", node.line, path, message, f"Add {name!r}.")


def _not_first(node: YamlMap, schema: Schema, path: str) -> Iterator[Problem]:
    first = cast("list[str]", schema.get("firstProperty", []))
    if first and first[0] in node.names() and node.names()[0] != first[0] and "${{" not in node.names()[0]:
        message = f"{path} begins with {node.names()[0][:60]!r}; {first[0]!r} is required as the first key."
        yield Problem("advice", node.line, path, message, f"Move {first[0]!r} to the top.")


def _wrong_kind(node: YamlNode, branches: list[Schema], path: str) -> Problem:
    words = {"array": "a list", "object": "a mapping", "string": "a text"}
    wanted = " or ".join(sorted({words[kind] for branch in branches if (kind := branch.get("type")) in words}))
    is_text = isinstance(node, YamlText)
    got = f"the text {node.text[:60]!r}" if is_text else "a list" if isinstance(node, YamlList) else "a mapping"
    got = "empty" if is_text and not node.text else got
    message = f"{path or 'The file'} is {got}, where {wanted or 'something else'} is expected."
    return Problem("schema", node.line, path, message, f"Write {wanted or 'what the schema asks for'} here.")


def _any_scalar(node: YamlText, branches: list[Schema], path: str) -> list[Problem]:
    scalars = [branch for branch in branches if branch.get("type", "string") not in ("array", "object")]
    if not scalars:
        return [_wrong_kind(node, branches, path)]
    results = [_scalar(node, branch, path) for branch in scalars]
    if not all(results):
        return []
    literals = [found[1] for branch in scalars if (found := _LITERAL.fullmatch(str(branch.get("pattern", ""))))]
    if len(literals) < len(scalars):
        return results[0]
    if len(branches) > len(scalars):
        others = _wrong_kind(node, branches, path)
        mend = f"Write {' or '.join(literals)}, or a list or mapping."
        return [Problem("schema", node.line, path, others.message, mend)]
    message = f"{path} is {node.text[:60]!r}"
    return [Problem("schema", node.line, path, message, f"Allowed: {', '.join(literals)}.", node.text, tuple(literals))]


def _scalar(node: YamlText, schema: Schema, path: str) -> list[Problem]:
    kind, folded = schema.get("type", "string"), schema.get("ignoreCase") in ("value", "all")
    if kind in ("array", "object"):
        return [_wrong_kind(node, [schema], path)]
    if kind == "boolean" and node.text.lower() not in _BOOLEANS:
        return [Problem("schema", node.line, path, f"{path} is {node.text[:60]!r}.", "Write true or false.")]
    if kind in ("integer", "number") and not _NUMBER.fullmatch(node.text):
        return [Problem("schema", node.line, path, f"{path} is {node.text[:60]!r}.", "Write a number.")]
    allowed = [str(value) for value in schema.get("enum", ())]
    if allowed and node.text.lower() not in [value.lower() for value in allowed]:
        message, mend = f"{path} is {node.text[:60]!r}", f"Allowed: {', '.join(allowed[:20])}."
        return [Problem("schema", node.line, path, message, mend, node.text, tuple(allowed))]
    pattern = schema.get("pattern")
    if pattern and len(node.text) <= 500 and not re.search(pattern, node.text, re.IGNORECASE if folded else 0):
        # the schema uses branch names' pattern for paths too, where a trailing slash is fine
        kind_of = "advice" if ".paths." in f".{path}." else "schema"
        message = f"{path} is {node.text[:60]!r}, which has not the form {pattern[:80]}."
        return [Problem(kind_of, node.line, path, message, "Correct the value.")]
    return []
