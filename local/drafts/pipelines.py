"""Renders `cicd-pipeline.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.document import bullets, cite, document, fence, paragraphs
from local.drafts.mechanisms import Gate, mechanism_of
from local.drafts.pipeline_yaml import build_pipeline
from local.drafts.shapes import Design
from local.drafts.words import kebab, table
from local.drafts.yaml_text import to_yaml


def render_pipelines(design: Design) -> str:
    """The pipeline expert's document for a design."""
    return document(
        f"CI/CD pipeline: {design.title}",
        [
            ("Pipeline", _pipeline_section(design)),
            ("Caching and artifacts", _caching(design)),
            ("Variables and secrets", _variables(design)),
            ("Environments and approvals", _environments(design)),
            ("Quality gates and test reports", _gates(design)),
            ("Rollback", _rollback(design)),
        ],
    )


def _pipeline_section(design: Design) -> str:
    tools = ".NET 10 SDK and NuGet with a lock file" if design.stack == "csharp" else "Python 3.13 and pip with hashes"
    return paragraphs(
        f"`azure-pipelines.yml`: six stages in a chain. One image is built once with {tools}, and the same image goes to every environment.",
        fence(
            "mermaid",
            'flowchart LR\n  build["Build"] --> test["Test"] --> scan["SecurityScan"] --> dev["DeployDev"]\n  dev --> stage["DeployStage"] --> prod["DeployProd"]',
        ),
        fence("yaml", to_yaml(build_pipeline(design))),
        _requirements(design, "Built and deployed by this pipeline", "build", "smoke"),
    )


def _requirements(design: Design, label: str, *gates: Gate) -> str:
    ids = [one.id for one in design.brief.requirements if mechanism_of(one).gate in gates]
    return f"{label}: {cite(ids)}." if ids else ""


def _caching(design: Design) -> str:
    packages = "`packages.lock.json`" if design.stack == "csharp" else "`requirements.lock`"
    return bullets(
        [
            f"**Packages:** `Cache@2`, keyed by the agent's system and {packages}; a changed lock file starts a fresh cache.",
            "**Release:** artifact `release` with `image.tar` and `openapi.yaml`, kept 90 days; each stage deploys this artifact and builds nothing.",
            "**Results:** JUnit and coverage files, published from the Test stage whether it passed or not.",
            "**Not cached:** the stores' data, so that migrations run from empty in each build.",
        ]
    )


def _variables(design: Design) -> str:
    names = "`serviceConnection`, `resourceGroup`, `registryName`, `keyVaultName`, `baseUrl`"
    cluster = ", `clusterName`" if "Kubernetes" in design.platform else ""
    rows = [
        (f"`{design.project}-shared`", "`releasedContractUrl`", "variable group"),
        *(
            (f"`{design.project}-{environment}`", names + cluster, "variable group")
            for environment in ("dev", "stage", "prod")
        ),
        (
            "Key Vault of each environment",
            "`database-migration-login`, `test-token`",
            "`AzureKeyVault@2`, read in the deploy job",
        ),
    ]
    return paragraphs(
        table(("Where", "Holds", "How it arrives"), rows),
        bullets(
            [
                "No secret is in this file, in a variable group or in the image; secrets are masked in logs and passed as `env` only.",
                "The service connections use workload identity federation: there is no password to rotate.",
                "The application reads its own secrets at run time by managed identity; the pipeline never sees them.",
            ]
        ),
        _requirements(design, "Secret handling and access control scanned here", "security"),
    )


def _environments(design: Design) -> str:
    rows = [
        (f"`{design.project}-dev`", "none", "each merge to `main`"),
        (f"`{design.project}-stage`", "one member of the team", "business hours; exclusive lock"),
        (
            f"`{design.project}-prod`",
            "two: the owner and someone who did not write the change",
            "business hours; exclusive lock; no open high alert",
        ),
    ]
    return paragraphs(
        table(("Environment", "Approvals", "Checks"), rows),
        "Approvals and checks are set on the environments, not in the file, so that a change to the file cannot remove them. "
        "Pull requests run Build, Test and SecurityScan and deploy nothing.",
    )


def _gates(design: Design) -> str:
    load = ", ".join(f"{level.id} {level.target.name} {level.target.shown}" for level in design.levels)
    rows = [
        ("Contract tests", "all pass; no break of the released contract", _ids(design, "contract")),
        ("Integration tests", "all pass against real stores", _ids(design, "integration")),
        ("Load test on stage", load, _ids(design, "load")),
        ("Security scans and tests", "no secret, no high or critical finding", _ids(design, "security")),
        ("Build", "no warning, coverage of 80 % or more, image starts", _ids(design, "build")),
        (
            "Smoke test of each environment",
            "health, readiness, version and one read within 60 s",
            _ids(design, "smoke"),
        ),
    ]
    return paragraphs(
        table(("Gate", "Passes when", "Requirements"), rows),
        "`PublishTestResults@2` shows every run in the build's own tab, coverage is in the artifact `test-results`, and a failed test fails the stage.",
    )


def _ids(design: Design, gate: Gate) -> str:
    return (
        cite(one.id for one in design.brief.requirements if mechanism_of(one).gate == gate)
        or "no requirement of its own"
    )


def _rollback(design: Design) -> str:
    way = (
        "`helm rollback` to the release before"
        if "Kubernetes" in design.platform
        else "traffic weight back to the revision before"
    )
    objective = design.levels[0]
    return paragraphs(
        bullets(
            [
                f"**Automatic:** `on: failure` of each deployment runs `deploy/rollback.sh`: {way}. It needs no build and takes under two minutes.",
                f"**Watched:** for 15 minutes after traffic moved, a fast burn of {objective.id} ({objective.target.name} {objective.target.shown}) fails the deployment.",
                "**Schema:** migrations only expand, so the version before runs on the new schema; nothing is migrated backwards.",
                "**By hand:** re-run the deploy stage of an earlier build: its artifact is kept 90 days.",
                "**Messages:** new consumers accept old messages and the other way round, so a rollback loses none.",
            ]
        ),
        fence("bash", f"# deploy/rollback.sh\nset -euo pipefail\n{_rollback_script(design)}"),
    )


def _rollback_script(design: Design) -> str:
    name = kebab(design.project)
    if "Kubernetes" in design.platform:
        return f'az aks get-credentials --resource-group "$RESOURCE_GROUP" --name "$CLUSTER_NAME"\nhelm rollback {name} --wait --timeout 5m'
    return (
        f'previous=$(az containerapp revision list --resource-group "$RESOURCE_GROUP" --name {name} --query "sort_by([?properties.active], &properties.createdTime)[-2].name" --output tsv)\n'
        f'az containerapp ingress traffic set --resource-group "$RESOURCE_GROUP" --name {name} --revision-weight "$previous=100"'
    )
