"""Every query that operators are given parses, and reads tables and columns that exist."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.lint import HERE
from shared import markdown
from shared.checks import Context, kql

DOCS = HERE.parent / "docs"
QUERIES = sorted((HERE / "queries").glob("*.kql"))


def faults(text: str) -> list[str]:
    return [f"{found.rule} {found.message}" for found in kql.check(Context("queries.md", text, ()))]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_of_the_workbook_or_an_alert_runs_as_it_stands(path: Path):
    assert faults(f"```kusto\n{path.read_text(encoding='utf-8')}\n```\n") == []


@pytest.mark.parametrize("name", ["operations.md", "scale.md"])
def test_the_queries_of_the_documents_run_as_they_stand(name: str):
    assert faults((DOCS / name).read_text(encoding="utf-8")) == []


def test_a_query_on_a_column_that_is_not_there_would_be_found():
    (found,) = faults('```kusto\nAppDependencies\n| where RunId == "x"\n```\n')
    assert "RunId" in found


def _used() -> Iterator[str]:
    for path in HERE.rglob("*.bicep"):
        source = path.read_text(encoding="utf-8")
        yield from (query.name for query in QUERIES if f"../queries/{query.name}'" in source)
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    shown = [fence.content for fence in markdown.fences(text) if fence.language == "kusto"]
    yield from (query.name for query in QUERIES if query.read_text(encoding="utf-8") in shown)


def test_every_query_is_shown_somewhere():
    assert {path.name for path in QUERIES} == set(_used())
