"""Diagrams of a design in Mermaid, and its first table in SQL. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.deployment_names import api_name, worker_name
from local.drafts.design.model import Design, Field
from local.drafts.english import snake, word_set

_RESERVED = word_set("""
    all and any as asc between by case check class column constraint create cross current default delete desc distinct
    drop else end exists false for foreign from full grant group having if in index inner insert interval into is join
    key leading left like limit natural not null of offset on or order outer primary read references return revoke
    right select set some table then to trailing trigger true type union unique update user using values when where
    window with
""")


def context_diagram(design: Design) -> str:
    lines = [
        "flowchart LR",
        f'  caller["Callers"] -->|"HTTPS, bearer token"| api["{api_name(design)}"]',
        f'  api --> db[("{design.database}")]',
    ]
    if design.cache:
        lines.append(f'  api --> cache[("{design.cache}")]')
    if design.broker:
        lines += [
            f'  api -->|"outbox"| broker[["{design.broker}"]]',
            f'  broker --> worker["{worker_name(design)}"]',
            "  worker --> db",
        ]
    source = "worker" if design.broker else "api"
    lines += [
        f'  {source} --> partner{number}["{one.name}: {one.use}"]' for number, one in enumerate(design.partners, 1)
    ]
    if design.identity:
        lines.append('  caller -.->|"signs in"| identity["Identity provider"]')
    lines += ['  api --> vault["Key Vault"]', '  api -.->|"telemetry"| monitor["Azure Monitor"]']
    return "\n".join(lines)


def er_diagram(design: Design) -> str:
    lines = ["erDiagram"]
    tables = {snake(one.noun): one.table.upper() for one in design.resources}
    for one in design.resources:
        for field in one.fields:
            target = tables.get(field.name.removesuffix("_id")) or tables.get(field.name.removeprefix("replay_of_"))
            if field.name.endswith("_id") and target and target != one.table.upper():
                lines.append(f'  {target} ||--o{{ {one.table.upper()} : "has"')
    for one in design.resources:
        lines += [f"  {one.table.upper()} {{", "    uuid id PK"]
        lines += ["    uuid tenant_id FK"] if design.tenancy else []
        lines += [f"    {_column(field)} {field.name}{_key(field)}" for field in one.fields if not field.stored_apart]
        lines += ["    timestamp created_at", "    timestamp updated_at", "  }"]
    return "\n".join(lines)


def _column(field: Field) -> str:
    kinds = {"ref": "uuid", "uuid": "uuid", "int": "integer", "number": "double", "money": "decimal", "bool": "boolean"}
    kinds |= {"time": "timestamp", "date": "date", "object": "json", "list": "json", "secret": "bytes"}
    return kinds.get(field.type, "string")


def _key(field: Field) -> str:
    return " FK" if field.type == "ref" else ""


def column_types(design: Design) -> dict[str, str]:
    """What the store calls the diagram's types."""
    server = design.database == "SQL Server"
    return {
        "uuid": "uniqueidentifier" if server else "uuid", "integer": "integer", "double": "float" if server else "double precision",
        "decimal": "decimal(15, 2)", "boolean": "bit" if server else "boolean", "date": "date",
        "timestamp": "datetimeoffset" if server else "timestamptz", "json": "nvarchar(max)" if server else "jsonb",
        "bytes": "varbinary(512)" if server else "bytea", "string": "nvarchar(400)" if server else "text",
    }  # fmt: skip


def column_type(field: Field, design: Design) -> str:
    """The type of a field's column."""
    return column_types(design)[_column(field)]


def first_table(design: Design) -> str:
    """The first migration's first table, in the store's dialect."""
    one = design.resources[0]
    key = "tenant_id, created_at, id" if design.tenancy else "created_at, id"
    return f"{created_table(design, one.table, one.fields)}\nCREATE INDEX ix_{one.table}_paging ON {one.table} ({key});"


def created_table(design: Design, name: str, fields: tuple[Field, ...]) -> str:
    """The statement that makes a table of `fields`, with the columns that every table has."""
    kinds = column_types(design)
    columns = [f"    id {kinds['uuid']} NOT NULL PRIMARY KEY"]
    columns += [f"    tenant_id {kinds['uuid']} NOT NULL"] if design.tenancy else []
    columns += [
        f"    {_quoted(field.name, design)} {column_type(field, design)}{' NOT NULL' if field.required else ''}"
        for field in fields
        if not field.stored_apart
    ]
    columns += [f"    created_at {kinds['timestamp']} NOT NULL", f"    updated_at {kinds['timestamp']} NOT NULL"]
    return f"CREATE TABLE {name} (\n" + ",\n".join(columns) + "\n);"


def _quoted(name: str, design: Design) -> str:
    """A column's name, quoted in the store's way where SQL has another use for the word."""
    if name not in _RESERVED:
        return name
    opening, closing = {"SQL Server": "[]", "MySQL": "``"}.get(design.database, '""')
    return f"{opening}{name}{closing}"


def sequence(design: Design) -> str:
    writing = next(
        (one for one in design.business if one.method == "POST"),
        design.business[0] if design.business else design.operations[0],
    )
    lines = [
        "sequenceDiagram",
        "  autonumber",
        "  participant C as Caller",
        f"  participant A as {api_name(design)}",
        f"  participant D as {design.database}",
    ]
    lines += (
        [f"  participant B as {design.broker}", f"  participant W as {worker_name(design)}"] if design.broker else []
    )
    lines += [f"  C->>A: {writing.method} {writing.path}", "  A->>A: check token, scope and body"]
    lines += ["  A->>D: look up the idempotency key"] if writing.action in ("create", "act") else []
    with_outbox = ", audit record and outbox message" if design.broker else " and audit record"
    lines += [
        f"  A->>D: one transaction, record{with_outbox}",
        f"  A-->>C: {writing.success} {writing.summary.lower()}",
    ]
    if design.broker:
        lines += [
            "  D-->>B: relay the outbox",
            "  B->>W: deliver at least once",
            "  W->>D: inbox check, then the effect",
        ]
    return "\n".join(lines)
