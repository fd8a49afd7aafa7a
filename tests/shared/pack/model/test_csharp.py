"""C# read as a solution: projects and what they see, types, routes, tests, entities."""

import pytest

from shared.pack.model import (
    ApiTypes,
    CSharpSolution,
    CSharpTests,
    Entities,
    PackDocuments,
    Routes,
    TypeReferences,
    created_tables,
    settings_read,
)

WEB = '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>'


def solution(**files: str) -> CSharpSolution:
    """Files by path, with `__` for a slash and `_cs` for the ending."""
    parts = ["# C#\n"]
    for name, text in files.items():
        path = name.replace("__", "/")
        path = f"{path[:-3]}.cs" if path.endswith("_cs") else f"{path}.csproj"
        parts.append(f"**`{path}`**\n\n```{'csharp' if path.endswith('.cs') else 'xml'}\n{text}\n```\n")
    return CSharpSolution(PackDocuments({"csharp-implementation.md": "\n".join(parts)}))


def routes(*texts: str) -> set[tuple[str, str | None]]:
    files = {f"Api__F{number}_cs": text for number, text in enumerate(texts)}
    return {(each.method, each.path) for each in Routes(solution(Api__Api=WEB, **files)).all}


def test_types_are_read_with_their_bases_parameters_and_properties():
    read = solution(
        Api__A_cs="""namespace Acme.Api;
public sealed record Page<T>(int Number, [property: JsonPropertyName("next_cursor")] string? Next) : Base(Number)
{
    public required Guid Id { get; init; }
    public int Twice => Number * 2;
    private sealed class Inner : IThing;
}
public enum Kind { A, B }"""
    )
    page, inner, kind = read.types["Page"][0], read.types["Inner"][0], read.types["Kind"][0]
    assert (page.full_name, page.kind, page.bases) == ("Acme.Api.Page", "record", ("Base",))
    assert [(each.name, each.is_computed) for each in page.properties] == [
        ("Number", False), ("Next", False), ("Id", False), ("Twice", True)]  # fmt: skip
    assert (inner.full_name, kind.kind) == ("Acme.Api.Page.Inner", "enum")


def test_a_prefix_is_followed_through_groups_variables_extension_methods_and_constants():
    assert routes(
        """var app = builder.Build();
var v1 = app.MapGroup(Paths.Version).RequireAuthorization();
v1.MapOrders();
OrderEndpoints.MapProbes(app);
static class Paths { public const string Version = "/v1"; }""",
        """public static class OrderEndpoints
{
    public static void MapOrders(this RouteGroupBuilder group)
    {
        var orders = group.MapGroup("/orders").WithTags("orders");
        orders.MapGet("/{id:guid}", GetAsync).WithName("getOrder");
        orders.MapMethods("", new[] { "PATCH" }, PatchAsync);
    }
    public static void MapProbes(IEndpointRouteBuilder app) => app.MapGet("/health", () => "up");
}""",
    ) == {("GET", "/v1/orders/{id}"), ("PATCH", "/v1/orders"), ("GET", "/health")}


def test_controllers_put_their_routes_together_from_attributes_and_tokens():
    assert routes("""[ApiController, Route("api/[controller]")]
public class OrdersController : ControllerBase
{
    [HttpGet("{id:guid}")] public Order Get(Guid id) => new();
    [HttpPost] public Order Post(Order order) => order;
    [HttpDelete("/v2/orders/{id}")] public void Delete(Guid id) { }
}""") == {("GET", "/api/orders/{id}"), ("POST", "/api/orders"), ("DELETE", "/v2/orders/{id}")}


def test_a_path_that_is_put_together_at_run_time_is_counted_and_not_guessed():
    assert routes('var app = builder.Build();\napp.MapGet(prefix + "/x", () => 1);') == {("GET", None)}


def test_tests_make_requests_and_expect_statuses_through_helpers_of_their_class():
    tests = CSharpTests(solution(tests__A_cs="""public class OrderTests
{
    [Fact] public async Task Get_answers() { await Refused(client.GetAsync($"/v1/orders/{id}?x=1"), HttpStatusCode.NotFound); }
    [Theory] public async Task Post_answers() => Assert.Equal(201, (int)(await PostAsync()).StatusCode);
    private Task<HttpResponseMessage> PostAsync() => client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/orders"));
}""")).all  # fmt: skip
    assert [(each.name, sorted(each.statuses), [(one.method, one.path) for one in each.requests]) for each in tests] == [
        ("Get_answers", [404], [("GET", "/v1/orders/{}")]), ("Post_answers", [201], [("POST", "/v1/orders")])]  # fmt: skip


def test_a_types_name_is_resolved_by_the_solution_by_net_or_left_undecided():
    read = solution(
        Api__Api=WEB,
        Api__A_cs="namespace Acme.Api;\npublic class A(ILogger<A> log, Missing m) : BackgroundService { List<Shown> all = []; }",
        Api__B_cs="using Unknown.Package;\nnamespace Acme.Api;\npublic record Shown(PerhapsThere X);",
    )
    states = {each.name: each.state for file in read.files.values() for each in TypeReferences(read).of(file)}
    assert states["Missing"] == "missing"
    assert states["PerhapsThere"] == "undecided"
    assert {states[name] for name in ("ILogger", "A", "BackgroundService", "List", "Shown")} == {"resolved"}


def test_a_model_is_the_apis_where_its_namespace_says_so_and_takes_in_what_it_inherits():
    read = solution(
        Api__Api=WEB,
        Domain__Order_cs="namespace Acme.Domain;\npublic class Order { public Guid Id { get; init; } public int Secret { get; set; } }",
        Api__Order_cs="""namespace Acme.Api.Contracts;
public record Entity(Guid Id);
public record Order(Guid Id, [property: JsonPropertyName("total_amount")] string Total) : Entity(Id)
{
    [JsonIgnore] public int Hidden { get; init; }
}""",
    )
    found = ApiTypes(read, Routes(read)).named("Order")
    assert [(each.type.namespace, sorted(each.fields)) for each in found] == [
        ("Acme.Api.Contracts", ["Id", "total_amount"])
    ]


def test_entities_have_their_tables_columns_and_settings():
    entities = Entities(solution(Infra__A_cs="""namespace Acme;
public class Order { public Guid Id { get; init; } [Column("total")] public string Total { get; init; } = ""; public int N { get; init; } }
public class Context : DbContext
{
    public DbSet<Order> Orders => Set<Order>();
    protected override void OnModelCreating(ModelBuilder model) => model.Entity<Order>(order =>
    {
        order.ToTable("orders").HasKey(one => one.Id);
        order.Property(one => one.N).HasColumnName("n_times").HasConversion<string>();
    });
}"""))  # fmt: skip
    order = next(each for each in entities.all if each.type.name == "Order")
    assert (order.table, [order.column(each) for each in order.type.properties]) == (
        "orders",
        ["Id", "total", "n_times"],
    )
    assert "HasConversion" in order.settings("N")


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ('var x = configuration["A:B"];', [("A:B", False)]),
        ('var x = builder.Configuration["A"] ?? "1";', [("A", True)]),
        ('var x = configuration.GetConnectionString("Main");', [("ConnectionStrings:Main", False)]),
        ('var x = configuration.GetValue("Limit", 3);', [("Limit", True)]),
        ('headers["X-Key"] = "1"; var y = configuration["Logging:Level"];', []),
    ],
)
def test_settings_are_read_with_their_keys_and_whether_they_may_be_missing(code: str, keys: list[tuple[str, bool]]):
    assert [(each.key, each.optional) for each in settings_read(solution(Api__A_cs=code))] == keys


def test_tables_are_told_from_create_table_with_their_columns():
    sql = """CREATE TABLE IF NOT EXISTS rental."Order" (
  id uuid PRIMARY KEY, total numeric(12, 2) NOT NULL CHECK (total > 0), -- cents, no
  "placedAt" timestamptz, CONSTRAINT x UNIQUE (id, total));"""
    table = next(created_tables(sql))
    assert (table.name, [(each.name, each.type) for each in table.columns]) == (
        "Order", [("id", "uuid primary key"), ("total", "numeric(12, 2)"), ("placedAt", "timestamptz")])  # fmt: skip
