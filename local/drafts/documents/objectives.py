"""Service levels as they are watched: indicator, budget, query, alert, each with the objective's own number. Pure."""

# A sentence or a query of the deliverable stays on one line.
# ruff: noqa: E501

import re

from local.drafts.design.deployment_names import api_name, worker_name
from local.drafts.design.model import Design, Level, Operation
from local.drafts.design.resources import mentions
from local.drafts.documents.markdown import file_block, paragraphs
from local.drafts.english import kebab, table
from local.drafts.prd.targets import number

_BUSY = ("measurement", "event", "message", "transaction", "order")
MINUTES_OF_A_WINDOW = 30 * 24 * 60
_SHARE = "| where Valid >= 20\n| extend Measured = 100.0 * Good / Valid\n| where Measured < objective"


def level_block(level: Level, design: Design) -> str:
    """One `### ` block: everything there is to say about one objective."""
    target = level.target
    rows = [
        ("SLI", sli(level, design)),
        ("Objective", f"{target.shown} over 30 days ({_from(level)})"),
        ("Error budget", _budget(level)),
        ("Query", f"`{query_path(level)}`"),
        (
            "Alert",
            f"{alert_condition(level)}; evaluated every 5 minutes over 15 minutes; severity {1 if target.measure == 'ratio' else 2}",
        ),
        ("Told", _told(level)),
    ]
    return paragraphs(f"### {level.id}: {target.name} {target.shown}", table(("What", "Value"), rows))


def sli(level: Level, design: Design) -> str:
    """What is measured for a level, in words."""
    if limit := _time_limit(level):
        what = f"calls of `{worker_name(design)}` to others" if design.broker else "requests"
        return f"good: {what} that succeed within {number(limit)} ms; valid: all of them ({'AppDependencies' if design.broker else 'AppRequests'}, `sum(ItemCount)`)"
    if level.target.measure == "ratio":
        return "good: requests that do not fail with 5xx; valid: all requests but probes (AppRequests, `sum(ItemCount)`). A 4xx is the caller's"
    operation = operation_of(level, design)
    about = f"`{operation.id}`" if operation else "all operations but probes"
    return f"p{level.target.percentile} of `DurationMs` for {about} (AppRequests, weighted by ItemCount)"


def _time_limit(level: Level) -> float | None:
    """The milliseconds of an objective such as `99 % of deliveries within 30 s`, else None."""
    found = re.search(r"\bwithin (\d+)\s*(ms|s|sec|seconds?|m|min|minutes?)\b", level.target.name)
    if level.target.measure != "ratio" or found is None:
        return None
    return float(found[1]) * (1 if found[2] == "ms" else 1000 if found[2].startswith("s") else 60_000)


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


def alert_condition(level: Level) -> str:
    """When the alert fires, with the objective's number."""
    target = level.target
    if target.measure == "ratio":
        return f"the good share is below {target.value:g} % for 15 minutes"
    return f"p{target.percentile} is above {number(target.value)} ms for 15 minutes"


def query_path(level: Level) -> str:
    """The file of a level's query."""
    return f"queries/{level.id.lower()}-{kebab(level.target.name)[:40].strip('-') or 'level'}.kql"


def query_for(level: Level, design: Design) -> str:
    """The KQL that measures a level over 15 minutes; a row is a breach."""
    limit = f"let objective = {level.target.value:g};  // {level.id}: {level.target.shown}"
    if within := _time_limit(level):
        place, role = ("AppDependencies", worker_name(design)) if design.broker else ("AppRequests", api_name(design))
        counted = f"Good = sumif(ItemCount, Success == true and DurationMs <= {within:g}), Valid = sum(ItemCount)"
        return f'{limit}\n{place}\n| where TimeGenerated > ago(15m)\n| where AppRoleName == "{role}"\n| summarize {counted}\n{_SHARE}'
    head = f'{limit}\nAppRequests\n| where TimeGenerated > ago(15m)\n| where AppRoleName == "{api_name(design)}"'
    if level.target.measure == "ratio":
        probes = ", ".join(f'"GET {one.path}"' for one in design.operations if one.action == "probe")
        counted = "Good = sumif(ItemCount, toint(ResultCode) < 500), Valid = sum(ItemCount)"
        return f"{head}\n| where Name !in ({probes})\n| summarize {counted}\n{_SHARE}"
    operation = operation_of(level, design)
    only = f'\n| where Name == "{operation.method} {operation.path}"' if operation else ""
    measured = f"Measured = percentilew(DurationMs, ItemCount, {level.target.percentile}), Valid = sum(ItemCount)"
    return f"{head}{only}\n| summarize {measured}\n| where Valid >= 20 and Measured > objective"


def level_query(level: Level, design: Design) -> str:
    """A level's query as a file, with the sentence that says when to use it."""
    text = f"{level.id}, {level.target.name} {level.target.shown}: a row means that the objective is missed now; the alert counts the rows."
    return paragraphs(text, file_block(query_path(level), "kusto", query_for(level, design)))


def alert_rule(level: Level, design: Design) -> str:
    """The alert of a level as a Bicep resource: it fires when its query gives a row."""
    query = query_for(level, design).replace("'", "")
    return f"""param location string = resourceGroup().location
param workspaceId string
param actionGroupId string

resource objective 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {{
  name: '{kebab(design.project)}-{level.id.lower()}'
  location: location
  properties: {{
    description: '{level.id}: {level.target.name.replace("'", "")} {level.target.shown}'
    severity: {1 if level.target.measure == "ratio" else 2}
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {{
      allOf: [
        {{
          query: '''
{query}
'''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {{
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }}
        }}
      ]
    }}
    actions: {{
      actionGroups: [
        actionGroupId
      ]
    }}
  }}
}}"""


def _budget(level: Level) -> str:
    target = level.target
    if target.measure == "ratio":
        share = round(100 - target.value, 4)
        minutes = round(MINUTES_OF_A_WINDOW * share / 100, 1)
        return f"100 % - {target.value:g} % = {share:g} % of valid requests; as time, {share:g} % of 30 days = {minutes:g} minutes"
    share = round(100 - float(target.percentile), 4)
    return f"{share:g} % of requests may take longer than {number(target.value)} ms in 30 days"


def _told(level: Level) -> str:
    if level.target.measure == "ratio":
        return "the one on call is paged; first look at errors by operation"
    return "a ticket for the team; first look at the slowest dependencies"


def _from(level: Level) -> str:
    return f"[{level.target.requirement}]" if level.target.requirement else "chosen: the PRD gives no number"
