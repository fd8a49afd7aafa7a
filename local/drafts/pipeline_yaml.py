"""The whole `azure-pipelines.yml` of a design, as data. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from typing import Any

from local.drafts.architecture import is_relational
from local.drafts.shapes import Design

type Json = dict[str, Any]

_STAGES = (
    ("DeployDev", "dev", "SecurityScan"),
    ("DeployStage", "stage", "DeployDev"),
    ("DeployProd", "prod", "DeployStage"),
)


def build_pipeline(design: Design) -> Json:
    """The whole `azure-pipelines.yml`, as data."""
    return {
        "trigger": {"branches": {"include": ["main"]}, "paths": {"exclude": ["docs"]}},
        "pr": {"branches": {"include": ["main"]}},
        "pool": {"vmImage": "ubuntu-24.04"},
        "variables": [
            {"group": f"{design.project}-shared"},
            {"name": "imageName", "value": design.project},
            {"name": "imageTag", "value": "$(Build.BuildId)"},
            {"name": "isMain", "value": "$[eq(variables['Build.SourceBranch'], 'refs/heads/main')]"},
        ],
        "stages": [_build(design), _test(design), _scan(design), *(_deploy(design, *stage) for stage in _STAGES)],
    }


def _build(design: Design) -> Json:
    return _stage("Build", [], [*_toolchain(design), *_compile(design), *_image()])


def _stage(name: str, depends: list[str], steps: list[Json], services: Json | None = None) -> Json:
    job: Json = {"job": name, "timeoutInMinutes": 30, "steps": steps}
    if services:
        job["services"] = services
    return {"stage": name, "dependsOn": depends, "jobs": [job]}


def _toolchain(design: Design) -> list[Json]:
    if design.stack == "csharp":
        return [
            _task("UseDotNet@2", "Use the SDK", packageType="sdk", version="10.x"),
            _cache('nuget | "$(Agent.OS)" | **/packages.lock.json', "$(Pipeline.Workspace)/.nuget/packages"),
        ]
    return [
        _task("UsePythonVersion@0", "Use Python", versionSpec="3.13"),
        _cache('pip | "$(Agent.OS)" | requirements.lock', "$(Pipeline.Workspace)/.pip"),
    ]


def _compile(design: Design) -> list[Json]:
    if design.stack == "csharp":
        return [
            _task("DotNetCoreCLI@2", "Restore, locked", command="restore", restoreArguments="--locked-mode"),
            _task(
                "DotNetCoreCLI@2",
                "Build, warnings as errors",
                command="build",
                arguments="--configuration Release --no-restore -warnaserror",
            ),
        ]
    install = "python -m pip install --cache-dir $(Pipeline.Workspace)/.pip --require-hashes -r requirements.lock"
    return [
        _bash("Install, pinned by hash", install),
        _bash("Lint and type-check", "ruff check app tests && pyright app"),
    ]


def _image() -> list[Json]:
    script = "docker build --tag $(imageName):$(imageTag) .\ndocker save $(imageName):$(imageTag) --output $(Build.ArtifactStagingDirectory)/image.tar"
    return [
        _bash("Build the image once", script),
        _bash("Keep the contract beside it", "cp openapi.yaml $(Build.ArtifactStagingDirectory)/openapi.yaml"),
        {"publish": "$(Build.ArtifactStagingDirectory)", "artifact": "release", "displayName": "Publish the release"},
    ]


def _test(design: Design) -> Json:
    return _stage("Test", ["Build"], [*_toolchain(design), *_stores(), *_run_tests(design), *_reports()])


def _stores() -> list[Json]:
    return [
        _bash("Start the stores that the tests need", "docker compose --file tests/compose.yaml up --detach --wait")
    ]


def _run_tests(design: Design) -> list[Json]:
    contract = _bash(
        "Contract, integration and security tests",
        "python -m pip install --require-hashes -r tests/requirements.lock\npytest tests/contract tests/integration tests/security --junitxml=results/tests.xml",
    )
    if design.stack == "csharp":
        arguments = '--configuration Release --collect "XPlat Code Coverage" --results-directory results'
        return [
            _task(
                "DotNetCoreCLI@2",
                "Unit and architecture tests",
                command="test",
                arguments=arguments,
                publishTestResults="true",
            ),
            contract,
        ]
    install = "python -m pip install --cache-dir $(Pipeline.Workspace)/.pip --require-hashes -r requirements.lock"
    unit = "pytest tests/unit --junitxml=results/unit.xml --cov=app --cov-fail-under=80 --cov-report=xml:results/coverage.xml"
    return [_bash("Install, pinned by hash", install), _bash("Unit tests with coverage", unit), contract]


def _reports() -> list[Json]:
    published = {
        "testResultsFormat": "JUnit",
        "testResultsFiles": "results/*.xml",
        "failTaskOnFailedTests": "true",
    }
    kept = {"publish": "results", "artifact": "test-results", "displayName": "Keep results and coverage"}
    return [
        _task("PublishTestResults@2", "Publish test results", "succeededOrFailed()", **published),
        kept | {"condition": "succeededOrFailed()"},
    ]


def _scan(design: Design) -> Json:
    audit = (
        "dotnet list package --vulnerable --include-transitive"
        if design.stack == "csharp"
        else "python -m pip install pip-audit\npip-audit --require-hashes -r requirements.lock"
    )
    steps: list[Json] = [
        {"checkout": "self", "fetchDepth": 0},
        *_toolchain(design)[:1],
        _bash(
            "Secrets in the history",
            "docker run --rm --volume $(Build.SourcesDirectory):/src zricethezav/gitleaks:v8.24.0 detect --source /src --redact",
        ),
        _bash("Known weaknesses in dependencies", audit),
        {"download": "current", "artifact": "release", "displayName": "Fetch the release"},
        _bash(
            "Weaknesses in the image",
            "docker run --rm --volume $(Pipeline.Workspace)/release:/in aquasec/trivy:0.63.0 image --input /in/image.tar --severity HIGH,CRITICAL --exit-code 1",
        ),
        _bash(
            "Breaks of the released contract",
            "docker run --rm --volume $(Pipeline.Workspace)/release:/in tufin/oasdiff:v1.11.0 breaking $(releasedContractUrl) /in/openapi.yaml --fail-on ERR",
        ),
    ]
    return _stage("SecurityScan", ["Test"], steps)


def _deploy(design: Design, name: str, environment: str, after: str) -> Json:
    stage: Json = {
        "stage": name,
        "dependsOn": [after],
        "condition": "and(succeeded(), eq(variables.isMain, 'true'))",
        "variables": [{"group": f"{design.project}-{environment}"}],
        "jobs": [
            {
                "deployment": name,
                "environment": f"{design.project}-{environment}",
                "timeoutInMinutes": 45,
                "strategy": {"runOnce": _life_cycle(design, environment)},
            }
        ],
    }
    return stage


def _life_cycle(design: Design, environment: str) -> Json:
    checks = [_bash("Smoke test", "bash deploy/smoke.sh $(baseUrl)")]
    if environment == "stage":
        checks.append(
            _bash(
                "Load test against the service levels",
                "python -m pip install --require-hashes -r tests/requirements.lock\nlocust --headless --locustfile tests/load/locustfile.py --users 200 --spawn-rate 20 --run-time 20m --host $(baseUrl)",
            )
        )
    return {
        "deploy": {"steps": [{"checkout": "self"}, _secrets(), *_release_steps(design)]},
        "routeTraffic": {
            "steps": [
                {"checkout": "self"},
                _azure("Send 10 % of the traffic, then all", "bash deploy/traffic.sh 10 100"),
            ]
        },
        "postRouteTraffic": {"steps": [{"checkout": "self"}, *checks]},
        "on": {
            "failure": {
                "steps": [
                    {"checkout": "self"},
                    _azure("Send all traffic back to the version before", "bash deploy/rollback.sh"),
                ]
            },
            "success": {
                "steps": [_bash("Name what runs now", 'echo "##vso[build.addbuildtag]deployed-' + environment + '"')]
            },
        },
    }


def _secrets() -> Json:
    inputs = {
        "azureSubscription": "$(serviceConnection)",
        "KeyVaultName": "$(keyVaultName)",
        "SecretsFilter": "database-migration-login,test-token",
    }
    return _task("AzureKeyVault@2", "Read secrets for this stage", **inputs, RunAsPreJob="false")


def _release_steps(design: Design) -> list[Json]:
    migrate = "bash deploy/migrate.sh" if is_relational(design) else "bash deploy/backfill.sh"
    env = {"MIGRATION_LOGIN": "$(database-migration-login)"}
    return [
        _azure(
            "Push the image",
            "az acr login --name $(registryName)\ndocker load --input $(Pipeline.Workspace)/release/image.tar\ndocker tag $(imageName):$(imageTag) $(registryName).azurecr.io/$(imageName):$(imageTag)\ndocker push $(registryName).azurecr.io/$(imageName):$(imageTag)",
        ),
        _azure("Expand the schema", migrate) | {"env": env},
        _azure("Deploy without traffic", _rollout(design)),
    ]


def _rollout(design: Design) -> str:
    if "Kubernetes" in design.platform:
        return f"az aks get-credentials --resource-group $(resourceGroup) --name $(clusterName)\nhelm upgrade --install {design.project} deploy/chart --set image.tag=$(imageTag) --wait --timeout 10m"
    return f"az containerapp update --resource-group $(resourceGroup) --name {design.project} --image $(registryName).azurecr.io/$(imageName):$(imageTag) --revision-suffix $(imageTag)"


def _task(name: str, display: str, condition: str | None = None, **inputs: str) -> Json:
    step: Json = {"task": name, "displayName": display}
    return step | ({"condition": condition} if condition else {}) | {"inputs": inputs}


def _cache(key: str, path: str) -> Json:
    return _task("Cache@2", "Restore the package cache", key=key, path=path)


def _bash(display: str, script: str) -> Json:
    return {"bash": f"set -euo pipefail\n{script}", "displayName": display}


def _azure(display: str, script: str) -> Json:
    inputs = {"azureSubscription": "$(serviceConnection)", "scriptType": "bash", "scriptLocation": "inlineScript"}
    return _task("AzureCLI@2", display, **inputs, inlineScript=f"set -euo pipefail\n{script}")
