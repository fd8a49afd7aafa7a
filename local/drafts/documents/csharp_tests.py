"""The unit tests of the C# sample. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json

from local.drafts.design.model import Field
from local.drafts.documents.csharp_code import Names
from local.drafts.documents.markdown import file_block, paragraphs
from local.drafts.english import pascal


def csharp_tests(names: Names) -> str:
    """The section on tests."""
    values = (["Guid.CreateVersion7()"] if names.tenancy else []) + ['"key-of-a-test"'] * names.keyed
    values += [_test_value(field) for field in names.ordered]
    using = "using System.Text.Json;\n" if any("JsonSerializer" in value for value in values) else ""
    verb = pascal(names.operation.id)
    text = f"""{using}using {names.root}.Application;
using Xunit;

namespace {names.root}.Tests;

public sealed class {names.handler}Tests
{{
    private static readonly {names.command} Command = new({", ".join(values)});

    [Fact]
    public async Task {verb}_stores_one_entity_and_one_message()
    {{
        var store = new MemoryStore();

        var result = await new {names.handler}(store, TimeProvider.System).HandleAsync(Command, default);

        Assert.Empty(result.Faults);
        Assert.Single(store.Messages);
    }}
{_key_tests(names, verb)}
    private sealed class MemoryStore : IStore
    {{
        private readonly Dictionary<string, Answer> _answers = [];

        public List<string> Messages {{ get; }} = [];

        public Task<Answer?> FindAnswerAsync(string key, CancellationToken cancellation) =>
            Task.FromResult(_answers.GetValueOrDefault(key));

        public Task SaveAsync<T>(Answer answer, T entity, string eventName, CancellationToken cancellation) where T : class
        {{
            _answers[answer.Key] = answer;
            Messages.Add(eventName);
            return Task.CompletedTask;
        }}
    }}
}}"""
    return paragraphs(
        file_block(f"tests/unit/{names.handler}Tests.cs", "csharp", text),
        f"The black-box suites of the test specification run against this service in its container; `{names.operation.id}` is covered there too.",
    )


def _key_tests(names: Names, verb: str) -> str:
    if not names.keyed:
        return ""
    conflict = ""
    if other := next((one for one in names.ordered if one.type in ("text", "long", "uuid", "ref", "int")), None):
        conflict = f"""
    [Fact]
    public async Task {verb}_with_the_same_key_and_another_body_is_a_conflict()
    {{
        var store = new MemoryStore();
        var handler = new {names.handler}(store, TimeProvider.System);

        await handler.HandleAsync(Command, default);
        var second = await handler.HandleAsync(Command with {{ {pascal(other.name)} = {_other_value(other)} }}, default);

        Assert.True(second.IsConflict);
        Assert.Single(store.Messages);
    }}
"""
    return f"""
    [Fact]
    public async Task {verb}_repeated_with_the_same_key_has_one_effect()
    {{
        var store = new MemoryStore();
        var handler = new {names.handler}(store, TimeProvider.System);

        var first = await handler.HandleAsync(Command, default);
        var second = await handler.HandleAsync(Command, default);

        Assert.Equal(first.Value!.Id, second.Value!.Id);
        Assert.Single(store.Messages);
    }}
{conflict}"""


def _other_value(field: Field) -> str:
    return {"int": "4", "uuid": "Guid.CreateVersion7()", "ref": "Guid.CreateVersion7()"}.get(field.type, '"another"')


def _test_value(field: Field) -> str:
    if field.type == "enum":
        return json.dumps(field.values[0])
    values = {
        "int": "3", "number": "12.5", "money": '"129.90"', "bool": "true", "time": "DateTimeOffset.UnixEpoch", "date": "new DateOnly(2026, 3, 2)",
        "ref": "Guid.CreateVersion7()", "uuid": "Guid.CreateVersion7()", "object": "JsonSerializer.SerializeToElement(new { })",
        "list": '["first"]',
        "parts": "[JsonSerializer.SerializeToElement(new { })]", "uri": 'new Uri("https://example.com/hooks/main")', "email": '"ada@example.com"', "phone": '"+442079460123"',
        "country": '"GB"', "currency": '"EUR"', "secret": "Guid.NewGuid().ToString()",
    }  # fmt: skip
    return values.get(field.type, f'"example-{field.name.replace("_", "-")}"')
