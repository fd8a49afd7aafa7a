"""Renders `observability-plan.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.design.coverage import mechanism_of
from local.drafts.design.deployment_names import api_name, deployed, worker_name
from local.drafts.design.model import Design
from local.drafts.documents.markdown import bullets, document, fence, file_block, paragraphs
from local.drafts.documents.objectives import alert_rule, level_block, level_query
from local.drafts.english import quote, snake, table


def render_observability(design: Design) -> str:
    """The monitoring expert's document for a design."""
    return document(
        f"Observability plan: {design.title}",
        [
            ("Logging schema", _logging(design)),
            ("Correlation and sampling", _correlation(design)),
            ("Metrics", _metrics(design)),
            ("SLIs, SLOs and alerts", _levels(design)),
            ("Tracing", _tracing(design)),
            ("KQL queries", _queries(design)),
            ("Dashboard", _dashboard(design)),
        ],
    )


def _logging(design: Design) -> str:
    personal = sorted(
        {field.name for one in design.resources for field in one.fields if field.personal or field.type == "secret"}
    )
    levels = [
        ("ERROR", "a request or message failed and nobody will retry it", "pages or opens a ticket"),
        ("WARN", "a retry, an open circuit, a refused token, a limit reached", "counted"),
        ("INFO", "one line per request, message and state change", "kept 30 days"),
        ("DEBUG", "off, but for one trace at a time", "kept 3 days"),
    ]
    return paragraphs(
        "One JSON object per line on standard output; its schema:",
        fence("json", json.dumps(_log_schema(design), indent=2)),
        table(("Level", "When", "What follows"), levels),
        "Never logged: tokens, keys, bodies"
        + (
            f", and the fields {', '.join(f'`{name}`' for name in personal)}, which are masked by name."
            if personal
            else "."
        ),
    )


def _log_schema(design: Design) -> dict[str, object]:
    text = {"type": "string"}
    properties: dict[str, object] = {
        "timestamp": {"type": "string", "format": "date-time"},
        "level": {"type": "string", "enum": ["DEBUG", "INFO", "WARN", "ERROR"]},
        "message": text,
        "service": {"type": "string", "enum": list(deployed(design))},
        "version": text,
        "environment": {"type": "string", "enum": ["dev", "stage", "prod"]},
        "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "spanId": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "operation": {"type": "string", "enum": [one.id for one in design.business] or [design.operations[0].id]},
        "status": {"type": "integer"},
        "durationMs": {"type": "number", "minimum": 0},
        "code": {"type": "string", "description": "the problem's code, where the request failed"},
        "caller": {"type": "string", "description": "client id of the token, hashed"},
    }
    properties |= {"tenant_id": {"type": "string", "format": "uuid"}} if design.tenancy else {}
    properties |= {f"{snake(one.noun)}_id": {"type": "string", "format": "uuid"} for one in design.resources[:4]}
    required = ["timestamp", "level", "message", "service", "version", "environment", "traceId"]
    schema = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": schema, "type": "object", "required": required, "properties": properties}


def _correlation(design: Design) -> str:
    broker = f" and in the headers of each message on {design.broker}" if design.broker else ""
    load = design.loads[0]
    rate = 100 if load.value <= 100 else 20 if load.value <= 2000 else 5
    return bullets(
        [
            f"**Correlation:** the W3C `traceparent` of a request is kept through every call{broker}; where there is none, the edge starts one. It is `OperationId` in Azure Monitor and `traceId` in logs and in every `Problem`.",
            "**Cause:** a message carries the trace that caused it; a consumer's own trace links to it.",
            f"**Sampling:** {rate} % of successful requests at {load.shown}, decided once by the trace id and kept by everybody after; errors, refusals and anything slower than its objective are always kept.",
            "**Metrics** are counted before sampling, so that rates and percentiles stay true.",
            "**Retention:** 30 days to search, 12 months archived for audit records.",
        ]
    )


def _metrics(design: Design) -> str:
    red = [
        ("Rate", "`http.server.request.duration` (count)", "operation, status class", "AppRequests"),
        ("Errors", "`http.server.request.duration` (status 5xx)", "operation, problem type", "AppRequests"),
        ("Duration", "`http.server.request.duration` (histogram)", "operation", "AppRequests"),
    ]
    use = [
        ("Utilisation", "CPU, memory, connections of the pool in use", "instance", "AppMetrics"),
        (
            "Saturation",
            f"requests waiting, pool waits{', outbox age' if design.broker else ''}",
            "instance",
            "AppMetrics",
        ),
        (
            "Errors",
            f"failed calls to {design.database}{' and partners' if design.partners else ''}",
            "target",
            "AppDependencies",
        ),
    ]
    own = [(f"`{name}`", about) for name, about in _own_metrics(design)]
    return paragraphs(
        "RED, for every operation:",
        table(("Signal", "Metric", "By", "Table"), red),
        "USE, for every instance and store:",
        table(("Signal", "Metric", "By", "Table"), use),
        "Of the domain:",
        table(("Metric", "Counts"), own),
        _observed(design),
    )


def _own_metrics(design: Design) -> list[tuple[str, str]]:
    """Metrics that the PRD names, and one for each thing that can change."""
    text = " ".join(one.text for one in design.requirements)
    named = dict.fromkeys(re.findall(r"\b[a-z]+(?:_[a-z]+)*_(?:total|seconds|count|bytes)\b", text))
    found = [(name, "named in the PRD") for name in named]
    found += [
        (f"{name.replace('-', '_').replace('.', '_')}_total", f"`{name}` events") for name, _ in design.events[:8]
    ]
    return found or [(f"{snake(design.project)}_calls_total", "calls by operation and result")]


def _observed(design: Design) -> str:
    rows = [(f"[{one.id}]", quote(one.text, 90), mechanism_of(one).observed) for one in design.requirements]
    return (
        paragraphs("What shows that each requirement holds:", table(("Requirement", "The PRD says", "Signal"), rows))
        if rows
        else ""
    )


def _levels(design: Design) -> str:
    ratio = next((one.target.value for one in design.levels if one.target.measure == "ratio"), 99.9)
    fast, slow = round(14.4 * (100 - ratio), 4), round(3 * (100 - ratio), 4)
    rows = [
        ("fast burn", f"failed share above {fast:g} % over 1 h and over 5 min (14.4 x the budget)", "page", "roll back if a release is fresh"),
        ("slow burn", f"failed share above {slow:g} % over 1 day and over 2 h (3 x the budget)", "ticket", "find the operation on the dashboard"),
        ("rate limit", f"one caller above {design.rate_limit.shown} for 10 minutes", "ticket", "speak with the caller"),
        ("refused callers", "more than 100 answers of 401 or 403 in 5 minutes", "ticket", "look for an attack or a broken client"),
    ]  # fmt: skip
    if design.broker:
        rows += [
            ("dead letters", "any in 10 minutes", "ticket", "read the reason, mend, replay"),
            ("outbox age", "older than 60 s for 5 minutes", "page", f"look at the worker and {design.broker}"),
        ]
    return paragraphs(
        *(level_block(level, design) for level in design.levels),
        "Other alerts:",
        table(("Alert", "Fires at", "Does", "First action"), rows),
        "The rule of the first objective; the others differ in name, query and severity. A quiet night does not page: fewer than 20 requests in the window give no row, and no row is no alert.",
        fence("bicep", alert_rule(design.levels[0], design)),
    )


def _tracing(design: Design) -> str:
    hops = [
        (
            "caller to API",
            "HTTP headers `traceparent`, `tracestate`",
            "server span per operation, named by method and route",
        )
    ]
    hops += [(f"API to {design.database}", "in process", "client span, statement without values")]
    hops += [(f"API to {design.cache}", "in process", "client span, key's prefix only")] if design.cache else []
    hops += (
        [
            (
                f"outbox to {design.broker} to worker",
                "`traceparent` as a message property",
                "producer and consumer spans, linked",
            )
        ]
        if design.broker
        else []
    )
    hops += [
        (f"worker to {one.name}", "HTTP header `traceparent`", "client span with attempt number")
        for one in design.partners
    ]
    return paragraphs(
        "OpenTelemetry SDK with the Azure Monitor exporter; W3C Trace Context on every hop.",
        table(("Hop", "Propagated by", "Span"), hops),
        "Span attributes: `enduser.scope`, `app.operation`, `app.idempotency_replayed`"
        + (", `app.tenant_id`." if design.tenancy else ".")
        + " Personal data is never an attribute.",
    )


def _queries(design: Design) -> str:
    role = f'| where AppRoleName == "{api_name(design)}"'
    return paragraphs(
        *(level_query(level, design) for level in design.levels),
        *(
            paragraphs(about, file_block(f"queries/{name}.kql", "kusto", text.replace("@ROLE@", role)))
            for name, about, text in _other_queries(design)
        ),
    )


def _other_queries(design: Design) -> list[tuple[str, str, str]]:
    """(file, when to use it, text); `@ROLE@` stands for the filter by component."""
    found = [
        ("operations", "Rate, errors and duration by operation: where is it?", "AppRequests\n| where TimeGenerated > ago(1h)\n@ROLE@\n| summarize Requests = sum(ItemCount), Failed = sumif(ItemCount, Success == false), P95 = percentilew(DurationMs, ItemCount, 95) by Name, bin(TimeGenerated, 5m)\n| order by TimeGenerated asc"),
        ("dependencies", "Slow or failing dependencies: is it us?", "AppDependencies\n| where TimeGenerated > ago(1h)\n@ROLE@\n| summarize Calls = sum(ItemCount), Failed = sumif(ItemCount, Success == false), P95 = percentilew(DurationMs, ItemCount, 95) by Target, DependencyType\n| order by Failed desc"),
        ("errors-by-code", "Failures by the code of their problem: what do callers get?", 'AppRequests\n| where TimeGenerated > ago(1h)\n@ROLE@\n| where Success == false\n| summarize Failed = sum(ItemCount) by Code = tostring(Properties["code"]), ResultCode, Name\n| order by Failed desc'),
        ("new-exceptions", "Kinds of exception that were not there yesterday: what changed?", "AppExceptions\n| where TimeGenerated > ago(1d)\n@ROLE@\n| summarize Count = sum(ItemCount), First = min(TimeGenerated) by ProblemId, ExceptionType\n| where First > ago(1h)"),
        ("one-trace", "One request from end to end, by the `traceId` of its problem.", 'let wanted = "4bf92f3577b34da6a3ce929d0e0e4736";\nunion AppRequests, AppDependencies, AppTraces, AppExceptions\n| where TimeGenerated > ago(2d)\n| where OperationId == wanted\n| project TimeGenerated, Type, AppRoleName, Name, Message, DurationMs, ResultCode\n| order by TimeGenerated asc'),
        ("rate-limited-callers", "Who meets the rate limit, and how often.", 'AppRequests\n| where TimeGenerated > ago(1h)\n@ROLE@\n| where ResultCode == "429"\n| summarize Refused = sum(ItemCount) by Caller = tostring(Properties["caller"])\n| top 20 by Refused'),
        ("release", "Before and after a release, by version.", "AppRequests\n| where TimeGenerated > ago(4h)\n@ROLE@\n| summarize Requests = sum(ItemCount), Failed = sumif(ItemCount, Success == false), P95 = percentilew(DurationMs, ItemCount, 95) by AppVersion, bin(TimeGenerated, 10m)\n| order by TimeGenerated asc"),
    ]  # fmt: skip
    if design.tenancy:
        found.append(("one-tenant", "One tenant's day.", 'let tenant = "0198c7a2-6f1e-7c3b-9a54-3d2f8e6b1c70";\nAppRequests\n| where TimeGenerated > ago(1d)\n@ROLE@\n| where tostring(Properties["tenant_id"]) == tenant\n| summarize Requests = sum(ItemCount), Failed = sumif(ItemCount, Success == false) by Name, bin(TimeGenerated, 1h)'))  # fmt: skip
    if design.events:
        names = ", ".join(f'"{name}"' for name, _ in design.events[:8])
        found.append(("domain-events", "Domain events per hour: does the business see it?", f"AppEvents\n| where TimeGenerated > ago(1d)\n@ROLE@\n| where Name in ({names})\n| summarize Events = sum(ItemCount) by Name, bin(TimeGenerated, 1h)"))  # fmt: skip
    if design.broker:
        found.append(("backlog", "Age of the outbox and number of dead letters.", f'AppMetrics\n| where TimeGenerated > ago(1h)\n| where AppRoleName == "{worker_name(design)}"\n| where Name in ("outbox.age", "messages.dead")\n| summarize Worst = max(Max) by Name, bin(TimeGenerated, 5m)'))  # fmt: skip
    return found


def _dashboard(design: Design) -> str:
    names = ", ".join(level.id for level in design.levels)
    rows = [
        ("1", f"Objectives and error budget left: {names}", "what is due now?"),
        ("2", "Rate, errors, duration by operation", "which operation?"),
        (
            "3",
            f"Saturation: instances, {design.database}"
            + (f", {design.cache}" if design.cache else "")
            + (f", {design.broker}" if design.broker else ""),
            "which part?",
        ),
        (
            "4",
            "Domain: " + (", ".join(f"`{name}`" for name, _ in design.events[:5]) or "calls by operation and result"),
            "does the business see it?",
        ),
        ("5", "Deployments, open circuits, dead letters, refused callers", "what changed?"),
    ]
    return paragraphs(
        table(("Row", "Tiles", "Answers"), rows),
        "Time range: last 4 hours, with deployments as vertical lines. Each tile opens its query from the section above. One workbook per environment, from the same template.",
    )
