"""Renders the orchestrator's sections of `MANIFEST.md`: at set-up, and at the end. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

from collections.abc import Iterable

from local.drafts.design.deployment_names import base_url, on_kubernetes
from local.drafts.design.model import Design
from local.drafts.design.openapi import scopes
from local.drafts.documents.markdown import NOTICE, bullets, cite, paragraphs
from local.drafts.documents.objectives import alert_condition
from local.drafts.english import capitalise, quote, table
from local.drafts.prd.analysis import Requirement

# The program that composes the manifest makes a file name in square brackets a link.
ARCHITECTURE = "[integration-architecture.md]"
TESTS = "[test-specifications.md]"
DELIVERY = "[cicd-pipeline.md]"
OBSERVABILITY = "[observability-plan.md]"


def render_setup(design: Design) -> str:
    """Assumptions and non-goals, before any other agent has written."""
    return _sections(
        [("Assumptions", f"{NOTICE}\n\n{bullets(_assumptions(design))}"), ("Non-goals", bullets(_non_goals(design)))]
    )


def render_synthesis(design: Design) -> str:
    """What the deliverables say, in tables that lead to them."""
    return _sections(
        [
            ("API surface", f"{NOTICE}\n\n{_surface(design)}"),
            ("Data stores", _stores(design)),
            ("Environments", _environments(design)),
            ("SLOs", _levels(design)),
            ("Open questions", _numbered(_questions(design))),
            ("Risks", _risks(design)),
        ]
    )


def _sections(sections: Iterable[tuple[str, str]]) -> str:
    return "\n\n".join(f"## {heading}\n\n{text.strip()}" for heading, text in sections) + "\n"


def _assumptions(design: Design) -> list[str]:
    analysis = design.analysis
    stack = "C# on .NET 10" if design.stack == "csharp" else "Python 3.13 with FastAPI"
    found = [
        f"**Stack:** {stack}, as the run's options say.",
        f"**Primary datastore:** {design.database}, {design.database_reason}.",
        f"**Shape:** {design.style}, because {design.style_reason}.",
        f"**Hosting:** {design.platform}, because {design.hosting_reason}.",
        f"**Requirements:** {len(design.requirements)} of the PRD are designed for; {len(design.declined)} are not, each with its reason in the architecture."
        if analysis.requirements or analysis.declined
        else "**Requirements:** the PRD states none; the design follows from its title.",
    ]
    if not analysis.endpoints:
        found.append(
            "**Paths:** the PRD names none; they follow from what it does with "
            + ", ".join(one.plural for one in design.resources)
            + "."
        )
    found += [
        f"**{level.id}:** {level.target.name} {level.target.shown} is assumed; the PRD gives no number."
        for level in design.levels
        if level.target.assumed
    ]
    if design.loads[0].assumed:
        found.append(f"**Load:** {design.loads[0].shown} is assumed; the PRD gives no number.")
    if design.rate_limit.assumed:
        found.append(f"**Rate limit:** {design.rate_limit.shown} per client is assumed; the PRD gives no number.")
    if not design.identity:
        found.append("**Callers:** OAuth 2.0 access tokens are assumed; the PRD names no way to sign in.")
    if not design.tenancy:
        found.append("**Tenancy:** one organisation is assumed; the PRD speaks of no tenants.")
    return found


def _non_goals(design: Design) -> list[str]:
    named = [f"{quote(one.text)} ({_named(one)})" for one in design.analysis.non_goals]
    later = [f"{quote(one.text)} ({_named(one)}, for later)" for one in design.analysis.later]
    return [*named, *later, "No UI design: screens, pages and visual components are left out on purpose."]


def _named(one: Requirement) -> str:
    return f"[{one.id}]" if one.id else "from the PRD"


def _surface(design: Design) -> str:
    rows = [
        (
            f"`{one.id}`",
            f"`{one.method} {one.path}`",
            one.summary,
            "open" if one.open else f"`{one.scope}`",
            cite(one.requirements),
        )
        for one in design.operations
    ]
    events = f"Besides HTTP: {len(design.events)} domain events on {design.broker}." if design.broker else ""
    return paragraphs(
        f'{len(design.operations)} operations and {len(scopes(design))} permissions, versioned by path prefix, for bearer tokens. Source: {ARCHITECTURE}, "API contract"; tests: {TESTS}.',
        table(("operationId", "Operation", "Does", "Permission", "Requirements"), rows),
        events,
    )


def _stores(design: Design) -> str:
    rows = [
        (
            design.database,
            "primary: " + ", ".join(f"`{one.table}`" for one in design.resources),
            capitalise(design.database_reason),
        )
    ]
    if design.cache:
        rows.append((design.cache, "short-lived state that may be lost", "Named in the PRD"))
    if design.broker:
        named = any(one.name == design.broker for one in design.analysis.technologies)
        rows.append(
            (
                design.broker,
                "messages, through an outbox",
                "Named in the PRD" if named else "The PRD has work that need not be waited for",
            )
        )
    rows.append(("Key Vault", "secrets and signing keys", "No secret in code, settings or pipeline"))
    source = f'Migrations only expand, before a release takes traffic. Source: {ARCHITECTURE}, "Data model and storage" and "Migration and versioning".'
    return paragraphs(table(("Store", "Holds", "Why"), rows), source)


def _environments(design: Design) -> str:
    way_back = "`kubectl rollout undo`" if on_kubernetes(design) else "traffic back to the revision before"
    rows = [
        (f"`{name}`", base_url(design, name), gate, way_back)
        for name, gate in (
            ("dev", "each merge"),
            ("stage", "one approval; load test after it"),
            ("prod", "two approvals; traffic in two steps; errors watched"),
        )
    ]
    source = f'Source: {DELIVERY}, "Environments and approvals" and "Rollback".'
    return paragraphs(table(("Environment", "Address", "Way in", "Way back"), rows), source)


def _levels(design: Design) -> str:
    rows = [
        (
            level.id,
            level.target.name,
            level.target.shown,
            "30 days",
            alert_condition(level),
            level.target.shown,
            f"[{level.target.requirement}]" if level.target.requirement else "assumed",
        )
        for level in design.levels
    ]
    header = ("SLO", "Indicator", "Objective", "Window", "Alert", "Load threshold", "From")
    return paragraphs(table(header, rows), f"Alerts: {OBSERVABILITY}; thresholds: {TESTS}.")


def _numbered(questions: list[str]) -> str:
    listed = "\n".join(f"{number}. {text}" for number, text in enumerate(questions, start=1))
    return listed or "None: the PRD answers what this draft asks of it."


def _questions(design: Design) -> list[str]:
    """The PRD's own open ends, then what a design needs and the PRD does not say."""
    analysis = design.analysis
    found = [quote(text) for text in analysis.questions]
    if not design.identity:
        found.append("Who may call this service, and how do they prove it? The PRD names no way to sign in.")
    if any(level.target.assumed and level.target.measure == "ratio" for level in design.levels):
        found.append("Which availability is promised? The PRD gives no number; 99.9 % is assumed.")
    if any(level.target.assumed and level.target.measure == "latency" for level in design.levels):
        found.append("How fast must answers be, at which percentile? The PRD gives no number; p95 < 300 ms is assumed.")
    if design.loads[0].assumed:
        found.append(
            f"Which load is expected, on an ordinary day and at its peak? The PRD gives no number; {design.loads[0].shown} is assumed."
        )
    if not analysis.says(r"retain|retention|kept for|delete[sd]? after|\bttl\b|expire"):
        found.append("How long is data kept, and who may have it erased? The PRD says nothing about retention.")
    if not analysis.says(r"\brpo\b|\brto\b|backup|restore|disaster"):
        found.append(
            "How much data may be lost in a disaster, and how soon must the service be back? The PRD names no RPO or RTO."
        )
    databases = [one.name for one in analysis.technologies if one.part == "database"]
    if len(databases) > 1:
        found.append(
            f"Which of {', '.join(databases)} is wanted? The PRD names several; {design.database} is designed for."
        )
    return found


def _risks(design: Design) -> str:
    personal = sorted({field.name for one in design.resources for field in one.fields if field.personal})
    assumed = [level.id for level in design.levels if level.target.assumed]
    tightest = min(
        (level for level in design.levels if level.target.measure == "latency"), key=lambda one: one.target.value
    )
    rows = [
        (
            "The draft reads words, not meaning: a requirement may be met in form only",
            "high",
            "Have the agents write it with a model, or review each section",
        ),
        (
            f"{tightest.id} ({tightest.target.name} {tightest.target.shown}) leaves little room for a slow dependency",
            "high" if tightest.target.value < 100 else "medium",
            "Load test on stage gates each release",
        ),
    ]
    if design.declined:
        left = f"{len(design.declined)} requirements are not designed: " + cite(
            one.id for one, _ in design.declined[:12]
        )
        rows.append((left, "medium", f"Read the reasons in {ARCHITECTURE} and place them"))
    if assumed:
        rows.append(
            (f"{', '.join(assumed)} rest on assumed numbers", "medium", "Answer the open questions before building")
        )
    if design.broker:
        rows.append(
            (
                f"{design.broker} delivers at least once and out of order",
                "medium",
                "Outbox, inbox and idempotent consumers; dead letters alert",
            )
        )
    rows += [
        (
            f"{one.name} ({one.use}) may be slow, wrong or away",
            "medium",
            "Timeouts, circuit breaker, a stand-in for tests",
        )
        for one in design.partners
    ]
    if personal:
        rows.append(
            (
                "Personal data: " + ", ".join(f"`{name}`" for name in personal),
                "high",
                "Masked in logs, erasable by subject; confirm which rules apply",
            )
        )
    if design.tenancy:
        rows.append(("One tenant reads another's data", "high", "Tenant from the token, row policy, tests that try it"))
    return table(("Risk", "Weight", "Held down by"), rows)
