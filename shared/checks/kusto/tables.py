"""The tables a query may read: Azure Monitor's, from azure_monitor.toml, and those a deliverable declares."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

TYPES = frozenset({"bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"})
ALIASES = {"boolean": "bool", "date": "datetime", "double": "real", "time": "timespan", "uuid": "guid"}
"""Other names that Kusto knows its types by."""


@dataclass(frozen=True)
class Table:
    """A table: its columns as (name, type), whether it may have columns beyond these, and its name in a workspace.

    `successor` is set for tables of classic Application Insights, which a Log Analytics workspace does not know.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    open: bool = False
    successor: str | None = None


@cache
def azure_monitor() -> dict[str, Table]:
    """The tables of Azure Monitor that the data file knows, by name."""
    data = tomllib.loads((Path(__file__).parent / "azure_monitor.toml").read_text(encoding="utf-8"))
    groups = {name: _columns(group) for name, group in data["columns"].items()}
    return {name: _table(name, cast(dict[str, Any], entry), groups) for name, entry in data["tables"].items()}


def declared(name: str, columns: tuple[tuple[str, str], ...]) -> Table:
    """A custom table with the `columns` its document gives it and those that every table has."""
    own = dict(columns)
    standard = tuple(column for column in azure_monitor()["Usage"].columns if column[0] in STANDARD)
    return Table(name, columns + tuple(column for column in standard if column[0] not in own))


STANDARD = frozenset({
    "TimeGenerated", "TenantId", "Type", "SourceSystem", "_TimeReceived", "_ItemId", "_ResourceId", "_SubscriptionId",
    "_IsBillable", "_BilledSize",
})  # fmt: skip
"""Columns that Azure Monitor gives to every table."""


def _table(name: str, entry: dict[str, Any], groups: dict[str, dict[str, str]]) -> Table:
    columns: dict[str, str] = {}
    for group in entry.get("includes", ["standard"]):
        columns |= groups[group]
    columns |= _columns(entry)
    return Table(name, tuple(columns.items()), entry.get("open", False), entry.get("successor"))


def _columns(entry: dict[str, Any]) -> dict[str, str]:
    """Column name to type, from lists of names under each type."""
    return {name: kind for kind in sorted(TYPES) for name in entry.get(kind, "").split()}
