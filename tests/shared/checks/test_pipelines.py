"""Pipeline rules: good documents have no findings, every rule catches its seeded defects and no other error rule fires."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.checks import Context
from shared.checks.pipelines import check
from shared.checks.secret_literals import names_a_secret
from shared.contracts import Finding
from shared.formats.azure_pipelines import find_pipeline, pipeline_blocks
from tests.mutants import Mutant

DOCUMENTS = {path.stem: path.read_text("utf-8") for path in (Path(__file__).parent / "good_documents").glob("*.md")}
FAILURE = "            on:\n              failure:\n                steps:\n"
PROD_BACK = FAILURE + "                  - checkout: self\n                  - bash: ./rollback.sh prod\n"
ONLY_MAIN = "    condition: and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))\n"
STAGE_JOB = "      - deployment: DeployStage\n        environment: orders-stage\n"
SCAN = "          - bash: gitleaks detect --redact\n          - bash: pip-audit --requirement requirements.lock\n"
SCAN_STAGE = DOCUMENTS["one_file"][DOCUMENTS["one_file"].index("stage: SecurityScan") :].partition(
    "    condition: and"
)[0]
RESULTS = "          - task: PublishTestResults@2\n            condition: succeededOrFailed()\n"


def findings(text: str) -> list[Finding]:
    return list(check(Context("cicd-pipeline.md", text, ())))


def mutated(name: str, old: str, new: str) -> list[Finding]:
    assert old in DOCUMENTS[name], f"{old!r} is not in {name}"
    return findings(DOCUMENTS[name].replace(old, new, 1))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_good_document_has_no_findings(name: str):
    assert findings(DOCUMENTS[name]) == []


DEFECTS = [
    # rule, document, what is replaced, by what
    ("PIP-001", "one_file", "```yaml\nname", "```text\nname"),
    ("PIP-001", "one_file", "**`azure-pipelines.yml`**\n\n```yaml\n", "```yaml\non: [push]\n"),
    ("PIP-001", "templates", "**`pipelines/verify.yml`**", "```yaml\n# pipelines/release.yml\nsteps: [{bash: make}]\n```\n\n**`pipelines/verify.yml`**"),
    ("PIP-002", "one_file", "  branches: { include: [main] }", "  branches: { include: [main }"),
    ("PIP-002", "one_file", "  - group: orders-shared", "  - &shared\n    group: orders-shared"),
    ("PIP-002", "templates", "command: build }", "command: build, command: test }"),
    ("PIP-002", "templates", "pipelines/steps/dotnet.yml\nparameters:", "pipelines/steps/dotnet.yml\nparameters: ["),
    ("PIP-003", "one_file", "timeoutInMinutes", "timeoutMinutes"),
    ("PIP-003", "one_file", "testResultsFiles", "testResultFiles"),
    ("PIP-003", "templates", "arguments: --conf", "argument: --conf"),
    ("PIP-004", "one_file", "AzureCLI@2", "AzureClI@7"),
    ("PIP-004", "one_file", "testResultsFormat: JUnit", "testResultsFormat: Junit5"),
    ("PIP-005", "one_file", ONLY_MAIN, ONLY_MAIN.replace("'))", "')")),
    ("PIP-005", "one_file", "condition: succeededOrFailed()", "condition: succeededOrFailed() == true"),
    ("PIP-005", "one_file", "value: orders-api", "value: ${{ fromat('{0}-api', 'orders') }}"),
    ("PIP-006", "one_file", "dependsOn: SecurityScan", "dependsOn: [SecurityScan, Securityscans]"),
    ("PIP-006", "one_file", "      - job: Scan\n", "      - job: Scan\n        dependsOn: Suites\n"),
    ("PIP-006", "one_file", "      - job: Scan\n", "      - job: Scan\n        steps: [{bash: semgrep ci}]\n      - job: Scan\n"),
    ("PIP-006", "one_file", "  - stage: Build\n", "  - stage: Build\n    dependsOn: DeployProd\n"),
    ("PIP-007", "one_file", SCAN_STAGE, SCAN_STAGE.replace("SecurityScan", "Checks").replace("Scan", "Checks")),
    ("PIP-007", "one_file", SCAN, "          - bash: echo nothing to scan yet\n"),
    ("PIP-008", "one_file", "dependsOn: DeployStage\n", "dependsOn: DeployDev\n"),
    ("PIP-008", "one_file", "  - stage: DeployDev\n    dependsOn: SecurityScan\n", "  - stage: DeployDev\n    dependsOn: Test\n"),
    ("PIP-008", "one_file", "dependsOn: Test\n", "dependsOn: []\n"),
    ("PIP-008", "templates", "dependsOn: Deploy_staging\n", "dependsOn: Deploy_dev\n"),
    ("PIP-009", "one_file", "    dependsOn: DeployStage\n", ""),
    ("PIP-009", "one_file", "    dependsOn: Build\n", ""),
    ("PIP-010", "one_file", "        environment: orders-prod\n", ""),
    ("PIP-010", "one_file", "        environment: orders-prod\n", "        environment: orders-stage\n"),
    ("PIP-010", "templates", "environment: parcels-${{ parameters.environment }}", "displayName: Deploy"),
    ("PIP-011", "one_file", "    value: orders-api", "    value: orders-api\n  - name: dbPassword\n    value: hunter2!"),
    ("PIP-011", "one_file", "TEST_PASSWORD=$(openssl rand -hex 16)", "TEST_PASSWORD=postgres"),
    ("PIP-011", "one_file", "SMOKE_TOKEN: $(smoke-token)", "SMOKE_TOKEN: ghp_" + "a1B2" * 9),
    ("PIP-011", "one_file", "./deploy.sh prod", "./deploy.sh prod --client-secret Zk8xQ2"),
    ("PIP-011", "one_file", "orders:$(migration-login)@", "orders:s3cret@"),
    ("PIP-011", "one_file", "az containerapp revision list", "export API_KEY='abc123def'\naz containerapp revision list"),
    ("PIP-011", "one_file", "./migrate.sh", "./migrate.sh 'Server=db;User Id=app;Password=Qwerty12;'"),
    ("PIP-011", "one_file", "Build.BuildId)\" .", "Build.BuildId)\" --build-arg NPM_TOKEN=abcdef ."),
    ("PIP-011", "one_file", "./smoke.sh\n", "az rest --body '{\"password\": \"hunter2x\"}'\n"),
    ("PIP-011", "one_file", "./smoke.sh\n", "./smoke.sh <<EOF\n                    apiKey: 9f8e7d6c\n                    EOF\n"),
    ("PIP-012", "one_file", PROD_BACK, ""),
    ("PIP-012", "one_file", "./rollback.sh prod", "echo rollback"),
    ("PIP-012", "templates", "    condition: failed()\n", ""),
    ("PIP-012", "templates", "bash: ./restore-previous.sh", "bash: echo please restore"),
    ("PIP-013", "one_file", DOCUMENTS["one_file"][DOCUMENTS["one_file"].index(RESULTS) : DOCUMENTS["one_file"].index("  - stage: SecurityScan")], ""),
    ("PIP-013", "templates", "      arguments: --conf", "      publishTestResults: false\n      arguments: --conf"),
    ("PIP-014", "one_file", RESULTS, "          - task: PublishTestResults@2\n"),
    ("PIP-014", "one_file", "condition: succeededOrFailed()", "condition: succeeded()"),
    ("PIP-015", "templates", "**`pipelines/release.yml`**", "**`release.yml`**"),
    ("PIP-015", "one_file", "bash: ./rollback.sh prod", "template: rollback.yml@platform"),
    ("PIP-015", "templates", "- template: pipelines/verify.yml", "- template: pipelines/check.yml"),
    ("PIP-016", "one_file", "--redact\n", "--redact\n            continueOnError: true\n"),
    ("PIP-016", "one_file", "junitxml=results/contract.xml", "junitxml=results/contract.xml || true"),
    ("PIP-016", "one_file", "      - job: Scan\n", "      - job: Scan\n        continueOnError: true\n"),
    ("PIP-017", "one_file", ONLY_MAIN, ONLY_MAIN.replace("and(succeeded(), ", "").replace("'))", "')")),
    ("PIP-017", "one_file", ONLY_MAIN, "    condition: always()\n"),
    ("PIP-018", "one_file", "            artifact: release\n  - stage: Test", "            artifact: releases\n  - stage: Test"),
    ("PIP-018", "templates", "targetPath: out, artifact: release", "targetPath: out, artifact: app"),
    ("PIP-019", "one_file", "SecretsFilter: migration-login, smoke-token", "SecretsFilter: '*'"),
    ("PIP-019", "one_file", "./smoke.sh\n", "./smoke.sh --token $(smoke-token)\n"),
]  # fmt: skip


MUTANTS = [Mutant(rule, f"{old} becomes {new}", partial(mutated, name, old, new)) for rule, name, old, new in DEFECTS]


def test_a_finding_names_the_line_of_the_document():
    (finding,) = mutated("one_file", "timeoutInMinutes: 20", "timeoutMinutes: 20")
    line = DOCUMENTS["one_file"].splitlines()[finding.line - 1]
    assert line.strip() == "timeoutInMinutes: 20"
    assert "did you mean 'timeoutInMinutes'" in finding.message
    assert finding.mend


def test_a_secret_is_never_quoted_in_full():
    found = mutated("one_file", "TEST_PASSWORD=$(openssl rand -hex 16)", "TEST_PASSWORD=correcthorse")
    assert found
    assert not any("correcthorse" in finding.message + finding.mend for finding in found)


def test_a_secret_inside_a_script_is_found_on_its_own_line():
    (finding,) = mutated("one_file", "TEST_PASSWORD=$(openssl rand -hex 16)", "TEST_PASSWORD=correcthorse")
    assert "TEST_PASSWORD=" in DOCUMENTS["one_file"].splitlines()[finding.line - 1]


@pytest.mark.parametrize(
    "name",
    ["dbPassword", "DB_PASSWORD", "api-key", "ClientSecret", "githubToken", "APIKEY", "acrPassword", "sas_token"],
)
def test_names_of_secrets_are_recognised(name: str):
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "SecretsFilter",
        "secretName",
        "tokenLifetimeMinutes",
        "passwordPolicy",
        "keyVaultName",
        "cacheKey",
        "key",
        "compat",
        "tokenUrl",
    ],
)
def test_names_that_only_speak_of_secrets_are_left_alone(name: str):
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    "line",
    ["password=$(cat file)", 'export TOKEN="$SYSTEM_ACCESSTOKEN"', "az login --password $PASSWORD", "docker login --password-stdin",
     "az keyvault secret show --name db-password", "PASSWORD=${{ parameters.password }}", "echo '##vso[task.setvariable variable=token;issecret=true]'",
     "postgres://app:${DB_PASSWORD}@db/app", "TOKEN=", "$token = (Get-AzAccessToken).Token", "https://user@example.com/a:b@c", "persistCredentials: true",
     "docker build --secret id=npm_token,src=.npmrc .", "echo Rotate the token: weekly", "helm upgrade --set image.tag=1 --set token=$TOKEN",
     "S3_ACCESS_KEY=telemetry"],
)  # fmt: skip
def test_references_to_secrets_are_no_literals(line: str):
    assert findings(DOCUMENTS["one_file"].replace("docker compose up --detach --wait", line)) == []


def test_other_yaml_is_no_pipeline():
    others = [
        "openapi: 3.1.0\npaths: {}\n", "services:\n  db: {image: postgres}\n", "on: push\njobs:\n  a: {runs-on: x}\n",
        "apiVersion: v1\nkind: Pod\nspec: {}\n", "a: 1\n", "- name: x\n", "version: 2\njobs:\n  build: {}\n",
    ]  # fmt: skip
    text = "".join(f"```yaml\n{other}```\n\n" for other in others)
    assert pipeline_blocks(text) == ()
    assert findings(DOCUMENTS["one_file"] + text) == []


def test_a_fragment_is_validated_too():
    (finding,) = findings(
        DOCUMENTS["one_file"] + "\n```yaml\n- task: Cache@2\n  inputs: { key: a, pth: b }\n  name: x\n```\n"
    )[:1]
    assert finding.rule == "PIP-003"


def test_the_view_holds_every_name_with_its_line():
    pipeline = find_pipeline(DOCUMENTS["one_file"])
    assert pipeline is not None
    assert [stage.name for stage in pipeline.stages] == [
        "Build",
        "Test",
        "SecurityScan",
        "DeployDev",
        "DeployStage",
        "DeployProd",
    ]
    assert [named.name for named in pipeline.environments] == ["orders-dev", "orders-stage", "orders-prod"]
    assert [named.name for named in pipeline.variable_groups] == ["orders-shared", "orders-prod"]
    assert [named.name for named in pipeline.secrets] == ["migration-login", "smoke-token"]
    assert [named.name for named in pipeline.vaults] == ["kv-orders-prod"]
    assert [named.name for named in pipeline.connections] == ["orders-dev-deploy", "orders-prod-deploy"]
    assert [named.name for named in pipeline.services] == ["orders-api"]
    lines = DOCUMENTS["one_file"].splitlines()
    for named in (*pipeline.environments, *pipeline.variable_groups, *pipeline.connections):
        assert named.name in lines[named.line - 1]


def test_templates_are_put_in_place_with_their_parameters():
    pipeline = find_pipeline(DOCUMENTS["templates"])
    assert pipeline is not None
    assert [(stage.name, stage.depends_on) for stage in pipeline.stages] == [
        ("Build", ()), ("Test", ("Build",)), ("SecurityScan", ("Test",)), ("Deploy_dev", ("SecurityScan",)),
        ("Deploy_staging", ("Deploy_dev",)), ("Deploy_prod_westeurope", ("Deploy_staging",)),
        ("Deploy_prod_northeurope", ("Deploy_staging",)),
        ("Rollback", ("Deploy_staging", "Deploy_prod_westeurope", "Deploy_prod_northeurope")),
    ]  # fmt: skip
    assert [named.name for named in pipeline.services] == ["parcels-westeurope", "parcels-northeurope"]


def test_templates_that_include_each_other_are_a_finding():
    text = "**`azure-pipelines.yml`**\n\n```yaml\nstages:\n  - template: azure-pipelines.yml\n```\n"
    assert "PIP-002" in {finding.rule for finding in findings(text)}
    doubling = text.replace("  - template: azure-pipelines.yml\n", "  - template: azure-pipelines.yml\n" * 20)
    assert "PIP-002" in {finding.rule for finding in findings(doubling)}
    assert find_pipeline(doubling) is None


@pytest.mark.parametrize(
    "pipeline",
    ["stages:\n" + "".join(f"- stage: S{n}\n" for n in range(9_000)), "steps:\n" + "- script: x\n" * 9_000,
     "stages:\n- stage: A\n  jobs:\n" + "".join(f"  - job: J{n}\n    dependsOn: J{n + 1}\n" for n in range(5_000)),
     "steps:\n- script: " + "PASSWORD=" * 30_000, "steps:\n- script: " + "'" + "a://" * 60_000, "variables:\n" + "  aA" * 50_000 + ": x\nsteps: []\n",
     "steps:\n- script: '" + "-----BEGIN " * 20_000 + "'", "steps:\n- script: |\n    echo" + " " * 200_000 + "|"],
)  # fmt: skip
def test_a_hostile_pipeline_is_a_finding(pipeline: str):
    assert findings(f"**`azure-pipelines.yml`**\n\n```yaml\n{pipeline}\n```\n")


def test_yaml_beyond_the_limit_is_a_finding_and_not_passed():
    filler = "```yaml\nnote: " + "x" * 140_000 + "\n```\n\n"
    found = findings(DOCUMENTS["one_file"] + filler * 3)
    assert {finding.rule for finding in found} == {"PIP-002"}
    assert "was not read" in found[0].message


LINES = st.sampled_from(DOCUMENTS["one_file"].splitlines() + DOCUMENTS["templates"].splitlines())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.one_of(st.text(max_size=300), st.lists(LINES, max_size=60).map("\n".join)))
def test_no_text_makes_it_raise(text: str):
    findings(text)
    findings(f"```yaml\n{text}\n```\n")
    find_pipeline(f"```yaml\n{text}\n```\n")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
def test_a_damaged_good_document_makes_it_raise_neither(name: str, data: st.DataObject):
    lines = DOCUMENTS[name].splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.sampled_from(["", lines[at].lstrip(), "  " + lines[at], lines[at][: len(lines[at]) // 2], "```"])
        )
    findings("\n".join(lines))
