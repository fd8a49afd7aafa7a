"""The names under which a design is deployed, decided once, so that all documents use the same names. Pure."""

import re
from dataclasses import dataclass

from local.drafts.design.model import Design

ENVIRONMENTS = ("dev", "stage", "prod")
PASSWORDLESS = frozenset({"PostgreSQL", "TimescaleDB", "SQL Server", "MySQL", "Cosmos DB"})
"""Stores that Azure runs and that take a managed identity in place of a password."""


@dataclass(frozen=True)
class Component:
    """A deployable: its name everywhere, what it does, and what it calls."""

    name: str
    does: str
    owns: str
    exposes: str
    calls: str


@dataclass(frozen=True)
class Secret:
    """A secret in the vault of each environment, by name only."""

    name: str
    purpose: str
    reader: str


def _base(design: Design) -> str:
    """The project as the start of a name: a container app's begins with a letter and has 32 characters at most."""
    name = design.project if design.project[0].isalpha() else f"app-{design.project}"
    return name[:24].strip("-")


def api_name(design: Design) -> str:
    """The component that answers requests; also the telemetry role name."""
    return f"{_base(design)}-api"


def worker_name(design: Design) -> str:
    """The component that handles messages."""
    return f"{_base(design)}-worker"


def migrate_name(design: Design) -> str:
    """The job that brings the schema forward."""
    return f"{_base(design)}-migrate"


def components(design: Design) -> tuple[Component, ...]:
    """All deployables of a design."""
    partners = ", ".join(one.name for one in design.partners)
    stores = ", ".join(filter(None, (design.database, design.cache)))
    api = Component(
        api_name(design),
        "answers every operation of the contract",
        ", ".join(f"`{one.table}`" for one in design.resources[:8]),
        "HTTPS, port 8000",
        ", ".join(filter(None, (stores, "" if design.broker else partners))),
    )
    worker = Component(
        worker_name(design),
        "relays the outbox, handles messages and calls outside systems",
        "outbox and inbox",
        "nothing",
        ", ".join(filter(None, (design.broker, design.database, partners))),
    )
    job = Component(
        migrate_name(design),
        "applies migrations before a release takes traffic, then ends",
        "the schema's version",
        "nothing",
        design.database,
    )
    return (api, worker, job) if design.broker else (api, job)


def deployed(design: Design) -> tuple[str, ...]:
    """The components that run all the time."""
    return (api_name(design), worker_name(design)) if design.broker else (api_name(design),)


def secrets(design: Design) -> tuple[Secret, ...]:
    """Every secret that the design needs, the same names in each environment's vault."""
    reader = worker_name(design) if design.broker else api_name(design)
    found = [
        Secret(
            "test-client-secret",
            "signs the test client in for smoke, contract and load tests",
            "the pipeline's deployment stages",
        )
    ]
    if design.database not in PASSWORDLESS:
        found.append(Secret("database-password", f"signs in to {design.database}", f"`{api_name(design)}`"))
    found += [
        Secret(f"{_plain(one.name)}-api-key", f"calls {one.name} ({one.use})", f"`{reader}`") for one in design.partners
    ]
    return tuple(found)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def resource_group(design: Design, environment: str) -> str:
    """The Azure resource group of an environment."""
    return f"rg-{design.project}-{environment}"


def connection(design: Design, environment: str) -> str:
    """The service connection by which the pipeline reaches an environment."""
    return f"sc-{design.project}-{environment}"


def vault(design: Design, environment: str) -> str:
    """The Key Vault of an environment; a vault's name has 24 characters at most."""
    return f"kv-{design.project[:15].strip('-')}-{environment}"


def registry(design: Design) -> str:
    """The container registry that all environments share."""
    return f"cr{design.project.replace('-', '')[:40]}"


def cluster(design: Design, environment: str) -> str:
    """The Kubernetes cluster of an environment, where there is one."""
    return f"aks-{design.project}-{environment}"


def base_url(design: Design, environment: str) -> str:
    """Where an environment answers."""
    host = design.project if environment == "prod" else f"{design.project}-{environment}"
    return f"https://{host}.example.com"


def on_kubernetes(design: Design) -> bool:
    """Whether the components run on a cluster rather than on Container Apps."""
    return "Kubernetes" in design.platform
