"""A product team's build from a changed PRD to the comment on its pull request: the template's own steps, for real."""

import asyncio
from pathlib import Path
from typing import Any

from tests.azure_devops import AzureDevOpsServer
from tests.e2e.conftest import Product, prd_text
from tests.pipelines.agent import Build, Pipeline
from tests.pipelines.checkout import Checkout

TOKEN = "canary-job-token-77"
PULL = {
    "Build.Reason": "PullRequest",
    "Build.SourceBranch": "refs/pull/9/merge",
    "System.PullRequest.PullRequestId": "9",
    "System.PullRequest.TargetBranch": "refs/heads/main",
}


async def build(
    product: Product, server: AzureDevOpsServer, workspace: Path, variables: dict[str, str], **parameters: Any
) -> Build:
    """One build of a pipeline that extends the template."""
    server.tokens.add(TOKEN)
    app = str(product.http.base_url).rstrip("/")
    pipeline = Pipeline(server, workspace, TOKEN, {"app": app, **parameters}, **variables)
    done = await asyncio.to_thread(pipeline.run)
    assert TOKEN not in done.said
    assert "function-key" not in done.said
    return done


async def test_a_pull_request_gets_its_packs_a_summary_and_one_comment_that_is_updated(
    product: Product, azure_devops: AzureDevOpsServer, tmp_path: Path
):
    checkout = Checkout(tmp_path)
    main = checkout.commit(
        {"docs/prd/stable.md": prd_text("Stable"), "docs/prd/yarn.md": prd_text("Yarn", "- Sell wool.")}
    )
    checkout.merge_target(main)
    checkout.commit(
        {"docs/prd/yarn.md": prd_text("Yarn"), "docs/prd/odd | `name`.md": prd_text("Odd"), "src/a.md": "# No PRD"}
    )
    done = await build(product, azure_devops, tmp_path, PULL)
    assert done.results == {"send": "succeeded", "design": "succeeded", "report": "succeeded"}, done.said
    assert [script.split(" --")[0] for script in done.left_out] == ["python -m pip install"] * 2

    runs = done.outputs["prds.runs"].split(",")
    assert [(await product.run(run))["prd"]["name"] for run in runs] == ["docs/prd/odd | `name`.md", "docs/prd/yarn.md"]
    files = azure_devops.artifacts["backend-designs"]["resource"]["files"]
    assert {file.split("/")[0] for file in files} == {*runs, "summary.md"}
    assert sum(file.endswith("/MANIFEST.md") for file in files) == 2
    (summary,) = done.summaries
    assert "| `docs/prd/yarn.md` | changed, +2 −1 lines | ✅ complete | of 2: 2 designed, " in summary
    assert "Total cost: $" in summary
    (manifest,) = [file for file in files if file.startswith(runs[1]) and file.endswith("MANIFEST.md")]
    assert f"`{manifest}`" in summary
    assert "_build/results?buildId=42" in summary

    (thread,) = azure_devops.threads[9]
    assert (thread["status"], len(thread["comments"])) == ("closed", 1)
    assert thread["comments"][0]["content"] == f"<!-- design-backend pipeline 7 -->\n{summary}"
    azure_devops.threads[9].insert(0, {"id": 1, "comments": [{"id": 1, "content": "Nice!"}], "status": "active"})
    thread["id"] = 2

    checkout.commit({"docs/prd/odd | `name`.md": None})
    again = await build(product, azure_devops, tmp_path, PULL)
    assert again.results["report"] == "succeeded", again.said
    assert again.outputs["prds.runs"] == runs[1]
    nice, updated = azure_devops.threads[9]
    assert nice["comments"][0]["content"] == "Nice!"
    assert updated["comments"][0]["content"].endswith(again.summaries[0])
    assert "odd" not in again.summaries[0]


async def test_a_push_without_agentless_jobs_waits_by_asking_and_an_unusable_prd_fails_the_build_last(
    product: Product, azure_devops: AzureDevOpsServer, tmp_path: Path
):
    checkout = Checkout(tmp_path)
    built = checkout.commit({"docs/prd/old.md": prd_text("Old")})
    checkout.commit({"specs/gone.md": "# Gone", "specs/cafe.md": prd_text("Cafe")})
    checkout.commit({"specs/gone.md": None, "specs/empty.md": " \n"})
    azure_devops.builds = [{"sourceVersion": built}]
    push = {"Build.Reason": "IndividualCI", "Build.SourceBranch": "refs/heads/main"}
    options: dict[str, Any] = {"mode": "poll", "path": "specs", "policy": "ignore", "db": "postgres"}
    done = await build(product, azure_devops, tmp_path, push, **options)
    assert done.results == {"send": "succeeded", "design": "succeeded", "report": "failed"}, done.said
    run = await product.run(done.outputs["prds.runs"])
    assert (run["prd"]["name"], run["options"]["db"]) == ("specs/cafe.md", "postgres")
    errors = [text for kind, text in done.issues if kind == "error"]
    assert len(errors) == 2
    assert errors[1].startswith("specs/empty.md: refused: ")
    assert "not a PRD that can be used" in done.summaries[0]
    assert "No pull request" not in done.said


async def test_a_build_that_changes_no_prd_runs_nothing(
    product: Product, azure_devops: AzureDevOpsServer, tmp_path: Path
):
    checkout = Checkout(tmp_path)
    main = checkout.commit({"docs/prd/same.md": prd_text("Same")})
    checkout.merge_target(main)
    checkout.commit({"readme.md": "# Product"})
    done = await build(product, azure_devops, tmp_path, PULL)
    assert done.results == {"send": "succeeded", "design": "skipped", "report": "skipped"}
    assert "No PRD below docs/prd has changed." in done.said
