"""The second half of `integration-architecture.md`: security, performance, reliability, deployment. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from local.drafts.design.decisions import technology_names
from local.drafts.design.deployment_names import (
    ENVIRONMENTS,
    api_name,
    base_url,
    cluster,
    connection,
    deployed,
    migrate_name,
    on_kubernetes,
    registry,
    resource_group,
    secrets,
    vault,
)
from local.drafts.design.model import Design
from local.drafts.documents.markdown import bullets, cite, fence, paragraphs, requirements_met
from local.drafts.english import quote, table


def security(design: Design) -> str:
    """Who may do what, which secrets there are, and what protects the data."""
    names = technology_names(design.identity) or "OAuth 2.0 access tokens (assumed; the PRD names no scheme)"
    return paragraphs(
        bullets(
            [
                f"**Authentication:** {names}. Signature, issuer, audience and expiry are checked on every request, against the issuer's published keys, which are cached for an hour.",
                _tenancy(design),
                "**Personal data:** " + _personal_data(design),
                f"**Edge:** TLS 1.2 or later, bodies limited to {_body_limit(design)}, rate limits by address before authentication and by caller after it.",
                "**Supply chain:** pinned dependencies, one image for all environments, scans in the pipeline.",
            ]
        ),
        "Permissions are scopes of the token:",
        table(("Scope", "Allows", "Object-level rule"), _scopes(design)),
        "Secrets are in Key Vault under the same names in every environment; the application reads them with its managed identity. Where Azure takes a managed identity, there is no secret.",
        table(
            ("Secret", "Purpose", "Kept in", "Read by", "Rotated"),
            [
                (
                    f"`{one.name}`",
                    one.purpose,
                    "Key Vault of the environment",
                    one.reader,
                    "every 90 days, two versions overlap",
                )
                for one in secrets(design)
            ],
        ),
        requirements_met(design, "security"),
    )


def _tenancy(design: Design) -> str:
    if design.tenancy:
        return "**Tenancy:** the tenant is the token's `tenant_id`, never a parameter; it leads every key and index and is enforced again by the store."
    return "**Tenancy:** one organisation; resources are still scoped to their owner where the PRD speaks of one."


def _personal_data(design: Design) -> str:
    personal = [f"`{one.noun}.{field.name}`" for one in design.resources for field in one.fields if field.personal]
    named = ", ".join(personal[:10]) if personal else "no field of the model is personal by its name"
    return f"{named}; masked in logs, exportable and erasable by subject. **Open question:** whether GDPR or a sector's rules apply is for the owner to confirm; until then it is treated as if GDPR did."


def _scopes(design: Design) -> list[tuple[str, ...]]:
    whose = "the token's tenant" if design.tenancy else "the caller's own, where the PRD speaks of an owner"
    operations: dict[str, list[str]] = {}
    for one in design.operations:
        operations.setdefault("none" if one.open else f"`{one.scope}`", []).append(f"`{one.id}`")
    return [
        (scope, ", ".join(names), "reveals nothing of the domain" if scope == "none" else whose)
        for scope, names in operations.items()
    ]


def _body_limit(design: Design) -> str:
    return next((one.shown for one in design.limits if one.measure == "size"), "1 MB")


def performance(design: Design) -> str:
    """Targets, load, caching, concurrency and scale."""
    latencies = [
        (level.id, level.target.name, level.target.shown, source(level.target.requirement))
        for level in design.levels
        if level.target.measure == "latency"
    ]
    loads = [(one.name, one.shown, source(one.requirement)) for one in (*design.loads, design.rate_limit)]
    cached = design.cache or "an in-process cache per instance"
    growth = "by time for what only grows"
    return paragraphs(
        table(("Id", "What", "Target", "From"), latencies),
        table(("Load", "Value", "From"), loads),
        bullets(
            [
                f"**Caching:** {cached}, for reads by id, for 60 s at most, dropped on write; lists are not cached. With the cache down, reads go to {design.database}.",
                "**Partitioning:** "
                + (
                    f"by `tenant_id`, then {growth}."
                    if design.tenancy
                    else f"{growth}; nothing else needs it at the stated load."
                ),
                "**Concurrency:** optimistic, by a version column; the loser gets 409. Connection pools are sized so that all instances together stay under the store's limit: 10 instances with 10 connections each.",
                "**Scaling:** out at 60 % CPU or on queue length; 2 instances at least, 10 at most (chosen).",
            ]
        ),
        requirements_met(design, "performance"),
    )


def source(requirement: str) -> str:
    """Where a number comes from."""
    return f"[{requirement}]" if requirement else "chosen: the PRD gives no number"


def reliability(design: Design) -> str:
    """Objectives, retries, messages, recovery."""
    rows = [
        (
            level.id,
            level.target.name,
            _indicator(level.target.measure),
            level.target.shown,
            "30 days",
            f"`{api_name(design)}`",
            source(level.target.requirement),
        )
        for level in design.levels
    ]
    messages = (
        f"**Outbox and inbox:** messages reach {design.broker} only through the outbox; consumers keep handled ids for seven days. "
        "**Dead letters:** after eight attempts a message is parked with its reason, alerts, and can be replayed."
        if design.broker
        else "**Messages:** nothing in the PRD needs a broker; an outbox table can be added without changing the contract."
    )
    return paragraphs(
        table(("SLO", "About", "SLI", "Objective", "Window", "Measured at", "From"), rows),
        "When an error budget is spent, releases stop but for mends, until the window has room again.",
        bullets(
            [
                "**Retries:** only by the caller of a failed step, with exponential backoff, jitter of 20 to 40 % and a cap; never nested.",
                "**Idempotency:** keys are kept for 24 hours with the body's hash and the first answer, in the primary store; the same key with another body gets 409.",
                messages,
                "**Timeouts:** 2 s to connect and 5 s in all for outside systems; the request's own deadline is passed on.",
                "**Recovery:** point-in-time restore, rehearsed every quarter.",
            ]
        ),
        requirements_met(design, "reliability"),
    )


def _indicator(measure: str) -> str:
    if measure == "ratio":
        return "requests that do not fail with 5xx / all requests but probes"
    return "requests answered within the target / all requests, as a percentile at the server"


def deployment(design: Design) -> str:
    """Resources, environments and settings, by the names that the pipeline uses."""
    scale = {"dev": "1 instance", "stage": "as prod", "prod": "2 to 10 instances, across zones"}
    data = {"dev": "synthetic", "stage": "synthetic, production-sized", "prod": "real"}
    gate = {
        "dev": "each merge",
        "stage": "after dev passes, one approval",
        "prod": "after stage passes, two approvals",
    }
    rows = [
        (
            f"`{name}`",
            base_url(design, name),
            f"`{resource_group(design, name)}`",
            gate[name],
            data[name],
            scale[name],
        )
        for name in ENVIRONMENTS
    ]
    runtime = "Python 3.13" if design.stack == "python" else ".NET 10"
    return paragraphs(
        f"**{design.platform}**, because {design.hosting_reason}; {runtime} in one image for all environments.",
        fence("mermaid", _resources_diagram(design)),
        table(("Environment", "Address", "Resource group", "Deployed", "Data", "Size"), rows),
        "Azure resources, one of each per environment but for the registry:",
        table(("Name", "Service", "Identity"), _resources(design)),
        "Settings of the service; names only where the value is a secret:",
        table(("Setting", "Meaning", "Value"), _settings(design)),
        "A release goes to a new revision without traffic, is probed at `/ready`, takes 10 % of the traffic and then all of it; the revision before stays until the next release.",
        requirements_met(design, "deployment"),
    )


def _resources_diagram(design: Design) -> str:
    lines = ["flowchart LR", f'  registry["{registry(design)}"] --> host["{design.platform}"]']
    lines += [
        f'  host --> component{number}["{name}"]'
        for number, name in enumerate((*deployed(design), migrate_name(design)), 1)
    ]
    lines += [
        f'  component1 --> store[("{design.database}")]',
        '  component1 -->|"managed identity"| vault["Key Vault"]',
    ]
    return "\n".join(lines)


def _resources(design: Design) -> list[tuple[str, ...]]:
    names = ", ".join(f"`{vault(design, one)}`" for one in ENVIRONMENTS)
    connections = ", ".join(f"`{connection(design, one)}`" for one in ENVIRONMENTS)
    rows = [
        (f"`{registry(design)}`", "Azure Container Registry, shared", "pull by managed identity"),
        (names, "Azure Key Vault", "read by managed identity, audited"),
        (connections, "service connections of Azure DevOps", "workload identity federation, no secret"),
    ]
    if on_kubernetes(design):
        rows.append(
            (
                ", ".join(f"`{cluster(design, one)}`" for one in ENVIRONMENTS),
                "Azure Kubernetes Service",
                "workload identity",
            )
        )
    rows += [
        (f"`{name}`", f"{design.platform}, a deployable of the table of components", "managed identity of its own")
        for name in (*deployed(design), migrate_name(design))
    ]
    return rows


def _settings(design: Design) -> list[tuple[str, ...]]:
    rows = [
        (
            "`DATABASE_URL`",
            f"where {design.database} answers; without a password",
            "by environment, set by the deployment",
        )
    ]
    rows += (
        [("`BROKER_URL`", f"where {design.broker} answers", "by environment, set by the deployment")]
        if design.broker
        else []
    )
    rows += (
        [("`CACHE_URL`", f"where {design.cache} answers", "by environment, set by the deployment")]
        if design.cache
        else []
    )
    rows += [
        ("`VERSION`, `COMMIT`", "what runs, as `getVersion` answers", "set when the image is built"),
        ("`IDEMPOTENCY_HOURS`", "how long keys are kept", "24"),
        ("`APPLICATIONINSIGHTS_CONNECTION_STRING`", "where telemetry goes", "by environment, set by the deployment"),
    ]
    return [
        *rows,
        *(
            (f"`{one.name.upper().replace('-', '_')}`", one.purpose, f"secret `{one.name}`")
            for one in secrets(design)
            if one.name != "test-client-secret"
        ),
    ]


def not_designed(design: Design) -> str:
    """What the PRD asks for and this design leaves out, each with the reason; empty where there is nothing."""
    if not design.declined:
        return ""
    lines = [
        f'[{one.id}] not designed, because {reason}. The PRD says: "{quote(one.text, 120)}"'
        for one, reason in design.declined
        if one.id
    ]
    return paragraphs("Requirements that this design does not meet:", bullets(lines)) if lines else ""


def cited(requirements: tuple[str, ...]) -> str:
    """Requirements of a module or table, or that there are none."""
    return cite(requirements[:6]) or "inferred from the title"
