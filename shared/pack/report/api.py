"""The API as a reference to browse, from openapi.yaml: operations by tag, schemas, examples, errors. Pure; bounded."""

import json
import re
from collections.abc import Iterator
from typing import Any

from shared.formats import markdown
from shared.formats.located_yaml import UnreadableYamlError
from shared.formats.openapi import Contract, Operation, Schema, read_contract
from shared.formats.openapi_objects import mapping, sequence, text_of
from shared.pack.report.code import code_block
from shared.pack.report.markup import Html, counted, el, join, link, table, ticked

MOST_OPERATIONS = 500
MOST_SCHEMAS = 600
MOST_ROWS = 100
"""Parameters, responses or properties in one table."""
LARGEST_EXAMPLE = 4_000
SHORT = 90
"""Characters of a description that a heading shows."""


def api(source: str | None) -> Html:
    """The reference; a sentence where there is no contract that can be read."""
    contract = _read(source)
    if contract is None:
        return el("p", "There is no contract that can be read.")
    info = mapping(contract.document.get("info"))
    operations = contract.operations[:MOST_OPERATIONS]
    schemas = list(contract.schemas.values())[:MOST_SCHEMAS]
    servers = [text_of(mapping(one).get("url")) for one in sequence(contract.document.get("servers"))][:10]
    parts = [
        el("p", el("strong", text_of(info.get("title")) or "API"), f", version {info.get('version')}: ",
           f"{counted(len(contract.operations), 'operation')}, {counted(len(contract.schemas), 'schema')}."),
        el("p", "Servers: ", join((el("code", url) for url in servers), ", ")) if servers else "",
        *(_group(contract, tag, held) for tag, held in _by_tag(operations)),
        el("h3", "Schemas", id="schemas") if schemas else "",
        *(_schema(one) for one in schemas),
    ]  # fmt: skip
    return join(parts)


def _read(source: str | None) -> Contract | None:
    if source is None:
        return None
    try:
        return read_contract(markdown.Fence("yaml", 0, source, closed=True))
    except UnreadableYamlError:
        return None


def _by_tag(operations: Any) -> Iterator[tuple[str, list[Operation]]]:
    groups: dict[str, list[Operation]] = {}
    for one in operations:
        groups.setdefault(one.tags[0] if one.tags else "Other", []).append(one)
    return iter(groups.items())


def _group(contract: Contract, tag: str, operations: list[Operation]) -> Html:
    return join((el("h3", tag), *(_operation(contract, one) for one in operations)))


def _operation(contract: Contract, one: Operation) -> Html:
    node = one.node
    name = one.operation_id or f"{one.method}-{one.path}"
    summary = el("summary", el("span", one.method, cls=f"method {one.method.lower()}"), " ", el("code", one.path), " ",
                 el("span", text_of(node.get("summary")), cls="says"))  # fmt: skip
    security = "open to everybody" if one.is_open else "needs " + " or ".join(
        " and ".join(f"{scheme} ({', '.join(scopes)})" if scopes else scheme for scheme, scopes in way.items())
        for way in one.security
    )  # fmt: skip
    body = contract.follow((), node.get("requestBody")).node
    parts = [
        _prose(node.get("description")),
        el("p", el("code", name), ", ", security, cls="note"),
        _parameters(contract, one),
        _body("Request body", mapping(body)),
        _responses(contract, one),
    ]
    return el("details", summary, el("div", join(parts), cls="inside"), cls="operation", id=f"op-{_name(name)}")


def _prose(value: object) -> Html:
    said = text_of(value).strip()
    return join(el("p", ticked(part.strip())) for part in said[:3_000].split("\n\n")) if said else Html()


def _parameters(contract: Contract, one: Operation) -> Html:
    if not one.parameters:
        return Html()
    rows: list[tuple[object, ...]] = []
    for parameter in one.parameters[:MOST_ROWS]:
        held = mapping(contract.follow((), _at(contract.document, parameter.place)).node)
        rows.append(
            (el("code", parameter.name), parameter.location, _type(mapping(held.get("schema"))),
             "yes" if parameter.required else "no", _short(held.get("description")))
        )  # fmt: skip
    return join((el("h4", "Parameters"), table(("name", "in", "type", "required", "description"), rows,
                                               f"Parameters of {one.label}")))  # fmt: skip


def _at(value: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        items = sequence(value)
        value = items[key] if isinstance(key, int) and key < len(items) else mapping(value).get(str(key))
    return value


def _body(title: str, held: dict[str, Any]) -> Html:
    """A body: its media types with their schemas, and one example."""
    content = mapping(held.get("content"))
    if not content:
        return Html()
    kinds = join(
        (join((el("code", kind), ": ", _type(mapping(mapping(media).get("schema"))))) for kind, media in
         list(content.items())[:10]), ", ",
    )  # fmt: skip
    return join((el("h4", title), el("p", kinds), _example(content)))


def _responses(contract: Contract, one: Operation) -> Html:
    rows: list[tuple[object, ...]] = []
    examples: list[Html] = []
    for response in one.responses[:MOST_ROWS]:
        held = mapping(contract.follow((), _at(contract.document, response.place)).node)
        content = mapping(held.get("content"))
        schema = mapping(mapping(next(iter(content.values()), None)).get("schema"))
        status = el("span", response.status, cls="badge error" if response.is_error else "badge fine")
        rows.append((status, _type(schema), _short(held.get("description"))))
        if response.is_success and (shown := _example(content)):
            examples.append(join((el("p", f"Example of {response.status}", cls="label"), shown)))
    listed = table(("status", "body", "description"), rows, f"Answers of {one.label}") if rows else el("p", "None.")
    return join((el("h4", "Answers"), listed, *examples[:2]))


def _example(content: dict[str, Any]) -> Html:
    for media in map(mapping, content.values()):
        named = [mapping(one).get("value") for one in mapping(media.get("examples")).values()]
        schema = mapping(media.get("schema"))
        for value in (media.get("example"), *named, schema.get("example"), *sequence(schema.get("examples"))):
            if value is not None:
                shown = json.dumps(value, ensure_ascii=False, indent=2, default=str)
                return code_block(shown[:LARGEST_EXAMPLE], "json")
    return Html()


def _schema(schema: Schema) -> Html:
    node = schema.node
    rows = [
        (el("code", name), _type(mapping(held)), "yes" if name in schema.required else "no", _detail(mapping(held)))
        for name, held in list(schema.properties.items())[:MOST_ROWS]
    ]
    examples = [node.get("example"), *sequence(node.get("examples"))]
    example = next((one for one in examples if one is not None), None)
    parts = [
        _prose(node.get("description")) if len(text_of(node.get("description"))) > SHORT else "",
        table(("property", "type", "required", "description"), rows, f"Properties of {schema.name}")
        if rows else el("p", _type(node), " ", _detail(node)),
        code_block(json.dumps(example, ensure_ascii=False, indent=2, default=str)[:LARGEST_EXAMPLE], "json")
        if example is not None else "",
    ]  # fmt: skip
    summary = el(
        "summary", el("code", schema.name), " ", el("span", _short(node.get("description"), SHORT), cls="says")
    )
    return el("details", summary, el("div", join(parts), cls="inside"), cls="operation", id=_schema_id(schema.name))


def _schema_id(name: str) -> str:
    return f"schema-{_name(name)}"


def _name(name: str) -> str:
    """A name as a part of an id; upper and lower case tell schemas apart."""
    return re.sub(r"[^\w.-]", "-", name)[:200]


def _type(schema: dict[str, Any], depth: int = 0) -> Html:
    """A schema in a few words, with links to those it names."""
    reference = text_of(schema.get("$ref"))
    if reference:
        name = reference.rsplit("/", 1)[-1]
        return link(name, f"#{_schema_id(name)}" if reference.startswith("#/components/schemas/") else None)
    if depth > 4 or not schema:
        return Html("any")
    for keyword, between in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " with ")):
        if options := sequence(schema.get(keyword))[:8]:
            return join((_type(mapping(one), depth + 1) for one in options), between)
    kind = schema.get("type")
    kinds = [str(one) for one in sequence(kind)] or [text_of(kind) or ("object" if "properties" in schema else "any")]
    if "array" in kinds:
        rest = [f" or {one}" for one in kinds if one != "array"]
        return join(("list of ", _type(mapping(schema.get("items")), depth + 1), *rest))
    held = " or ".join(kinds) + (f" ({schema['format']})" if isinstance(schema.get("format"), str) else "")
    return join((held,))


def _detail(schema: dict[str, Any]) -> Html:
    """What a property says of itself, with its limits."""
    limits = [
        said.format(schema[key])
        for key, said in (
            ("minimum", "at least {}"), ("maximum", "at most {}"), ("minLength", "at least {} characters"),
            ("maxLength", "at most {} characters"), ("minItems", "at least {} items"), ("maxItems", "at most {} items"),
            ("pattern", "pattern {}"), ("default", "{} if left out"),
        )
        if isinstance(schema.get(key), int | float | str)
    ]  # fmt: skip
    allowed = [str(one) for one in sequence(schema.get("enum"))[:20]]
    shown: list[object] = [_short(schema.get("description"))] if schema.get("description") else []
    shown += limits
    values = join(("one of ", join((el("code", one) for one in allowed), ", "))) if allowed else Html()
    return join([*shown, *([values] if values else [])], "; ")


def _short(value: object, most: int = 300) -> Html:
    said = " ".join(text_of(value).split())
    return ticked(said if len(said) <= most else said[: most - 1] + "…")
