"""The inner layers of the C# sample: domain, application, infrastructure. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.document import file_block, paragraphs
from local.drafts.python_sample import chosen_operation
from local.drafts.schemas import settable
from local.drafts.shapes import Design, Field, Operation
from local.drafts.words import pascal

_TYPES = {
    "text": "string", "long": "string", "uuid": "Guid", "ref": "Guid", "int": "int", "number": "double", "money": "string",
    "bool": "bool", "time": "DateTimeOffset", "date": "DateOnly", "email": "string", "uri": "Uri", "phone": "string",
    "country": "string", "currency": "string", "object": "JsonElement", "list": "IReadOnlyList<string>", "secret": "string", "enum": "string",
    "parts": "IReadOnlyList<JsonElement>",
}  # fmt: skip


class Names:
    """The names that all files of one sample share."""

    def __init__(self, design: Design) -> None:
        self.root = pascal(design.project) or "Service"
        self.operation = chosen_operation(design)
        resource = self.operation.resource
        self.entity = resource.name if resource else pascal(self.operation.id)
        self.command = f"{pascal(self.operation.id)}Command"
        self.handler = f"{pascal(self.operation.id)}Handler"
        self.sent, self.shown = _fields(self.operation)
        self.tenancy = design.tenancy


def _fields(operation: Operation) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    if operation.resource:
        return settable(operation.resource), tuple(one for one in operation.resource.fields if one.type != "secret")
    return operation.body or operation.query, tuple(one for one in operation.answer if one.type != "secret")


def parameter(field: Field) -> str:
    return f"{_TYPES[field.type]}{'' if field.required else '?'} {pascal(field.name)}"


def record(name: str, fields: list[str], summary: str) -> str:
    body = ",\n    ".join(fields)
    return f"/// <summary>{summary}</summary>\npublic sealed record {name}(\n    {body});"


def domain(names: Names) -> str:
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
public sealed record Fault(string Pointer, string Detail);"""
    return paragraphs(
        file_block(f"src/{names.root}.Domain/{names.entity}.cs", "csharp", entity),
        "The domain knows no framework: no attributes of a database, a serialiser or a web server.",
    )


def _rule(field: Field) -> str:
    name = pascal(field.name)
    pointer = f'new Fault("/{field.name}", '
    if not field.required:
        return ""
    if field.type == "text":
        return f'        if (string.IsNullOrWhiteSpace({name}) || {name}.Length > 200)\n            yield return {pointer}"1 to 200 characters");'
    if field.type == "int":
        return f'        if ({name} < 0)\n            yield return {pointer}"0 or more");'
    if field.type == "enum":
        allowed = " or ".join(json.dumps(value) for value in field.values)
        return f'        if ({name} is not ({allowed}))\n            yield return {pointer}"not an allowed value");'
    return ""


def application(names: Names) -> str:
    fields = [parameter(field) for field in sorted(names.sent, key=lambda one: not one.required)]
    fields = (["Guid TenantId"] if names.tenancy else []) + ["string IdempotencyKey", *fields]
    using = "using System.Text.Json;\n" if any(field.type in ("object", "parts") for field in names.sent) else ""
    command = f"""{using}namespace {names.root}.Application;

{record(names.command, fields, f"What {names.operation.id} does, free of HTTP.")}

/// <summary>What handlers need from storage: one transaction, one answer per key.</summary>
public interface IStore
{{
    Task<T?> FindAnswerAsync<T>(string key, CancellationToken cancellation) where T : class;

    Task SaveAsync<T>(string key, T entity, string eventName, CancellationToken cancellation) where T : class;
}}"""
    return paragraphs(
        file_block(f"src/{names.root}.Application/{names.command}.cs", "csharp", command),
        file_block(f"src/{names.root}.Application/{names.handler}.cs", "csharp", _handler(names)),
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
    using = "using System.Text.Json;\n" if "JsonSerializer" in lines else ""
    key = '$"{command.TenantId}/{command.IdempotencyKey}"' if names.tenancy else "command.IdempotencyKey"
    event = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", names.entity).lower()
    return f"""{using}using {names.root}.Domain;

namespace {names.root}.Application;

/// <summary>Carries out <see cref="{names.command}"/>: the same key gives the first answer again.</summary>
public sealed class {names.handler}(IStore store, TimeProvider clock)
{{
    public async Task<Result<{names.entity}>> HandleAsync({names.command} command, CancellationToken cancellation)
    {{
        var key = {key};
        var earlier = await store.FindAnswerAsync<{names.entity}>(key, cancellation);
        if (earlier is not null)
            return Result<{names.entity}>.Good(earlier);

        var now = clock.GetUtcNow();
        var entity = new {names.entity}
        {{
{lines}
        }};
        var faults = entity.Check().ToArray();
        if (faults.Length > 0)
            return Result<{names.entity}>.Bad(faults);

        await store.SaveAsync(key, entity, "{event}.created", cancellation);
        return Result<{names.entity}>.Good(entity);
    }}
}}

/// <summary>A value, or the faults that kept it from being.</summary>
public sealed record Result<T>(T? Value, IReadOnlyList<Fault> Faults) where T : class
{{
    public static Result<T> Good(T value) => new(value, []);

    public static Result<T> Bad(IReadOnlyList<Fault> faults) => new(null, faults);
}}"""


def _initial(field: Field) -> str:
    if field.type == "enum":
        return json.dumps(field.values[0])
    values = {
        "int": "0", "number": "0", "money": '"0.00"', "bool": "false", "time": "now", "date": "DateOnly.FromDateTime(now.UtcDateTime)",
        "ref": "Guid.CreateVersion7()", "uuid": "Guid.CreateVersion7()", "object": "JsonSerializer.SerializeToElement(new { })",
        "list": "[]", "parts": "[]", "uri": 'new Uri("https://example.com/")',
    }  # fmt: skip
    return values.get(field.type, f'"{field.name.replace("_", "-")}"')


def infrastructure(design: Design, names: Names) -> str:
    table = names.operation.resource.table if names.operation.resource else "calls"
    conversions = "".join(
        f"            record.Property(one => one.{pascal(field.name)}).HasConversion<string>();\n"
        for field in names.shown
        if field.type == "uri"
    )
    ignored = "".join(
        f"            record.Ignore(one => one.{pascal(field.name)});\n"
        for field in names.shown
        if field.type in ("object", "parts")
    )
    text = f"""using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using {names.root}.Application;
using {names.root}.Domain;

namespace {names.root}.Infrastructure;

/// <summary>The {design.database} schema. An entity, its key and its outbox message are saved together.</summary>
public sealed class ServiceContext(DbContextOptions<ServiceContext> options) : DbContext(options), IStore
{{
    public DbSet<{names.entity}> Entities => Set<{names.entity}>();

    public DbSet<Answer> Answers => Set<Answer>();

    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    public async Task<T?> FindAnswerAsync<T>(string key, CancellationToken cancellation) where T : class
    {{
        var answer = await Answers.AsNoTracking().SingleOrDefaultAsync(one => one.Key == key, cancellation);
        return answer is null ? null : JsonSerializer.Deserialize<T>(answer.Body);
    }}

    public async Task SaveAsync<T>(string key, T entity, string eventName, CancellationToken cancellation) where T : class
    {{
        var body = JsonSerializer.Serialize(entity);
        Set<T>().Add(entity);
        Answers.Add(new Answer {{ Key = key, Body = body }});
        Outbox.Add(new OutboxMessage {{ Id = Guid.CreateVersion7(), Name = eventName, Body = body }});
        await SaveChangesAsync(cancellation);
    }}

    protected override void OnModelCreating(ModelBuilder model)
    {{
        model.Entity<Answer>().HasKey(one => one.Key);
        model.Entity<{names.entity}>(record =>
        {{
            record.ToTable("{table}");
            record.HasKey(one => one.Id);
{conversions}{ignored}        }});
    }}
}}

/// <summary>The first answer that an idempotency key has had.</summary>
public sealed class Answer
{{
    public required string Key {{ get; init; }}
    public required string Body {{ get; init; }}
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
    return paragraphs(file_block(f"src/{names.root}.Infrastructure/ServiceContext.cs", "csharp", text), relay)
