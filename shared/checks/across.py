"""Holds the documents of a pack against each other: one set of names for what is deployed and where."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of, documents_of
from shared.contracts import Finding, Rule, found
from shared.formats import markdown
from shared.formats.azure_pipelines import Pipeline
from shared.formats.azure_pipelines.names import Named

ARCHITECTURE = "integration-architecture.md"
DELIVERY = "cicd-pipeline.md"

_DEPLOYED = """=== integration-architecture.md
Component `orders-api` runs in `dev` and `prod`. Secret `orders-db-password` is rotated yearly.

=== cicd-pipeline.md

```yaml
stages:
  - stage: Deploy
    jobs:
      - deployment: release
        environment: prod
        strategy:
          runOnce:
            deploy:
              steps:
                - bash: |
                    az containerapp update --name orders-api --resource-group rg
                    az keyvault secret show --vault-name kv --name orders-db-password --query value
```
"""
UNKNOWN_ENVIRONMENT = Rule(
    "XDC-004", "error", "A pipeline deploys only to environments that the architecture has.",
    proves="A deployment job names an environment that the architecture does not have as a word.",
    leaves="Names with variables or wildcards, and those that end with one of the architecture's: `orders-prod`.",
    bad=_DEPLOYED.replace("environment: prod", "environment: production"), good=_DEPLOYED,
)  # fmt: skip
UNKNOWN_SECRET = Rule(
    "XDC-005", "error", "A secret that the architecture does not name has no owner and no rotation.",
    proves="The pipeline reads a secret that neither the architecture nor a table of the pipeline's own document with "
    "an owner or a rotation names.",
    leaves="Names with variables or wildcards.",
    bad=_DEPLOYED.replace("--name orders-db-password", "--name orders-password"), good=_DEPLOYED,
)  # fmt: skip
UNKNOWN_SERVICE = Rule(
    "XDC-006", "error", "A pipeline deploys only services that the architecture has.",
    proves="The pipeline deploys to an app that the architecture does not have as a word.",
    leaves="Names with variables or wildcards, and resources that are named by Azure's conventions.",
    bad=_DEPLOYED.replace("--name orders-api", "--name order-service"), good=_DEPLOYED,
)  # fmt: skip
OTHER_DATASTORE = Rule(
    "XDC-010", "error", "The datastore that was asked for is the one that is designed.",
    proves="The run's options ask for a datastore that the section Data model and storage does not name. There is no "
    "example, as options are in no document.",
    leaves="Runs without that option.",
)  # fmt: skip
RULES = (UNKNOWN_ENVIRONMENT, UNKNOWN_SECRET, UNKNOWN_SERVICE, OTHER_DATASTORE)

_RESOURCE = re.compile(r"(?:ca|caj|cae|app|func|aks|asp|plan)-.{1,60}-(?:dev|stage|prod)")
"""A resource's name by Azure's conventions: which component it hosts is not told by the name."""
_DATASTORES = {
    "postgres": ("postgres",), "postgresql": ("postgres",), "sqlserver": ("sql server", "azure sql"),
    "mssql": ("sql server", "azure sql"), "azuresql": ("azure sql", "sql server"), "mongodb": ("mongo",),
    "mongo": ("mongo",), "cosmosdb": ("cosmos",), "cosmos": ("cosmos",), "mysql": ("mysql",),
    "dynamodb": ("dynamo",), "redis": ("redis",), "sqlite": ("sqlite",), "oracle": ("oracle",),
}  # fmt: skip


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the documents that are there."""
    architecture = pack.text(ARCHITECTURE)
    if architecture is None:
        return
    yield from _check_datastore(pack, architecture)
    pipeline = delivery_of(pack).pipeline
    if pipeline is not None:
        yield from _check_names(pack, architecture, pipeline)


def _check_datastore(pack: Pack, architecture: str) -> Iterator[Finding]:
    if not pack.db:
        return
    names = _DATASTORES.get(re.sub(r"[^a-z0-9]", "", pack.db.lower()), (pack.db.lower(),))
    section = next((part for part in markdown.sections(architecture) if part.title == "Data model and storage"), None)
    body = section.body.lower() if section else ""
    if not any(name in body for name in names):
        message = f"The primary datastore {pack.db!r} was asked for; the data model does not name it."
        line = section.line if section else 1
        yield found(OTHER_DATASTORE, ARCHITECTURE, line, message, f"Design the data model on {pack.db}.")


def _check_names(pack: Pack, architecture: str, pipeline: Pipeline) -> Iterator[Finding]:
    kept = _kept_secrets(pack)
    for rule, kind, names in (
        (UNKNOWN_ENVIRONMENT, "environment", pipeline.environments),
        (UNKNOWN_SECRET, "secret", pipeline.secrets),
        (UNKNOWN_SERVICE, "service", pipeline.services),
    ):
        for named in _unknown(architecture, names):
            if (kind == "secret" and named.name in kept) or (kind == "service" and _RESOURCE.fullmatch(named.name)):
                continue
            if kind == "environment" and _has_word(architecture, named.name.rpartition("-")[2]):
                continue  # `orders-prod` is the project's `prod`
            message = f"The {kind} {named.name[:100]!r} is not in {ARCHITECTURE}."
            yield found(rule, DELIVERY, named.line, message, f"Use the architecture's name of the {kind}.")


def _kept_secrets(pack: Pack) -> frozenset[str]:
    """Secrets of the pipeline's own that a table of its document gives an owner or a rotation."""
    document = documents_of(pack).get(DELIVERY)
    tables = [table for table in document.tables if table.has("rotat") or table.has("owner")] if document else []
    return frozenset(
        word
        for table in tables
        for row in table.rows
        for word in re.findall(r"[\w.-]+", next(iter(row.cells.values()), ""))
    )


def _unknown(architecture: str, names: tuple[Named, ...]) -> Iterator[Named]:
    """Names that the architecture does not hold as a word; unresolved variables and wildcards are left out."""
    for named in names:
        if re.search(r"[$*{}]", named.name) or not named.name:
            continue
        if not _has_word(architecture, named.name):
            yield named


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None
