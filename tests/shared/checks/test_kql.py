"""Kusto queries: good plans pass, each defect has its rule and place, and hostile text is a finding."""

import io
import json
import lzma
import re
import tarfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.checks import Context
from shared.checks.kql import check
from shared.checks.kusto import parser, tables
from shared.checks.kusto.refresh import refresh
from shared.contracts import Finding
from tests.mutants import Mutant

PLAN = """# Observability plan: orders

## Logging schema

### Table Deliveries_CL

| column | type | meaning |
|---|---|---|
| `TimeGenerated` | datetime | when |
| OrderId | guid | which order |
| Attempts | int | how often |

## SLIs, SLOs and alerts

```bicep
resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  properties: {
    criteria: { allOf: [ { query: '''
      AppRequests
      | where Success == false
    ''' } ] }
  }
}
```

## KQL queries

```kusto
// availability
let objective = 0.999;
AppRequests
| where TimeGenerated > ago(30d) and AppRoleName == "orders-api"
| summarize good = sumif(ItemCount, toint(ResultCode) < 500), valid = sum(ItemCount)
| extend availability = iff(valid == 0, real(null), todouble(good) / valid), objective
```

```kusto
AppDependencies
| where tostring(Properties.tenantId) == "t-1"
| summarize percentilew(DurationMs, ItemCount, 95) by Target, bin(TimeGenerated, 5m)
| join kind=leftouter (AppExceptions | summarize failures = sum(ItemCount) by AppRoleName) on $left.Target == $right.AppRoleName
```

```kql
Deliveries_CL
| where Attempts > 3
| summarize late = dcount(OrderId) by bin(TimeGenerated, 1h)
```
"""


def findings(text: str, deliverable: str = "observability-plan.md") -> list[Finding]:
    return list(check(Context(deliverable, text, ())))


def test_a_good_plan_has_no_findings():
    assert findings(PLAN) == []


DEFECTS = [
    ("KQL-002", "| where Attempts > 3", "| where Attempts >"),
    ("KQL-002", "by bin(TimeGenerated, 1h)", "by bin(TimeGenerated, 1h"),
    ("KQL-002", "| summarize late", "| sumarize late"),
    ("KQL-002", "| where Success == false", "| where Success == "),
    ("KQL-003", "AppRequests\n| where TimeGenerated", "AppRequest\n| where TimeGenerated"),
    ("KQL-003", "Deliveries_CL\n| where", "Shipments_CL\n| where"),
    ("KQL-003", "### Table Deliveries_CL", "### Deliveries"),
    ("KQL-003", "      AppRequests\n", "      Requests\n"),
    ("KQL-004", "sum(ItemCount)\n", "sum(itemCount)\n"),
    ("KQL-004", "by Target, bin", "by target_name, bin"),
    ("KQL-004", "| OrderId | guid | which order |\n", ""),
    ("KQL-005", "percentilew(", "percentile_weighted("),
    ("KQL-005", "dcount(OrderId)", "count_distinct_of(OrderId)"),
    ("KQL-006", "toint(ResultCode) < 500", "ResultCode < 500"),
    ("KQL-006", "| where Attempts > 3", "| where Attempts"),
    ("KQL-006", "bin(TimeGenerated, 1h)", "bin(TimeGenerated)"),
    ("KQL-007", "Deliveries_CL\n| where", "AppTraces | take 1;\nDeliveries_CL\n| where"),
    ("KQL-007", "Deliveries_CL\n| where", ".show tables\n| where"),
    ("KQL-008", "AppDependencies\n| where", "workspace('other').AppDependencies\n| where"),
    ("KQL-008", "AppDependencies\n| where", "database('other').AppDependencies\n| where"),
    ("KQL-009", "| Attempts | int |", "| Attempts | integer number |"),
    ("KQL-009", "| OrderId | guid |", "| Order Id | guid |\n| OrderId | guid |"),
    ("KQL-009", "| OrderId | guid |", "| OrderId | guid | x |\n| OrderId | guid |"),
    ("KQL-009", "## SLIs", "### Table AppLogs_CL\n\nNo columns yet.\n\n## SLIs"),
    ("KQL-010", "// availability", "//" + "x" * 20_000),
    ("KQL-010", "toint(ResultCode) < 500", "(" * 9_000 + "1" + ")" * 9_000),
    ("KQL-011", "AppDependencies\n| where", "let classic = dependencies;\nAppDependencies\n| where"),
    ("KQL-011", "AppRequests\n| where TimeGenerated", "let old = requests;\nAppRequests\n| where TimeGenerated"),
    ("KQL-008", "AppDependencies\n| where", "cluster('other').database('x').AppDependencies\n| where"),
    ("KQL-013", "query: '''\n      AppRequests\n      | where Success == false\n    '''", "query: '${table} | count'"),
    ("KQL-013", "query: '''\n      AppRequests\n      | where Success == false\n    '''", "query: failureQuery"),
    (
        "KQL-013",
        "query: '''\n      AppRequests\n      | where Success == false\n    '''",
        "query: loadTextContent('f.kql')",
    ),
    ("KQL-012", "Deliveries_CL\n| where", "union isfuzzy=true Deliveries_CL, Gone_CL\n| where"),
    ("KQL-012", "AppDependencies\n| where", "union isfuzzy=true AppDependencies, Gone_CL\n| where"),
]


def spoiled(old: str, new: str) -> list[Finding]:
    assert old in PLAN
    return findings(PLAN.replace(old, new, 1))


WITHOUT_QUERIES = {
    "none at all": "# Observability plan\n\nNone yet.\n",
    "only text": PLAN.replace("```kusto", "```text").replace("```kql", "```text").replace("scheduledQueryRules", "x"),
}
MUTANTS = [
    *(Mutant(rule, f"{old} becomes {new}", partial(spoiled, old, new)) for rule, old, new in DEFECTS),
    *(Mutant("KQL-001", name, partial(findings, text)) for name, text in WITHOUT_QUERIES.items()),
]


def test_other_deliverables_need_no_query():
    assert findings("# Pipeline\n", "cicd-pipeline.md") == []


@pytest.mark.parametrize(
    "block", ["", "   \n", "// only a comment\n", "let threshold = 5;\n", "#connect cluster('x')\n"]
)
def test_a_block_that_asks_nothing_is_a_finding(block: str):
    assert [finding.rule for finding in findings(f"# Plan\n\n```kusto\n{block}```\n")] == ["KQL-007"]


def test_a_finding_names_the_line_of_the_document_and_the_column():
    (finding,) = findings('# Plan\n\ntext\n\n```kusto\nAppRequests\n| where Name == "é😀" and Urll == 1\n```\n')
    assert (finding.rule, finding.line) == ("KQL-004", 7)
    assert "(line 7, column 26)" in finding.message
    assert "did you mean Url?" in finding.message


def test_a_query_in_an_alert_rule_is_placed_inside_its_bicep_block():
    (finding,) = findings(PLAN.replace("| where Success == false", "| where Sucess == false"))
    assert PLAN.splitlines()[finding.line - 1].strip() == "| where Success == false"


@pytest.mark.parametrize(
    ("language", "block"),
    [
        ("bicep", "// scheduledQueryRules\nx: { query: 'AppRequests\\n| where Name == \\'a\\' and Sucess' }"),
        ("bicep", "// savedSearches\nvar q = 'AppRequests | where Sucess'\nx: { query: q }"),
        ("hcl", 'azurerm_monitor_scheduled_query_rules_alert_v2 {\n  query = <<-Q\n    AppRequests | where Sucess\n  Q\n}'),
        ("hcl", 'azurerm_monitor_scheduled_query_rules_alert_v2 { query = "AppRequests | where Sucess" }'),
        ("json", '{"type": "Microsoft.Insights/scheduledQueryRules", "query": "AppRequests\\n| where Sucess"}'),
    ],
)  # fmt: skip
def test_a_query_is_read_wherever_an_alert_carries_it(language: str, block: str):
    text = f"# Plan\n\n```{language}\n{block}\n```\n"
    (finding,) = findings(text)
    assert finding.rule == "KQL-004"
    assert "Sucess" in text.splitlines()[finding.line - 1]


def test_a_query_that_a_template_loads_from_a_block_is_read_there_alone():
    loaded = "```bicep\n// scheduledQueryRules\nx: { query: loadTextContent('queries/f.kql') }\n```\n"
    text = f"# Plan\n\n**`queries/f.kql`**\n\n```kusto\nAppRequests | count\n```\n\n{loaded}"
    assert findings(text) == []


LOOP = """```bicep
var rules = [
  { name: 'a', kql: loadTextContent('../queries/f.kql'), threshold: 1 }
  { name: 'b', kql: loadTextContent('../queries/g.kql'), threshold: 2 }
]
resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for (rule, index) in rules: {
  properties: { criteria: { allOf: [ { query: rule.kql } ] } }
}]
```
"""


def test_queries_that_a_loop_takes_from_an_array_of_loaded_blocks_are_read_there_alone():
    blocks = [f"**`queries/{name}.kql`**\n\n```kusto\nAppRequests | count\n```\n" for name in "fg"]
    assert findings("\n".join(["# Plan\n", *blocks, LOOP])) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loadTextContent('../queries/g.kql')", "gQuery"),
        ("queries/g.kql", "queries/h.kql"),
        ("query: rule.kql", "query: rule.text"),
        ("query: rule.kql", "query: other.kql"),
        ("query: rule.kql", "query: rule.kql + suffix"),
    ],
)
def test_a_loop_over_anything_else_is_put_together_at_deployment(old: str, new: str):
    blocks = [f"**`queries/{name}.kql`**\n\n```kusto\nAppRequests | count\n```\n" for name in "fg"]
    text = "\n".join(["# Plan\n", *blocks, LOOP.replace(old, new)])
    (finding,) = findings(text)
    assert finding.rule == "KQL-013"
    assert text.splitlines()[finding.line - 1].lstrip().startswith("properties:")


def test_more_faults_than_are_listed_are_said():
    query = "AppRequests | project " + ", ".join(f"x{number}" for number in range(20))
    found = findings(f"# Plan\n\n```kusto\n{query}\n```\n")
    assert len(found) == 11
    assert found[-1].message.startswith("There is more")


def test_one_broken_query_hides_no_other():
    text = PLAN.replace("| where Attempts > 3", "| where Attempts >").replace("DurationMs", "Duration")
    assert sorted(finding.rule for finding in findings(text)) == ["KQL-002", "KQL-004"]


def test_a_table_open_to_further_columns_takes_any():
    query = "AzureDiagnostics | where Category == 'x' and httpStatus_d > 499 | project trackingReference_s"
    assert findings(f"# Plan\n\n```kusto\n{query}\n```\n") == []


def test_the_columns_that_the_agents_are_told_of_exist():
    known = tables.azure_monitor()
    for table in ("AppRequests", "AppDependencies", "AppTraces", "AppExceptions", "AppMetrics", "AppEvents"):
        columns = dict(known[table].columns)
        assert {
            "TimeGenerated",
            "OperationId",
            "ParentId",
            "OperationName",
            "AppRoleName",
            "Properties",
        } <= columns.keys()
        assert columns["ItemCount"] == "int"
    assert dict(known["AppRequests"].columns)["ResultCode"] == "string"
    assert dict(known["AppRequests"].columns)["Success"] == "bool"


def test_every_successor_of_a_classic_table_is_a_table():
    known = tables.azure_monitor()
    assert {table.successor for table in known.values() if table.successor} <= known.keys()


def test_without_its_parser_nothing_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(parser, "FOLDER", tmp_path)
    monkeypatch.setattr(parser, "_ENGINE", type(parser._ENGINE)())  # pyright: ignore[reportPrivateUsage] (as in a fresh process)
    (finding,) = findings(PLAN)
    assert (finding.rule, finding.severity) == ("KQL-010", "error")
    assert "4 queries were not checked" in finding.message


def test_a_damaged_parser_is_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in (parser.RECORD, *parser.OWN_FILES, *(f"{file}.xz" for file in parser.FILES)):
        (tmp_path / name).write_bytes((parser.FOLDER / name).read_bytes())
    (tmp_path / f"{parser.FILES[0]}.xz").write_bytes(lzma.compress(b"throw 1"))
    monkeypatch.setattr(parser, "FOLDER", tmp_path)
    monkeypatch.setattr(parser, "_ENGINE", type(parser._ENGINE)())  # pyright: ignore[reportPrivateUsage] (as in a fresh process)
    assert "bridge.min.js is not the file that source.json records" in findings(PLAN)[0].message


def test_refreshing_records_version_and_digests(tmp_path: Path):
    archive = tmp_path / "package.tgz"
    files = {"package.json": b'{"version": "99.0.0"}', **{name: name.encode() for name in parser.FILES}}
    with tarfile.open(archive, "w:gz") as package:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    refresh(archive, tmp_path)
    record = json.loads((tmp_path / parser.RECORD).read_text())
    assert record["version"] == "99.0.0"
    assert record["sha256"].keys() == set(parser.FILES)
    assert lzma.decompress((tmp_path / "bridge.min.js.xz").read_bytes()) == b"bridge.min.js"


def test_the_vendored_parser_stays_small():
    assert sum(file.stat().st_size for file in parser.FOLDER.glob("*.xz")) < 1_500_000


WORDS = st.sampled_from(
    [
        "AppRequests",
        "|",
        "where",
        "==",
        "(",
        ")",
        "let",
        ";",
        "'",
        '"',
        "{",
        "by",
        "Foo",
        "1h",
        "\n",
        "//",
        "é😀",
        "\x00",
        "-",
        "[",
        "union",
        "..",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map(" ".join)), st.text(max_size=60))
@example(query="", heading="\r\r")
def test_any_text_is_judged_without_an_exception(query: str, heading: str):
    text = f"# Plan\n\n### Table {heading}_CL\n\n| a | b |\n|---|---|\n| {heading} | int |\n\n```kusto\n{query}\n```\n"
    for finding in findings(text):
        json.dumps(finding.to_dict(), ensure_ascii=False).encode()
        assert 1 <= finding.line <= len(re.split(r"\r\n?|\n", text)), "lines end as Markdown has them end"


def test_a_reserved_word_as_a_columns_name_is_called_that_once_for_a_query():
    query = 'union (AppRequests | project kind = "a", Name), (AppTraces | project kind = "b", Message)'
    (finding,) = findings(f"{PLAN}\n```kusto\n{query}\n```\n")
    assert finding.rule == "KQL-002"
    assert "kind is a word of the language" in finding.mend


@pytest.mark.parametrize(
    ("query", "rule", "named"),
    [
        ("requests | where timestamp > ago(1h)", "KQL-011", "AppRequests"),
        ("AppRequests | where timestamp > ago(1h)", "KQL-004", "TimeGenerated"),
        ("AppTraces | where cloud_RoleName == 'orders-api'", "KQL-004", "AppRoleName"),
    ],
)
def test_classic_names_are_errors_that_name_what_a_workspace_has(query: str, rule: str, named: str):
    (finding,) = findings(f"{PLAN}\n```kusto\n{query}\n```\n")
    assert (finding.rule, finding.severity) == (rule, "error")
    assert named in finding.message + finding.mend
