"""The whole `azure-pipelines.yml` of a design, as data. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.deployment_names import api_name, base_url, connection, registry, vault
from local.drafts.design.model import Design
from local.drafts.documents.containers import connection_string
from local.drafts.documents.pipeline_steps import Json, azure, bash, migrate, push, release, roll_back, route, task

_STAGES = (
    ("DeployDev", "dev", "SecurityScan"),
    ("DeployStage", "stage", "DeployDev"),
    ("DeployProd", "prod", "DeployStage"),
)
_SECRET = "test-client-secret"  # noqa: S105 (its name)
WATCH_MINUTES = 15


def build_pipeline(design: Design) -> Json:
    """The whole `azure-pipelines.yml`, as data."""
    return {
        "name": "1.0.$(Rev:r)",
        "trigger": {"branches": {"include": ["main"]}, "paths": {"exclude": ["docs"]}},
        "pr": {"branches": {"include": ["main"]}},
        "pool": {"vmImage": "ubuntu-24.04"},
        "variables": [
            {"name": "imageName", "value": design.project},
            {"name": "imageTag", "value": "$(Build.BuildId)"},
            {"name": "registryName", "value": registry(design)},
        ],
        "stages": [_build(design), _test(design), _scan(design), *(_deploy(design, *stage) for stage in _STAGES)],
    }


def _stage(name: str, depends: list[str], steps: list[Json]) -> Json:
    return {"stage": name, "dependsOn": depends, "jobs": [{"job": name, "timeoutInMinutes": 30, "steps": steps}]}


def _build(design: Design) -> Json:
    keep = bash("Keep the contract beside the image", "cp openapi.yaml $(Build.ArtifactStagingDirectory)/openapi.yaml")
    publish: Json = {
        "publish": "$(Build.ArtifactStagingDirectory)",
        "artifact": "release",
        "displayName": "Publish the release",
    }
    return _stage("Build", [], [*_toolchain(design), *_compile(design), *_unit_tests(design), _image(design), keep, publish])  # fmt: skip


def _toolchain(design: Design) -> list[Json]:
    if design.stack == "csharp":
        return [
            task("UseDotNet@2", "Use the SDK", packageType="sdk", version="10.x"),
            _cache('nuget | "$(Agent.OS)" | **/packages.lock.json', "$(Pipeline.Workspace)/.nuget/packages"),
        ]
    return [
        task("UsePythonVersion@0", "Use Python", versionSpec="3.13"),
        _cache('uv | "$(Agent.OS)" | uv.lock', "$(Pipeline.Workspace)/.uv"),
    ]


def _cache(key: str, path: str) -> Json:
    return task("Cache@2", "Restore the package cache", key=key, path=path)


def _compile(design: Design) -> list[Json]:
    if design.stack == "csharp":
        build = "--configuration Release --no-restore -warnaserror"
        return [
            task("DotNetCoreCLI@2", "Restore, locked", command="restore", restoreArguments="--locked-mode"),
            bash("Format", "dotnet format --no-restore --verify-no-changes"),
            task("DotNetCoreCLI@2", "Build, warnings as errors", command="build", arguments=build),
        ]
    return [
        bash(
            "Install from the lock file",
            "python -m pip install uv==0.9.7",
            "uv sync --frozen --cache-dir $(Pipeline.Workspace)/.uv",
        ),
        bash(
            "Lint and type-check",
            "uv run --frozen ruff check app tests",
            "uv run --frozen ruff format --check app tests",
            "uv run --frozen pyright app",
        ),
    ]


def _unit_tests(design: Design) -> list[Json]:
    if design.stack == "csharp":
        arguments = '--configuration Release --no-build --logger trx --collect "XPlat Code Coverage" --results-directory $(Build.SourcesDirectory)/results'
        run = task(
            "DotNetCoreCLI@2",
            "Unit tests with coverage",
            command="test",
            projects="tests/unit/*.csproj",
            arguments=arguments,
            publishTestResults="false",
        )
        return [run, _results("VSTest", "**/*.trx"), _coverage("results/**/coverage.cobertura.xml")]
    run = bash(
        "Unit tests with coverage",
        "uv run --frozen pytest tests/unit --confcutdir=tests/unit --junitxml=results/unit.xml --cov=app --cov-fail-under=80 --cov-report=xml:results/coverage.xml",
    )
    return [run, _results("JUnit", "unit.xml"), _coverage("results/coverage.xml")]


def _results(kind: str, files: str) -> Json:
    return task(
        "PublishTestResults@2",
        "Publish test results",
        "succeededOrFailed()",
        testResultsFormat=kind,
        testResultsFiles=files,
        searchFolder="$(Build.SourcesDirectory)/results",
        failTaskOnFailedTests="true",
    )


def _coverage(path: str) -> Json:
    return task("PublishCodeCoverageResults@2", "Publish coverage", "succeededOrFailed()", summaryFileLocation=path)


def _image(design: Design) -> Json:
    target = "$(Build.ArtifactStagingDirectory)/image.tar"
    if design.stack == "csharp":
        return bash(
            "Build the image once",
            f"dotnet publish src/Api --configuration Release --os linux --arch x64 /t:PublishContainer -p:ContainerRepository=$(imageName) -p:ContainerImageTag=$(imageTag) -p:ContainerArchiveOutputPath={target}",
        )
    return bash(
        "Build the image once",
        "docker build --build-arg COMMIT=$(Build.SourceVersion) --tag $(imageName):$(imageTag) .",
        f"docker save $(imageName):$(imageTag) --output {target}",
    )


def _test(design: Design) -> Json:
    suites = (("Contract tests", "contract"), ("Integration tests", "integration"), ("Security tests", "security"))
    steps: list[Json] = [
        task("UsePythonVersion@0", "Use Python for the black-box suites", versionSpec="3.13"),
        {"download": "current", "artifact": "release", "displayName": "Fetch the release"},
        _start_all(design),
    ]
    password = {"TEST_PASSWORD": "$(TEST_PASSWORD)"}
    for label, suite in suites:
        run = bash(label, f"python -m pytest tests/{suite} --junitxml=results/{suite}.xml", **password)
        steps += [run | {"condition": "succeededOrFailed()"} if suite != "contract" else run]
        steps += [_results("JUnit", f"{suite}.xml")]
    logs = bash("Keep the logs of a failure", "docker compose logs --no-color", "docker logs service", **password)
    return _stage("Test", ["Build"], [*steps, logs | {"condition": "failed()"}])


def _start_all(design: Design) -> Json:
    settings = {
        "COMMIT": "$(Build.SourceVersion)",
        "ASPNETCORE_HTTP_PORTS": "8000",
        "Authentication__Schemes__Bearer__Authority": "http://localhost:8090/default",
        "ConnectionStrings__Primary": f'"{connection_string(design.database)}"',
    }
    wanted = settings if design.stack == "csharp" else {"COMMIT": settings["COMMIT"]}
    environment = " ".join(f"--env {name}={value}" for name, value in wanted.items())
    run = f"docker run --network host {environment}"
    return bash(
        "Start the dependencies and the service",
        "python -m pip install --requirement tests/requirements.txt",
        "export TEST_PASSWORD=Aa1$(openssl rand -hex 16)",
        'echo "##vso[task.setvariable variable=TEST_PASSWORD;issecret=true]$TEST_PASSWORD"',
        "docker compose up --detach --wait",
        "docker load --input $(Pipeline.Workspace)/release/image.tar",
        *([f"{run} --rm $(imageName):$(imageTag) --migrate"] if design.stack == "csharp" else []),
        f"{run} --detach --name service $(imageName):$(imageTag)",
        "curl --silent --retry 30 --retry-delay 2 --retry-all-errors --fail http://localhost:8000/health",
    )


def _scan(design: Design) -> Json:
    audit = (
        bash(
            "Known weaknesses in dependencies",
            "dotnet restore --locked-mode",
            "dotnet list package --vulnerable --include-transitive | tee vulnerable.txt",
            "! grep --extended-regexp '(High|Critical)' vulnerable.txt",
        )
        if design.stack == "csharp"
        else bash(
            "Known weaknesses in dependencies",
            "python -m pip install uv==0.9.7 pip-audit==2.9.0",
            "uv export --frozen --no-dev --output-file requirements.txt",
            "pip-audit --require-hashes --requirement requirements.txt",
        )
    )
    steps: list[Json] = [
        {"checkout": "self", "fetchDepth": 0},
        *_toolchain(design)[:1],
        _container("Secrets in the history", "$(Build.SourcesDirectory):/src", "zricethezav/gitleaks:v8.24.0", "detect --source /src --redact"),
        _container("Static analysis", "$(Build.SourcesDirectory):/src", "semgrep/semgrep:1.120.0", "semgrep scan --config auto --error /src"),
        audit,
        {"download": "current", "artifact": "release", "displayName": "Fetch the release"},
        _container("Weaknesses in the image", "$(Pipeline.Workspace)/release:/in", "aquasec/trivy:0.63.0", "image --input /in/image.tar --severity HIGH,CRITICAL --exit-code 1"),
        _container("Bill of materials", "$(Pipeline.Workspace)/release:/in", "aquasec/trivy:0.63.0", "image --input /in/image.tar --format cyclonedx --output /in/sbom.json"),
        {"publish": "$(Pipeline.Workspace)/release/sbom.json", "artifact": "sbom", "displayName": "Keep the bill of materials"},
        bash("Breaks of the contract on main", "git show origin/main:openapi.yaml > released.yaml", "docker run --rm --volume $(Build.SourcesDirectory):/in tufin/oasdiff:v1.11.0 breaking /in/released.yaml /in/openapi.yaml --fail-on ERR"),
    ]  # fmt: skip
    return _stage("SecurityScan", ["Test"], steps)


def _container(display: str, volume: str, image: str, arguments: str) -> Json:
    return bash(display, f"docker run --rm --volume {volume} {image} {arguments}")


def _deploy(design: Design, name: str, environment: str, after: str) -> Json:
    return {
        "stage": name,
        "dependsOn": [after],
        "condition": "and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/main'))",
        "variables": [
            {"group": f"{design.project}-{environment}"},
            {"name": "baseUrl", "value": base_url(design, environment)},
        ],
        "jobs": [
            {
                "deployment": name,
                "environment": environment,
                "timeoutInMinutes": 90 if environment == "stage" else 60,
                "strategy": {"runOnce": _life_cycle(design, environment)},
            }
        ],
    }


def _life_cycle(design: Design, environment: str) -> Json:
    checkout: Json = {"checkout": "self"}
    moved = route(design, environment)
    checks = [_secret(design, environment), *_smoke()]
    if environment == "stage":
        checks += [*_load_test(), *_property_tests()]
    if environment == "prod":
        checks.append(_watch(design, environment))
    return {
        "deploy": {"steps": [checkout, push(design, environment), migrate(design, environment), release(design, environment)]},
        **({"routeTraffic": {"steps": [moved]}} if moved else {}),
        "postRouteTraffic": {"steps": [checkout, *checks]},
        "on": {
            "failure": {"steps": [roll_back(design, environment)]},
            "success": {"steps": [bash("Name what runs now", f'echo "##vso[build.addbuildtag]deployed-{environment}"')]},
        },
    }  # fmt: skip


def _secret(design: Design, environment: str) -> Json:
    inputs = {
        "azureSubscription": connection(design, environment),
        "KeyVaultName": vault(design, environment),
        "SecretsFilter": _SECRET,
        "RunAsPreJob": "false",
    }
    return task("AzureKeyVault@2", "Read the test client's secret", **inputs)


def _token() -> dict[str, str]:
    return {
        "TEST_BASE_URL": "$(baseUrl)",
        "TEST_TOKEN_URL": "$(tokenUrl)",
        "TEST_CLIENT_SECRET": f"$({_SECRET})",
    }


def _smoke() -> list[Json]:
    version = "curl --silent --fail $(baseUrl)/version | grep --quiet $(Build.SourceVersion)"
    tests = bash(
        "Smoke test",
        "python -m pip install --requirement tests/requirements.txt",
        "python -m pytest tests/contract -m smoke --junitxml=results/smoke.xml",
        **_token(),
    )
    return [bash("The version is the one just built", version), tests, _results("JUnit", "smoke.xml")]


def _load_test() -> list[Json]:
    run = "python -m locust --headless --locustfile tests/load/locustfile.py --users 200 --spawn-rate 20 --run-time 20m --host $(baseUrl)"
    return [bash("Load test against the service levels", run, **_token())]


def _property_tests() -> list[Json]:
    run = "python -m pytest tests/property --junitxml=results/property.xml"
    return [bash("Property-based pass over the contract", run, **_token()), _results("JUnit", "property.xml")]


def burn_threshold(design: Design) -> float:
    """The share of failing requests, in percent, at which a release is taken back: 14.4 times the budget's pace."""
    ratio = next((one.target.value for one in design.levels if one.target.measure == "ratio"), 99.9)
    return round(14.4 * (100 - ratio), 4)


def _watch(design: Design, environment: str) -> Json:
    failed = "100.0 * countif(toint(ResultCode) >= 500) / max_of(count(), 1)"
    query = f"AppRequests | where TimeGenerated > ago({WATCH_MINUTES}m) | where AppRoleName == '{api_name(design)}' | summarize Failed = {failed} | project Bad = toint(Failed > {burn_threshold(design):g})"
    return azure(
        design,
        environment,
        f"Watch the errors for {WATCH_MINUTES} minutes",
        f"sleep {WATCH_MINUTES * 60}",
        f'bad=$(az monitor log-analytics query --workspace $(workspaceId) --analytics-query "{query}" --query "[0].Bad" --output tsv)',
        'test "${bad:-0}" = 0',
    )
