"""Who is revised when, with which findings, and what is asked again: decided from results, on a scripted run."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import Mock

import pytest
from durabletask.internal.orchestrator_service_pb2 import TaskFailureDetails
from durabletask.task import TaskFailedError

from orchestrators.active_run import ActiveRun
from orchestrators.parallel import RunCancelled
from orchestrators.reconciliation import Reconciled, reconcile
from orchestrators.revising import revise
from orchestrators.spending import Spending
from shared.contracts import (
    AgentResult,
    BlobRef,
    Call,
    Cap,
    CheckResult,
    Document,
    FileEntry,
    Folders,
    Options,
    Outcome,
    PackCheckResult,
    RunInput,
    Tally,
    Usage,
)

ARCHITECTURE, TESTS, PIPELINE = "integration-architecture.md", "test-specifications.md", "cicd-pipeline.md"


def call_of(agent: str, deliverable: str, *needs: str) -> Call:
    return Call(agent, "draft", agent.replace("-", "_"), 2, deliverable, "", needs, 1_000)


ARCHITECT = call_of("system-architect", ARCHITECTURE)
TESTER = call_of("api-backend-tester", TESTS, ARCHITECTURE)
DELIVERER = call_of("pipelines-expert", PIPELINE, ARCHITECTURE)
CALLS = (ARCHITECT, TESTER, DELIVERER, replace(call_of("orchestrator", "MANIFEST.md", "*"), task="synthesis"))


def blob(name: str) -> BlobRef:
    return BlobRef("runs", f"r1/{name}", name.encode().hex().ljust(64, "0")[:64], 10)


@dataclass
class Order:
    """An activity that was scheduled; a durable task as branches see it."""

    name: str
    request: dict[str, Any]
    result: Any = None
    is_failed: bool = False

    def get_result(self) -> Any:
        return self.result

    def get_exception(self) -> Exception:
        return failed_step()


def failed_step() -> TaskFailedError:
    return TaskFailedError("failed", TaskFailureDetails(errorType="ValueError", errorMessage="ValueError: no"))


CANCEL = Order("cancel", {})


@dataclass
class RecordingHost:
    """A run whose activities answer by script: by name in turn, the last answer for ever."""

    answers: dict[str, list[Any]]
    ordered: list[Order] = field(default_factory=list[Order])
    cancelled_after: str = ""
    current_utc_datetime = datetime(2026, 12, 1, tzinfo=UTC)

    def call_activity_with_retry(self, name: str, policy: object, request: dict[str, Any]) -> Order:
        script = self.answers.get(name, [])
        said = script.pop(0) if len(script) > 1 else script[0] if script else None
        order = Order(name, request, said.to_dict() if said else None, is_failed=said is None)
        self.ordered.append(order)
        return order

    def task_any(self, tasks: list[Order]) -> list[Order]:
        return tasks

    def play[T](self, steps: Generator[Any, Any, T]) -> T:
        """Answer what is scheduled, first come first served, until there is a result."""
        task = next(steps)
        try:
            while True:
                if isinstance(task, list):
                    waiting = cast(list[Order], task)
                    is_over = any(order.name == self.cancelled_after for order in self.ordered)
                    task = steps.send(waiting[0] if is_over else waiting[1])
                elif task.is_failed:
                    task = steps.throw(task.get_exception())
                else:
                    task = steps.send(task.result)
        except StopIteration as end:
            return end.value

    @property
    def names(self) -> list[str]:
        """What was scheduled, publishing and own checks left out."""
        return [order.name for order in self.ordered if order.name not in ("publish_deliverable", "check_deliverable")]

    def requests(self, name: str) -> list[dict[str, Any]]:
        return [order.request for order in self.ordered if order.name == name]


def active_run_on(host: RecordingHost, **run: Any) -> ActiveRun:
    options, prd = Options("python", "asked for"), BlobRef("runs", "r1/prd.md", "ab" * 32, 12)
    given: dict[str, Any] = {"revisions": 2, "by_edits": True} | run
    chosen = RunInput("r1", "p", "P", prd, "p.md", None, options, "designs", CALLS, **given)
    folders = Folders("20261201-000000", "p-20261201", "agents", "p")
    return ActiveRun(cast(Any, host), chosen, folders, Mock(), Spending(chosen))


def outcome(call: Call, errors: int = 0) -> Outcome:
    found = blob(f"own-{call.agent}") if errors else None
    file = FileEntry(call.deliverable, 10, "00")
    return Outcome(
        call.key, "done", Usage(), draft=blob(call.agent), file=file, errors=errors, findings=found, facts="f0"
    )


def pack(number: int, *deliverables: str) -> PackCheckResult:
    if not deliverables:
        return PackCheckResult()
    return PackCheckResult(tuple(Tally(name, 1, 0) for name in deliverables), blob(f"pack-{number}"))


def answered(name: str, answer: str | None = None) -> AgentResult:
    kept = blob(answer) if answer else None
    return AgentResult(Usage(output_tokens=10, calls=1), "m", blob(name), answer=kept)


REVISED = {
    "system_architect": [answered("architect-1")],
    "api_backend_tester": [answered("tests-1")],
    "pipelines_expert": [answered("pipeline-1")],
    "publish_deliverable": [FileEntry("x", 1, "00")],
}


def reconciled(host: RecordingHost, *outcomes: Outcome, **run: Any) -> Reconciled:
    return host.play(reconcile(active_run_on(host, **run), {each.key: each for each in outcomes}, cast(Any, CANCEL)))


def test_documents_without_findings_are_held_against_each_other_once():
    host = RecordingHost({"check_pack": [pack(0)]})
    reconciled(host, outcome(ARCHITECT), outcome(TESTER))
    assert host.names == ["check_pack"]


def test_findings_of_its_own_and_those_across_go_back_together():
    host = RecordingHost(REVISED | {"check_pack": [pack(0, TESTS), pack(1)], "check_deliverable": [CheckResult(0, 0)]})
    done = reconciled(host, outcome(ARCHITECT), outcome(TESTER, errors=1))
    assert host.names == ["check_pack", "api_backend_tester", "check_pack"]
    (request,) = host.requests("api_backend_tester")
    assert (request["findings"].split()[0], request["across"].split()[0]) == ("~/own-api-backend-tester", "~/pack-0")
    assert request["form"] == "edits"
    assert (done.outcomes[TESTER.key].revisions, done.first, done.last) == (1, pack(0, TESTS), pack(1))


def test_findings_of_its_own_alone_go_back_alone():
    host = RecordingHost(
        REVISED | {"check_pack": [pack(0, PIPELINE), pack(1)], "check_deliverable": [CheckResult(0, 0)]}
    )
    reconciled(host, outcome(ARCHITECT), outcome(TESTER, errors=1), outcome(DELIVERER))
    (tester,), (deliverer,) = host.requests("api_backend_tester"), host.requests("pipelines_expert")
    assert "across" not in tester
    assert "findings" not in deliverer
    assert host.names == ["check_pack", "api_backend_tester", "pipelines_expert", "check_pack"]


def test_the_architecture_is_revised_first_and_the_others_are_judged_anew_where_something_moved():
    checks = [pack(0, ARCHITECTURE, TESTS), pack(1, PIPELINE), pack(2)]
    host = RecordingHost(REVISED | {"check_pack": list(checks), "check_deliverable": [CheckResult(0, 0, facts="f1")]})
    done = reconciled(host, outcome(ARCHITECT), outcome(TESTER), outcome(DELIVERER))
    assert host.names == ["check_pack", "system_architect", "check_pack", "pipelines_expert", "check_pack"]
    assert done.last == pack(2)
    (request,) = host.requests("pipelines_expert")
    assert "architect-1" in str(request["documents"]), "it reads the architecture as it is now"


def test_a_change_of_the_architecture_that_moves_nothing_has_nothing_else_checked_before_the_others_are_revised():
    host = RecordingHost(
        REVISED
        | {"check_pack": [pack(0, ARCHITECTURE, TESTS), pack(1)], "check_deliverable": [CheckResult(0, 0, facts="f0")]}
    )
    reconciled(host, outcome(ARCHITECT), outcome(TESTER), outcome(DELIVERER))
    assert host.names == ["check_pack", "system_architect", "api_backend_tester", "check_pack"]


def test_an_architecture_that_moved_and_leaves_the_others_right_is_checked_once_more_and_not_twice():
    host = RecordingHost(
        REVISED | {"check_pack": [pack(0, ARCHITECTURE), pack(1)], "check_deliverable": [CheckResult(0, 0, facts="f1")]}
    )
    reconciled(host, outcome(ARCHITECT), outcome(TESTER))
    assert host.names == ["check_pack", "system_architect", "check_pack"]


def test_revisions_are_bounded():
    checks = [pack(number, TESTS) for number in range(9)]
    host = RecordingHost({**REVISED, "check_pack": checks, "check_deliverable": [CheckResult(0, 0)]})
    host.answers["api_backend_tester"] = [answered(f"tests-{number}") for number in range(9)]
    done = reconciled(host, outcome(ARCHITECT), outcome(TESTER))
    assert done.outcomes[TESTER.key].revisions == 2
    assert host.names.count("api_backend_tester") == 2


def test_what_was_asked_before_and_changed_nothing_is_not_asked_again():
    unchanged = answered(TESTER.agent)
    host = RecordingHost({**REVISED, "api_backend_tester": [unchanged], "check_pack": [pack(0, TESTS)]})
    done = reconciled(host, outcome(ARCHITECT), outcome(TESTER))
    assert host.names == ["check_pack", "api_backend_tester", "check_pack"]
    assert "publish_deliverable" not in [order.name for order in host.ordered]
    assert "check_deliverable" not in [order.name for order in host.ordered]
    assert done.outcomes[TESTER.key].revisions == 1


def test_where_documents_cannot_be_held_against_each_other_their_own_findings_are_mended_all_the_same():
    host = RecordingHost({**REVISED, "check_deliverable": [CheckResult(0, 0)]})
    done = reconciled(host, outcome(ARCHITECT), outcome(TESTER, errors=1))
    assert host.names == ["check_pack", "api_backend_tester", "check_pack"]
    assert done.outcomes[TESTER.key].errors == 0
    assert done.last.failure is not None


def test_a_run_that_is_cancelled_keeps_what_was_revised_before():
    checks = [pack(0, ARCHITECTURE, TESTS), pack(1, TESTS)]
    host = RecordingHost({**REVISED, "check_pack": list(checks), "check_deliverable": [CheckResult(0, 0, facts="f1")]})
    host.cancelled_after = "api_backend_tester"
    with pytest.raises(RunCancelled) as cancelled:
        reconciled(host, outcome(ARCHITECT), outcome(TESTER))
    assert cancelled.value.done[ARCHITECT.key].draft == blob("architect-1")
    assert cancelled.value.done[TESTER.key].draft == blob(TESTER.agent)


def revised(host: RecordingHost, **run: Any) -> Outcome:
    before, architecture = outcome(TESTER, errors=1), Document(ARCHITECTURE, ARCHITECT.agent, blob("a"))
    return host.play(revise(active_run_on(host, **run), TESTER, (architecture,), before, before.findings))


def forms(host: RecordingHost) -> list[tuple[str, bool]]:
    """Of each call the form, and whether it is told of an earlier answer."""
    return [(request.get("form", ""), "answer" in request) for request in host.requests("api_backend_tester")]


def script(*results: AgentResult, errors: int = 0) -> RecordingHost:
    return RecordingHost({"api_backend_tester": list(results), "check_deliverable": [CheckResult(errors, 0)]})


def test_edits_that_apply_take_one_call():
    host = script(answered("one"))
    done = revised(host)
    assert forms(host) == [("edits", False)]
    assert (done.draft, done.errors, done.usage.output_tokens, done.revisions) == (blob("one"), 0, 10, 1)


def test_edits_that_do_not_apply_go_back_once_and_then_the_whole_document_is_asked_for():
    host = script(answered("some", "answer-1"), answered("more", "answer-2"), answered("whole"))
    done = revised(host)
    assert forms(host) == [("edits", False), ("again", True), ("whole", False)]
    assert (done.draft, done.usage.output_tokens, done.revisions) == (blob("whole"), 30, 1)
    assert len({str(request["previous"]) for request in host.requests("api_backend_tester")}) == 1


def test_edits_that_apply_the_second_time_take_two_calls():
    host = script(answered("some", "answer-1"), answered("all"))
    assert revised(host).draft == blob("all")
    assert forms(host) == [("edits", False), ("again", True)]


def test_what_applied_stays_where_the_run_may_pay_for_no_further_call():
    host = script(answered("some", "answer-1"))
    done = revised(host, cap=Cap(tokens=5))
    assert forms(host) == [("edits", False)]
    assert done.draft == blob("some")
    assert done.failure is not None


def test_edits_that_make_a_document_worse_are_not_taken():
    done = revised(script(answered("worse"), errors=2))
    assert (done.draft, done.errors, done.revisions) == (blob(TESTER.agent), 1, 1)


def test_a_run_that_was_started_before_there_were_edits_asks_for_whole_documents():
    host = script(answered("one"))
    revised(host, by_edits=False)
    assert forms(host) == [("", False)]
