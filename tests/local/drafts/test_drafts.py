"""What the drafts hold, for every PRD of the samples."""

import ast
import io
import json
import re
from typing import Any, cast

import pytest
from openapi_spec_validator import validate
from ruamel.yaml import YAML

from tests.local.drafts.samples import AGENTS, GATEWAY, LIBRARY, PRDS, draft

SECTIONS = {
    "system-architect": "Overview and service boundaries | API contract | Error taxonomy | Data model and storage | "
    "Migration and versioning | Integration and data flow | Security | Performance and scalability | Reliability | "
    "Deployment and environments",
    "api-backend-tester": "Contract tests | Integration tests | Load tests | Security tests | "
    "Fixtures and environments | CI integration",
    "azure-devops-pipelines-expert": "Pipeline | Caching and artifacts | Variables and secrets | "
    "Environments and approvals | Quality gates and test reports | Rollback",
    "azure-monitor-logs-expert": "Logging schema | Correlation and sampling | Metrics | SLIs, SLOs and alerts | "
    "Tracing | KQL queries | Dashboard",
    "python-backend-dev": "Folder layout | Configuration | Application | Error handling | Typing and docstrings | Tests",
    "csharp-expert": "Solution layout | Domain | Application | Infrastructure | API | Observability | "
    "Configuration and secrets | Tests",
}
EVERY_DRAFT = [(name, agent) for name in PRDS for agent in AGENTS]


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def load_yaml(text: str) -> dict[str, Any]:
    return cast("dict[str, Any]", YAML(typ="safe").load(io.StringIO(text)))  # pyright: ignore[reportUnknownMemberType] -- ruamel is partly typed


def contract(prd: str) -> dict[str, Any]:
    [text] = fences(draft(prd, "system-architect"), "yaml")
    return load_yaml(text)


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    methods = ("get", "post", "put", "patch", "delete")
    return [item[method] for item in document["paths"].values() for method in methods if method in item]


@pytest.mark.parametrize(("name", "agent"), EVERY_DRAFT)
def test_a_draft_has_one_title_its_notice_and_exactly_its_sections(name: str, agent: str) -> None:
    text = re.sub(r"^```\w+\n.*?^```$", "", draft(PRDS[name], agent), flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert "**Offline draft.**" in text[:400]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS[agent].split(" | ")


@pytest.mark.parametrize(("name", "agent"), EVERY_DRAFT)
def test_a_draft_has_closed_and_named_fences_and_no_placeholder(name: str, agent: str) -> None:
    text = draft(PRDS[name], agent)
    marks = re.findall(r"^```(.*)$", text, re.MULTILINE)
    assert len(marks) % 2 == 0
    assert all(marks[::2])
    assert not any(marks[1::2])
    assert not re.search(r"\.\.\.|…|\bTODO\b|\bTBD\b|similar to above", text)


@pytest.mark.parametrize("stack", ["python", "csharp"])
@pytest.mark.parametrize(("name", "agent"), EVERY_DRAFT)
def test_what_a_draft_quotes_as_code_parses(name: str, agent: str, stack: str) -> None:
    text = draft(PRDS[name], agent, stack=stack)
    for code in fences(text, "python"):
        ast.parse(code)
    for code in fences(text, "yaml"):
        assert isinstance(load_yaml(code), dict)
    for code in fences(text, "json"):
        json.loads(code)


@pytest.mark.parametrize("name", PRDS)
def test_the_contract_is_valid_openapi(name: str) -> None:
    document = contract(PRDS[name])
    validate(document)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", PRDS)
def test_every_component_of_the_contract_is_used(name: str) -> None:
    document = contract(PRDS[name])
    text = json.dumps(document)
    components = document["components"]
    for kind in ("schemas", "responses", "parameters", "headers"):
        assert [name for name in components[kind] if f'"#/components/{kind}/{name}"' not in text] == []


@pytest.mark.parametrize("name", PRDS)
def test_every_operation_is_described_secured_and_fails_in_one_shape(name: str) -> None:
    document = contract(PRDS[name])
    ids = [one["operationId"] for one in operations(document)]
    assert len(ids) == len(set(ids))
    for one in operations(document):
        assert one["summary"]
        assert "default" in one["responses"]
        assert one.get("security") == [] or "401" in one["responses"]
    for response in document["components"]["responses"].values():
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize("name", PRDS)
def test_every_operation_has_a_contract_test_and_an_error_test(name: str) -> None:
    prd = PRDS[name]
    modules = [ast.parse(code) for code in fences(draft(prd, "api-backend-tester"), "python")]
    tests = [node.name for module in modules for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    for one in operations(contract(prd)):
        words = re.sub(r"([A-Z])", r"_\1", one["operationId"]).lower()
        about = [name for name in tests if name.startswith(f"test_{words}_")]
        assert any(name.endswith("as_the_contract_says") for name in about), one["operationId"]
        assert any(not name.endswith("as_the_contract_says") for name in about), one["operationId"]


@pytest.mark.parametrize("agent", ["system-architect", "api-backend-tester", "azure-monitor-logs-expert"])
def test_the_numbers_of_the_prd_are_carried_through(agent: str) -> None:
    text = draft(LIBRARY, agent)
    assert "p95 < 180 ms" in text
    assert "99.7 %" in text
    assert "35 requests per second" in text


def test_load_test_and_alerts_use_the_numbers_of_the_prd() -> None:
    locust = draft(LIBRARY, "api-backend-tester")
    assert 'stats.get("listDocuments", "GET").get_response_time_percentile(0.95) > 180' in locust
    assert "threshold: 180" in draft(LIBRARY, "azure-monitor-logs-expert")


@pytest.mark.parametrize("agent", ["system-architect", "api-backend-tester", "azure-monitor-logs-expert"])
def test_every_requirement_is_cited(agent: str) -> None:
    text = draft(GATEWAY, agent)
    setup = draft(GATEWAY, "orchestrator", "setup")
    count = int(cast("re.Match[str]", re.search(r"\*\*Requirements:\*\* (\d+)", setup))[1])
    assert count >= 4
    assert [number for number in range(1, count + 1) if f"[R-{number:03d}]" not in text] == []


@pytest.mark.parametrize("agent", AGENTS)
def test_the_same_prompt_gets_the_same_text_and_another_prd_another(agent: str) -> None:
    assert draft(LIBRARY, agent) == draft(LIBRARY, agent)
    assert draft(LIBRARY, agent) != draft(GATEWAY, agent)


def test_two_prds_share_no_business_path() -> None:
    probes = {"/health", "/ready", "/version"}
    assert set(contract(LIBRARY)["paths"]) & set(contract(GATEWAY)["paths"]) == probes


@pytest.mark.parametrize("stack", ["python", "csharp"])
def test_the_pipeline_is_a_chain_of_six_stages_that_can_roll_back(stack: str) -> None:
    [text] = fences(draft(LIBRARY, "azure-devops-pipelines-expert", stack=stack), "yaml")
    stages = cast("list[dict[str, Any]]", load_yaml(text)["stages"])
    names = [one["stage"] for one in stages]
    assert names == ["Build", "Test", "SecurityScan", "DeployDev", "DeployStage", "DeployProd"]
    assert [one["dependsOn"] for one in stages] == [[], *([name] for name in names[:-1])]
    for stage in stages[3:]:
        [job] = stage["jobs"]
        assert job["environment"].startswith("sample-")
        assert job["strategy"]["runOnce"]["on"]["failure"]["steps"]
    assert ("DotNetCoreCLI@2" in text) == (stack == "csharp")
    for task in ("Cache@2", "PublishTestResults@2", "AzureKeyVault@2"):
        assert task in text


def test_queries_name_only_tables_of_azure_monitor() -> None:
    for query in fences(draft(LIBRARY, "azure-monitor-logs-expert"), "kusto"):
        first = next(line for line in query.splitlines() if not line.startswith("let "))
        for table in first.removeprefix("union ").split(", "):
            assert table in {"AppRequests", "AppDependencies", "AppTraces", "AppExceptions", "AppMetrics", "AppEvents"}


def test_the_manifests_sections_are_in_order_and_name_what_is_open() -> None:
    setup, synthesis = draft(GATEWAY, "orchestrator", "setup"), draft(GATEWAY, "orchestrator", "synthesis")
    assert re.findall(r"^## (.*)$", setup, re.MULTILINE) == ["Assumptions", "Non-goals"]
    wanted = ["API surface", "Data stores", "Environments", "SLOs", "Open questions", "Risks"]
    assert re.findall(r"^## (.*)$", synthesis, re.MULTILINE) == wanted
    assert "No UI design" in setup
    assert "Which card schemes are needed?" in synthesis


def test_placeholders_of_the_prd_do_not_become_the_drafts_own() -> None:
    text = draft("# Notes\n\n## Requirements\n- Users can create notes, tags ... and TBD things", "system-architect")
    assert "TBD" not in text
    assert "..." not in text
