"""Payloads: what goes into history comes back equal, and nothing else comes back."""

import json

import pytest

from shared.contracts import AgentResult, BlobRef, Call, Claim, Options, RunInput, Usage

REF = BlobRef("runs", "a/prd.md", "ab" * 32, 12)
CALL = Call("system-architect", "draft", "system_architect", 2, "integration-architecture.md", "Architecture", (), 9000)
RUN = RunInput(
    run_id="orders-1",
    project="orders",
    title="Orders",
    prd=REF,
    prd_name="orders.md",
    prd_etag=None,
    options=Options("python", "asked for"),
    output_root="designs",
    calls=(CALL,),
)


def test_a_payload_survives_json():
    claim = Claim(RUN, "drop", "identity", "2026-01-01T00:00:00+00:00")
    assert Claim.from_dict(json.loads(json.dumps(claim.to_dict()))) == claim


def test_what_history_holds_often_reads_in_short():
    result = AgentResult(Usage(calls=1, output_tokens=7), "claude", BlobRef("runs", "a b/x 1.md", "0f" * 32, 3))
    said = result.to_dict()
    assert said["usage"] == [1, 0, 0, 0, 7]
    assert said["draft"] == "runs/a b/x 1.md 3 Dw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8"
    assert AgentResult.from_dict(json.loads(json.dumps(said))) == result


def test_whole_numbers_are_good_seconds():
    assert Usage.from_dict({"seconds": 3}).seconds == 3.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run_id": 5}, "RunInput.run_id: expected str, got int"),
        ({"surprise": 1}, "unknown field 'surprise'"),
        ({"calls": "x"}, "RunInput.calls: expected a list"),
        ({"prd": None}, "BlobRef: expected `container/name size sha256`"),
        ({"prd": "runs/a 12 short"}, "BlobRef: expected `container/name size sha256`"),
        ({"attempts": True}, "RunInput.attempts: expected int, got bool"),
    ],
)
def test_a_payload_of_another_shape_is_refused_by_field(change: dict[str, object], message: str):
    with pytest.raises(ValueError, match=message):
        RunInput.from_dict(RUN.to_dict() | change)


def test_a_missing_field_is_refused():
    data = RUN.to_dict()
    del data["project"]
    with pytest.raises(ValueError, match="project"):
        RunInput.from_dict(data)


def test_optional_payloads_may_be_absent():
    assert AgentResult.from_dict({"usage": []}).draft is None


def test_usage_adds_up():
    assert (Usage(1, 10, 2, 3, 4, 0.5) + Usage(1, 1, 1, 1, 1, 0.25)) == Usage(2, 11, 3, 4, 5, 0.75)


def test_an_agent_with_several_tasks_has_a_key_for_each():
    assert CALL.key == "system-architect"
    assert Call("orchestrator", "setup", "orchestrator", 1, "MANIFEST.md", "Setup", (), 1).key == "orchestrator:setup"
