"""Renders `csharp-implementation.md`: a layered .NET solution with one real operation. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.design.deployment_names import api_name, secrets
from local.drafts.design.model import Design
from local.drafts.design.openapi import ERRORS, is_identifier
from local.drafts.design.schemas import request_of
from local.drafts.documents.csharp_code import (
    DRIVERS,
    IN_MEMORY,
    RELATIONAL,
    Names,
    application,
    domain,
    infrastructure,
    parameter,
    record,
)
from local.drafts.documents.csharp_projects import projects
from local.drafts.documents.csharp_tests import csharp_tests
from local.drafts.documents.markdown import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.english import camel, pascal, table

_COMMANDS = """dotnet restore --locked-mode
dotnet build --configuration Release --no-restore -warnaserror
dotnet run --project src/Api
dotnet test tests/unit --logger trx --results-directory results"""


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
            ("Configuration and secrets", _configuration(design, names)),
            ("Tests", csharp_tests(names)),
        ],
    )


def _layout(design: Design, names: Names) -> str:
    tree = f"""{names.root}.slnx
src/
  Domain/           entities and rules; references nothing
  Application/      commands, handlers, ports; references Domain
  Infrastructure/   EF Core, outbox; references Application
  Api/              endpoints and start-up; references Application and Infrastructure
tests/
  unit/             handlers, with a store in memory"""
    one = names.operation
    return paragraphs(
        f"References point inwards only. The sample carries health, readiness, version and `{one.method} {one.path}` (`{one.id}`) {cite(one.requirements)} through every layer.",
        fence("text", tree),
        projects(design, names),
        "The first restore makes `packages.lock.json` in each project (`dotnet restore --use-lock-file`), which is committed. Then:",
        fence("bash", _COMMANDS),
    )


def _api(design: Design, names: Names) -> str:
    return paragraphs(
        file_block("src/Api/Program.cs", "csharp", _program(design, names)),
        file_block("src/Api/Endpoints.cs", "csharp", _endpoints(names)),
        "Every error leaves as `application/problem+json` with the fields of the contract's `Problem`:",
        table(("Raised as", "Code", "Status", "Logged"), _ERROR_ROWS),
        file_block("src/Api/Problems.cs", "csharp", _problems(names)),
    )


_ERROR_ROWS: list[tuple[str, ...]] = [
    ("`Result.Faults`", "`VALIDATION_FAILED`", "422", "no"),
    ("`Result.IsConflict`", "`CONFLICT`", "409", "no"),
    ("`BadHttpRequestException`", "`MALFORMED_REQUEST` or `VALIDATION_FAILED`", "400 or 422", "no"),
    ("refused by authentication, authorization or routing", "by its status", "401, 403, 404, 405", "as a warning"),
    ("any other exception", "`INTERNAL_ERROR`", "500", "as an error, with its trace"),
]


_QUIET = """
    // The migration is plain SQL, so that there is no snapshot of the model to compare with.
    .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))"""


def _program(design: Design, names: Names) -> str:
    probes = {one.id: one.path for one in design.operations if one.action == "probe"}
    driver = DRIVERS.get(design.database, IN_MEMORY)
    use = driver.use.replace("@", 'builder.Configuration.GetConnectionString("Primary")!')
    migrates = design.database in RELATIONAL
    made = "MigrateAsync" if migrates else "EnsureCreatedAsync"
    quiet = _QUIET if migrates else ""
    diagnostics = "\nusing Microsoft.EntityFrameworkCore.Diagnostics;" if migrates else ""
    return f"""using System.Text.Json;
using System.Text.Json.Serialization;
using {names.root}.Api;
using {names.root}.Application;
using {names.root}.Infrastructure;
using Microsoft.EntityFrameworkCore;{diagnostics}

var builder = WebApplication.CreateBuilder(args);
builder.AddSecrets();
builder.AddTelemetry();
builder.Services.ConfigureHttpJsonOptions(options =>
{{
    options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
    options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
    options.SerializerOptions.RespectRequiredConstructorParameters = true;
}});
builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
builder.Services.AddProblemDetails(options =>
    options.CustomizeProblemDetails = context => Problems.Complete(context.ProblemDetails));
builder.Services.AddExceptionHandler<ProblemHandler>();
builder.Services.AddAuthentication().AddJwtBearer();
builder.Services.AddAuthorization();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddDbContext<ServiceContext>(options => options
    .{use}{quiet});
builder.Services.AddScoped<IStore>(services => services.GetRequiredService<ServiceContext>());
builder.Services.AddScoped<{names.handler}>();

var app = builder.Build();
if (args.Contains("--migrate"))
{{
    await using var scope = app.Services.CreateAsyncScope();
    await scope.ServiceProvider.GetRequiredService<ServiceContext>().Database.{made}();
    return;
}}

app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseAuthentication();
app.UseAuthorization();
app.MapGet("{probes["getHealth"]}", () => Results.Ok(new {{ status = "ok" }})).WithName("getHealth");
app.MapGet("{probes["getReadiness"]}", async (ServiceContext context, CancellationToken cancellation) =>
    await context.Database.CanConnectAsync(cancellation) ? Results.Ok(new {{ status = "ok" }}) : Problems.Of(503)).WithName("getReadiness");
app.MapGet("{probes["getVersion"]}", (IConfiguration settings) =>
    Results.Ok(new {{ version = settings["VERSION"], commit = settings["COMMIT"] }})).WithName("getVersion");
app.MapContract();
app.Run();

/// <summary>Visible to tests.</summary>
public partial class Program;"""


def _endpoints(names: Names) -> str:
    one = names.operation
    request = request_of(one)
    body = request[0] if request else "EmptyRequest"
    fields = [parameter(field) for field in names.ordered] or ["string? Input"]
    path_names = re.findall(r"\{([^}]+)\}", one.path)
    path = "".join(f"\n        {'Guid' if is_identifier(name) else 'string'} {camel(name)}," for name in path_names)
    key = '\n        [FromHeader(Name = "Idempotency-Key")] string key,' if names.keyed else ""
    arguments = (['Guid.Parse(user.FindFirstValue("tenant_id")!)'] if names.tenancy else []) + ["key"] * names.keyed
    arguments += [f"body.{pascal(field.name)}" for field in names.ordered]
    using = "using System.Text.Json;\n" if names.holds_json else ""
    good = "Results.Ok(result.Value)"
    if one.success == 201:
        good = 'Results.Created($"{request.Path}/{result.Value.Id}", result.Value)'
    return f"""using System.Security.Claims;
{using}using Microsoft.AspNetCore.Mvc;
using {names.root}.Application;

namespace {names.root}.Api;

{record(body, fields, f"The body of {one.id}, as the contract has it.")}

/// <summary>The contract's operations, each under its own id.</summary>
public static class Endpoints
{{
    public static void MapContract(this IEndpointRouteBuilder routes) =>
        routes.Map{one.method.capitalize()}("{one.path}", HandleAsync)
            .WithName("{one.id}"){_policy(names)};

    private static async Task<IResult> HandleAsync(
        [FromBody] {body} body,{key}{path}
        HttpRequest request,
        ClaimsPrincipal user,
        {names.handler} handler,
        CancellationToken cancellation)
    {{
        var command = new {names.command}({", ".join(arguments)});
        var result = await handler.HandleAsync(command, cancellation);
        if (result.IsConflict)
            return Problems.Of(409, "The key was used with another body");

        return result.Value is null ? Problems.Of(422, faults: result.Faults) : {good};
    }}
}}"""


def _policy(names: Names) -> str:
    """Who may call: the scopes of a token stand in one claim, with spaces between them."""
    if names.operation.open:
        return "\n            .AllowAnonymous()"
    claims = "context.User.FindAll(\"scope\").SelectMany(claim => claim.Value.Split(' '))"
    return f'\n            .RequireAuthorization(policy => policy.RequireAssertion(context =>\n                {claims}.Contains("{names.operation.scope}")))'


def _problems(names: Names) -> str:
    known = "\n".join(f'        [{status}] = ("{slug}", "{text}"),' for status, (_, slug, text) in ERRORS.items())
    return f"""using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using {names.root}.Domain;

namespace {names.root}.Api;

/// <summary>Problem documents (RFC 9457) with the contract's type, code and trace id.</summary>
public static class Problems
{{
    private static readonly Dictionary<int, (string Slug, string Title)> Known = new()
    {{
{known}
    }};

    public static IResult Of(int status, string? detail = null, IReadOnlyList<Fault>? faults = null)
    {{
        var problem = new ProblemDetails {{ Status = status, Detail = detail }};
        if (faults is {{ Count: > 0 }})
            problem.Extensions["errors"] = faults.Select(fault => new {{ pointer = fault.Pointer, message = fault.Message }}).ToArray();
        Complete(problem);
        return Results.Json(problem, statusCode: status, contentType: "application/problem+json");
    }}

    public static void Complete(ProblemDetails problem)
    {{
        var (slug, title) = Known.GetValueOrDefault(problem.Status ?? 500, ("request-refused", "The request was refused"));
        problem.Type = $"https://errors.example.com/{{slug}}";
        problem.Title = title;
        problem.Extensions["code"] = slug.ToUpperInvariant().Replace('-', '_');
        problem.Extensions["traceId"] = (Activity.Current?.TraceId ?? ActivityTraceId.CreateRandom()).ToString();
    }}
}}

/// <summary>Turns what was thrown into a problem; nothing of its inside is told.</summary>
public sealed class ProblemHandler(ILogger<ProblemHandler> log) : IExceptionHandler
{{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellation)
    {{
        var answer = exception switch
        {{
            BadHttpRequestException {{ InnerException: JsonException {{ InnerException: JsonException }} }} => Problems.Of(400),
            BadHttpRequestException {{ InnerException: JsonException invalid }} => Problems.Of(422, faults: [Refused(invalid)]),
            BadHttpRequestException bad => Problems.Of(bad.StatusCode),
            _ => Problems.Of(500),
        }};
        if (exception is not BadHttpRequestException)
            log.LogError(exception, "Request failed");
        await answer.ExecuteAsync(context);
        return true;
    }}

    private static Fault Refused(JsonException error)
    {{
        var path = (error.Path ?? "$").TrimStart('$').Replace('.', '/');
        return new Fault(path.Length > 0 ? path : "/", "Not what the contract allows here");
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
            .Enrich.WithProperty("service", "{api_name(design)}")
            .WriteTo.Console(new CompactJsonFormatter()), writeToProviders: true);

        if (!string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))
            builder.Services.AddOpenTelemetry().UseAzureMonitor();
    }}
}}"""
    levels = [
        f"{level.id}, {level.target.name}: {level.target.shown}, measured at the server for `{names.operation.id}` among others."
        for level in design.levels
    ]
    return paragraphs(
        file_block("src/Api/Telemetry.cs", "csharp", text),
        f"`OTEL_SERVICE_NAME` is `{api_name(design)}`, which becomes the telemetry's role name. Bodies, tokens and personal fields are never logged.",
        "Service levels that this code answers for:",
        bullets(levels),
    )


def _configuration(design: Design, names: Names) -> str:
    settings = {
        "VERSION": "1.0.0",
        "COMMIT": "local",
        "KeyVault": {"Url": ""},
        "ConnectionStrings": {"Primary": ""},
        "Serilog": {"MinimumLevel": {"Default": "Information", "Override": {"Microsoft": "Warning"}}},
    }
    rows: list[tuple[str, ...]] = [
        ("`VERSION`, `COMMIT`", "what runs", "no", "set when the image is built"),
        (
            "`ConnectionStrings__Primary`",
            f"where {design.database} answers; names the managed identity, holds no password",
            "no",
            "`DATABASE_URL` of the architecture",
        ),
        ("`Authentication__Schemes__Bearer__Authority`", "the token issuer", "no", "by environment"),
        ("`KeyVault__Url`", "the vault of the environment", "no", "by environment"),
    ]
    rows += [(f"`{one.name}`", one.purpose, "yes", "Key Vault") for one in secrets(design) if "test-" not in one.name]
    loader = f"""using Azure.Identity;

namespace {names.root}.Api;

/// <summary>Secrets come from Key Vault by managed identity; files hold none.</summary>
public static class Secrets
{{
    public static void AddSecrets(this WebApplicationBuilder builder)
    {{
        var url = builder.Configuration["KeyVault:Url"];
        if (!string.IsNullOrEmpty(url))
            builder.Configuration.AddAzureKeyVault(new Uri(url), new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned));
    }}
}}"""
    return paragraphs(
        table(("Setting", "Meaning", "Secret", "From"), rows),
        file_block("src/Api/appsettings.json", "json", json.dumps(settings, indent=2)),
        file_block("src/Api/Secrets.cs", "csharp", loader),
        "On a developer's machine, `dotnet user-secrets` stands in for the vault. A rotated secret is read at the next restart of an instance, which needs no new release.",
    )
