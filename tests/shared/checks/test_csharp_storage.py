"""What EF Core is given to map: each seeded defect in a good pack is caught by its rule alone."""

from functools import partial

import pytest

from shared.checks import PACK_CHECKS, run
from shared.contracts import Finding
from tests.golden import changed, golden
from tests.mutants import Mutant

SAMPLE = "csharp-implementation.md"
OUTBOX = "public sealed class OutboxMessage\n"
ENTITY = "public sealed class Appointment\n{\n"
SETS = "    public DbSet<Answer> Answers => Set<Answer>();\n"
CONDITION = '        if (!string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))\n    '
DEFECTS = [
    ("REF-030", '.HasColumnName("patient_id")', ""),
    ("REF-030", '.HasColumnName("starts_at")', '.HasColumnName("StartsAt")'),
    ("REF-030", "public required Guid SlotId", "public required string SlotId"),
    ("REF-031", "Database.MigrateAsync()", "Database.EnsureCreatedAsync()"),
    ("REF-031", "var app = builder.Build();\n", "var app = builder.Build();\napp.Services.GetRequiredService<ServiceContext>().Database.EnsureCreated();\n"),
    ("REF-032", ENTITY, f"{ENTITY}    public Appointment(Guid patient, string text)\n    {{\n    }}\n\n"),
    ("REF-032", OUTBOX, "public sealed class OutboxMessage(string topic)\n"),
    ("REF-033", 'ToTable("answers").HasKey(one => one.Key)', 'ToTable("answers")'),
    ("REF-033", SETS, f"{SETS}\n    public DbSet<Fault> Faults => Set<Fault>();\n"),
    ("REF-034", CONDITION, "    "),
    ("REF-034", "builder.AddTelemetry();\n", "builder.AddTelemetry();\nbuilder.Services.AddOpenTelemetry().UseAzureMonitor();\n"),
]  # fmt: skip


def spoiled(old: str, new: str) -> list[Finding]:
    return run(PACK_CHECKS, changed(golden("csharp"), SAMPLE, old, new))


MUTANTS = [Mutant(rule, f"{old[:40]} becomes {new[-60:]}", partial(spoiled, old, new)) for rule, old, new in DEFECTS]

GOOD = [
    (ENTITY, f"{ENTITY}    private Appointment()\n    {{\n    }}\n\n    public Appointment(string text) => Reason = text;\n\n"),
    (OUTBOX, "public sealed class OutboxMessage(Guid id, string name)\n"),
    ('.HasColumnName("patient_id")', '.HasColumnName("Patient_Id")'),  # SQL Server does not tell case
    (SETS, f"{SETS}\n    public DbSet<Fault> Faults => Set<Fault>();\n\n    // model.Entity<Fault>().HasNoKey()\n"
     "    private static void Map(ModelBuilder model) => model.Entity<Fault>().HasNoKey();\n"),
    (CONDITION, '        if (string.IsNullOrEmpty(builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"]))\n'
     "            return;\n    "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), GOOD, ids=[new[-50:] for _, new in GOOD])
def test_what_ef_core_takes_is_no_error(old: str, new: str):
    assert [finding for finding in spoiled(old, new) if finding.severity == "error"] == []


def test_a_naming_convention_leaves_the_names_of_columns_unjudged():
    pack = changed(golden("csharp"), SAMPLE, '.HasColumnName("patient_id")', "")
    pack = changed(pack, SAMPLE, ".ConfigureWarnings(", ".UseSnakeCaseNamingConvention().ConfigureWarnings(")
    findings = run(["csharp_storage"], pack)
    assert {(finding.rule, finding.severity) for finding in findings} == {("REF-030", "unjudged")}
