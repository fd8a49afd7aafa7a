"""Code blocks: good ones of every language pass, each defect has its rule and place, hostile ones are findings."""

import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks import Context
from shared.checks.code_blocks import check
from shared.contracts import Finding
from tests.mutants import Mutant

GOOD = """# Sample

**`app/main.py`**

```python
async def main() -> int:
    return await start()
```

A fragment:

```python
await main()
```

**`tests/unit/conftest.py`**

```python
def check_problem(response, code):
    assert response.json()["code"] == code


def problem(response):
    check_problem(response, "NOT_FOUND")
```

**`tests/unit/test_orders.py`**

```python
import pytest


def test_create_order_answers_201(client):
    assert client.post("/orders").status_code == 201


async def test_get_order_is_missing(client):
    problem(await client.get("/orders/1"))


class TestRules:
    def test_a_quantity_is_positive(self):
        with pytest.raises(ValueError):
            make(-1)
```

```csharp
namespace Orders.Domain;

public static class Extensions
{
    extension<T>(IEnumerable<T> source) where T : notnull
    {
        public bool Empty => !source.Any();
    }
}

public sealed class Order(Guid id)
{
    public required string Name { get; init => field = value.Trim(); }
    public void Rename(Order? other) { other?.Child.Name = $"{id:N}"; }
}
```

```csharp
public string Name { get; set; }

[Fact]
public void Works() { }
```

```bicep
param location string = resourceGroup().location
var tags = { ...base, env: 'dev', list: [ ...names ] }
resource store 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: 'st${uniqueString(location)}'
}
```

**`infra/dev.bicepparam`**

```bicep
using './main.bicep'
param location = 'westeurope'
```

```dockerfile
FROM python:3.13-slim AS build
COPY --link --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/
RUN --mount=type=cache,target=/root/.cache \\
    uv sync --locked
CMD ["uvicorn", "app.main:create_app"]
```

```bash
set -euo pipefail
if [ -f uv.lock ]; then
  uv sync --locked
fi
```

```hcl
resource "azurerm_resource_group" "main" {
  name = "rg-${var.env}"
}
```

```sql
CREATE TABLE orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    total numeric(12, 2) NOT NULL CHECK (total >= 0)
);
CREATE INDEX CONCURRENTLY ix_orders ON orders (id) WHERE total > 0;
```

```json
{"id": "1", "lines": [{"id": "2"}, {"id": "3"}]}
```

```yaml
base: &base
  image: postgres
services:
  - *base
  - *base
---
base: again
```

```toml
[project]
name = "orders"
```

```xml
<PackageReference Include="Serilog" />
<PackageReference Include="xunit" />
```

```http
GET /orders HTTP/1.1
```

```text
app/
```

```kusto
this is | read elsewhere (
```
"""


def findings(text: str, db: str | None = "postgres") -> list[Finding]:
    return list(check(Context("python-sample-implementation.md", text, (), db=db)))


def test_good_blocks_have_no_findings():
    assert findings(GOOD) == []


DEFECTS = [
    ("COD-001", "return await start()", "return await start("),
    ("COD-001", "async def main()", "def main()"),
    ("COD-001", "    assert response.json()", "      assert response.json()\n    assert"),
    ("COD-002", "public sealed class Order(Guid id)\n{", "public sealed class Order(Guid id)\n"),
    ("COD-002", 'other?.Child.Name = $"{id:N}"', "other?.Child.Name = id +"),
    ("COD-002", "public void Works() { }", "public void Works( { }"),
    ("COD-003", "param location string = resourceGroup().location", "param location string ="),
    ("COD-003", "(location)}'", "(location}'"),
    ("COD-003", "param location = 'westeurope'", "param location == 'westeurope'"),
    ("COD-004", "FROM python", "FORM python"),
    ("COD-004", '"app.main:create_app"]', '"app.main:create_app"'),
    ("COD-005", "  uv sync --locked\nfi", "  uv sync --locked"),
    ("COD-005", "if [ -f uv.lock ]; then\n", ""),
    ("COD-005", "set -euo pipefail", "$ set -euo pipefail"),
    ("COD-005", "uv sync --locked\nfi", 'uv sync "--locked\nfi'),
    ("COD-006", '"rg-${var.env}"\n}', '"rg-${var.env}"'),
    ("COD-006", 'name = "rg-${var.env}"', 'name == "rg"'),
    ("COD-007", "CHECK (total >= 0)", "CHECK (total >= 0"),
    ("COD-007", "CHECK (total >= 0)\n", "CHECK (total >= 0),\n"),
    ("COD-007", "CREATE TABLE", "CREATE TABEL"),
    ("COD-007", "CREATE TABLE orders", "CREATE TABLE [orders]"),
    ("COD-007", "CREATE TABLE orders", "CREATE TABLE `orders`"),
    ("COD-008", '{"id": "3"}', '{"id": "3", "id": "4"}'),
    ("COD-008", '{"id": "3"}]', '{"id": "3"},]'),
    ("COD-008", '"id": "1"', '"id": NaN'),
    ("COD-009", "  image: postgres\n", "  image: postgres\n  image: redis\n"),
    ("COD-009", "  - *base\n---", "  - *other\n---"),
    ("COD-009", "services:\n", "services: [\n"),
    ("COD-010", 'name = "orders"', "name = orders"),
    ("COD-010", 'name = "orders"', 'name = "orders"\nname = "again"'),
    ("COD-011", '"Serilog" />', '"Serilog">'),
    ("COD-011", "<PackageReference Include", '<!DOCTYPE p [<!ENTITY e "x">]>\n<p>&e;</p><PackageReference Include'),
    ("COD-011", "<PackageReference Include", "<PackageReference include=yes Include"),
    ("COD-012", "```http", "```rust"),
    ("COD-012", "```text", "```powershell"),
    ("COD-013", "class TestRules", "class RulesTest"),
    ("COD-013", "tests/unit/test_orders.py", "tests/unit/orders.py"),
    ("COD-013", "def check_problem", "class TestProblem:\n    def __init__(self): ...\n    def test_it(self): assert 1\n\n\ndef check_problem"),
    ("COD-014", "test_get_order_is_missing", "test_create_order_answers_201"),
    ("COD-014", "            make(-1)\n", "            make(-1)\n\n    def test_a_quantity_is_positive(self):\n        assert make(1)\n"),
    ("COD-015", '    assert client.post("/orders").status_code == 201', '    client.post("/orders")'),
    ("COD-015", "problem(await client", "print(await client"),
    ("COD-016", '"id": "1"', '"id": ' + "[" * 50_000 + "]" * 50_000),
    ("COD-016", "  - *base\n---", "  - " + "[" * 200 + "]" * 200 + "\n---"),
    ("COD-016", 'name = "orders"', 'name = "' + "o" * 3_000 + '"'),
    ("COD-016", "total > 0;", "total > " + "(" * 300 + "0" + ")" * 300 + ";"),
    ("COD-017", "CREATE INDEX", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;\nCREATE INDEX"),
    ("COD-017", "CREATE INDEX", "VACUUM orders;\nCREATE INDEX"),
    ("COD-018", "app/\n```", "```"),
    ("COD-018", '[project]\nname = "orders"\n', ""),
]  # fmt: skip


def spoiled(old: str, new: str) -> list[Finding]:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if "TestProblem" in new:  # conftest.py holds no tests: make it a file that does
        text = text.replace("tests/unit/conftest.py", "tests/unit/test_problem.py")
    return findings(text)


MUTANTS = [Mutant(rule, f"{old} becomes {new}", partial(spoiled, old, new)) for rule, old, new in DEFECTS]


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("return await start()", "return await start(", "return await start("),
        ("public void Rename(Order? other) {", "public void Rename(Order? other) { int x = 1 }", "int x = 1 }"),
        ("  image: postgres\n", "  image: postgres\n  image: redis\n", "  image: redis"),
        ('{"id": "3"}]', '{"id": "3"},\n{"a": 1,\n"a": 2}]', '"a": 2}]'),
        ("NOT NULL CHECK (total >= 0)", "NOT NULL CHEK (total >= 0)", "NOT NULL CHEK"),
        ("uvicorn", 'uvicorn"', "CMD"),
    ],
)
def test_a_finding_names_the_line_of_the_document(old: str, new: str, marked: str):
    text = GOOD.replace(old, new, 1)
    assert marked in text.splitlines()[findings(text)[0].line - 1]


def test_sql_is_read_in_the_dialect_of_the_database():
    batch = (
        "# S\n\n```sql\nCREATE TABLE [dbo].[orders] (id uniqueidentifier PRIMARY KEY, version rowversion);\nGO\n```\n"
    )
    assert findings(batch, db="sqlserver") == []
    assert findings(batch, db=None) == []  # the architect's choice, which may be this
    assert [finding.rule for finding in findings(batch, db="postgres")] == ["COD-007"]
    assert findings(batch.replace("```sql", "```tsql"), db="postgres") == []


NEWER = {
    "sqlserver": [
        "DECLARE @n int = 1;\nSET @n += 1;",
        "CREATE TABLE t (id bigint CONSTRAINT pk PRIMARY KEY CLUSTERED, e int SPARSE NULL);",
        "DELETE TOP (100) FROM t OUTPUT deleted.id WHERE a < 1;",
        "UPDATE TOP (10) q SET a = 1 OUTPUT inserted.id FROM q WITH (ROWLOCK, READPAST);",
        "BEGIN TRANSACTION;\nSAVE TRANSACTION s;\nCOMMIT TRANSACTION;",
    ],
    "postgres": [
        "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);",
        "CREATE TABLE t (a uuid, p daterange, UNIQUE (a, p WITHOUT OVERLAPS));",
        "LISTEN orders; NOTIFY orders, 'x';",
    ],
}
NEWER_CSHARP = [
    "a?[0] = 2;",
    "a?.B += 1;",
    "public void operator +=(int x) { }",
    "void F(params ReadOnlySpan<int> xs) { }",
]


@pytest.mark.parametrize(("db", "source"), [(db, source) for db, sources in NEWER.items() for source in sources])
def test_sql_that_the_parser_does_not_know_is_no_error(db: str, source: str):
    assert findings(f"# S\n\n```sql\n{source}\n```\n", db=db) == []


@pytest.mark.parametrize("source", NEWER_CSHARP)
def test_csharp_that_the_parser_does_not_know_is_no_error(source: str):
    assert findings(f"# S\n\n```csharp\n{source}\n```\n") == []


def test_a_whole_xml_file_has_one_root():
    project = "# S\n\n**`a.csproj`**\n\n```xml\n<Project />\n<Project />\n```\n"
    assert [finding.rule for finding in findings(project)] == ["COD-011"]


def test_a_test_module_without_tests_is_a_finding_and_a_locustfile_is_not():
    for path, expected in (("tests/contract/test_a.py", ["COD-013"]), ("tests/load/locustfile.py", [])):
        assert [one.rule for one in findings(f"# S\n\n**`{path}`**\n\n```python\nUSERS = 5\n```\n")] == expected


def test_untagged_blocks_are_left_to_the_structure_check():
    assert findings("# S\n\n```\n{{{\n```\n") == []


def test_an_odd_escape_in_python_is_no_error():
    assert findings('# S\n\n```python\npattern = "\\d"\n```\n') == []


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("yaml", BOMB),
        ("yaml", "[\n" * 50_000),
        ("yaml", "a: " * 20_000),
        ("json", '{"a":' * 20_000),
        ("toml", "x = " + "[" * 1_900),
        ("toml", "a." * 50_000 + "a = 1"),
        ("xml", "<a>" * 50_000),
        ("xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("python", "(" * 100_000),
        ("python", "-" * 100_000 + "1"),
        ("python", "if 1:\n" + "".join(" " * depth + "if 1:\n" for depth in range(1, 400))),
        ("sql", "SELECT " + "(" * 5_000),
        ("sql", "SELECT " + "CASE WHEN " * 5_000),
        ("csharp", "a<\n" * 20_000),
        ("csharp", "{" * 200_000),
        ("bash", "$(" * 50_000),
        ("hcl", "a{\n" * 5_000),
        ("bicep", "[" * 50_000),
    ],
)  # fmt: skip
def test_a_hostile_block_is_an_error_and_not_a_pass(language: str, source: str):
    found = findings(f"# S\n\n```{language}\n{source}\n```\n")
    assert [finding.severity for finding in found] == ["error"]


def test_beyond_the_greatest_number_of_blocks_the_rest_is_a_finding():
    found = findings("# S\n\n" + "```json\n1\n```\n\n" * 450)
    assert [finding.rule for finding in found] == ["COD-016"]
    assert found[0].message.startswith("50 code blocks")


TAGS = st.sampled_from(
    ["python", "csharp", "bicep", "dockerfile", "bash", "hcl", "sql", "json", "yaml", "toml", "xml", "text", "x"]
)
PIECES = st.sampled_from(
    ["def test_a():\n", "    assert 1\n", "class A", "{", "}", "(", ")", "[", "]", "<a>", "</a>", "&x", "*x", ": ", "a", "=", "'", '"', "\n", ",", "SELECT", "FROM", "GO\n", "$(", "<<E\n", "...", "extension(", "?.", "using 'x'\n", "\x00", "é😀", "1", "- ", "#"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(TAGS, st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)), st.text(max_size=40))
def test_any_block_is_judged_without_an_exception(tag: str, source: str, path: str):
    text = f"# S\n\n**`{path}`**\n\n```{tag}\n{source}\n```\n"
    for finding in findings(text, db=None):
        json.dumps(finding.to_dict(), ensure_ascii=False).encode()
        assert 1 <= finding.line <= len(text.splitlines()) + 1


@pytest.mark.parametrize(
    "script",
    [
        "BEGIN TRY\n  BEGIN TRAN;\n  UPDATE a SET b = 1;\n  COMMIT;\nEND TRY\nBEGIN CATCH\n  IF @@TRANCOUNT > 0 ROLLBACK;\n  THROW;\nEND CATCH;",
        "BEGIN TRY SELECT 1; END TRY BEGIN CATCH ROLLBACK; THROW; END CATCH;",
        "BEGIN TRY\nSELECT 1\nEND TRY\nBEGIN CATCH\nTHROW 50001, 'it failed', 1;\nEND CATCH",
    ],
)
def test_what_t_sql_tries_and_catches_is_read(script: str):
    assert list(check(Context("x.md", f"# x\n\n```sql\n{script}\n```\n", (), db="sqlserver"))) == []


@pytest.mark.parametrize("script", ["THROWS;", "BEGIN TRY SELECT FROM; END TRY BEGIN CATCH THROW; END CATCH;"])
def test_faults_beside_and_within_try_are_found(script: str):
    found = list(check(Context("x.md", f"# x\n\n```sql\n{script}\n```\n", (), db="sqlserver")))
    assert [finding.rule for finding in found] == ["COD-007"]
