"""The walker over the official schema: good pipelines of every shape pass, each seeded defect is named with its line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.checks.pipeline_expressions import faults
from shared.checks.pipeline_schema import MAXIMUM_PROBLEMS, Problem, validate

GOOD = {path.stem: path.read_text("utf-8") for path in sorted((Path(__file__).parent / "good_pipelines").glob("*.yml"))}


def broken(name: str, old: str, new: str) -> list[Problem]:
    assert GOOD[name].count(old) >= 1, f"{old!r} is not in {name}"
    return validate(GOOD[name].replace(old, new, 1))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_pipeline_has_no_problem(name: str):
    assert validate(GOOD[name]) == []


MUTANTS = [
    # file, what is replaced, by what, kind, a word of the message
    ("single_job", "steps:", "stepz:", "schema", "did you mean 'steps'"),
    ("single_job", "trigger: none", "trigger: never", "schema", "trigger"),
    ("single_job", "  branches:\n", "  branch:\n", "schema", "did you mean 'branches'"),
    ("single_job", "  vmImage", "   - vmImage", "schema", "pool is a list"),
    ("single_job", "script: npm", "scirpt: npm", "schema", "did you mean 'script'"),
    ("single_job", "displayName:", "displayname:", "schema", "did you mean 'displayName'"),
    ("single_job", "workingDirectory", "workingDir", "schema", "workingDir"),
    ("single_job", "    env:\n      NPM_TOKEN: $(npmToken)", "    env: $npmToken", "schema", "env"),
    ("single_job", "variables:\n  configuration: Release", "variables: Release", "schema", "variables"),
    ("single_job", "  - checkout: self\n", "  checkout: self\n", "yaml", "not valid YAML"),
    ("single_job", "pool:\n", "pool:\n\t", "yaml", "not valid YAML"),
    ("single_job", "variables:", "pool: x\nvariables:", "yaml", "repeats the key 'pool'"),
    ("single_job", "trigger: none", "trigger: &t none", "yaml", "anchor"),
    ("single_job", "trigger: none", "trigger: none\n---\n", "yaml", "more than one"),
    ("matrix_and_containers", "jobs:", "job:", "schema", "did you mean 'jobs'"),
    ("matrix_and_containers", "  - job: Test", "  - jobb: Test", "schema", "did you mean 'job'"),
    ("matrix_and_containers", "- job: Test", "- job: Unit tests", "schema", "form"),
    ("matrix_and_containers", "    strategy:\n", "    strategie:\n", "schema", "did you mean 'strategy'"),
    ("matrix_and_containers", "matrix:", "matrx:", "schema", "did you mean 'matrix'"),
    ("matrix_and_containers", "clean: all", "clean: everything", "schema", "everything"),
    ("matrix_and_containers", "      image: mcr", "      img: mcr", "schema", "image"),
    ("matrix_and_containers", 'ports: ["6379:6379"]', 'ports: "6379:6379"', "schema", "a list"),
    ("matrix_and_containers", "timeoutInMinutes", "timeoutInMinute", "schema", "did you mean 'timeoutInMinutes'"),
    ("matrix_and_containers", "PublishTestResults@2", "PublishTestResult@2", "advice", "did you mean 'PublishTestResults@2'"),
    ("matrix_and_containers", "PublishTestResults@2", "PublishTestResults@9", "advice", "Unknown task"),
    ("matrix_and_containers", "PublishTestResults@2", "PublishTestResults", "schema", "no version"),
    ("matrix_and_containers", "testResultsFiles", "testResultFiles", "schema", "did you mean 'testResultsFiles'"),
    ("matrix_and_containers", "failTaskOnFailedTests: true", "failTaskOnFailedTests: maybe", "schema", "maybe"),
    ("matrix_and_containers", "testRunner: JUnit", "testRunner: JUnits", "advice", "did you mean 'JUnit'"),
    ("matrix_and_containers", "        inputs:\n          VersionSpec", "        input:\n          VersionSpec", "schema", "did you mean 'inputs'"),
    ("matrix_and_containers", "condition: succeededOrFailed()", "condition: suceededOrFailed()", "expression", "did you mean 'succeededOrFailed'"),
    ("matrix_and_containers", "'PullRequest'))", "'PullRequest')", "expression", "brackets"),
    ("matrix_and_containers", "'PullRequest'))", '"PullRequest"))', "expression", "breaks at"),
    ("matrix_and_containers", "and(failed(), ne", "failed() && ne", "expression", "breaks at"),
    ("matrix_and_containers", "ignoreLASTEXITCODE", "ignoreLastExit", "schema", "ignoreLastExit"),
    ("canary_and_rolling", "deployment: Canary", "deploy: Canary", "schema", "did you mean 'deployment'"),
    ("canary_and_rolling", "          canary:", "          canry:", "schema", "canry"),
    ("canary_and_rolling", "increments: [10, 20]", "increments: 10", "schema", "a list"),
    ("canary_and_rolling", "failure:\n", "fail:\n", "schema", "fail"),
    ("canary_and_rolling", "preDeploy:", "predeploy:", "schema", "did you mean 'preDeploy'"),
    ("canary_and_rolling", "lockBehavior: sequential", "lockBehavior: queued", "schema", "queued"),
    ("canary_and_rolling", "          resourceType:", "          kind:", "schema", "kind"),
    ("canary_and_rolling", "        environment: web-stage", "        enviroment: web-stage", "schema", "did you mean 'environment'"),
    ("canary_and_rolling", "dependsOn: [Canary]", "dependOn: [Canary]", "schema", "did you mean 'dependsOn'"),
    ("canary_and_rolling", "dependsOn: [Canary]", "dependsOn: {stage: Canary}", "schema", "a list or a text"),
    ("canary_and_rolling", "  batch: true", "  batch: often", "schema", "often"),
    ("canary_and_rolling", "- releases/*", "- 'releases *'", "schema", "form"),
    ("canary_and_rolling", "  - stage: Machines", "  - name: Machines", "schema", "none of the keys"),
    ("expressions", "type: boolean", "type: bool", "schema", "did you mean 'boolean'"),
    ("expressions", "    values: [", "    allowed: [", "schema", "allowed"),
    ("expressions", "eq(parameters.environment, 'prod') }}:\n      - name", "eq(parameters.environment, 'prod' }}:\n      - name", "expression", "brackets"),
    ("expressions", "if ne(region", "if not_equal(region", "expression", "no function"),
    ("expressions", "inlineScript: az", "inlineScrip: az", "schema", "did you mean 'inlineScript'"),
    ("expressions", "                  scriptType: bash\n", "", "schema", "needs the input 'scriptType'"),
    ("expressions", "scriptType: bash", "scriptType: fish", "advice", "fish"),
    ("expressions", "          dependsOn: []", "          dependsOnn: []", "schema", "did you mean 'dependsOn'"),
    ("expressions", "    value: $[eq(", "    value: $[eqq(", "expression", "did you mean 'eq'"),
    ("expressions", "web-${{ parameters.environment }}\n  - name", "web-${{ parameters.environment }\n  - name", "expression", "not closed"),
    ("expressions", "  - group: web", "  - gruop: web", "schema", "did you mean 'group'"),
    ("extends_template", "extends:", "extend:", "schema", "did you mean 'extends'"),
    ("extends_template", "  template: secure", "  templates: secure", "schema", "did you mean 'template'"),
    ("extends_template", "  repositories:", "  repository:", "schema", "did you mean 'repositories'"),
    ("extends_template", "type: git\n", "type: gitea\n", "schema", "gitea"),
    ("extends_template", "  - cron:", "  - crontab:", "schema", "crontab"),
    ("stage_template", "type: stepList", "type: steps", "schema", "steps"),
    ("stage_template", "runOnce:", "runonce:", "schema", "did you mean 'runOnce'"),
    ("stage_template", "isSkippable: false", "isSkippable: never", "schema", "never"),
    ("stage_template", "            deploy:\n", "            deploys:\n", "schema", "did you mean 'deploy'"),
    ("legacy_parameters_template", "uses:", "use:", "schema", "did you mean 'uses'"),
    ("legacy_parameters_template", "  - job: ${{", "  - name: ${{", "schema", "none of the keys"),
    ("variables_template", "value: 3", "val: 3", "schema", "did you mean 'value'"),
    ("variables_template", "  - group: orders-prod", "  - groups: orders-prod", "schema", "did you mean 'group'"),
    ("single_job", "vmImage:", "vmImge:", "schema", "did you mean 'vmImage'"),
    ("matrix_and_containers", "      options:", "      option:", "schema", "did you mean 'options'"),
    ("matrix_and_containers", "testRunner:", "testRuner:", "schema", "did you mean 'testRunner'"),
    ("server_jobs", "trigger: manual", "trigger: manually", "schema", "did you mean 'manual'"),
    ("server_jobs", "          - task: ManualValidation@1\n            timeout", "          - timeout", "schema", "none of the keys"),
    ("server_jobs", "            inputs:\n              notifyUsers", "            inputs: [x]\n            env:\n              notifyUsers", "schema", "a list"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "kind", "word"), MUTANTS)
def test_a_seeded_defect_is_found(name: str, old: str, new: str, kind: str, word: str):
    problems = broken(name, old, new)
    assert any(problem.kind == kind and word in problem.message for problem in problems), problems


def test_only_advice_is_a_warning():
    severities = {(problem.kind, problem.severity) for mutant in MUTANTS for problem in broken(*mutant[:3])}
    assert severities == {("advice", "warning"), ("yaml", "error"), ("schema", "error"), ("expression", "error")}


def test_a_problem_names_its_line_counted_from_the_first_line_given():
    (problem,) = validate(GOOD["single_job"].replace("displayName", "displayNam"), first_line=101)
    assert GOOD["single_job"].splitlines()[problem.line - 101].strip() == "displayName: Install"
    assert problem.path == "steps[1].displayNam"


def test_a_key_that_must_come_first_is_advice_elsewhere():
    problems = broken(
        "single_job", "- script: npm ci\n    displayName: Install", "- displayName: Install\n    script: npm ci"
    )
    assert [(problem.kind, "first key" in problem.message) for problem in problems] == [("advice", True)]


def test_a_task_that_the_schema_lists_without_describing_it_is_known():
    assert (
        validate("steps:\n- task: PublishCodeCoverageResults@2\n  inputs: {summaryFileLocation: coverage.xml}\n") == []
    )


def test_a_list_of_steps_or_stages_is_judged_as_such():
    assert validate("- script: make\n- task: Cache@2\n  inputs: {key: a, path: b}\n") == []
    assert validate("- stage: A\n  jobs:\n    - job: B\n      steps: [{bash: make}]\n") == []
    assert [problem.kind for problem in validate("- script: make\n- bosh: make\n")] == ["schema"]


def test_a_file_that_is_no_pipeline_is_refused():
    for text in ("a: 1\n", "just text", "[]\n---\n", "", "- 1\n- 2\n"):
        assert validate(text), text


@pytest.mark.parametrize(
    "expression",
    ["and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))", "eq('it''s', variables.x)", "always()",
     "in(dependencies.A.outputs['b.c'], 'x', 'y')", "not(failed('Build'))", "${{ parameters.when }}", "eq(1, 1.0.0)",
     "and(succeeded(), ${{ parameters.when }}, eq('${{ parameters.a }}', ''))", "stageDependencies.*.result", "true"],
)  # fmt: skip
def test_good_conditions_have_no_fault(expression: str):
    assert faults(expression, whole=True) == []


@pytest.mark.parametrize(
    "text",
    ["[" * 5_000, "{" * 5_000, "- " * 5_000, "a: [" + "x," * 90_000, "a: " + "${{" * 60_000, "'" + "a\n" * 90_000,
     "steps:\n" + "- task: X\n" * 3_000, "steps:\n" + "- scrpt: 1\n" * 3_000, '"\\UFFFFFFFF"', "\ud800",
     "steps:\n- scrip: " + "x" * 299_000, "".join(f"k{n}: 1\n" for n in range(19_000)), "condition: " + "(" * 250_000,
     "stages:\n" + "".join(f"{' ' * n}- ${{{{ if a }}}}:\n" for n in range(0, 70, 2))],
)  # fmt: skip
def test_a_hostile_file_is_a_problem(text: str):
    assert any(problem.severity == "error" for problem in validate(text))


def test_problems_are_capped_and_errors_are_kept():
    text = "steps:\n" + "- task: Unknown@1\n" * 60 + "- scrip: x\n"
    problems = validate(text)
    assert len(problems) == MAXIMUM_PROBLEMS
    assert any(problem.severity == "error" for problem in problems)


WORDS = st.sampled_from(
    ["stages:", "jobs:", "steps:", "- ", "  ", "\n", "task: Cache@2", "${{ if a }}:", "${{", "}}", "script: x", ": ", "&a", "*a",
     "inputs:", "parameters:", "extends:", "template: a.yml", "|", ">", "'", '"', "[", "]", "{", "}", "condition: and(", "$[", "\t"]
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map("".join)))
@example("\x00")
@example("? ? a\n: b")
def test_no_text_makes_it_raise(text: str):
    validate(text)
