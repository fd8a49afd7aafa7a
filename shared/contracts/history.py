"""How activities' requests read in history: what all requests of a run share is said once, in the run's claim.

Pure. `in_short` is the orchestrator's side, `in_full` the activity's; between them lies the history, which so stays
small however often a deliverable is revised.
"""

import json
import re
from dataclasses import MISSING, fields
from typing import Any, cast

from shared.contracts.payload import Payload
from shared.contracts.runs import RunInput

WORK = "runs"
OWN = "~/"
"""How a reference to a blob of the request's own run begins."""
_REFERENCE_END = re.compile(r" \d{1,15} [\w-]{43}$")


def in_short(request: Payload, run: RunInput) -> dict[str, Any]:
    """The request without what it shares with its run; the run itself is given by its id."""
    shared, said = _shared(run), request.to_dict()
    short = {name: value for name, value in said.items() if name not in shared or value != shared[name]}
    if "run" in said and "run" not in short:
        short["run"] = run.run_id
    return _replaced(short, f"{WORK}/{run.run_id}/", OWN) if _names_its_run(short) else short


def run_of(kind: type[Payload], data: dict[str, Any]) -> str | None:
    """The id of the run whose claim completes `data`; None where nothing is missing."""
    if isinstance(data.get("run"), str):
        return data["run"]
    return data.get("run_id") if _left_out(kind, data) or f'"{OWN}' in json.dumps(data) else None


def in_full(kind: type[Payload], data: dict[str, Any], run: RunInput) -> dict[str, Any]:
    """`in_short`'s output with what the run holds put back in."""
    shared = _shared(run)
    missing = {name: shared[name] for name in _left_out(kind, data) if name in shared}
    whole = _replaced(data, OWN, f"{WORK}/{run.run_id}/") if _names_its_run(data) else data
    return whole | missing | ({"run": shared["run"]} if isinstance(data.get("run"), str) else {})


def _names_its_run(data: dict[str, Any]) -> bool:
    return isinstance(data.get("run"), str) or "run_id" in data


def _replaced(value: Any, old: str, new: str) -> Any:
    """The value with `old` replaced where a reference to a blob begins with it."""
    if isinstance(value, str):
        refers = value.startswith(old) and _REFERENCE_END.search(value)
        return new + value.removeprefix(old) if refers else value
    if isinstance(value, list):
        return [_replaced(item, old, new) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {name: _replaced(item, old, new) for name, item in cast(dict[str, Any], value).items()}
    return value


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
