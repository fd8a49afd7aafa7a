"""The app's functions as the host needs them: read once from the worker's bindings. Pure."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from local.errors import AppError
from local.wire import Json

DEFAULT_METHODS = ("GET", "POST")


@dataclass(frozen=True)
class Function:
    """One function of the app. `argument` is the name of its trigger's parameter."""

    id: str
    name: str
    trigger: Json
    clients: tuple[str, ...]
    """Parameters that take a durable client."""

    @property
    def argument(self) -> str:
        return self.trigger["name"]


@dataclass(frozen=True)
class App:
    """All functions, by kind of trigger."""

    functions: tuple[Function, ...]

    def triggered_by(self, kind: str) -> list[Function]:
        """The functions with that trigger, such as `httpTrigger`."""
        return [f for f in self.functions if f.trigger["type"] == kind]

    def durable(self, kind: str) -> dict[str, Function]:
        """Orchestrators (`orchestrationTrigger`) or activities (`activityTrigger`) by the name they are called by."""
        key = kind.removesuffix("Trigger")
        return {f.trigger.get(key) or f.name: f for f in self.triggered_by(kind)}


def read_functions(described: list[Json]) -> App:
    """What the worker described, typed. Raises AppError when there is none to run."""
    functions = tuple(_function(item) for item in described)
    if not functions:
        raise AppError("The app has no functions: function_app.py must register at least one.")
    return App(functions)


def _function(item: Json) -> Function:
    triggers = [b for b in item["bindings"] if b["type"].endswith("Trigger")]
    if len(triggers) != 1:
        raise AppError(f"Function {item['name']!r} has {len(triggers)} triggers; it needs exactly one.")
    clients = tuple(b["name"] for b in item["bindings"] if b["type"] == "durableClient")
    return Function(item["id"], item["name"], triggers[0], clients)


def route_of(function: Function, prefix: str) -> str:
    """The route template below the site's root, such as `/api/runs/{id}/files/{*path}`."""
    route = function.trigger.get("route")
    return str(PurePosixPath("/", prefix, function.name if route is None else route.lstrip("/")))
