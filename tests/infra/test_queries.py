"""Every query that operators are given parses, and reads tables and columns that exist."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.compile import HERE
from shared.checks import Context, kql
from shared.formats import markdown
from shared.telemetry import names

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


def _asked_of_the_app() -> set[str]:
    """Every attribute that queries read from our spans, metrics and lines."""
    texts = [query.read_text(encoding="utf-8") for query in QUERIES]
    texts += [(DOCS / name).read_text(encoding="utf-8") for name in ("operations.md", "scale.md")]
    found = [re.findall(r'Properties\["([^"]+)"\]|Properties\.(\w+)', text) for text in texts]
    return {dotted or plain for matches in found for dotted, plain in matches}


def test_queries_read_what_the_app_writes():
    written = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    fields = {"run_id", "agent", "task", "request_id"}  # of log lines, docs/telemetry.md
    assert _asked_of_the_app() <= written | fields


def test_queries_read_nothing_that_the_exporter_drops():
    """Asked of the exporter itself, in a process of its own: other tests look at what is imported in this one."""
    asked = [*sorted(_asked_of_the_app()), names.ERROR]
    code = (
        "from azure.monitor.opentelemetry.exporter.export.trace._exporter import _is_standard_attribute as dropped; "
        f"print([name for name in {asked!r} if dropped(name)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"['{names.ERROR}']"


def test_queries_look_for_lines_that_the_app_and_the_host_write():
    assert '"sweep started %d run(s)' in (HERE.parent / "triggers/sweep.py").read_text(encoding="utf-8")
    asked = {name for query in QUERIES for name in re.findall(r'Name == "([^"]+)"', query.read_text(encoding="utf-8"))}
    assert asked == {"invoke_workflow design_backend", names.FINDINGS}


def test_every_query_is_shown_somewhere():
    assert {path.name for path in QUERIES} == set(_used())
