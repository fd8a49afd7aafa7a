"""Variables of the pipeline: which `$(name)` it uses, and who defines them. Pure.

Defined are those of the file, those that a script sets, secrets that a task fetches, those that Azure Pipelines defines
itself, and all that the document's tables name: those are what an administrator sets up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.formats.azure_pipelines import Block
from shared.formats.azure_pipelines.located import YamlList, YamlMap, YamlNode, YamlText, walk
from shared.pack.model.delivery import Delivery
from shared.pack.model.documents import DELIVERY, PackDocument, code_words
from shared.pack.model.references import Reference
from shared.pack.model.shell import COMMANDS_WITHOUT_ARGUMENTS

_MACRO = re.compile(r"(?<!\$)\$\(([A-Za-z_][\w.-]{0,99})\)")
_RUNTIME = re.compile(r"\bvariables(?:\.(\w{1,99})|\['([^'\n]{1,99})'\])")
_PARAMETER = re.compile(r"\$\{\{[^}\n]*\bparameters\.(\w{1,99})")
_SET = re.compile(r"##vso\[task\.setvariable\s[^\]]*?\bvariable=([\w.-]{1,99})", re.IGNORECASE)
PREDEFINED = re.compile(
    r"(?:agent|build|system|pipeline|environment|release|checks|resources|strategy|deployment|task|endpoint)\.[\w.]+$|"
    r"tf_build$|date$|rev$|dayof(?:month|year)$|hours$|minutes$|seconds$|month$|year(?::\w+)?$|sourcebranchname$|"
    r"teamproject$|builddefinitionname$|rev:\.?r+$|date:.*",
    re.IGNORECASE,
)
"""Variables that Azure Pipelines defines, and tokens of the run's name."""


@dataclass(frozen=True)
class VariableUse:
    """The first use of a variable in the pipeline's file."""

    name: str
    line: int
    in_shell: bool


class PipelineVariables:
    """The variables and parameters that the pipeline of a pack uses and defines."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.document: PackDocument | None = delivery.documents.get(DELIVERY)
        self.blocks: tuple[Block, ...] = tuple(block for block in delivery.pipeline_blocks if block.node is not None)

    @cached_property
    def defined(self) -> frozenset[str]:
        """Names, in lower case, that somebody defines: case does not matter to Azure Pipelines."""
        found: set[str] = set()
        for block in self.blocks:
            for node in walk(block.node) if block.node else ():
                if isinstance(node, YamlMap):
                    found.update(_declared(node))
        for text in self._scripts():
            found.update(_SET.findall(text))
        pipeline = self.delivery.pipeline
        found.update(named.name for named in pipeline.secrets) if pipeline else None
        found.update(self._in_tables())
        return frozenset(name.lower() for name in found)

    def _scripts(self) -> Iterator[str]:
        yield from (block.source for block in self.blocks)
        yield from (block.content for block in self.delivery.documents.blocks)

    def _in_tables(self) -> Iterator[str]:
        """Everything in the first two cells of the document's tables that may be a name."""
        for table in self.document.tables if self.document else ():
            for row in table.rows:
                for cell in list(row.cells.values())[:2]:
                    yield from code_words(cell)
                    yield from re.findall(r"[A-Za-z_][\w.-]{1,99}", cell)

    @cached_property
    def uses(self) -> tuple[VariableUse, ...]:
        """First uses, in order of lines."""
        found: dict[str, VariableUse] = {}
        for block in self.blocks:
            for text in (node for node in walk(block.node) if isinstance(node, YamlText)) if block.node else ():
                is_shell = text.block or " " in text.text
                for match in _MACRO.finditer(text.text):
                    line = text.line + text.block + text.text.count("\n", 0, match.start())
                    found.setdefault(match[1], VariableUse(match[1], line, is_shell))
                for match in _RUNTIME.finditer(text.text):
                    found.setdefault(match[1] or match[2], VariableUse(match[1] or match[2], text.line, False))
        return tuple(found.values())

    @cached_property
    def functions(self) -> frozenset[str]:
        """Functions that scripts of steps define: `$(name)` runs them."""
        return frozenset(name for placed in self.delivery.steps if placed.script for name in placed.script.functions)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Uses with their state. A template that is not shown, or a group that no table describes, leaves all open."""
        return tuple(self._references())

    def _references(self) -> Iterator[Reference]:
        pipeline = self.delivery.pipeline
        is_open = (
            pipeline is None
            or bool(pipeline.missing_templates)
            or (bool(pipeline.variable_groups) and not self.has_table)
        )
        for use in self.uses:
            if use.name.lower() in self.defined or PREDEFINED.match(use.name):
                yield Reference("variable", use.name, DELIVERY, use.line, "resolved")
            elif use.in_shell and (use.name in COMMANDS_WITHOUT_ARGUMENTS or use.name in self.functions):
                continue
            else:
                state = "undecided" if is_open or "${{" in use.name else "missing"
                yield Reference("variable", use.name, DELIVERY, use.line, state)
        declared = {name for block in self.blocks for name in _parameters(block.node)}
        for block in self.blocks:
            for text in (node for node in walk(block.node) if isinstance(node, YamlText)) if block.node else ():
                for match in _PARAMETER.finditer(text.text):
                    state = "resolved" if match[1] in declared else "undecided" if is_open else "missing"
                    yield Reference("parameter", match[1], DELIVERY, text.line, state)

    @cached_property
    def has_table(self) -> bool:
        """Whether a table of the document lists variables."""
        tables = self.document.tables if self.document else ()
        return any(table.has("variable") or (table.has("name") and table.has("scope")) for table in tables)


def _declared(node: YamlMap) -> Iterator[str]:
    """Names that a mapping of the file declares: variables in either notation, output names, matrix values."""
    variables = node.get("variables")
    if isinstance(variables, YamlMap):
        yield from variables.names()
    if isinstance(variables, YamlList):
        yield from (item.text("name") for item in variables.items if isinstance(item, YamlMap))
    for key in ("matrix",):
        held = node.get(key)
        for _, leg in held.entries if isinstance(held, YamlMap) else ():
            yield from leg.names() if isinstance(leg, YamlMap) else ()


def _parameters(node: YamlNode | None) -> Iterator[str]:
    if not isinstance(node, YamlMap):
        return
    parameters = node.get("parameters")
    if isinstance(parameters, YamlMap):
        yield from parameters.names()
    if isinstance(parameters, YamlList):
        yield from (item.text("name") for item in parameters.items if isinstance(item, YamlMap))
