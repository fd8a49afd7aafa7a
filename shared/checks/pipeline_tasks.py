"""A task step against what the official schema knows of that task: its name, version and inputs. Pure."""

from collections.abc import Iterator
from functools import cache
from typing import cast

from shared.checks.pipeline_schema import Problem, Schema, is_slip, tasks
from shared.formats.azure_pipelines.located import YamlMap, YamlNode, YamlText

_BOOLEANS = ("true", "false", "yes", "no", "on", "off", "y", "n")


def judge_task(node: YamlMap, path: str) -> Iterator[Problem]:
    """What is wrong with the `task` step `node`; unknown tasks and values are advice, the schema may be older."""
    name = node.get("task")
    if not isinstance(name, YamlText) or "${{" in name.text:
        return
    known = tasks().get(name.text.strip().lower())
    if known is None:
        yield _unknown_task(name, path)
        return
    spelling, schema = known
    inputs = node.get("inputs")
    if schema and (inputs is None or isinstance(inputs, YamlMap)):
        yield from _judge_inputs(inputs or YamlMap((), node.line, node.open), spelling, schema, f"{path}.inputs")


def _unknown_task(name: YamlText, path: str) -> Problem:
    base, at, _ = name.text.partition("@")
    if not at:
        message = f"The task {name.text[:60]!r} names no version."
        return Problem("schema", name.line, f"{path}.task", message, "Write it as Name@version.")
    versions = _spellings_by_name().get(base.lower(), [])
    if versions:
        mend = f"Known: {', '.join(versions)}."
    else:
        mend = "Use a built-in task, or say which extension has to be installed."
    message = f"Unknown task {name.text[:80]!r}"
    return Problem("advice", name.line, f"{path}.task", message, mend, name.text, _task_names())


@cache
def _task_names() -> tuple[str, ...]:
    return tuple(spelling for spelling, _ in tasks().values())


@cache
def _spellings_by_name() -> dict[str, list[str]]:
    """The known versions of each task, by its name in lower case."""
    found: dict[str, list[str]] = {}
    for spelling in sorted(_task_names()):
        found.setdefault(spelling.partition("@")[0].lower(), []).append(spelling)
    return found


def _judge_inputs(inputs: YamlMap, task: str, schema: Schema, path: str) -> Iterator[Problem]:
    properties = cast("dict[str, Schema]", schema["properties"])
    names = {spelling.lower(): name for name in properties for spelling in _spellings(name, properties[name])}
    given = {names.get(name.lower(), name) for name in inputs.names()}
    for name in cast("list[str]", schema.get("required", [])):
        if names.get(name.lower(), name) not in given and not inputs.open:
            yield Problem("schema", inputs.line, path, f"{task} needs the input {name!r}.", f"Add the input {name!r}.")
    for name, value in inputs.entries:
        if "${{" in name.text:
            continue
        if name.text.lower() in names:
            yield from _judge_value(value, task, name.text, properties[names[name.text.lower()]], path)
        else:
            yield _unknown_input(name, task, _all_spellings(properties), path)


def _spellings(name: str, schema: Schema) -> list[str]:
    return [name, *(str(alias) for alias in schema.get("aliases", ()))]


def _all_spellings(properties: dict[str, Schema]) -> tuple[str, ...]:
    return tuple(spelling for name in properties for spelling in _spellings(name, properties[name]))


def _unknown_input(name: YamlText, task: str, known: tuple[str, ...], path: str) -> Problem:
    """A near miss is a slip that Azure Pipelines would silently drop; anything else may be newer than the schema."""
    kind = "schema" if is_slip(name.text, known) else "advice"
    mend = f"Known: {', '.join(known[:30])}."
    return Problem(kind, name.line, path, f"{task} has no input {name.text[:60]!r}", mend, name.text, known)


def _judge_value(value: YamlNode, task: str, name: str, schema: Schema, path: str) -> Iterator[Problem]:
    place = f"{path}.{name}"
    if not isinstance(value, YamlText):
        yield Problem("schema", value.line, place, f"The input {name!r} of {task} is not a text.", "Write one text.")
        return
    if "$(" in value.text or "${{" in value.text or "$[" in value.text:
        return
    if schema.get("type") == "boolean" and value.text.lower() not in _BOOLEANS:
        message = f"The input {name!r} of {task} is {value.text[:60]!r}."
        yield Problem("schema", value.line, place, message, "Write true or false.")
    allowed = [str(item) for item in schema.get("enum", ())]
    if allowed and value.text.lower() not in [item.lower() for item in allowed]:
        message, mend = f"The input {name!r} of {task} is {value.text[:60]!r}", f"Known: {', '.join(allowed[:20])}."
        yield Problem("advice", value.line, place, message, mend, value.text, tuple(allowed))
