"""Holds the routes and models of C# against the contract, for the rules of whoever asks."""

import re
from collections.abc import Iterator

from shared.contracts import Finding, Rule, found, unjudged
from shared.formats.openapi import Contract
from shared.pack.model import CSHARP_SAMPLE, ApiType, ApiTypes, CSharpSolution, CSharpTests, routes_of
from shared.pack.model.operations import path_matches, snake


def check_routes(solution: CSharpSolution, contract: Contract, rule: Rule) -> Iterator[Finding]:
    """Routes that C# serves, and paths that its tests ask for, must be the contract's."""
    bases = ("", *(re.sub(r"^\w+://[^/]+", "", url).rstrip("/") for url in contract.servers))
    unfollowed: dict[str, list[int]] = {}
    asked = [(each.method, each.path, each.document, each.line) for each in routes_of(solution).all]
    asked += [
        (each.method, each.path, each.document, each.line) for each in CSharpTests(solution).requests if not each.absent
    ]
    for method, path, document, line in asked:
        if path is None:
            unfollowed.setdefault(document, []).append(line)
        elif not _is_in(contract, bases, method, path):
            message = f"{method} {path[:120]} is not in the contract."
            yield found(rule, document, line, message, "Use a path and method of the contract.")
    for document, lines in unfollowed.items():
        yield unjudged(rule, document, lines[0], f"{len(lines)} route(s) have a path that is put together at run time.")


def _is_in(contract: Contract, bases: tuple[str, ...], method: str, path: str) -> bool:
    paths = [path.removeprefix(base) for base in bases if path.startswith(base)]
    templates = [operation.path for operation in contract.operations if operation.method == method]
    return any(path_matches(template, re.sub(r"\{[^}]*\}", "{}", each)) for template in templates for each in paths)


def check_models(solution: CSharpSolution, contract: Contract, rule: Rule) -> Iterator[Finding]:
    """Of several types of one name only those that are evidently the API's are held against the schema."""
    types = ApiTypes(solution, routes_of(solution))
    for name, schema in contract.schemas.items():
        if not schema.properties or name not in solution.types:
            continue
        models = types.named(name)
        differences = [(each, _difference(each, contract, name)) for each in models]
        if any(not difference for _, difference in differences):
            continue
        for each, difference in differences:
            document, line = each.type.file.block.document, each.type.line
            if each.is_whole:
                message = f"Model {name} differs from the schema of that name: it {difference}."
                yield found(rule, document, line, message, "Take the schema's properties, or another name.")
            else:
                message = (
                    f"{name} has a base or further properties that are not shown, so its fields are not all known."
                )
                yield unjudged(rule, document, line, message)


def _difference(each: ApiType, contract: Contract, name: str) -> str:
    schema = contract.schemas[name]
    fields = {snake(field) for field in each.fields}
    extra = sorted(fields - {snake(known) for known in schema.properties} - {snake(field) for field in each.computed})
    absent = sorted(known for known in schema.required if snake(known) not in fields)
    parts = [f"has {', '.join(extra)} beyond it" if extra else "", f"lacks {', '.join(absent)}" if absent else ""]
    return " and ".join(filter(None, parts))


__all__ = ["CSHARP_SAMPLE", "check_models", "check_routes"]
