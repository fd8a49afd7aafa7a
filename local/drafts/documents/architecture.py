"""Renders `integration-architecture.md`, its first half here and the rest by `operation_plan`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import re

from local.drafts.design.deployment_names import components
from local.drafts.design.model import Design, Resource
from local.drafts.design.openapi import ERRORS, build_openapi, code_of
from local.drafts.documents.diagrams import context_diagram, er_diagram, first_table, sequence
from local.drafts.documents.markdown import bullets, cite, document, fence, file_block, paragraphs, requirements_met
from local.drafts.documents.operation_plan import cited, deployment, not_designed, performance, reliability, security
from local.drafts.documents.yaml_text import to_yaml
from local.drafts.english import capitalise, quote, snake, table

_SQL = ("PostgreSQL", "TimescaleDB", "SQL Server", "MySQL", "SQLite", "CockroachDB", "Oracle")


def render_architecture(design: Design) -> str:
    """The architect's document for a design."""
    return document(
        f"Integration architecture: {design.title}",
        [
            ("Overview and service boundaries", _overview(design)),
            ("API contract", _contract(design)),
            ("Error taxonomy", _errors(design)),
            ("Data model and storage", _data(design)),
            ("Migration and versioning", _migration(design)),
            ("Integration and data flow", _flow(design)),
            ("Security", security(design)),
            ("Performance and scalability", performance(design)),
            ("Reliability", reliability(design)),
            ("Deployment and environments", deployment(design)),
        ],
    )


def is_relational(design: Design) -> bool:
    """Whether the datastore has tables and transactions over several of them."""
    return design.database in _SQL


def _overview(design: Design) -> str:
    modules = [
        (
            capitalise(one.noun),
            f"Keeps {one.plural} and their rules",
            cited(_designed(one.requirements, design)),
        )
        for one in design.resources
    ]
    deployables = [(f"`{one.name}`", one.does, one.owns, one.exposes, one.calls) for one in components(design)]
    return paragraphs(
        quote(design.analysis.summary, 400),
        f"**Shape: {design.style}.** Chosen because {design.style_reason}. Each module owns its tables and is called "
        "through its application layer only, so that one can be taken out without touching the others.",
        table(("Component", "Does", "Owns", "Exposes", "Calls"), deployables),
        "Modules inside them:",
        table(("Module", "Owns", "From"), modules),
        fence("mermaid", context_diagram(design)),
        not_designed(design),
    )


def _designed(identifiers: tuple[str, ...], design: Design) -> tuple[str, ...]:
    known = {one.id for one in design.requirements}
    return tuple(one for one in identifiers if one in known)


def _contract(design: Design) -> str:
    named = (
        "its paths are the PRD's own"
        if design.analysis.endpoints
        else "its paths follow from what the PRD does with each thing"
    )
    return paragraphs(
        f"OpenAPI 3.1, complete: {len(design.operations)} operations; {named}. Lists are paged by cursor, every "
        "creation takes an `Idempotency-Key`, and every error is `application/problem+json` (RFC 9457).",
        file_block("openapi.yaml", "yaml", to_yaml(build_openapi(design))),
        requirements_met(design, "api"),
    )


def _errors(design: Design) -> str:
    used = sorted({status for one in design.operations for status in one.errors})
    retry = {429: "after `Retry-After`", 500: "with backoff, same key", 503: "after `Retry-After`"}
    rows = [
        (
            f"`{code_of(status)}`",
            str(status),
            f"`https://errors.example.com/{ERRORS[status][1]}`",
            ERRORS[status][2],
            retry.get(status, "no: change the request"),
            _raised_by(status, design),
        )
        for status in used
    ]
    return paragraphs(
        "One shape for all: `Problem`. The `code` and `type` are stable and may be programmed against; `title` and `detail` are for "
        "people and may change. `traceId` leads to the logs.",
        table(("Code", "Status", "Type", "Meaning", "Retry", "Operations"), rows),
        bullets(
            [
                "Validation reports every faulty field at once, in `errors`, each with a JSON pointer and a message.",
                "A resource of another tenant or owner answers 404, never 403: its existence is not told.",
                "A repeated `Idempotency-Key` with another body answers 409; with the same body, the first answer again.",
                "Internal messages, stack traces and SQL never leave the process.",
            ]
        ),
    )


def _raised_by(status: int, design: Design) -> str:
    names = [f"`{one.id}`" for one in design.operations if status in one.errors]
    closed = sum(not one.open for one in design.operations)
    return f"{len(names)} operations" if len(names) > 4 and closed > 4 else ", ".join(names)


def _data(design: Design) -> str:
    rows = [(f"`{one.table}`", _indexes(one, design), _personal(one)) for one in design.resources]
    support = "outbox and idempotency records beside them" if design.broker else "idempotency records beside them"
    return paragraphs(
        f"**Primary store: {design.database}**, {design.database_reason}. It holds the records below, with {support}.",
        f"**{design.cache}** holds only what may be lost: cached reads, counters and short-lived state."
        if design.cache
        else "",
        fence("mermaid", er_diagram(design)),
        table(("Table" if is_relational(design) else "Collection", "Keys and indexes", "Personal data"), rows),
        _lifetimes(design),
        requirements_met(design, "data"),
    )


def _indexes(resource: Resource, design: Design) -> str:
    first = "tenant_id, " if design.tenancy else ""
    unique = next(
        (
            one.name
            for one in resource.fields
            if re.search(r"^(sku|slug|email|code|number|.*_number|idempotency_key)$", one.name)
        ),
        None,
    )
    parts = ["primary key `id`", f"`({first}created_at, id)` for paging"]
    parts += [f"unique `({first}{unique})`"] if unique else []
    parts += [f"`({first}{one.name})`" for one in resource.fields if one.type == "ref" or one.name == "status"][:2]
    return "; ".join(parts)


def _personal(resource: Resource) -> str:
    names = [f"`{one.name}`" for one in resource.fields if one.personal]
    return ", ".join(names) or "none"


def _lifetimes(design: Design) -> str:
    texts = {one.id: one.text for one in design.requirements}
    limits = (one for one in design.limits if one.requirement in texts)
    rows = [(one.shown, quote(texts[one.requirement], 160), cite([one.requirement])) for one in limits]
    return table(("Limit or lifetime", "Where the PRD sets it", "From"), rows) if rows else ""


def _migration(design: Design) -> str:
    tool = "Alembic" if design.stack == "python" else "EF Core migrations"
    scheme = (
        f"{tool}, one forward script per change"
        if is_relational(design)
        else "Versioned documents, upgraded on read and by a back-fill job"
    )
    return paragraphs(
        bullets(
            [
                f"**Schema:** {scheme}, applied by the pipeline before the new version takes traffic.",
                "**Expand, migrate, contract:** a release only adds; the back-fill runs apart; what is unused goes a release "
                "later. The version before always runs on the new schema, which is what makes a rollback safe.",
                "**API:** additions within a major version; a breaking change is a new path prefix, with the old one served "
                "for at least six months under `Deprecation` and `Sunset` headers.",
                "**Events:** each carries `schema_version`; consumers ignore fields they do not know.",
                "**Check:** the pipeline compares the contract with the released one and stops on a break.",
            ]
        ),
        "```sql\n" + first_table(design) + "\n```" if is_relational(design) else "",
    )


def _flow(design: Design) -> str:
    points = [
        (one.name, capitalise(one.use), _direction(one.part))
        for one in design.analysis.technologies
        if one.part not in ("database", "platform")
    ]
    events = [
        (f"`{name}`", f"`id`, `{snake(one.noun)}_id`, `occurred_at`, `schema_version`", one.name)
        for name, one in design.events[:12]
    ]
    return paragraphs(
        table(("Integration point", "Used for", "How"), points)
        if points
        else "The PRD names no system to integrate with.",
        fence("mermaid", sequence(design)),
        paragraphs(f"Domain events on {design.broker}:", table(("Event", "Carries", "About"), events))
        if design.broker and events
        else "",
        requirements_met(design, "flow"),
    )


def _direction(part: str) -> str:
    return {
        "cache": "private endpoint, managed identity",
        "broker": "outbox on the way out, inbox on the way in",
        "partner": "outbound HTTPS from the worker, with a timeout, retries and a circuit breaker",
        "identity": "tokens and keys are checked locally; signing keys are fetched and cached",
        "protocol": "at the edge, on the same application layer",
        "telemetry": "exported through OpenTelemetry",
    }.get(part, "adapter in the infrastructure layer")
