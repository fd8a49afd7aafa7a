"""The state that all parallel branches of one run share."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import azure.durable_functions as df
from durabletask.task import Task

from orchestrators.custom_status import CustomStatus
from orchestrators.spending import Spending
from shared.contracts import Folders, RunInput

type Steps[T] = Generator[Task[Any], Any, T]
"""Yields durable tasks, returns a T."""


@dataclass(frozen=True)
class ActiveRun:
    """One run: its durable context, input, folders, custom status, spending, and the batches that it waits for."""

    context: df.DurableOrchestrationContext
    run: RunInput
    folders: Folders
    status: CustomStatus
    spending: Spending
    batches: dict[str, None] = field(default_factory=dict[str, None])
