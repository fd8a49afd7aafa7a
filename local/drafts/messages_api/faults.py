"""Faults that tests request: which agent gets which bad answer, and how often. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

type Kind = Literal[
    "400", "401", "429", "500", "529",
    "refusal", "max_tokens", "cut", "error_event", "malformed", "misshapen", "stall", "silence",
    "misquote",
    "expired",
]  # fmt: skip
type EventName = Literal[
    "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"
]
KINDS: tuple[str, ...] = get_args(Kind.__value__)
HALF_WAY = 20
"""Number of the event in which a stream breaks: its text comes in about forty."""


@dataclass(frozen=True)
class Fault:
    """One order: `agent` (and `task`, if given) gets `kind`, `times` times or, with None, always.

    A number answers with that HTTP status, 429 and 529 with `retry_after` seconds; `refusal` and `max_tokens` stop
    there with some text written; `misquote` quotes in each edit of a revision what stands nowhere. The others break the
    stream half-way, or in the first event of the kind `at`: `cut` drops the connection in the middle of it;
    `error_event` reports an overload; `malformed` sends what is not JSON, `misshapen` what is no such event; `stall`
    stays silent, for as long as the caller waits. `silence` does not even begin. In a batch, a number is an errored
    request and `expired` one that was never processed.
    """

    agent: str
    kind: Kind
    times: int | None = None
    task: str | None = None
    at: EventName | None = None
    retry_after: int = 1

    def meets(self, agent: str, task: str) -> bool:
        """Whether a request of this agent and task is meant. The agent `*` means any."""
        return self.agent in ("*", agent) and self.task in (None, task)

    def strikes(self, number: int, event: bytes) -> bool:
        """Whether the stream breaks in its `number`-th event."""
        return event.startswith(f"event: {self.at}\n".encode()) if self.at else number == HALF_WAY


class FaultScript:
    """The orders of one server, counted down as they are served."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._left: list[tuple[Fault, int | None]] = [(fault, fault.times) for fault in faults]

    def next(self, agent: str, task: str) -> Fault | None:
        """The fault for this request, if one is ordered; the first order in the list wins."""
        for index, (fault, left) in enumerate(self._left):
            if left != 0 and fault.meets(agent, task):
                self._left[index] = (fault, None if left is None else left - 1)
                return fault
        return None


def parse_fault(text: str) -> Fault:
    """Read an order such as `api-backend-tester=529`, or `api-backend-tester=529x2` for twice.

    Raises ValueError with the allowed kinds."""
    agent, _, order = text.partition("=")
    kind, _, times = order.partition("x") if order not in KINDS else (order, "", "")
    if order.startswith("max_tokens"):
        kind, times = "max_tokens", order.removeprefix("max_tokens").removeprefix("x")
    for known in get_args(Kind.__value__):
        if agent and kind == known:
            return Fault(agent, known, int(times) if times else None)
    raise ValueError(f"{text!r} is no fault; write AGENT=KIND or AGENT=KINDxTIMES, KIND one of {', '.join(KINDS)}")
