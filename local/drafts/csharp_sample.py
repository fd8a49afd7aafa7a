"""Renders `csharp-implementation.md`: a layered .NET solution with one real operation. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.csharp_code import Names, application, domain, infrastructure, parameter, record
from local.drafts.document import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.openapi import is_identifier
from local.drafts.schemas import request_of
from local.drafts.shapes import Design, Field
from local.drafts.words import camel, pascal

_DRIVERS = {
    "SQL Server": ("Microsoft.EntityFrameworkCore.SqlServer", "UseSqlServer"),
    "SQLite": ("Microsoft.EntityFrameworkCore.Sqlite", "UseSqlite"),
    "Cosmos DB": ("Microsoft.EntityFrameworkCore.Cosmos", "UseCosmos"),
    "MongoDB": ("MongoDB.EntityFrameworkCore", "UseMongoDB"),
}


def render_csharp(design: Design) -> str:
    """The C# developer's document for a design."""
    names = Names(design)
    return document(
        f"C# implementation: {design.title}",
        [
            ("Solution layout", _layout(design, names)),
            ("Domain", domain(names)),
            ("Application", application(names)),
            ("Infrastructure", infrastructure(design, names)),
            ("API", _api(design, names)),
            ("Observability", _observability(design, names)),
            ("Configuration and secrets", _configuration(design)),
            ("Tests", _tests(design, names)),
        ],
    )


def _layout(design: Design, names: Names) -> str:
    root = names.root
    tree = f"""{root}.sln
src/
  {root}.Domain/           entities and rules; references nothing
  {root}.Application/      commands, handlers, ports; references Domain
  {root}.Infrastructure/   EF Core, outbox, clock; references Application
  {root}.Api/              endpoints and start-up; references Application and Infrastructure
tests/
  {root}.Tests/            handlers in memory, and the API in process"""
    one = names.operation
    return paragraphs(
        f"References point inwards only. The sample carries health, readiness, version and `{one.method} {one.path}` (`{one.id}`) {cite(one.requirements)} through every layer.",
        fence("text", tree),
        file_block(f"src/{root}.Api/{root}.Api.csproj", "xml", _project(design, root)),
    )


def _project(design: Design, root: str) -> str:
    driver = _DRIVERS.get(design.database, ("Npgsql.EntityFrameworkCore.PostgreSQL", ""))[0]
    packages = [
        ("Azure.Identity", "1.*"),
        ("Azure.Extensions.AspNetCore.Configuration.Secrets", "1.*"),
        ("Azure.Monitor.OpenTelemetry.AspNetCore", "1.*"),
        ("Serilog.AspNetCore", "9.*"),
        (driver, "9.*"),
    ]
    lines = "\n".join(f'    <PackageReference Include="{name}" Version="{version}" />' for name, version in packages)
    return f"""<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="../{root}.Application/{root}.Application.csproj" />
    <ProjectReference Include="../{root}.Infrastructure/{root}.Infrastructure.csproj" />
  </ItemGroup>
  <ItemGroup>
{lines}
  </ItemGroup>
</Project>"""


def _api(design: Design, names: Names) -> str:
    probes = {one.id: one.path for one in design.operations if one.action == "probe"}
    use = _DRIVERS.get(design.database, ("", "UseNpgsql"))[1]
    program = f"""using {names.root}.Api;
using {names.root}.Application;
using {names.root}.Infrastructure;
using Microsoft.EntityFrameworkCore;

var builder = WebApplication.CreateBuilder(args);
builder.AddSecrets();
builder.AddTelemetry();
builder.Services.AddProblemDetails();
builder.Services.AddAuthentication().AddJwtBearer();
builder.Services.AddAuthorization();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDbContext<ServiceContext>(options => options.{use}({_connection(design)}));
builder.Services.AddScoped<IStore>(services => services.GetRequiredService<ServiceContext>());
builder.Services.AddScoped<{names.handler}>();
builder.Services.AddHealthChecks().AddDbContextCheck<ServiceContext>();

var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseAuthentication();
app.UseAuthorization();
app.MapGet("{probes["getHealth"]}", () => Results.Ok(new {{ status = "ok" }}));
app.MapHealthChecks("{probes["getReadiness"]}");
app.MapGet("{probes["getVersion"]}", (IConfiguration settings) => Results.Ok(new {{ version = settings["Version"], commit = settings["Commit"] }}));
app.MapContract();
app.Run();

/// <summary>Visible to tests.</summary>
public partial class Program;"""
    return paragraphs(
        file_block(f"src/{names.root}.Api/Program.cs", "csharp", program),
        file_block(f"src/{names.root}.Api/Endpoints.cs", "csharp", _endpoints(names)),
        "Every error leaves as `application/problem+json`: `AddProblemDetails` covers what fails, `ValidationProblem` what is not valid.",
    )


def _connection(design: Design) -> str:
    setting = 'builder.Configuration.GetConnectionString("Primary")!'
    return f'{setting}, "{design.project}"' if design.database in ("Cosmos DB", "MongoDB") else setting


def _endpoints(names: Names) -> str:
    one = names.operation
    request = request_of(one)
    body = request[0] if request else "EmptyRequest"
    fields = [parameter(field) for field in sorted(names.sent, key=lambda one: not one.required)] or ["string? Input"]
    path_names = re.findall(r"\{([^}]+)\}", one.path)
    path = "".join(f"\n        {'Guid' if is_identifier(name) else 'string'} {camel(name)}," for name in path_names)
    arguments = (['Guid.Parse(user.FindFirstValue("tenant_id")!)'] if names.tenancy else []) + ["key"]
    arguments += [f"body.{pascal(field.name)}" for field in sorted(names.sent, key=lambda one: not one.required)]
    using = "using System.Text.Json;\n" if any(field.type in ("object", "parts") for field in names.sent) else ""
    good = (
        f'Results.Created($"{one.path if not path_names else one.path.rsplit("/", 1)[0]}/{{result.Value!.Id}}", result.Value)'
        if one.success == 201
        else "Results.Ok(result.Value)"
    )
    if path_names and one.success == 201:
        good = 'Results.Created($"{request.Path}/{result.Value!.Id}", result.Value)'
    http = "\n        HttpRequest request," if "request.Path" in good else ""
    return f"""using System.Security.Claims;
{using}using Microsoft.AspNetCore.Mvc;
using {names.root}.Application;

namespace {names.root}.Api;

{record(body, fields, f"The body of {one.id}, as the contract has it.")}

/// <summary>The contract's operations, each under its own id.</summary>
public static class Endpoints
{{
    public static void MapContract(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("{one.path}", ["{one.method}"], HandleAsync)
            .WithName("{one.id}")
            .RequireAuthorization(policy => policy.RequireClaim("scope", "{one.scope}"));

    private static async Task<IResult> HandleAsync(
        [FromHeader(Name = "Idempotency-Key")] string key,
        [FromBody] {body} body,{path}{http}
        ClaimsPrincipal user,
        {names.handler} handler,
        CancellationToken cancellation)
    {{
        var command = new {names.command}({", ".join(arguments)});
        var result = await handler.HandleAsync(command, cancellation);
        if (result.Value is not null)
            return {good};

        var errors = result.Faults.GroupBy(fault => fault.Pointer)
            .ToDictionary(group => group.Key, group => group.Select(fault => fault.Detail).ToArray());
        return Results.ValidationProblem(errors, statusCode: StatusCodes.Status422UnprocessableEntity);
    }}
}}"""


def _observability(design: Design, names: Names) -> str:
    text = f"""using Azure.Monitor.OpenTelemetry.AspNetCore;
using Serilog;
using Serilog.Formatting.Compact;

namespace {names.root}.Api;

/// <summary>Logs, metrics and traces, all with the W3C trace id.</summary>
public static class Telemetry
{{
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {{
        builder.Host.UseSerilog((context, logger) => logger
            .ReadFrom.Configuration(context.Configuration)
            .Enrich.FromLogContext()
            .Enrich.WithProperty("service", "{design.project}")
            .WriteTo.Console(new CompactJsonFormatter()));

        if (!string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))
            builder.Services.AddOpenTelemetry().UseAzureMonitor();
    }}
}}"""
    levels = [
        f"{level.id}, {level.target.name}: {level.target.shown}, measured at the server for `{names.operation.id}` among others."
        for level in design.levels
    ]
    return paragraphs(
        file_block(f"src/{names.root}.Api/Telemetry.cs", "csharp", text),
        "Service levels that this code answers for:",
        bullets(levels),
    )


def _configuration(design: Design) -> str:
    root = pascal(design.project) or "Service"
    settings = {
        "Version": "1.0.0",
        "Commit": "local",
        "KeyVault": {"Url": ""},
        "ConnectionStrings": {"Primary": ""},
        "Serilog": {"MinimumLevel": {"Default": "Information", "Override": {"Microsoft": "Warning"}}},
    }
    secrets = f"""using Azure.Identity;

namespace {root}.Api;

/// <summary>Secrets come from Key Vault by managed identity; files hold none.</summary>
public static class Secrets
{{
    public static void AddSecrets(this WebApplicationBuilder builder)
    {{
        var url = builder.Configuration["KeyVault:Url"];
        if (!string.IsNullOrEmpty(url))
            builder.Configuration.AddAzureKeyVault(new Uri(url), new DefaultAzureCredential());
    }}
}}"""
    return paragraphs(
        file_block(f"src/{root}.Api/appsettings.json", "json", json.dumps(settings, indent=2)),
        file_block(f"src/{root}.Api/Secrets.cs", "csharp", secrets),
        "`ConnectionStrings--Primary` in Key Vault names the server and the managed identity, so it holds no password. On a developer's machine, `dotnet user-secrets` stands in for the vault.",
    )


def _tests(design: Design, names: Names) -> str:
    values = (["Guid.CreateVersion7()"] if names.tenancy else []) + ['"key-of-a-test"']
    values += [_test_value(field) for field in sorted(names.sent, key=lambda one: not one.required)]
    using = "using System.Text.Json;\n" if any("JsonSerializer" in value for value in values) else ""
    text = f"""{using}using {names.root}.Application;
using Xunit;

namespace {names.root}.Tests;

public sealed class {names.handler}Tests
{{
    private static readonly {names.command} Command = new({", ".join(values)});

    [Fact]
    public async Task {pascal(names.operation.id)}_stores_one_entity_and_one_message()
    {{
        var store = new MemoryStore();

        var result = await new {names.handler}(store, TimeProvider.System).HandleAsync(Command, default);

        Assert.Empty(result.Faults);
        Assert.Single(store.Messages);
    }}

    [Fact]
    public async Task The_same_key_has_one_effect()
    {{
        var store = new MemoryStore();
        var handler = new {names.handler}(store, TimeProvider.System);

        var first = await handler.HandleAsync(Command, default);
        var second = await handler.HandleAsync(Command, default);

        Assert.Equal(first.Value!.Id, second.Value!.Id);
        Assert.Single(store.Messages);
    }}

    private sealed class MemoryStore : IStore
    {{
        private readonly Dictionary<string, object> _answers = [];

        public List<string> Messages {{ get; }} = [];

        public Task<T?> FindAnswerAsync<T>(string key, CancellationToken cancellation) where T : class =>
            Task.FromResult(_answers.GetValueOrDefault(key) as T);

        public Task SaveAsync<T>(string key, T entity, string eventName, CancellationToken cancellation) where T : class
        {{
            _answers[key] = entity;
            Messages.Add(eventName);
            return Task.CompletedTask;
        }}
    }}
}}"""
    return paragraphs(
        file_block(f"tests/{names.root}.Tests/{names.handler}Tests.cs", "csharp", text),
        f"Contract and security tests of the test specification run against the API in process through `WebApplicationFactory<Program>`; `{names.operation.id}` is covered there too.",
    )


def _test_value(field: Field) -> str:
    if field.type == "enum":
        return json.dumps(field.values[0])
    values = {
        "int": "3", "number": "12.5", "money": '"129.90"', "bool": "true", "time": "DateTimeOffset.UnixEpoch", "date": "new DateOnly(2026, 3, 2)",
        "ref": "Guid.CreateVersion7()", "uuid": "Guid.CreateVersion7()", "object": "JsonSerializer.SerializeToElement(new { })",
        "list": '["first"]',
        "parts": "[JsonSerializer.SerializeToElement(new { })]", "uri": 'new Uri("https://example.com/hooks/main")', "email": '"ada@example.com"', "phone": '"+442079460123"',
        "country": '"GB"', "currency": '"EUR"', "secret": '"an-example-not-a-real-value"',
    }  # fmt: skip
    return values.get(field.type, f'"example-{field.name.replace("_", "-")}"')
