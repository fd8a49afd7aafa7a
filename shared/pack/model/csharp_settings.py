"""Settings that C# reads from its configuration: keys, sections, connection strings, names of options. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.formats.csharp import text_of
from shared.pack.model.csharp_entities import called
from shared.pack.model.csharp_files import File, literal
from shared.pack.model.csharp_project import CSharpSolution

if TYPE_CHECKING:
    from tree_sitter import Node

_CONFIGURATION = re.compile(
    r"(?i)\b(?:configuration|config|settings)\b$|\.Configuration$|\.GetSection\([^()]{1,200}\)$"
)
_OF_FRAMEWORK = re.compile(
    r"(?i)^(?:ASPNETCORE_|DOTNET_|Logging\b|Kestrel\b|AllowedHosts$|urls$|http_ports$|https_ports$|ENVIRONMENT$"
    r"|Authentication:Schemes\b|Serilog\b|WEBSITE_|AZURE_|OTEL_|CONTAINER_APP_|HOSTNAME$|applicationName$|contentRoot$)"
)


@dataclass(frozen=True)
class Setting:
    """A key that is read, sections joined by colons; `optional` where the code goes on without it."""

    key: str
    document: str
    line: int
    optional: bool


def settings_read(solution: CSharpSolution) -> Iterator[Setting]:
    """Every literal key that code outside of tests reads from its configuration, those of frameworks left out."""
    for file in solution.files.values():
        if solution.is_test(file):
            continue
        for setting in (*_indexed(file), *_called(file)):
            if not _OF_FRAMEWORK.match(setting.key) and "{}" not in setting.key:
                yield setting


def _indexed(file: File) -> Iterator[Setting]:
    """`configuration["A:B"]`."""
    for node in file.nodes.get("element_access_expression", []):
        owner = text_of(node.child_by_field_name("expression"))
        subscript = node.child_by_field_name("subscript")
        key = literal(text_of(subscript).strip("[]")) if subscript is not None else None
        if key and _CONFIGURATION.search(owner) and "GetSection" not in owner and not _is_written(node):
            yield Setting(key, file.block.document, file.line(node), _is_optional(node))


def _called(file: File) -> Iterator[Setting]:
    """`GetConnectionString("A")`, `GetValue<int>("A")`, `GetSection("A")`, `BindConfiguration("A")`."""
    for node in file.nodes.get("invocation_expression", []):
        name, arguments = called(node)
        key = literal(arguments[0]) if arguments else None
        if not key:
            continue
        function = node.child_by_field_name("function")
        owner = text_of(function.child_by_field_name("expression") if function is not None else None)
        line = file.line(node.child_by_field_name("arguments") or node)
        if name == "GetConnectionString":
            yield Setting(f"ConnectionStrings:{key}", file.block.document, line, _is_optional(node))
        elif (
            name in ("GetSection", "GetRequiredSection") and _CONFIGURATION.search(owner) and "GetSection" not in owner
        ):
            yield Setting(key, file.block.document, line, name == "GetSection" and _is_optional(node))
        elif name == "BindConfiguration":
            yield Setting(key, file.block.document, line, False)
        elif name == "GetValue" and _CONFIGURATION.search(owner) and "GetSection" not in owner:
            yield Setting(key, file.block.document, line, len(arguments) > 1 or _is_optional(node))


def _is_optional(node: "Node") -> bool:
    """Whether something else serves where the value is missing: `?? x`, `is "a"`, a comparison, a test for null."""
    place, inner = node.parent, node
    for _ in range(4):
        if place is None:
            return False
        if place.type == "binary_expression":
            operator = place.child_by_field_name("operator")
            is_left = place.child_by_field_name("left") == inner
            right = text_of(place.child_by_field_name("right"))
            return text_of(operator) in ("??", "==", "!=") and is_left and not right.startswith("throw")
        if place.type in ("is_pattern_expression", "conditional_access_expression", "if_statement", "switch_statement"):
            return True
        if place.type == "invocation_expression" and re.match(r"string\.IsNullOr|TryParse", text_of(place)[:40]):
            return True
        place, inner = place.parent, place
    return False


def _is_written(node: "Node") -> bool:
    """Whether the key is assigned to."""
    parent = node.parent
    return parent is not None and parent.type == "assignment_expression" and parent.child_by_field_name("left") == node
