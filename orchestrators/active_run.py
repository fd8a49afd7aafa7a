"""What every lane of a run works with."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task

from orchestrators.progress import Board
from orchestrators.spending import Spending
from shared.contracts import Folders, RunInput

type Steps[T] = Generator[Task[Any], Any, T]
"""Yields durable tasks, returns a T."""


@dataclass(frozen=True)
class Desk:
    """One run: its context, input, folders, status board and purse, and the batches it waits for (in order)."""

    context: df.DurableOrchestrationContext
    run: RunInput
    folders: Folders
    board: Board
    spending: Spending
    batches: dict[str, None] = field(default_factory=dict[str, None])
