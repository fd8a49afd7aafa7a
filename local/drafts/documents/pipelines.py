"""Renders `cicd-pipeline.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.coverage import Gate, mechanism_of
from local.drafts.design.deployment_names import (
    ENVIRONMENTS,
    api_name,
    connection,
    deployed,
    on_kubernetes,
    registry,
    resource_group,
    secrets,
    vault,
    worker_name,
)
from local.drafts.design.model import Design
from local.drafts.documents.markdown import bullets, cite, document, fence, file_block, paragraphs
from local.drafts.documents.pipeline_yaml import WATCH_MINUTES, build_pipeline, burn_threshold
from local.drafts.documents.yaml_text import to_yaml
from local.drafts.english import table


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
    tools = ".NET 10 SDK and NuGet with a lock file" if design.stack == "csharp" else "Python 3.13 and uv's lock file"
    return paragraphs(
        f"Six stages in a chain. One image is built once with {tools}, and the same image goes to every environment.",
        fence(
            "mermaid",
            'flowchart LR\n  build["Build"] --> test["Test"] --> scan["SecurityScan"] --> dev["DeployDev"]\n  dev -->|"one approval"| stage["DeployStage"] -->|"two approvals"| prod["DeployProd"]',
        ),
        file_block("azure-pipelines.yml", "yaml", to_yaml(build_pipeline(design))),
        _requirements(design, "Built and deployed by this pipeline", "build", "smoke"),
    )


def _requirements(design: Design, label: str, *gates: Gate) -> str:
    ids = [one.id for one in design.requirements if mechanism_of(one).gate in gates]
    return f"{label}: {cite(ids)}." if ids else ""


def _caching(design: Design) -> str:
    lock = "`packages.lock.json`" if design.stack == "csharp" else "`uv.lock`"
    return paragraphs(
        f"**Packages** are cached with `Cache@2`, keyed by the agent's system and {lock}: a changed lock file starts a fresh cache. Build output and the stores' data are never cached, so no build can poison the next and migrations run from empty each time.",
        table(
            ("Artifact", "Holds", "Made in", "Used in", "Kept"),
            [
                (
                    "`release`",
                    "`image.tar`, `openapi.yaml`",
                    "Build",
                    "Test, SecurityScan, every deployment",
                    "90 days",
                ),
                ("`sbom`", "the image's bill of materials (CycloneDX)", "SecurityScan", "audits", "90 days"),
            ],
        ),
        "The image's tag is the build's id and `getVersion` answers with its commit: both lead from a running instance to its run, and from there to commit and bill of materials.",
    )


def _variables(design: Design) -> str:
    rows = [
        ("`imageName`, `imageTag`", "pipeline", f"`{design.project}`, the build's id"),
        ("`registryName`", "pipeline", f"`{registry(design)}`"),
        ("`baseUrl`", "stage", "the environment's address in the contract"),
        *(
            (
                "`tokenUrl`, `workspaceId`",
                f"group `{design.project}-{name}`",
                "the issuer's token endpoint and the Log Analytics workspace",
            )
            for name in ENVIRONMENTS
        ),
        ("`TEST_PASSWORD`", "job Test", "generated there, masked, never stored"),
    ]
    held = [
        (
            f"`{one.name}`",
            ", ".join(f"`{vault(design, name)}`" for name in ENVIRONMENTS),
            one.reader,
            "every 90 days",
        )
        for one in secrets(design)
    ]
    return paragraphs(
        table(("Variable", "Scope", "Value"), rows),
        table(("Secret", "Vaults", "Used by", "Rotated"), held),
        bullets(
            [
                "The pipeline fetches `test-client-secret` alone, with `AzureKeyVault@2`, in the deployment that needs it; the application reads the rest at run time with its managed identity.",
                "No secret is in this file, in a variable group or in the image; secrets reach scripts through `env` and are masked in logs.",
                "Service connections use workload identity federation: there is no password to rotate.",
            ]
        ),
        _requirements(design, "Secret handling and access control scanned here", "security"),
    )


def _environments(design: Design) -> str:
    approvals = {
        "dev": ("none", "branch control on `main`"),
        "stage": ("one member of the team", "branch control on `main`; exclusive lock"),
        "prod": (
            "two: the owner and someone who did not write the change",
            "branch control on `main`; exclusive lock; business hours; no open high alert",
        ),
    }
    rows = [
        (f"`{name}`", f"`{resource_group(design, name)}`", f"`{connection(design, name)}`", *approvals[name])
        for name in ENVIRONMENTS
    ]
    return paragraphs(
        table(("Environment", "Resource group", "Service connection", "Approvals", "Checks"), rows),
        "Approvals and checks are set on the environments, not in the file, so that a change to the file cannot remove them. "
        "Pull requests run Build, Test and SecurityScan and deploy nothing. Before saying yes, an approver looks at the test reports, the scan and the dashboard's first row.",
    )


def _gates(design: Design) -> str:
    load = ", ".join(f"{level.id} {level.target.name} {level.target.shown}" for level in design.levels)
    rows = [
        ("Contract tests", "Test", "all pass; no break of the contract on `main`", _ids(design, "contract")),
        ("Integration tests", "Test", "all pass against real stores", _ids(design, "integration")),
        ("Load test", "DeployStage", load, _ids(design, "load")),
        ("Security scans and tests", "SecurityScan, Test", "no secret, no high or critical finding", _ids(design, "security")),
        ("Build", "Build", "no warning, coverage of 80 % or more", _ids(design, "build")),
        ("Smoke test of each environment", "every deployment", "health, readiness, the new version and the reads of the contract", _ids(design, "smoke")),
        ("Errors after the release", "DeployProd", f"below {burn_threshold(design):g} % of requests over {WATCH_MINUTES} minutes: 14.4 x the budget of {design.levels[0].id}", "the objective's own requirement"),
    ]  # fmt: skip
    return paragraphs(
        table(("Gate", "Stage", "Passes when", "Requirements"), rows),
        "`PublishTestResults@2` shows every suite in the run's own tab whether it passed or not, coverage stands beside it, and a failed test fails the stage. A waiver names its owner, its reason and the day it ends.",
    )


def _ids(design: Design, gate: Gate) -> str:
    ids = (one.id for one in design.requirements if mechanism_of(one).gate == gate)
    return cite(ids) or "no requirement of its own"


def _rollback(design: Design) -> str:
    way = (
        f"`kubectl rollout undo` for {', '.join(f'`{name}`' for name in deployed(design))}"
        if on_kubernetes(design)
        else f"all traffic of `{api_name(design)}` back to the revision before"
        + (f", `{worker_name(design)}` back to its own" if design.broker else "")
    )
    objective = design.levels[0]
    return bullets(
        [
            f"**Automatic:** `on: failure` of each deployment brings back what ran before: {way}. It needs no build and takes under two minutes.",
            f"**Watched:** for {WATCH_MINUTES} minutes after traffic moved in `prod`, a fast burn of {objective.id} ({objective.target.name} {objective.target.shown}) fails the deployment and so rolls it back.",
            "**By hand:** re-run the deployment stage of an earlier run: its artifact is kept 90 days. Target: 15 minutes from decision to old version.",
            "**Schema:** migrations only expand, so the version before runs on the new schema; nothing is migrated backwards. Bad data is mended by a new migration.",
            "**Messages:** new consumers accept old messages and the other way round, so a rollback loses none.",
            "**Afterwards:** the team's channel is told, the cause is written down, and the way back is rehearsed in `stage` once a quarter.",
        ]
    )
