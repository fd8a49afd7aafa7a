"""What the drafts hold, for every PRD of the samples."""

import ast
import io
import json
import re
from dataclasses import replace
from typing import Any, cast

import pytest
from openapi_spec_validator import validate
from ruamel.yaml import YAML

from local.drafts.drafting import answer_prompt
from local.drafts.prompt import Prompt
from tests.local.drafts.samples import AGENTS, GATEWAY, LIBRARY, PRDS, assign, draft

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
    plan = draft(LIBRARY, "azure-monitor-logs-expert")
    assert "let objective = 180;" in plan
    assert "p95 is above 180 ms" in plan


@pytest.mark.parametrize("agent", ["system-architect", "api-backend-tester", "azure-monitor-logs-expert"])
def test_every_requirement_is_cited(agent: str) -> None:
    text = draft(GATEWAY, agent)
    setup = draft(GATEWAY, "orchestrator", "setup")
    count = int(cast("re.Match[str]", re.search(r"\*\*Requirements:\*\* (\d+)", setup))[1])
    assert "0 are not" in setup
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
        assert job["environment"] == stage["stage"].removeprefix("Deploy").lower()
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


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("name", PRDS)
def test_no_path_is_given_to_two_files(name: str, agent: str) -> None:
    paths = re.findall(r"^\*\*`([^`]+)`\*\*$", draft(PRDS[name], agent), re.MULTILINE)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("stack", ["python", "csharp"])
@pytest.mark.parametrize("name", PRDS)
def test_a_pipeline_runs_only_files_that_some_draft_shows_or_the_first_install_makes(name: str, stack: str) -> None:
    texts = "\n".join(draft(PRDS[name], agent, stack=stack) for agent in AGENTS)
    shown = set(re.findall(r"^\*\*`([^`]+)`\*\*$", texts, re.MULTILINE))
    [pipeline] = fences(draft(PRDS[name], "azure-devops-pipelines-expert", stack=stack), "yaml")
    named = set(re.findall(r"(?<![\w/$.)-])(?:tests|deploy|app|src|infra)/[\w./-]+\.\w+", pipeline))
    named |= {"compose.yaml", "openapi.yaml"}
    assert named - shown == set()


@pytest.mark.parametrize("name", PRDS)
def test_every_fixture_that_a_test_asks_for_is_defined(name: str) -> None:
    modules = [ast.parse(code) for code in fences(draft(PRDS[name], "api-backend-tester"), "python")]
    functions = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    fixtures = {one.name for one in functions if any("fixture" in ast.unparse(each) for each in one.decorator_list)}
    for test in (one for one in functions if one.name.startswith("test_")):
        marked = "".join(ast.unparse(each) for each in test.decorator_list)
        asked = {argument.arg for argument in test.args.args}
        assert {one for one in asked if f"'{one}'" not in marked} - fixtures - {"case"} == set(), test.name


@pytest.mark.parametrize("name", PRDS)
def test_every_objective_has_its_block_with_indicator_query_file_and_alert(name: str) -> None:
    promised = dict(
        re.findall(r"^\| (SLO-\d+) \| .*? \| .*? \| (.*?) \|", draft(PRDS[name], "system-architect"), re.MULTILINE)
    )
    plan = draft(PRDS[name], "azure-monitor-logs-expert")
    assert promised
    for level in promised:
        block = re.search(rf"^### {level}: .*?(?=^### |^## |\nOther alerts)", plan, re.DOTALL | re.MULTILINE)
        assert block
        path = re.search(r"`(queries/[^`]+\.kql)`", block[0])
        assert path
        assert f"**`{path[1]}`**" in plan
        assert "| SLI |" in block[0]
        assert "| Alert |" in block[0]


def test_a_named_redirect_answers_302_and_is_tested_as_one() -> None:
    prd = "# Sign-in\n\n## API\n- `GET /authorize` redirects to the client with a code\n- `POST /token` returns an access_token\n- `GET /userinfo` returns claims"
    [authorize] = [one for one in operations(contract(prd)) if one["operationId"] == "getAuthorize"]
    assert "302" in authorize["responses"]
    assert "Location" in authorize["responses"]["302"]["headers"]
    tests = draft(prd, "api-backend-tester")
    assert "response.status_code == 302" in tests
    assert 'response.headers["Location"]' in tests


@pytest.mark.parametrize(
    ("agent", "stack", "refusal"),
    [
        ("python-backend-dev", "python", r"earlier\[0\] != sent:\s+raise Problem\(409"),
        (
            "csharp-expert",
            "csharp",
            r"earlier\.Asked != asked\)\s+return Result<\w+>\.Conflict\(\);[\s\S]+IsConflict\)\s+return Problems\.Of\(409",
        ),
    ],
)
def test_both_samples_answer_409_when_a_key_comes_back_with_another_body(agent: str, stack: str, refusal: str) -> None:
    assert re.search(refusal, draft(LIBRARY, agent, stack=stack))


def test_a_non_goal_becomes_no_operation() -> None:
    prd = LIBRARY + "- Fines\n- `DELETE /members`\n- Vouchers\n"
    paths = contract(prd)["paths"]
    assert not any(word in path for path in paths for word in ("fines", "vouchers", "e-book"))
    assert "/members" not in paths


def test_what_no_backend_can_meet_is_declined_with_its_reason() -> None:
    prd = LIBRARY.replace("## Non-functional", "6. Readers see a dark mode on every screen.\n\n## Non-functional")
    text = draft(prd, "system-architect")
    assert re.search(r"^- \[R-006\] not designed, because it asks for a user interface", text, re.MULTILINE)
    assert text.count("[R-006]") == 1


def test_the_names_of_the_pipeline_are_those_of_the_architecture() -> None:
    architecture = draft(GATEWAY, "system-architect")
    pipeline = draft(GATEWAY, "azure-devops-pipelines-expert")
    names = re.findall(r"(?:azureSubscription|KeyVaultName|SecretsFilter|environment): (\S+)", pipeline)
    names += re.findall(r"--(?:name|resource-group) ([a-z][\w-]+)", pipeline)
    assert len(set(names)) > 8
    assert [
        name for name in names if f"`{name}`" not in architecture and name not in ("cr", "crsample", "service")
    ] == []


def test_a_project_with_a_long_name_keeps_azures_limits() -> None:
    prompt = Prompt(
        "x.md",
        LIBRARY,
        replace(assign("azure-devops-pipelines-expert"), project="a-name-of-forty-characters-and-then-some"),
    )
    text = answer_prompt(prompt)
    assert all(len(name) <= 32 for name in re.findall(r"az containerapp \w+ .*?--name (\S+)", text))
    assert all(len(name) <= 24 for name in re.findall(r"KeyVaultName: (\S+)", text))


AWKWARD = (
    "# Notes\n\n## Requirements\n- Users can create notes, same as above\n"
    "- A note has a `class`, a `from` and a `title`; todo: more\n- Users can delete a note\n"
)


@pytest.mark.parametrize("agent", AGENTS)
def test_field_names_that_languages_reserve_do_no_harm(agent: str) -> None:
    text = draft(AWKWARD, agent, stack="csharp" if agent == "csharp-expert" else "python")
    for code in fences(text, "python"):
        ast.parse(code)
    assert "same as above" not in text
    if agent == "python-backend-dev":
        assert 'class_: Text = Field(alias="class")' in text
    if agent == "system-architect":
        assert re.search(r'^    "from" ', text, re.MULTILINE)


def test_a_project_that_begins_with_a_digit_gets_names_that_azure_and_csharp_take() -> None:
    for agent in ("azure-devops-pipelines-expert", "csharp-expert"):
        text = answer_prompt(Prompt("x.md", LIBRARY, replace(assign(agent, stack="csharp"), project="1st-app")))
        assert not re.search(r"(?:namespace |using |az containerapp update .*?--name )1", text)
