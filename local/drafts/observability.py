"""Renders `observability-plan.md`. Pure."""

# A sentence or a command of the deliverable stays on one line.
# ruff: noqa: E501

import json
import re

from local.drafts.document import bullets, cite, document, fence, paragraphs
from local.drafts.mechanisms import mechanism_of
from local.drafts.resources import mentions
from local.drafts.shapes import Design, Level, Operation
from local.drafts.targets import number
from local.drafts.words import kebab, quote, snake, table

_BUSY = ("measurement", "event", "message", "transaction", "order")


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
        "service": {"const": design.project},
        "version": text,
        "environment": {"type": "string", "enum": ["dev", "stage", "prod"]},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "span_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "operation": {"type": "string", "enum": [one.id for one in design.business] or [design.operations[0].id]},
        "status": {"type": "integer"},
        "duration_ms": {"type": "number", "minimum": 0},
        "caller": {"type": "string", "description": "client id of the token, hashed"},
    }
    properties |= {"tenant_id": {"type": "string", "format": "uuid"}} if design.tenancy else {}
    properties |= {f"{snake(one.noun)}_id": {"type": "string", "format": "uuid"} for one in design.resources[:4]}
    required = ["timestamp", "level", "message", "service", "version", "environment", "trace_id"]
    schema = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": schema, "type": "object", "required": required, "properties": properties}


def _correlation(design: Design) -> str:
    broker = f" and in the headers of each message on {design.broker}" if design.broker else ""
    load = design.loads[0]
    rate = 100 if load.value <= 100 else 20 if load.value <= 2000 else 5
    return bullets(
        [
            f"**Correlation:** the W3C `traceparent` of a request is kept through every call{broker}; where there is none, the edge starts one. It is `OperationId` in Azure Monitor and `trace_id` in logs and in every `Problem`.",
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
    text = " ".join(one.text for one in design.brief.requirements)
    named = dict.fromkeys(re.findall(r"\b[a-z]+(?:_[a-z]+)*_(?:total|seconds|count|bytes)\b", text))
    found = [(name, "named in the PRD") for name in named]
    found += [
        (f"{name.replace('-', '_').replace('.', '_')}_total", f"`{name}` events") for name, _ in design.events[:8]
    ]
    return found or [(f"{snake(design.project)}_calls_total", "calls by operation and result")]


def _observed(design: Design) -> str:
    rows = [(f"[{one.id}]", quote(one.text, 90), mechanism_of(one).observed) for one in design.brief.requirements]
    return (
        paragraphs("What shows that each requirement holds:", table(("Requirement", "The PRD says", "Signal"), rows))
        if rows
        else ""
    )


def _levels(design: Design) -> str:
    rows = [
        (level.id, level.target.name, sli(level, design), level.target.shown, _from(level), _threshold(level))
        for level in design.levels
    ]
    first = design.levels[0]
    budget = f"{(100 - first.target.value):g} %" if first.target.measure == "ratio" else "0.1 %"
    burn = [
        ("fast burn", "14.4 times the budget over 1 h and 5 min", "page"),
        ("slow burn", "3 times the budget over 1 day and 2 h", "ticket"),
        *(
            [("dead letters", "any in 10 minutes", "ticket"), ("outbox age", "older than 60 s for 5 minutes", "page")]
            if design.broker
            else []
        ),
        ("rate limit", f"one caller above {design.rate_limit.shown} for 10 minutes", "ticket"),
    ]
    return paragraphs(
        table(("SLO", "About", "SLI", "Objective over 30 days", "From", "Alert when"), rows),
        f"Error budget of {first.id}: {budget} of events in 30 days.",
        table(("Alert", "Fires at", "Does"), burn),
        fence("bicep", _alert_rule(design)),
        f"Service levels asked for in the PRD: {cite(dict.fromkeys(level.target.requirement for level in design.levels if level.target.requirement))}."
        if any(level.target.requirement for level in design.levels)
        else "The PRD gives no service level; all numbers here are assumptions to confirm.",
    )


def sli(level: Level, design: Design) -> str:
    """What is measured for a level, in words."""
    if level.target.measure == "ratio":
        return "share of requests that succeed (AppRequests, not 5xx)"
    operation = operation_of(level, design)
    about = f"`{operation.id}`" if operation else "all operations"
    return f"p{level.target.percentile} of DurationMs, {about} (AppRequests)"


def operation_of(level: Level, design: Design) -> Operation | None:
    """The one operation that a latency level is plainly about, if there is one."""
    name = level.target.name.lower()
    stems = [word[:4] for word in re.findall(r"[a-z]{4,}", name) if word not in ("latency", "time", "response")]
    for one in design.business:
        text = f"{one.summary} {one.path} {one.resource.plural if one.resource else ''}".lower()
        if stems and all(stem in text for stem in stems):
            return one
    named = {noun for _, noun in mentions(name)}
    about = [one for one in design.business if one.resource and one.resource.noun in named]
    busy = [one for one in design.business if one.resource and one.resource.noun in _BUSY]
    candidates = [*about, *busy, *design.business]
    if re.search(r"write|creat|ingest|publish|plac|book|submit", name):
        return next((one for one in candidates if one.action == "create"), None)
    if re.search(r"query|read|search|list|look|fetch", name):
        return next((one for one in candidates if one.action in ("list", "read")), None)
    return about[0] if about else None


def _from(level: Level) -> str:
    return f"[{level.target.requirement}]" if level.target.requirement else "assumed"


def _threshold(level: Level) -> str:
    target = level.target
    if target.measure == "ratio":
        return f"below {target.value:g} % for 15 minutes"
    return f"p{target.percentile} above {number(target.value)} ms for 15 minutes"


def _alert_rule(design: Design) -> str:
    level = next((one for one in design.levels if one.target.measure == "latency"), design.levels[0])
    query = query_for(level, design).replace("\n", "\n      ")
    threshold = f"{level.target.value:g}" if level.target.measure == "latency" else "0"
    return f"""param location string = resourceGroup().location
param workspaceId string
param actionGroupId string

resource objective 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {{
  name: '{kebab(design.project)}-{level.id.lower()}'
  location: location
  properties: {{
    description: '{level.id}: {level.target.name.replace("'", "")} {level.target.shown}'
    severity: 1
    enabled: true
    scopes: [ workspaceId ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {{
      allOf: [
        {{
          query: '''
      {query}
          '''
          timeAggregation: 'Maximum'
          metricMeasureColumn: 'Measured'
          operator: '{"GreaterThan" if level.target.measure == "latency" else "LessThan"}'
          threshold: {threshold if level.target.measure == "latency" else f"{level.target.value:g}".split(".")[0]}
          failingPeriods: {{ numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }}
        }}
      ]
    }}
    actions: {{ actionGroups: [ actionGroupId ] }}
  }}
}}"""


def query_for(level: Level, design: Design) -> str:
    """The KQL that measures a level over 15 minutes."""
    head = f'AppRequests\n| where TimeGenerated > ago(15m)\n| where AppRoleName == "{design.project}"'
    if level.target.measure == "ratio":
        return f"{head}\n| summarize Measured = 100.0 * countif(Success == true) / count()"
    operation = operation_of(level, design)
    only = f'\n| where Name == "{operation.method} {operation.path}"' if operation else ""
    return f"{head}{only}\n| summarize Measured = percentile(DurationMs, {level.target.percentile})"


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
    parts = [
        f"**{level.id}: {level.target.name} {level.target.shown}**\n\n{fence('kusto', query_for(level, design))}"
        for level in design.levels
    ]
    role = f'| where AppRoleName == "{design.project}"'
    extra = [
        (
            "Rate, errors and duration by operation",
            f"AppRequests\n| where TimeGenerated > ago(1h)\n{role}\n| summarize Requests = count(), Failed = countif(Success == false), P95 = percentile(DurationMs, 95) by Name, bin(TimeGenerated, 5m)\n| order by TimeGenerated asc",
        ),
        (
            "Slow or failing dependencies",
            f"AppDependencies\n| where TimeGenerated > ago(1h)\n{role}\n| summarize Calls = count(), Failed = countif(Success == false), P95 = percentile(DurationMs, 95) by Target, DependencyType\n| order by Failed desc",
        ),
        (
            "New kinds of exception",
            f"AppExceptions\n| where TimeGenerated > ago(1d)\n{role}\n| summarize Count = count(), First = min(TimeGenerated) by ProblemId, ExceptionType\n| where First > ago(1h)",
        ),
        (
            "One request, end to end",
            'let wanted = "4bf92f3577b34da6a3ce929d0e0e4736";\nunion AppRequests, AppDependencies, AppTraces, AppExceptions\n| where OperationId == wanted\n| project TimeGenerated, Type, AppRoleName, Name, Message, DurationMs, ResultCode\n| order by TimeGenerated asc',
        ),
        (
            "Callers at the rate limit",
            f'AppRequests\n| where TimeGenerated > ago(1h)\n{role}\n| where ResultCode == "429"\n| extend Caller = tostring(Properties["caller"])\n| summarize Refused = count() by Caller\n| top 20 by Refused',
        ),
    ]
    if design.events:
        names = ", ".join(f'"{name}"' for name, _ in design.events[:8])
        extra.append(
            (
                "Domain events per hour",
                f"AppEvents\n| where TimeGenerated > ago(1d)\n{role}\n| where Name in ({names})\n| summarize Events = count() by Name, bin(TimeGenerated, 1h)",
            )
        )
    if design.broker:
        extra.append(
            (
                "Age of the outbox",
                f'AppMetrics\n| where TimeGenerated > ago(1h)\n{role}\n| where Name == "outbox_age_seconds"\n| summarize Oldest = max(Max) by bin(TimeGenerated, 5m)',
            )
        )
    return paragraphs(*parts, *(f"**{title}**\n\n{fence('kusto', text)}" for title, text in extra))


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
