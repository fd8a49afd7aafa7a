"""Runs several generators ("branches") at once inside one orchestrator, each at its own pace.

A branch is written like a small orchestrator of its own: it yields durable tasks and returns a value. `in_parallel`
starts them all in the same orchestrator step, then moves whichever branch's task completes first; no branch waits for
its siblings.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task, TaskFailedError

type Branch[T] = Generator[Task[Any], Any, T]


class RunCancelled(Exception):
    """Somebody asked the run to stop. `done` holds what the branches had returned by then."""

    def __init__(self, done: dict[str, Any]) -> None:
        super().__init__("the run was cancelled")
        self.done = done


def in_parallel[T](
    context: df.DurableOrchestrationContext, branches: dict[str, Branch[T]], cancel: Task[Any]
) -> Generator[Task[Any], Any, dict[str, T]]:
    """Drive all `branches` to their end; returns what each returned, by its key.

    A failed task is raised inside its branch as `TaskFailedError`. Raises `RunCancelled` once `cancel` completes.
    """
    done: dict[str, T] = {}
    waiting: dict[str, Task[Any]] = {}
    for key, branch in branches.items():
        _advance(key, branch, None, waiting, done)
    while waiting:
        first = yield context.task_any([cancel, *waiting.values()])
        if first is cancel:
            for branch in branches.values():
                branch.close()
            raise RunCancelled(done)
        key = next(key for key, task in waiting.items() if task is first)
        _advance(key, branches[key], waiting.pop(key), waiting, done)
    return done


def _advance[T](
    key: str, branch: Branch[T], finished: Task[Any] | None, waiting: dict[str, Task[Any]], done: dict[str, T]
) -> None:
    """Hand a branch the result (or failure) of the task it waited for; note its next task or its return value."""
    try:
        if finished is None:
            waiting[key] = next(branch)
        elif finished.is_failed:
            waiting[key] = branch.throw(finished.get_exception())
        else:
            waiting[key] = branch.send(finished.get_result())
    except StopIteration as end:
        done[key] = end.value


__all__ = ["Branch", "RunCancelled", "TaskFailedError", "in_parallel"]
