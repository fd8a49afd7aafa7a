"""What becomes a file, under which name, and what hostile documents achieve."""

import posixpath
import unicodedata
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import Finding
from shared.formats.file_names import safe_path
from shared.pack import extraction as extracting
from shared.pack.extraction import Extraction, extract, extract_files
from tests.golden import golden
from tests.local.drafts import samples
from tests.mutants import Mutant
from tests.shared.formats.test_file_names import NAMES, REFUSED

ARCHITECTURE = "integration-architecture.md"
TESTS = "test-specifications.md"
PIPELINE = "cicd-pipeline.md"
OBSERVABILITY = "observability-plan.md"
PYTHON = "python-sample-implementation.md"
DELIVERABLES = (ARCHITECTURE, TESTS, PIPELINE, OBSERVABILITY, PYTHON, "csharp-implementation.md")
CONTRACT = "openapi: 3.1.0\ninfo: {title: Orders, version: 1.0.0}\npaths: {}\n"
MAIN = "trigger: none\nstages:\n- stage: Build\n  jobs: []\n"


def block(language: str, content: str, path: str | None = None) -> str:
    return (f"**`{path}`**\n\n" if path else "") + f"```{language}\n{content}```\n\n"


def paths(documents: dict[str, str]) -> list[str]:
    return [file.path for file in extract(documents)]


def rules(extraction: Extraction) -> list[str]:
    return [finding.rule for finding in extraction.findings]


def sample(*names: str) -> Extraction:
    """What becomes of files that a sample implementation names so."""
    return extract_files({PYTHON: "# Sample\n\n" + "".join(block("python", "x = 1\n", name) for name in names)})


# What becomes a file


def test_the_contract_is_the_block_that_holds_openapi():
    text = "# A\n\n" + block("yaml", "kind: other\n") + block("yaml", f"# The contract\n{CONTRACT}")
    (file,) = extract({ARCHITECTURE: text})
    assert (file.path, file.content) == ("openapi.yaml", f"# The contract\n{CONTRACT}")
    assert (file.deliverable, text.splitlines()[file.line - 1]) == (ARCHITECTURE, "```yaml")


def test_the_block_named_as_the_contract_comes_before_others():
    text = block("yaml", CONTRACT) + block("yaml", CONTRACT + "tags: []\n", "openapi.yaml")
    (file,) = extract({ARCHITECTURE: text})
    assert file.content.endswith("tags: []\n")


def test_named_pipelines_keep_the_tree_that_templates_refer_to():
    text = block("yaml", MAIN, "azure-pipelines.yml") + block("yaml", "steps: []\n", "pipelines/deploy.yml")
    assert paths({PIPELINE: text}) == ["pipelines/azure-pipelines.yml", "pipelines/pipelines/deploy.yml"]
    inside = text.replace("`azure", "`pipelines/azure")
    assert paths({PIPELINE: inside}) == ["pipelines/azure-pipelines.yml", "pipelines/deploy.yml"]


def test_a_fragment_beside_named_pipelines_is_no_file():
    text = block("yaml", MAIN, "azure-pipelines.yml") + block("yaml", "steps:\n- script: make\n")
    assert paths({PIPELINE: text}) == ["pipelines/azure-pipelines.yml"]


def test_a_pipeline_without_a_name_is_the_main_one():
    text = "# P\n\n" + block("bash", "make\n") + block("yaml", MAIN)
    assert paths({PIPELINE: text}) == ["pipelines/azure-pipelines.yml"]


def test_queries_are_named_by_path_line_then_slo_then_heading():
    query = block("kusto", "AppRequests\n")
    text = (
        block("kusto", "AppTraces\n", "queries/slo-1-availability.kql")
        + f"### SLO-2: latency\n\n{query}"
        + f"### SLO-2: latency, by operation\n\n{query}"
        + f"### Slowest dependencies\n\n{query}"
        + f"**SLO-3: freshness**\n\n{query}"
        + "### 遅い\n\n"
        + block("kql", "AppEvents\n")
    )
    assert paths({OBSERVABILITY: text}) == [
        "queries/query-06.kql",
        "queries/slo-1-availability.kql",
        "queries/slo-2-2.kql",
        "queries/slo-2.kql",
        "queries/slo-3.kql",
        "queries/slowest-dependencies.kql",
    ]


def test_test_modules_keep_their_path_and_others_are_numbered():
    text = (
        block("python", "import pytest\n", "tests/conftest.py")
        + block("yaml", "services: {}\n", "compose.yaml")
        + block("python", "def test_it():\n    assert True\n")
        + block("python", "print('no test')\n")
    )
    assert paths({TESTS: text}) == ["tests/compose.yaml", "tests/conftest.py", "tests/test_block_03.py"]


def test_the_sample_has_exactly_the_files_that_are_named():
    text = (
        block("text", "app/\n")
        + block("python", "", "app/__init__.py")
        + block("dockerfile", "FROM scratch\n", "Dockerfile")
        + block("python", "x = 1\n", "tests/unit/test_x.py")
        + block("bash", "uv run pytest\n")
    )
    assert paths({PYTHON: text}) == ["sample/Dockerfile", "sample/app/__init__.py", "sample/tests/unit/test_x.py"]
    assert next(file for file in extract({PYTHON: text}) if file.path.endswith("__init__.py")).content == ""


def test_diagrams_of_all_documents_are_numbered_in_the_order_of_the_pack():
    diagram = block("mermaid", "flowchart LR\n  a --> b\n")
    documents = {PIPELINE: f"## Pipeline\n\n{diagram}", ARCHITECTURE: f"## Overview & bounds\n\n{diagram}{diagram}"}
    expected = ["diagrams/01-overview-bounds.mmd", "diagrams/02-overview-bounds.mmd", "diagrams/03-pipeline.mmd"]
    assert paths(documents) == expected


def test_the_order_of_the_documents_changes_nothing():
    documents = {
        name: samples.draft(samples.LIBRARY, agent) for agent, name in zip(samples.AGENTS, DELIVERABLES, strict=True)
    }
    assert extract_files(documents) == extract_files(dict(reversed(documents.items())))


def test_a_named_file_that_belongs_nowhere_is_reported():
    result = extract_files(
        {ARCHITECTURE: block("yaml", CONTRACT) + block("bicep", "param x int\n", "infra/main.bicep")}
    )
    assert [file.path for file in result.files] == ["openapi.yaml"]
    assert rules(result) == ["XTR-005"]


@pytest.mark.parametrize("prd", samples.PRDS)
@pytest.mark.parametrize("stack", ["python", "csharp"])
def test_every_drafted_pack_gives_all_kinds_of_files_byte_for_byte(prd: str, stack: str):
    agents = dict(zip(samples.AGENTS, DELIVERABLES, strict=True))
    del agents["csharp-expert" if stack == "python" else "python-backend-dev"]
    documents = {name: samples.draft(samples.PRDS[prd], agent, stack=stack) for agent, name in agents.items()}
    result = extract_files(documents)
    assert not result.findings
    kinds = {"openapi.yaml", "pipelines", "queries", "tests", "sample", "diagrams"}
    assert {file.path.split("/")[0] for file in result.files} == kinds
    for file in result.files:
        lines = documents[file.deliverable].split("\n")
        assert lines[file.line - 1].startswith("```")
        assert "\n".join(lines[file.line :]).startswith(f"{file.content}```")


# Byte for byte


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_stay_as_they_are_written(end: str):
    text = ("# S\n\n" + block("python", "a = 1\n\nb = '\x0c \u2028 \x00'\n", "app/x.py")).replace("\n", end)
    (file,) = extract({PYTHON: text})
    assert file.content == f"a = 1{end}{end}b = '\x0c \u2028 \x00'{end}"


def test_a_block_in_a_list_is_dedented_with_it():
    (file,) = extract({PYTHON: "- One\n\n  **`app/x.py`**\n\n  ```python\n  if 1:\n      pass\n  ```\n"})
    assert (file.path, file.content) == ("sample/app/x.py", "if 1:\n    pass\n")


def test_a_block_that_is_cut_off_is_no_file_and_reported():
    result = extract_files({PYTHON: "**`app/x.py`**\n\n```python\nx = 1\n"})
    assert (result.files, rules(result)) == ((), ["XTR-003"])


def test_a_path_inside_an_earlier_block_names_nothing():
    text = "- ```text\n  **`app/x.py`**\n```python\nx = 1\n```\n"
    assert paths({PYTHON: text}) == []


# Names that come from documents


@pytest.mark.parametrize(
    "name", [name for name in REFUSED if name and not set(name) & set("\n\r\x00") and "\ud800" not in name]
)
def test_a_refused_name_gives_way_to_a_generated_one_and_is_reported(name: str):
    result = sample(name)
    assert [(file.path, file.content) for file in result.files] == [("sample/file-01.py", "x = 1\n")]
    (finding,) = result.findings
    assert (finding.rule, finding.severity, finding.deliverable, finding.line) == ("XTR-001", "warning", PYTHON, 5)


def test_the_same_path_twice_gives_two_files():
    result = sample("app/x.py", "app/x.py", "./app/x.py")
    assert [file.path for file in result.files] == ["sample/app/x-2.py", "sample/app/x-3.py", "sample/app/x.py"]
    assert rules(result) == ["XTR-002", "XTR-002"]


def test_names_that_differ_only_in_case_do_not_stand_side_by_side():
    result = sample("app/Order.py", "app/order.py", "APP/ORDER.PY")
    assert len({file.path.casefold() for file in result.files}) == 3
    assert rules(result) == ["XTR-002", "XTR-002"]


@pytest.mark.parametrize("names", [("app", "app/x.py"), ("app/x.py", "app"), ("App", "app/y/x.py")])
def test_a_file_is_never_a_folder_too(names: tuple[str, str]):
    result = sample(*names)
    files = {file.path.casefold() for file in result.files}
    assert len(files) == 2
    assert not any(other.startswith(f"{file}/") for file in files for other in files)
    assert rules(result) == ["XTR-002"]


def test_a_generated_name_gives_way_to_a_named_one():
    result = sample("../x.py", "file-01.py")
    named = next(file for file in result.files if file.line > 5)
    assert (named.path, len(result.files), rules(result)) == ("sample/file-01.py", 2, ["XTR-001"])


def test_a_heading_cannot_name_a_device():
    assert paths({OBSERVABILITY: "## CON\n\n" + block("kusto", "AppRequests\n")}) == ["queries/file-01.kql"]


# Bounds


def test_only_so_many_files_are_taken_and_the_rest_is_reported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extracting, "MAXIMUM_FILES", 3)
    result = sample(*(f"app/x{number}.py" for number in range(5)))
    assert len(result.files) == 3
    (finding,) = result.findings
    assert (finding.rule, finding.line) == ("XTR-004", 23)
    assert "2 file(s)" in finding.message


def test_all_files_together_have_a_largest_size(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extracting, "MAXIMUM_BYTES", 13)
    result = sample("app/a.py", "app/b.py", "app/c.py")
    assert (len(result.files), rules(result)) == (2, ["XTR-004"])


def test_a_document_that_is_too_long_is_reported_and_others_are_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(extracting, "MAXIMUM_DOCUMENT_CHARACTERS", 200)
    result = extract_files({ARCHITECTURE: block("yaml", CONTRACT), PYTHON: "x" * 201})
    assert [file.path for file in result.files] == ["openapi.yaml"]
    assert [(finding.rule, finding.deliverable) for finding in result.findings] == [("XTR-004", PYTHON)]


# The rules' defects


def spoiled(name: str, more: str) -> list[Finding]:
    """What is found in the good pack with `more` at the end of one document."""
    pack = golden("python")
    documents = {document.name: document.text for document in pack.documents}
    documents[name] += more
    return list(extract_files(documents).findings)


SAMPLE_FILE = block("python", "x = 1\n", "app/extra.py")
DEFECTS = [
    ("XTR-001", PYTHON, block("python", "x = 1\n", "../extra.py")),
    ("XTR-001", PYTHON, block("python", "x = 1\n", "app/con.py")),
    ("XTR-002", PYTHON, SAMPLE_FILE * 2),
    ("XTR-002", PYTHON, SAMPLE_FILE + SAMPLE_FILE.replace("extra.py", "EXTRA.py")),
    ("XTR-003", PYTHON, SAMPLE_FILE.removesuffix("```\n\n")),
    ("XTR-003", TESTS, "~~~python\ndef test_a(): ...\n"),
    ("XTR-004", PYTHON, "x" * extracting.MAXIMUM_DOCUMENT_CHARACTERS),
    ("XTR-004", PYTHON, "".join(block("python", "x = 1\n", f"app/x{number}.py") for number in range(extracting.MAXIMUM_FILES))),
    ("XTR-005", ARCHITECTURE, block("bicep", "param x int\n", "infra/main.bicep")),
    ("XTR-005", ARCHITECTURE, block("sql", "SELECT 1;\n", "migrations/0001.sql")),
]  # fmt: skip
MUTANTS = [Mutant(rule, more[:60], partial(spoiled, name, more)) for rule, name, more in DEFECTS]


# Anything at all

_PIECES = st.one_of(
    st.text(max_size=60),
    st.builds(block, st.sampled_from(["python", "yaml", "kusto", "mermaid", ""]), st.text(max_size=80), NAMES),
    st.sampled_from([CONTRACT, MAIN, "```", "~~~\n", "> ", "- ```yaml\n", "\t", "\r", "\x0c", "## "]),
)


@given(st.dictionaries(st.sampled_from(DELIVERABLES), st.lists(_PIECES, max_size=12).map("".join), max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_document_gives_files_that_stay_in_their_folder(documents: dict[str, str]):
    files = extract(documents)
    keys = [unicodedata.normalize("NFKC", file.path).casefold() for file in files]
    assert len(set(keys)) == len(keys)
    for file in files:
        assert file.path == "openapi.yaml" or file.path.split("/")[0] in (
            "pipelines",
            "queries",
            "tests",
            "sample",
            "diagrams",
        )
        assert safe_path(posixpath.basename(file.path)) is not None
        assert posixpath.normpath(file.path) == file.path
