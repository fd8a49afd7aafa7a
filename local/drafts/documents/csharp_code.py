"""The inner layers of the C# sample: domain, application, infrastructure. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re
from dataclasses import dataclass

from local.drafts.design.model import Design, Field, Operation
from local.drafts.design.schemas import settable
from local.drafts.documents.contract_tests import takes_key
from local.drafts.documents.diagrams import column_type, column_types, created_table
from local.drafts.documents.markdown import file_block, paragraphs
from local.drafts.documents.python_sample import chosen_operation
from local.drafts.english import pascal

_TYPES = {
    "text": "string", "long": "string", "uuid": "Guid", "ref": "Guid", "int": "int", "number": "double", "money": "string",
    "bool": "bool", "time": "DateTimeOffset", "date": "DateOnly", "email": "string", "uri": "Uri", "phone": "string",
    "country": "string", "currency": "string", "object": "JsonElement", "list": "IReadOnlyList<string>", "secret": "string", "enum": "string",
    "parts": "IReadOnlyList<JsonElement>",
}  # fmt: skip


@dataclass(frozen=True)
class Driver:
    """The EF Core provider of a store: its package, and how the context is told to use it."""

    package: str
    version: str
    use: str


DRIVERS: dict[str, Driver] = {
    name: Driver("Npgsql.EntityFrameworkCore.PostgreSQL", "10.0.3", "UseNpgsql(@)")
    for name in ("PostgreSQL", "TimescaleDB", "CockroachDB")
} | {
    "SQL Server": Driver("Microsoft.EntityFrameworkCore.SqlServer", "10.0.15", "UseSqlServer(@)"),
    "SQLite": Driver("Microsoft.EntityFrameworkCore.Sqlite", "10.0.15", "UseSqlite(@)"),
    "MySQL": Driver("Pomelo.EntityFrameworkCore.MySql", "9.0.0", "UseMySql(@, ServerVersion.AutoDetect(@))"),
    "Oracle": Driver("Oracle.EntityFrameworkCore", "9.23.90", "UseOracle(@)"),
    "Cosmos DB": Driver("Microsoft.EntityFrameworkCore.Cosmos", "10.0.15", 'UseCosmos(@, "service")'),
    "MongoDB": Driver("MongoDB.EntityFrameworkCore", "9.0.1", 'UseMongoDB(@, "service")'),
}
IN_MEMORY = Driver("Microsoft.EntityFrameworkCore.InMemory", "10.0.15", 'UseInMemoryDatabase("service")')


class Names:
    """The names that all files of one sample share."""

    def __init__(self, design: Design) -> None:
        name = pascal(design.project) or "Service"
        self.root = name if name[0].isalpha() else f"App{name}"
        self.operation = chosen_operation(design)
        resource = self.operation.resource
        self.entity = resource.name if resource else pascal(f"{self.operation.id} record")
        self.command = f"{pascal(self.operation.id)}Command"
        self.handler = f"{pascal(self.operation.id)}Handler"
        self.sent, self.shown = _fields(self.operation)
        self.tenancy = design.tenancy
        self.keyed = takes_key(self.operation)

    @property
    def ordered(self) -> list[Field]:
        """The fields that are sent, those without a default first, as C# wants parameters."""
        return sorted(self.sent, key=lambda one: not one.required)

    @property
    def holds_json(self) -> bool:
        """Whether a field that is sent is free-form JSON."""
        return any(field.type in ("object", "parts") for field in self.sent)


def _fields(operation: Operation) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    if operation.resource:
        return settable(operation.resource), tuple(one for one in operation.resource.fields if one.type != "secret")
    return operation.body or operation.query, tuple(one for one in operation.answer if one.type != "secret")


def parameter(field: Field) -> str:
    """A field as a parameter of a record or a property."""
    return f"{_TYPES[field.type]}{'' if field.required else '?'} {pascal(field.name)}"


def record(name: str, fields: list[str], summary: str) -> str:
    """A record with its summary; an optional field may be left out."""
    body = ",\n    ".join(f"{field} = null" if "? " in field else field for field in fields)
    return f"/// <summary>{summary}</summary>\npublic sealed record {name}(\n    {body});"


def domain(names: Names) -> str:
    """The section on the domain: the entity and its rules."""
    tenant = "    public required Guid TenantId { get; init; }\n" if names.tenancy else ""
    properties = "\n".join(
        f"    public {'required ' if field.required else ''}{parameter(field)} {{ get; init; }}"
        for field in names.shown
    )
    rules = "\n".join(rule for field in names.shown if (rule := _rule(field)))
    using = "using System.Text.Json;\n\n" if any(field.type in ("object", "parts") for field in names.shown) else ""
    entity = f"""{using}namespace {names.root}.Domain;

/// <summary>{names.entity}, as the contract's schema has it.</summary>
public sealed class {names.entity}
{{
    public required Guid Id {{ get; init; }}
{tenant}{properties}
    public required DateTimeOffset CreatedAt {{ get; init; }}
    public required DateTimeOffset UpdatedAt {{ get; init; }}

    /// <summary>The rules that hold for every {names.entity}; each failure names its field.</summary>
    public IEnumerable<Fault> Check()
    {{
{rules or "        yield break;"}
    }}
}}

/// <summary>One rule that is broken, with a JSON pointer to the field.</summary>
public sealed record Fault(string Pointer, string Message);"""
    return paragraphs(
        file_block(f"src/Domain/{names.entity}.cs", "csharp", entity),
        "The domain knows no framework: no attributes of a database, a serialiser or a web server.",
    )


def _rule(field: Field) -> str:
    name = pascal(field.name)
    fault = f'new Fault("/{field.name}", '
    if not field.required:
        return ""
    if field.type == "text":
        return f'        if (string.IsNullOrWhiteSpace({name}) || {name}.Length > 200)\n            yield return {fault}"1 to 200 characters");'
    if field.type == "int":
        return f'        if ({name} < 0)\n            yield return {fault}"0 or more");'
    if field.type == "enum":
        allowed = " or ".join(json.dumps(value) for value in field.values)
        return f'        if ({name} is not ({allowed}))\n            yield return {fault}"not an allowed value");'
    return ""


def application(names: Names) -> str:
    """The section on the application: command, port and handler."""
    fields = (["Guid TenantId"] if names.tenancy else []) + (["string IdempotencyKey"] if names.keyed else [])
    fields += [parameter(field) for field in names.ordered]
    using = "using System.Text.Json;\n\n" if names.holds_json else ""
    command = f"""{using}namespace {names.root}.Application;

{record(names.command, fields, f"What {names.operation.id} does, free of HTTP.")}

/// <summary>What handlers need from storage: one transaction, one answer per key.</summary>
public interface IStore
{{
    Task<Answer?> FindAnswerAsync(string key, CancellationToken cancellation);

    Task SaveAsync<T>(Answer answer, T entity, string eventName, CancellationToken cancellation) where T : class;
}}

/// <summary>The first answer that an idempotency key has had, with the hash of what was asked.</summary>
public sealed record Answer(string Key, string Asked, string Body);"""
    kept = (
        "A repeated key gives the first answer again; the same key with another body is a conflict, which the API answers with 409 as the contract says."
        if names.keyed
        else "The contract asks for no idempotency key here, so each call has its own effect."
    )
    return paragraphs(
        file_block(f"src/Application/{names.command}.cs", "csharp", command),
        file_block(f"src/Application/{names.handler}.cs", "csharp", _handler(names)),
        kept,
    )


def _handler(names: Names) -> str:
    sent = {field.name for field in names.sent}
    values = [("Id", "Guid.CreateVersion7()")] + ([("TenantId", "command.TenantId")] if names.tenancy else [])
    for field in names.shown:
        name = pascal(field.name)
        if field.name in sent:
            values.append((name, f"command.{name}"))
        elif field.required:
            values.append((name, _initial(field)))
    values += [("CreatedAt", "now"), ("UpdatedAt", "now")]
    lines = "\n".join(f"            {name} = {value}," for name, value in values)
    event = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", names.entity).lower()
    return f"""using System.Security.Cryptography;
using System.Text.Json;
using {names.root}.Domain;

namespace {names.root}.Application;

/// <summary>Carries out <see cref="{names.command}"/> in one transaction.</summary>
public sealed class {names.handler}(IStore store, TimeProvider clock)
{{
    public async Task<Result<{names.entity}>> HandleAsync({names.command} command, CancellationToken cancellation)
    {{
        var asked = Convert.ToHexString(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(command)));
{_key(names)}
        var now = clock.GetUtcNow();
        var entity = new {names.entity}
        {{
{lines}
        }};
        var faults = entity.Check().ToArray();
        if (faults.Length > 0)
            return Result<{names.entity}>.Bad(faults);

        var answer = new Answer(key, asked, JsonSerializer.Serialize(entity));
        await store.SaveAsync(answer, entity, "{event}.created", cancellation);
        return Result<{names.entity}>.Good(entity);
    }}
}}

/// <summary>A value, or the faults that kept it from being, or a conflict with what was done before.</summary>
public sealed record Result<T>(T? Value, IReadOnlyList<Fault> Faults, bool IsConflict) where T : class
{{
    public static Result<T> Good(T value) => new(value, [], false);

    public static Result<T> Bad(IReadOnlyList<Fault> faults) => new(null, faults, false);

    public static Result<T> Conflict() => new(null, [], true);
}}"""


def _key(names: Names) -> str:
    if not names.keyed:
        return "        var key = Guid.CreateVersion7().ToString();"
    key = '$"{command.TenantId}/{command.IdempotencyKey}"' if names.tenancy else "command.IdempotencyKey"
    return f"""        var key = {key};
        var earlier = await store.FindAnswerAsync(key, cancellation);
        if (earlier is not null && earlier.Asked != asked)
            return Result<{names.entity}>.Conflict();
        if (earlier is not null)
            return Result<{names.entity}>.Good(JsonSerializer.Deserialize<{names.entity}>(earlier.Body)!);
"""


def _initial(field: Field) -> str:
    if field.type == "enum":
        return json.dumps(field.values[0])
    values = {
        "int": "0", "number": "0", "money": '"0.00"', "bool": "false", "time": "now", "date": "DateOnly.FromDateTime(now.UtcDateTime)",
        "ref": "Guid.CreateVersion7()", "uuid": "Guid.CreateVersion7()", "object": "JsonSerializer.SerializeToElement(new { })",
        "list": "[]", "parts": "[]", "uri": 'new Uri("https://example.com/")',
    }  # fmt: skip
    return values.get(field.type, f'"{field.name.replace("_", "-")}"')


TYPED = frozenset({"SQL Server", "PostgreSQL", "TimescaleDB", "CockroachDB"})
"""Stores whose column types the design writes in their own words."""
RELATIONAL = TYPED | {"SQLite", "MySQL", "Oracle"}
"""Stores whose schema EF Core migrates."""


def infrastructure(design: Design, names: Names) -> str:
    """The section on infrastructure: the EF Core context that is the store, and its first migration."""
    table = _table(names)
    mapped = "".join(_mapping(field, design) for field in names.shown)
    extensions = "using MongoDB.EntityFrameworkCore.Extensions;\n" if design.database == "MongoDB" else ""
    holds_json = any(field.type == "object" for field in names.shown)
    if holds_json:
        extensions = f"using Microsoft.EntityFrameworkCore.Storage.ValueConversion;\n{extensions}"
    system = "using System.Text.Json;\n" if holds_json else ""
    text = f"""{system}using Microsoft.EntityFrameworkCore;
{extensions}using {names.root}.Application;
using {names.root}.Domain;

namespace {names.root}.Infrastructure;

/// <summary>What is kept in {design.database}. An entity, its key and its outbox message are saved together.</summary>
public sealed class ServiceContext(DbContextOptions<ServiceContext> options) : DbContext(options), IStore
{{
{_JSON if holds_json else ""}    public DbSet<{names.entity}> Entities => Set<{names.entity}>();

    public DbSet<Answer> Answers => Set<Answer>();

    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public Task<Answer?> FindAnswerAsync(string key, CancellationToken cancellation) =>
        Answers.AsNoTracking().SingleOrDefaultAsync(one => one.Key == key, cancellation);

    public async Task SaveAsync<T>(Answer answer, T entity, string eventName, CancellationToken cancellation) where T : class
    {{
        Set<T>().Add(entity);
        Answers.Add(answer);
        Outbox.Add(new OutboxMessage {{ Id = Guid.CreateVersion7(), Name = eventName, Body = answer.Body }});
        await SaveChangesAsync(cancellation);
    }}

    protected override void OnModelCreating(ModelBuilder model)
    {{
{_helpers_mapped(design)}        model.Entity<{names.entity}>(record =>
        {{
{_stored(design, table)}            record.HasKey(one => one.Id);
{_common_mapped(design, names)}{mapped}        }});
    }}
}}

/// <summary>A message that waits for the relay.</summary>
public sealed class OutboxMessage
{{
    public required Guid Id {{ get; init; }}
    public required string Name {{ get; init; }}
    public required string Body {{ get; init; }}
}}"""
    relay = (
        f"A hosted service relays the outbox to {design.broker}, oldest first, and deletes what was accepted."
        if design.broker
        else "The outbox has no reader yet; the PRD names no consumer."
    )
    missing = (
        ""
        if design.database in DRIVERS
        else f"**Assumption:** there is no EF Core provider for {design.database}. The sample keeps its records in memory; an adapter for {design.database} takes this class's place behind `IStore`."
    )
    migration = ""
    if design.database in RELATIONAL:
        migration = file_block(
            "src/Infrastructure/Migrations/20260101000000_Initial.cs", "csharp", _migration(design, names)
        )
    return paragraphs(file_block("src/Infrastructure/ServiceContext.cs", "csharp", text), migration, relay, missing)


_JSON = """    private static readonly ValueConverter<JsonElement, string> Json = new(
        value => value.GetRawText(), text => JsonSerializer.Deserialize<JsonElement>(text, JsonSerializerOptions.Default));

"""


def _table(names: Names) -> str:
    return names.operation.resource.table if names.operation.resource else "calls"


def _migration(design: Design, names: Names) -> str:
    """The first migration in plain SQL: the design's own statement, and the tables of the mechanisms."""
    kinds = column_types(design)
    fields = tuple(field for field in names.shown if not field.stored_apart)
    tables = "\n".join((
        created_table(design, _table(names), fields),
        f"CREATE TABLE answers (\n    answer_key {_key_type(design)} NOT NULL PRIMARY KEY,\n    asked {kinds['string']} NOT NULL,\n    body {kinds['json'] if design.database == 'SQL Server' else 'text'} NOT NULL\n);",
        f"CREATE TABLE outbox_messages (\n    id {kinds['uuid']} NOT NULL PRIMARY KEY,\n    name {kinds['string']} NOT NULL,\n    body {kinds['json'] if design.database == 'SQL Server' else 'text'} NOT NULL\n);",
    ))  # fmt: skip
    indented = "\n".join(f"            {line}" if line else "" for line in tables.splitlines())
    return f'''using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace {names.root}.Infrastructure.Migrations;

/// <summary>The design's own statement, so that the schema is the design's.</summary>
[DbContext(typeof(ServiceContext))]
[Migration("20260101000000_Initial")]
public sealed class Initial : Migration
{{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("""
{indented}
            """);
}}'''


def _key_type(design: Design) -> str:
    return "nvarchar(400)" if design.database == "SQL Server" else column_types(design)["string"]


def _helpers_mapped(design: Design) -> str:
    """How the tables of the mechanisms are mapped."""
    if design.database not in RELATIONAL:
        return (
            "        model.Entity<Answer>().HasKey(one => one.Key);\n"
            "        model.Entity<OutboxMessage>().HasKey(one => one.Id);\n"
        )
    return """        model.Entity<Answer>(answer =>
        {
            answer.ToTable("answers").HasKey(one => one.Key);
            answer.Property(one => one.Key).HasColumnName("answer_key");
            answer.Property(one => one.Asked).HasColumnName("asked");
            answer.Property(one => one.Body).HasColumnName("body");
        });
        model.Entity<OutboxMessage>(message =>
        {
            message.ToTable("outbox_messages").HasKey(one => one.Id);
            message.Property(one => one.Id).HasColumnName("id");
            message.Property(one => one.Name).HasColumnName("name");
            message.Property(one => one.Body).HasColumnName("body");
        });
"""


def _common_mapped(design: Design, names: Names) -> str:
    """The columns that every record has."""
    if design.database not in RELATIONAL:
        return ""
    named = {
        "Id": "id",
        **({"TenantId": "tenant_id"} if names.tenancy else {}),
        "CreatedAt": "created_at",
        "UpdatedAt": "updated_at",
    }
    return "".join(
        f'            record.Property(one => one.{name}).HasColumnName("{column}");\n' for name, column in named.items()
    )


def _stored(design: Design, table: str) -> str:
    """Where the records stand, as the provider calls it; a store in memory has no name for it."""
    ways = {"MongoDB": "ToCollection", "Cosmos DB": "ToContainer"}
    if design.database not in DRIVERS:
        return ""
    return f'            record.{ways.get(design.database, "ToTable")}("{table}");\n'


_CONVERSIONS = {
    "uri": ".HasConversion<string>()",
    "money": ".HasConversion<decimal>()",
    "object": ".HasConversion(Json)",
}


def _mapping(field: Field, design: Design) -> str:
    name = pascal(field.name)
    if field.type == "parts":
        return f"            record.Ignore(one => one.{name});\n"
    if design.database not in RELATIONAL:
        conversion = "" if field.type == "money" else _CONVERSIONS.get(field.type, "")
        return f"            record.Property(one => one.{name}){conversion};\n" if conversion else ""
    kind = f'.HasColumnType("{column_type(field, design)}")' if design.database in TYPED else ""
    return f'            record.Property(one => one.{name}).HasColumnName("{field.name}"){kind}{_CONVERSIONS.get(field.type, "")};\n'
