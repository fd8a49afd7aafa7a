"""How settings are declared as fields of a dataclass, read from text, and listed. Knows no setting. Pure."""

import math
from collections.abc import Mapping
from dataclasses import Field, field, fields
from typing import Any


def setting(variable: str, why: str, default: Any, *, secret: bool = False, zero: bool = False) -> Any:
    """Declare a setting: its environment variable, what it is for, its default; secrets stay out of `repr`.

    Numbers are greater than zero, unless `zero` is one too.
    """
    return field(default=default, repr=not secret, metadata={"variable": variable, "why": why, "zero": zero})


def for_tier(whole: str, tier: str) -> Any:
    """Declare what one tier of agents has in place of `whole`."""
    return setting(f"{whole}_{tier.upper()}", f"In place of `{whole}` for agents of the tier `{tier}`.", None)


def read_declared(declaring: type, environment: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Values of the fields that `environment` gives something for, and what is wrong with what it gives."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for declared in fields(declaring):
        raw = environment.get(_variable(declared), "").strip()
        if raw:
            values[declared.name] = _parse(declared, raw, problems)
    return values, problems


def rows_of(declaring: type) -> list[str]:
    """A Markdown table of the settings: name, default, what it is for."""
    rows = ["| setting | default | what it is for |", "|---|---|---|"]
    for declared in fields(declaring):
        default = "" if declared.default is None else f"`{_as_written(declared.default)}`"
        rows.append(f"| `{_variable(declared)}` | {default} | {declared.metadata['why']} |")
    return rows


def _variable(declared: "Field[Any]") -> str:
    return declared.metadata["variable"]


def _parse(declared: "Field[Any]", raw: str, problems: list[str]) -> Any:
    kind = declared.type
    if kind is bool:
        if raw.lower() not in ("true", "false"):
            problems.append(f"{_variable(declared)}={raw!r} is neither true nor false")
        return raw.lower() == "true"
    if kind not in (int, int | None, float):
        return raw
    try:
        value = float(raw) if kind is float else int(raw)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problems.append(f"{_variable(declared)}={raw!r} is not a number")
    elif value < 0 or (value == 0 and not declared.metadata["zero"]):
        least = "zero or more" if declared.metadata["zero"] else "greater than zero"
        problems.append(f"{_variable(declared)}={raw!r} must be {least}")
    return value


def _as_written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
