"""What an incremental run does with each text of the earlier pack."""

from dataclasses import replace

from orchestrators.updating import errors_before, intent_for, is_carried
from shared.agents import catalogue
from shared.contracts import (
    EDITS,
    MAYBE,
    SURE,
    Base,
    BaseText,
    BlobRef,
    FileEntry,
    Moves,
    Options,
    Outcome,
    RunInput,
    Usage,
)

CALLS = {call.key: call for call in catalogue().calls_for("python")}


def blob(name: str, digit: str = "a") -> BlobRef:
    return BlobRef("runs", f"orders-1/base/{name}", digit * 64, 100)


def run(**levels: str) -> RunInput:
    texts = [
        BaseText(
            key,
            blob(key.replace(":", "-")),
            levels.get(key.replace("-", "_").replace(":", "_"), ""),
            errors=2,
            gist="g",
        )
        for key in CALLS
    ]
    base = Base("orders-0", "20261201-101500", "designs/orders", blob("changes"), tuple(texts))
    options = Options("python", "asked for")
    return RunInput("orders-1", "orders", "Orders", blob("prd.md"), "orders.md", None, options, "out", tuple(CALLS.values()),
                    base=base)  # fmt: skip


def outcome(key: str, gist: str, digit: str = "b") -> Outcome:
    return Outcome(key, "done", Usage(), draft=blob(key, digit), file=FileEntry("a.md", 1, "c" * 64), gist=gist)


def test_a_run_without_an_earlier_pack_drafts_everything() -> None:
    anew = replace(run(), base=None)
    for call in CALLS.values():
        intent = intent_for(call, anew, {})
        assert (intent.asks, intent.earlier, intent.request(anew, call, ()).form) == (True, None, "")


def test_what_nothing_reaches_is_carried_over() -> None:
    assert not any(intent_for(call, run(), {}).asks for call in CALLS.values())


def test_what_is_surely_stale_is_updated_by_edits_to_the_earlier_text() -> None:
    stale, call = run(system_architect=SURE), CALLS["system-architect"]
    request = intent_for(call, stale, {}).request(stale, call, ())
    assert (request.form, request.previous, request.revision) == (EDITS, blob("system-architect"), 0)
    assert request.changes == blob("changes")


def test_what_may_be_stale_is_updated_where_it_uses_a_name_that_moved() -> None:
    maybe, call = run(python_backend_dev=MAYBE), CALLS["python-backend-dev"]
    assert not intent_for(call, maybe, {}, Moves(("getOrder",), ("test-specifications.md",))).asks
    intent = intent_for(call, maybe, {}, Moves(("getOrder",), (call.deliverable,)))
    assert (intent.updates, intent.moved) == (True, ("getOrder",))


def test_the_last_part_of_the_manifest_is_updated_where_what_it_sums_up_moved() -> None:
    call = CALLS["orchestrator:synthesis"]
    assert not intent_for(call, run(), {"system-architect": outcome("system-architect", "g")}).asks
    assert intent_for(call, run(), {"system-architect": outcome("system-architect", "other")}).updates


def test_a_text_is_carried_while_it_is_the_earlier_one_and_keeps_its_old_errors() -> None:
    assert is_carried(outcome("system-architect", "g", "a"), run())
    assert not is_carried(outcome("system-architect", "g", "b"), run())
    assert (errors_before("system-architect", run()), errors_before("system-architect", replace(run(), base=None))) == (
        2,
        0,
    )
