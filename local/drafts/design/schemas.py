"""JSON Schemas and example values for fields and resources: one source for the contract and every sample. Pure."""

import re
from typing import Any

from local.drafts.design.model import Design, Field, Operation, Resource
from local.drafts.english import article, pascal

type Json = dict[str, Any]

EXAMPLE_ID = "0198c7a2-6f1e-7c3b-9a54-3d2f8e6b1c70"
EXAMPLE_TIME = "2026-03-02T09:30:00Z"

_SCHEMAS: dict[str, Json] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 200},
    "long": {"type": "string", "maxLength": 4000},
    "uuid": {"type": "string", "format": "uuid"},
    "ref": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "number": {"type": "number"},
    "money": {"type": "string", "pattern": r"^-?\d{1,13}\.\d{2}$"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "uri": {"type": "string", "format": "uri", "maxLength": 2048},
    "phone": {"type": "string", "pattern": r"^\+[1-9]\d{6,14}$"},
    "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "object": {"type": "object", "additionalProperties": True},
    "list": {"type": "array", "items": {"type": "string", "maxLength": 2048}, "maxItems": 100},
    "secret": {"type": "string", "minLength": 16, "maxLength": 200, "writeOnly": True},
}
_EXAMPLES: dict[str, Any] = {
    "long": "A few sentences of text.",
    "uuid": EXAMPLE_ID,
    "ref": "0198c7a2-6f1e-7d10-8b21-5e4c7f9a2d34",
    "int": 3,
    "number": 12.5,
    "money": "129.90",
    "bool": True,
    "time": EXAMPLE_TIME,
    "date": "2026-03-02",
    "email": "ada@example.com",
    "uri": "https://example.com/hooks/main",
    "phone": "+442079460123",
    "country": "GB",
    "currency": "EUR",
    "object": {"note": "free-form"},
    "list": ["first"],
    "secret": "an-example-not-a-real-value",
}
_TEXT_EXAMPLES = {
    "full_name": "Ada Lovelace",
    "display_name": "ada",
    "name": "Main",
    "sku": "SKU-1001",
    "event_type": "order.created",
    "idempotency_key": "6f1e7c3b",
    "scope": "openid profile",
    "title": "First entry",
    "unit": "celsius",
    "metric": "temperature",
    "reason": "Requested by the customer",
}


def field_schema(field: Field) -> Json:
    """The schema of one field."""
    if field.type == "enum":
        return {"type": "string", "enum": list(field.values)}
    if field.type == "parts":
        entry = body_schema(field.parts, f"One of the {field.name}.")
        return {"type": "array", "minItems": 1, "maxItems": 100, "items": entry}
    return dict(_SCHEMAS[field.type])


def example(field: Field) -> Any:
    """A value that meets the field's schema."""
    if field.type == "enum":
        return field.values[0]
    if field.type == "parts":
        return [fields_example(field.parts)]
    if field.type == "text":
        return _TEXT_EXAMPLES.get(field.name, f"example-{field.name.replace('_', '-')}")
    return _EXAMPLES[field.type]


def readable(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Fields that an answer may show."""
    return tuple(field for field in fields if field.type != "secret")


def settable(resource: Resource) -> tuple[Field, ...]:
    """Fields that a caller sends when creating: all that the server does not decide itself."""
    derived = r"^(status|state|.*_count|last_.*|.*ed_at|.*_reference|total_amount|used|tracking_number)$"
    kept = tuple(one for one in resource.fields if not re.match(derived, one.name) or one.name == "occurred_at")
    return kept or resource.fields


def resource_schema(resource: Resource, tenancy: bool) -> Json:
    """What a resource looks like when it is read."""
    fields = readable(resource.fields)
    properties: Json = {"id": {"type": "string", "format": "uuid", "readOnly": True}}
    if tenancy:
        properties["tenant_id"] = {"type": "string", "format": "uuid", "readOnly": True}
    properties |= {field.name: field_schema(field) for field in fields}
    properties |= {
        "created_at": {"type": "string", "format": "date-time", "readOnly": True},
        "updated_at": {"type": "string", "format": "date-time", "readOnly": True},
    }
    optional = {field.name for field in fields if not field.required}
    return {
        "type": "object",
        "description": f"{article(resource.noun).capitalize()} {resource.noun} as it is stored.",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def body_schema(fields: tuple[Field, ...], description: str, *, partial: bool = False) -> Json:
    """What a caller sends. With `partial`, any one field will do."""
    schema: Json = {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": {field.name: field_schema(field) for field in fields},
    }
    required = [field.name for field in fields if field.required]
    if partial:
        return schema | {"minProperties": 1}
    return schema | ({"required": required} if required else {})


def resource_example(resource: Resource, tenancy: bool) -> Json:
    """A stored resource."""
    shown: Json = {"id": EXAMPLE_ID} | ({"tenant_id": _EXAMPLES["ref"]} if tenancy else {})
    shown |= {field.name: example(field) for field in readable(resource.fields)}
    return shown | {"created_at": EXAMPLE_TIME, "updated_at": EXAMPLE_TIME}


def fields_example(fields: tuple[Field, ...]) -> Json:
    """A body with every field."""
    return {field.name: example(field) for field in fields}


def request_of(operation: Operation) -> tuple[str, Json, Json] | None:
    """An operation's body as (schema name, schema, example), or None where it takes none."""
    resource = operation.resource
    if operation.action == "create" and resource:
        fields = settable(resource)
        schema = body_schema(fields, f"What creates {article(resource.noun)} {resource.noun}.")
        return f"{resource.name}Create", schema, fields_example(fields)
    if operation.action == "update" and resource:
        fields = settable(resource)
        schema = body_schema(fields, f"What changes {article(resource.noun)} {resource.noun}.", partial=True)
        return f"{resource.name}Update", schema, fields_example(fields[:2])
    if operation.body:
        schema = body_schema(operation.body, f"What {operation.id} takes.")
        return f"{pascal(operation.id)}Request", schema, fields_example(operation.body)
    return None


def answer_of(operation: Operation, design: Design) -> tuple[str, Json, Json] | None:
    """An operation's good answer as (schema name, schema, example), or None where it has no body."""
    resource = operation.resource
    if operation.action == "delete" or operation.redirects:
        return None
    if operation.action == "probe":
        return _probe_answer(operation)
    if resource is None:
        fields = readable(operation.answer)
        schema = body_schema(fields, f"What {operation.id} answers.")
        return f"{pascal(operation.id)}Result", schema | {"additionalProperties": True}, fields_example(fields)
    shown = resource_example(resource, design.tenancy)
    if operation.action == "list":
        return f"{resource.name}Page", page_schema(resource), {"items": [shown], "next_cursor": None}
    return resource.name, resource_schema(resource, design.tenancy), shown


def page_schema(resource: Resource) -> Json:
    """One page of a list."""
    return {
        "type": "object",
        "description": f"One page of {resource.plural}.",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{resource.name}"}},
            "next_cursor": {"type": ["string", "null"], "description": "Pass it as `cursor` to read on."},
        },
    }


def _probe_answer(operation: Operation) -> tuple[str, Json, Json]:
    if operation.id == "getVersion":
        properties = {"version": {"type": "string"}, "commit": {"type": "string"}}
        shown: Json = {"version": "1.0.0", "commit": "9f2c1ab"}
        name = "Version"
    else:
        properties = {"status": {"type": "string", "enum": ["ok", "unavailable"]}}
        shown, name = {"status": "ok"}, "Health"
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return name, schema, shown
