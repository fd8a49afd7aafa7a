"""Which operations of the contract a parametrisation gives: lists that filter what a helper reads from it. Pure.

`[op for op in OPERATIONS if op.has_body and op.id != "x"]` is followed by what its conditions say; a condition that is
not understood leaves the operations unknown.
"""

import ast
import re

from shared.formats.openapi import Contract, Operation
from shared.pack.model.python_project import Function, Module, PythonProject, dotted_name

DEEPEST = 6
_ID = re.compile(r"(?:operation_?)?id|operationId|name")
_BODY = re.compile(r"(?:has_|takes_|with_|request_|json_)*(?:body|json|requestBody|request_body)(?:_schema|_example)?")
_PATH_PARAMETERS = re.compile(r"(?:has_)?(?:path_(?:ids?|params?|parameters)|ids)")
_HEADERS = re.compile(r"(?:header_|request_)*(?:headers|header_names|header_parameters)")


def operations_given(
    function: Function, module: Module, project: PythonProject, contract: Contract
) -> frozenset[str] | None:
    """operationIds that the parametrisation of a test may give; None where it is no list of filtered operations."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and dotted_name(decorator.func).endswith("parametrize"):
            values = [*decorator.args[1:2], *(each.value for each in decorator.keywords if each.arg == "argvalues")]
            for value in values:
                given = _Filter(module, project, contract).operations(value, 0)
                if given:  # a filter that lets nothing through was not understood
                    return frozenset(each.operation_id for each in given)
    return None


class _Filter:
    def __init__(self, module: Module, project: PythonProject, contract: Contract) -> None:
        self.module, self.project, self.contract = module, project, contract

    def operations(self, node: ast.expr, depth: int) -> list[Operation] | None:
        """The operations in a filtered list; None where a condition, or the list itself, is not understood."""
        if isinstance(node, ast.Name) and depth < DEEPEST:
            resolved = self.project.resolve(self.module, node.id)
            return self.operations(resolved, depth + 1) if isinstance(resolved, ast.expr) else None
        if not isinstance(node, ast.ListComp) or len(node.generators) != 1:
            return None
        loop = node.generators[0]
        if not isinstance(loop.target, ast.Name) or not isinstance(node.elt, ast.Name) or node.elt.id != loop.target.id:
            return None
        inner = self.operations(loop.iter, depth + 1)
        if inner is None and isinstance(loop.iter, ast.Name | ast.Call) and self._is_of_contract(loop.iter):
            inner = list(self.contract.operations)
        if inner is None:
            return None
        kept = [each for each in inner if all(self._holds(test, loop.target.id, each) for test in loop.ifs)]
        known = all(self._holds(test, loop.target.id, each) is not None for test in loop.ifs for each in inner)
        return kept if known else None

    def _is_of_contract(self, node: ast.expr) -> bool:
        """Whether a helper whose name speaks of operations makes the list."""
        if isinstance(node, ast.Name):
            resolved = self.project.resolve(self.module, node.id)
            return isinstance(resolved, ast.Call) and self._is_of_contract(resolved)
        return isinstance(node, ast.Call) and "operation" in dotted_name(node.func).lower()

    def _holds(self, node: ast.expr, name: str, operation: Operation) -> bool | None:
        """Whether a condition on the loop's variable `name` holds for an operation; None where it is not understood."""
        match node:
            case ast.BoolOp():
                each = [self._holds(one, name, operation) for one in node.values]
                if None in each:
                    return None
                return all(each) if isinstance(node.op, ast.And) else any(each)
            case ast.UnaryOp(op=ast.Not()):
                inner = self._holds(node.operand, name, operation)
                return None if inner is None else not inner
            case ast.Compare(ops=[op], comparators=[other]):
                return self._compared(node.left, op, other, name, operation)
            case ast.Call(func=ast.Attribute(attr="startswith", value=value), args=[ast.Constant(value=str(start))]):
                return self._starts(operation.path, start) if _attribute(value, name) == "path" else None
            case _:
                return self._has(_attribute(node, name), operation)

    def _starts(self, path: str, start: str) -> bool:
        """Whether the path, with or without the base path of a server, begins so."""
        bases = ("", *(re.sub(r"^\w+://[^/]+", "", url).rstrip("/") for url in self.contract.servers))
        return any(f"{base}{path}".startswith(start) for base in bases)

    def _compared(self, left: ast.expr, op: ast.cmpop, other: ast.expr, name: str, operation: Operation) -> bool | None:
        attribute = _attribute(left, name)
        constants = (each.value for each in ast.walk(other) if isinstance(each, ast.Constant))
        texts = [each for each in constants if isinstance(each, str)]
        if attribute and texts and isinstance(other, ast.Constant | ast.Tuple | ast.Set | ast.List):
            value = _value(attribute, operation)
            if value is None or not isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                return None
            return (value in [each.lower() for each in texts]) == isinstance(op, ast.Eq | ast.In)
        if isinstance(left, ast.Constant) and isinstance(left.value, str) and isinstance(op, ast.In | ast.NotIn):
            held = self._contains(left.value, _attribute(other, name), operation)
            return None if held is None else held == isinstance(op, ast.In)
        return None

    def _contains(self, text: str, attribute: str, operation: Operation) -> bool | None:
        if attribute == "path":
            return text in operation.path
        if _HEADERS.fullmatch(attribute):
            return any(each.location == "header" and each.name.lower() == text.lower() for each in operation.parameters)
        if attribute in ("responses", "statuses"):
            return text in operation.statuses
        return None

    def _has(self, attribute: str, operation: Operation) -> bool | None:
        if _BODY.fullmatch(attribute):
            return "requestBody" in operation.node
        if _PATH_PARAMETERS.fullmatch(attribute):
            return "{" in operation.path
        return None


def _attribute(node: ast.expr, name: str) -> str:
    """`path` of `op.path` or `op["path"]` where `op` is the loop's variable; else empty."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""
    return ""


def _value(attribute: str, operation: Operation) -> str | None:
    if _ID.fullmatch(attribute):
        return operation.operation_id.lower()
    return {"method": operation.method.lower(), "path": operation.path.lower()}.get(attribute)
