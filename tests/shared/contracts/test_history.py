"""Requests read in short in history: what all of a run share is left out, and comes back from the run's claim."""

import json
from dataclasses import replace

from shared.contracts import (
    AgentRequest,
    BlobRef,
    Document,
    FolderRequest,
    Folders,
    ManifestRequest,
    Options,
    Payload,
    PublishRequest,
    RunInput,
)
from shared.contracts.history import in_full, in_short, run_of
from tests.shared.contracts.test_contracts import REF, RUN

AGENT = AgentRequest(RUN.run_id, "system-architect", "draft", RUN.project, "python", None, REF, "orders.md")


def back(request: Payload, run: RunInput = RUN) -> Payload:
    """What the activity makes of what history holds."""
    kind, said = type(request), json.loads(json.dumps(in_short(request, run)))
    assert run_of(kind, said) in (None, run.run_id)
    return kind.from_dict(in_full(kind, said, run))


def test_a_request_says_nothing_that_its_run_says():
    assert in_short(AGENT, RUN) == {"run_id": RUN.run_id, "agent": "system-architect", "task": "draft"}
    assert back(AGENT) == AGENT


def test_blobs_of_the_run_itself_are_named_within_it():
    mine, other = BlobRef("runs", f"{RUN.run_id}/a.md", "ab" * 32, 7), BlobRef("runs", "orders-10/a.md", "ab" * 32, 7)
    asked = replace(AGENT, previous=mine, documents=(Document("a.md", "~/x", mine), Document("b.md", "y", other)))
    said = in_short(asked, RUN)
    assert said["previous"].startswith("~/a.md 7 ")
    assert said["documents"][1]["ref"].startswith("runs/orders-10/a.md 7 ")
    assert back(asked) == asked


def test_what_differs_from_the_run_is_said():
    asked = replace(RUN, options=Options("csharp", "asked for", db="postgres"), project="other")
    assert in_short(AGENT, asked)["stack"] == "python"
    assert back(AGENT, asked) == AGENT


def test_a_manifest_is_asked_for_by_the_runs_id():
    folder = FolderRequest(RUN.run_id, RUN.project, RUN.output_root, None, "2026-01-01T00:00:00+00:00")
    assert back(folder) == folder
    request = ManifestRequest(RUN, Folders("s", "p", "a", "orders"), "running", (), "t0", "t1")
    assert in_short(request, RUN)["run"] == RUN.run_id
    assert back(request) == request


def test_a_request_that_leaves_nothing_out_needs_no_claim():
    request = PublishRequest(REF, "x.md")
    assert run_of(PublishRequest, in_short(request, RUN)) is None
    assert back(request) == request
