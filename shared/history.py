"""How activities' requests read in history: what all requests of a run share is said once, in the run's claim.

Pure. `in_short` is the orchestrator's side, `in_full` the activity's; between them lies the history, which so stays
small however often a deliverable is revised.
"""

from dataclasses import MISSING, fields
from typing import Any, cast

from shared.contracts import Payload, RunInput


def in_short(request: Payload, run: RunInput) -> dict[str, Any]:
    """The request without what it shares with its run; the run itself is given by its id."""
    shared, said = _shared(run), request.to_dict()
    short = {name: value for name, value in said.items() if name not in shared or value != shared[name]}
    if "run" in said and "run" not in short:
        short["run"] = run.run_id
    return short


def run_of(kind: type[Payload], data: dict[str, Any]) -> str | None:
    """The id of the run whose claim completes `data`; None where nothing is missing."""
    if isinstance(data.get("run"), str):
        return data["run"]
    return data.get("run_id") if _left_out(kind, data) else None


def in_full(kind: type[Payload], data: dict[str, Any], run: RunInput) -> dict[str, Any]:
    """`in_short`'s output with what the run holds put back in."""
    shared = _shared(run)
    missing = {name: shared[name] for name in _left_out(kind, data) if name in shared}
    return data | missing | ({"run": shared["run"]} if isinstance(data.get("run"), str) else {})


def _left_out(kind: type[Payload], data: dict[str, Any]) -> set[str]:
    """Fields that must be given and are not: `to_dict` leaves out only what has its default value."""
    return {field.name for field in fields(cast(Any, kind)) if field.default is MISSING} - data.keys()


def _shared(run: RunInput) -> dict[str, Any]:
    whole = run.to_dict()
    return {
        "run": whole,
        "project": run.project,
        "stack": run.options.stack,
        "db": run.options.db,
        "prd": whole["prd"],
        "prd_name": run.prd_name,
        "output_root": run.output_root,
    }
