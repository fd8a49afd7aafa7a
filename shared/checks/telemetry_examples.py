"""Examples of the rules about log fields and events, as `reference_examples` has them."""

from shared.checks.reference_examples import Example

_FIELDS = """\
=== observability-plan.md

## Logs

| field | type | source | column |
|---|---|---|---|
| event | text | code | Properties.event |
| code | text | problem | Properties.code |
| shareId | uuid | domain | Properties.shareId |

| event | level | when | fields |
|---|---|---|---|
| share.created | Information | committed | shareId |
"""
_QUERY = """
**`queries/errors.kql`**

```kql
AppTraces
| summarize failures = count() by tostring(Properties.{field})
```
"""
_FORMATTER = """
=== python-sample-implementation.md

**`app/telemetry.py`**

```python
import json
import logging

ALLOWED = ({allowed})


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {{name: getattr(record, name) for name in ALLOWED if hasattr(record, name)}}
        return json.dumps(line | {{"message": record.getMessage()}})


def created(log: logging.Logger, share_id: str) -> None:
    log.{level}("share created", extra={{"event": "{event}", {extra}"shareId": share_id}})
```
"""
_CSHARP = """
=== csharp-implementation.md

**`src/Api/Log.cs`**

```csharp
public static partial class Log
{{
    [LoggerMessage(Level = LogLevel.Information, EventName = "share.created", Message = "Created {{{field}}}")]
    public static partial void Created(ILogger logger, Guid shareId);
}}
```
"""


def _python(
    *, allowed: str = '"event", "code", "shareId"', level: str = "info", event: str = "share.created",
    extra: str = '"code": "OK", ',
) -> str:  # fmt: skip
    return _FIELDS + _FORMATTER.format(allowed=allowed, level=level, event=event, extra=extra)


EXAMPLES: dict[str, Example] = {
    "REF-070": Example(
        bad=_FIELDS + _QUERY.format(field="shareId") + _CSHARP.format(field="ShareId"),
        good=_FIELDS + _QUERY.format(field="shareId") + _CSHARP.format(field="shareId"),
    ),
    "REF-071": Example(bad=_python(allowed='"event", "code"'), good=_python()),
    "REF-072": Example(bad=_python(extra=""), good=_python()),
    "REF-073": Example(bad=_python(event="share.made"), good=_python()),
    "REF-074": Example(bad=_python(level="error"), good=_python()),
    "REF-075": Example(
        bad=_FIELDS + _QUERY.format(field="linkedTrace"),
        good=_FIELDS + _QUERY.format(field="code"),
    ),
}
