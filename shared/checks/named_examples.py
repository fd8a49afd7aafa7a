"""Examples of the rules about what sentences take for granted, as `reference_examples` has them."""

from shared.checks.reference_examples import Example

_FILES = """\
=== test-specifications.md

A run is compared with `load-baseline.json`.

**`tests/load/compare.py`**

```python
from pathlib import Path


def baseline() -> str:
    return Path("{path}").read_text(encoding="utf-8")
```
"""
_OPTIONS = """\
=== observability-plan.md

Named events are exempt from sampling (`EnableTraceBasedLogsSampler = false`).

=== csharp-implementation.md

**`src/Api/Telemetry.cs`**

```csharp
public static class Telemetry
{{
    public static void Add(IServiceCollection services, string connection)
    {{
        if (connection.Length > 0)
        {{
            services.AddOpenTelemetry().UseAzureMonitor(options => {option});
        }}
    }}
}}
```
"""
_SECRETS = """\
=== csharp-implementation.md

A developer runs `dotnet user-secrets set DATABASE_PASSWORD` once.

**`src/Api/Api.csproj`**

```xml
<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>{given}
  </PropertyGroup>
</Project>
```
"""
_COLUMNS = """\
=== integration-architecture.md

```sql
CREATE TABLE delivery (
    delivery_id uuid PRIMARY KEY,
    attempts integer NOT NULL{column}
);
```

=== observability-plan.md

The context crosses to the worker in the column `traceparent` of `delivery`.
"""
_BROUGHT = """\
=== python-sample-implementation.md

**`pyproject.toml`**

```toml
[project]
name = "orders"
version = "1.0.0"
dependencies = ["azure-monitor-opentelemetry==1.8.1"{declared}]
```

**`app/telemetry.py`**

```python
from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry.sdk.resources import Resource


def set_up() -> None:
    configure_azure_monitor(resource=Resource.create({{"service.name": "orders"}}))
```
"""

EXAMPLES: dict[str, Example] = {
    "REF-079": Example(bad=_FILES.format(path="baseline.json"), good=_FILES.format(path="load-baseline.json")),
    "REF-082": Example(
        bad=_OPTIONS.format(option="options.SamplingRatio = 0.25f"),
        good=_OPTIONS.format(option="options.EnableTraceBasedLogsSampler = false"),
    ),
    "REF-083": Example(
        bad=_SECRETS.format(given=""),
        good=_SECRETS.format(given="\n    <UserSecretsId>orders-api</UserSecretsId>"),
    ),
    "REF-084": Example(bad=_COLUMNS.format(column=""), good=_COLUMNS.format(column=",\n    traceparent text")),
    "REF-085": Example(
        bad=_BROUGHT.format(declared=""), good=_BROUGHT.format(declared=', "opentelemetry-sdk==1.38.0"')
    ),
}
