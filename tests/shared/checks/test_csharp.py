"""C# held against itself and the contract: each seeded defect in a good pack is caught by its rule alone."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import PACK_CHECKS, Pack, run
from shared.contracts import Finding
from tests.golden import changed, golden
from tests.mutants import Mutant

SAMPLE = "csharp-implementation.md"
HANDLER = "public sealed class CreateAppointmentHandler(IStore store, TimeProvider clock)"
TESTS = "## Tests\n"
DEFECTS = [
    ("REF-020", "using ClinicBooking.Domain;\n", "using ClinicBooking.Domain;\nusing ClinicBooking.Domain.Events;\n"),
    ("REF-020", "using ClinicBooking.Infrastructure;\n", "using ClinicBooking.Infrastructure;\nusing ClinicBooking.Api.Security;\n"),
    ("REF-021", "public sealed record Fault(string Pointer, string Message);", ""),
    ("REF-021", "public sealed record Answer(string Key, string Asked, string Body);", ""),
    ("REF-021", HANDLER, f"[Audited]\n{HANDLER}"),
    ("REF-022", '    <PackageReference Include="Serilog.AspNetCore" />\n', ""),
    ("REF-022", '    <PackageReference Include="Microsoft.EntityFrameworkCore.SqlServer" />\n', ""),
    ("REF-022", "using ClinicBooking.Domain;\n", "using ClinicBooking.Domain;\nusing Microsoft.AspNetCore.Http;\n"),
    ("REF-023", '    <PackageVersion Include="Serilog.AspNetCore" Version="10.0.0" />\n', ""),
    ("REF-023", '<PackageReference Include="xunit" />', '<PackageReference Include="xunit" Version="2.9.3" />'),
    ("REF-024", "</Solution>", '  <Project Path="src/Worker/Worker.csproj" />\n</Solution>'),
    ("REF-024", '<ProjectReference Include="../Domain/Domain.csproj" />',
     '<ProjectReference Include="../Domain/Domain.csproj" />\n    <ProjectReference Include="../Shared/Shared.csproj" />'),
    ("REF-026", TESTS, f"{TESTS}\n| Test | Proves |\n| --- | --- |\n| `CancelAppointmentHandlerTests` | cancelling |\n"),
    ("REF-026", TESTS, f"{TESTS}\n| Test | Proves |\n| --- | --- |\n| `CreateAppointment_without_a_key_is_refused` | keys |\n"),
    ("REF-027", "builder.Services.AddScoped<IStore>(services => services.GetRequiredService<ServiceContext>());\n", ""),
    ("REF-027", HANDLER, f"public interface INotifier;\n\n{HANDLER[:-1]}, INotifier notifier)"),
    ("REF-028", 'settings["VERSION"]', 'settings["NUMBER_OF_RELEASE"]'),
    ("REF-028", 'GetConnectionString("Primary")', 'GetConnectionString("BookingStore")'),
    ("REF-029", '    <ProjectReference Include="../Application/Application.csproj" />\n    <PackageReference Include="Microsoft.E',
     '    <PackageReference Include="Microsoft.E'),
    ("REF-029", '  <ItemGroup>\n    <ProjectReference Include="../Domain/Domain.csproj" />\n  </ItemGroup>\n', ""),
    ("REF-035", '"Azure.Identity" Version="1.21.0"', '"Azure.Identity" Version="1.14.2"'),
    ("REF-035", '"Azure.Identity" Version="1.21.0"', '"Azure.Identity" Version="1.17.1"'),
    ("XDC-003", 'MapPost("/v1/appointments"', 'MapPost("/v2/appointments"'),
    ("XDC-003", 'app.MapGet("/health"', 'app.MapGroup("/internal").MapGet("/health"'),
    ("XDC-009", "    Guid SlotId,\n    string VisitReason,\n    string? Reason = null);\n\n/// <summary>The contract's",
     "    string VisitReason,\n    string? Reason = null);\n\n/// <summary>The contract's"),
    ("XDC-009", "    string? Reason = null);\n\n/// <summary>The contract's",
     "    string? Reason = null,\n    int Priority = 0);\n\n/// <summary>The contract's"),
]  # fmt: skip
UNUSED = [
    ("Dapper", "2.1.86", '    <PackageReference Include="Microsoft.EntityFrameworkCore.SqlServer" />\n'),
    ("NSubstitute", "6.1.0", '    <PackageReference Include="xunit" />\n'),
]


def spoiled(old: str, new: str) -> list[Finding]:
    return run(PACK_CHECKS, changed(golden("csharp"), SAMPLE, old, new))


def with_unused(name: str, version: str, beside: str) -> list[Finding]:
    """The good pack with one more package that no file uses."""
    pack = changed(golden("csharp"), SAMPLE, beside, f'{beside}    <PackageReference Include="{name}" />\n')
    end = "  </ItemGroup>\n</Project>"
    return run(
        PACK_CHECKS, changed(pack, SAMPLE, end, f'    <PackageVersion Include="{name}" Version="{version}" />\n{end}')
    )


MUTANTS = [
    *(Mutant(rule, f"{old[:40]} becomes {new[-60:]}", partial(spoiled, old, new)) for rule, old, new in DEFECTS),
    *(Mutant("REF-025", name, partial(with_unused, name, version, beside)) for name, version, beside in UNUSED),
]


def errors(pack: Pack) -> list[Finding]:
    return [finding for finding in run(PACK_CHECKS, pack) if finding.severity == "error"]


GOOD = [
    # A namespace of another project is reached through one that is referenced.
    ("using ClinicBooking.Application;\nusing Xunit;", "using ClinicBooking.Application;\nusing ClinicBooking.Domain;\nusing Xunit;"),
    # Packages bring packages: SqlServer the client, and logging.
    ("using Microsoft.EntityFrameworkCore;\n", "using Microsoft.EntityFrameworkCore;\nusing Microsoft.Data.SqlClient;\n"),
    ("using Serilog;\n", "using Serilog;\nusing Serilog.Core;\nusing OpenTelemetry.Resources;\n"),
    # A type of .NET that no using opens is named in full; an attribute goes by its short name.
    (HANDLER, f"[System.Obsolete]\n{HANDLER}"),
    ("public sealed record Fault(", "public sealed record Fault<T>(T Value, (int Line, string Text) At);\n\npublic sealed record Fault("),
    # What may be missing is optional.
    ('settings["VERSION"]', 'settings["NUMBER_OF_RELEASE"] ?? "0"'),
    # A type of the same name that is the domain's, and a prefix that is followed through a variable.
    ("public sealed record Fault(", "public sealed record AppointmentCreate(string Note);\n\npublic sealed record Fault("),
    ('app.MapGet("/health"', 'var probes = app.MapGroup("");\nprobes.MapGet("/health"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), GOOD, ids=[new[-50:] for _, new in GOOD])
def test_what_the_compiler_takes_is_no_error(old: str, new: str):
    assert errors(changed(golden("csharp"), SAMPLE, old, new)) == []


def test_a_file_that_does_not_parse_leaves_missing_types_unjudged():
    pack = changed(
        golden("csharp"), SAMPLE, "public sealed record Fault(string Pointer, string Message);", "public sealed ((("
    )
    findings = run(["csharp_references"], pack)
    assert {finding.severity for finding in findings if finding.rule == "REF-021"} <= {"unjudged"}


def test_an_unknown_package_leaves_its_namespaces_unjudged():
    pack = changed(
        golden("csharp"),
        SAMPLE,
        '<PackageReference Include="Serilog.AspNetCore" />',
        '<PackageReference Include="House.Logs" Version="1.0.0" />',
    )
    findings = [finding for finding in run(["csharp_references"], pack) if finding.rule == "REF-022"]
    assert {finding.severity for finding in findings} == {"unjudged"}


def test_services_that_are_found_by_scanning_are_unjudged():
    registration = "builder.Services.AddScoped<IStore>(services => services.GetRequiredService<ServiceContext>());\n"
    scan = (
        "builder.Services.Scan(scan => scan.FromAssemblyOf<ServiceContext>().AddClasses().AsImplementedInterfaces());\n"
    )
    findings = run(["csharp_wiring"], changed(golden("csharp"), SAMPLE, registration, scan))
    assert [(finding.rule, finding.severity) for finding in findings] == [("REF-027", "unjudged")]


HOSTILE = st.text(max_size=300) | st.sampled_from(
    ["```csharp\nclass A : B<" + "C<" * 300, "<!--" * 200, "<Project " + 'a="b" ' * 400, "CREATE TABLE x (" * 200,
     "\n```csharp\n" + "namespace A { class B { void C() { " * 200, "builder.MapGroup(" * 300, "\x00\ufeff"]
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60_000), HOSTILE)
def test_a_sample_with_anything_in_its_middle_raises_nothing(place: int, text: str):
    pack = golden("csharp")
    whole = pack.text(SAMPLE) or ""
    begin, end = whole[: place % len(whole)], whole[place % len(whole) :]
    documents = tuple(
        type(each)(each.name, begin + text + end if each.name == SAMPLE else each.text) for each in pack.documents
    )
    checks = ["csharp_references", "csharp_storage", "csharp_wiring", "across"]
    findings = run(checks, Pack(documents, pack.prd, pack.stack, pack.db))
    assert "CHK-001" not in {finding.rule for finding in findings}
