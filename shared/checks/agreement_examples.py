"""Examples of the rules about what documents say of each other, as `reference_examples` has them."""

from shared.checks.reference_examples import Example

_HOOKS = """\
=== cicd-pipeline.md

```yaml
stages:
  - stage: DeployProd
    jobs:
      - deployment: service
        environment: prod
        strategy:
          runOnce:
            deploy:
              steps:
                - bash: echo "##vso[task.setvariable variable=before]blue"
            on:
              failure:
                steps:
                  - bash: echo "{used}"
```
"""
_SUITES = """\
=== test-specifications.md

The pass is `schemathesis run http://localhost:8000/openapi.json --url "$TEST_BASE_URL" --checks all`.

| variable | meaning | where it comes from |
|---|---|---|
| `LOAD_SHOPS` | shops of a load run | {source} |
"""
_COMMAND = """
=== cicd-pipeline.md

```yaml
steps:
  - bash: schemathesis run http://localhost:8000/openapi.json --url "$TEST_BASE_URL" --checks {checks}
    env:
      TEST_BASE_URL: http://localhost:8000
```
"""
_PACKAGES = """\
=== observability-plan.md

Calls to the cache are traced by `opentelemetry-instrumentation-redis`.

=== python-sample-implementation.md

**`pyproject.toml`**

```toml
[project]
name = "orders"
version = "1.0.0"
dependencies = [{dependencies}]
```

**`app/telemetry.py`**

```python
from opentelemetry.instrumentation.redis import RedisInstrumentor

RedisInstrumentor().instrument()
```
"""
_TOOLS = """\
=== cicd-pipeline.md

```yaml
steps:
  - bash: {command}
```

=== python-sample-implementation.md

**`pyproject.toml`**

```toml
[project]
name = "orders"
version = "1.0.0"

[dependency-groups]
dev = ["import-linter==2.5"]
```
"""
_CODES = """\
=== integration-architecture.md

## Error taxonomy

| code | status | meaning |
|---|---|---|
| ORDER_UNKNOWN | 404 | there is no such order |
| ORDER_CLOSED | 409 | it has ended |
| KEY_REUSED | 422 | the key was used with another body |

=== test-specifications.md

Tests expect ORDER_UNKNOWN, KEY_REUSED{codes}.
"""
_TEMPLATES = """\
=== cicd-pipeline.md

Resources stand in `infra/main.bicep`.
"""
_GIVEN = """\
=== test-specifications.md

| variable | meaning |
|---|---|
| TEST_ACCOUNT | who the smoke tests sign in as |

=== cicd-pipeline.md

```yaml
steps:
  - bash: pytest -m smoke
    env:
      {variable}: smoke
```
"""
_ALL = _SUITES.format(source="default") + _COMMAND.format(checks="all")

EXAMPLES: dict[str, Example] = {
    "REF-060": Example(bad=_HOOKS.format(used="$(before)"), good=_HOOKS.format(used="see the runbook")),
    "REF-061": Example(bad=_SUITES.format(source="default") + _COMMAND.format(checks="not_a_server_error"), good=_ALL),
    "REF-062": Example(
        bad=_PACKAGES.format(dependencies="").replace(
            "from opentelemetry.instrumentation.redis import RedisInstrumentor\n\nRedisInstrumentor().instrument()\n",
            "TRACED = True\n",
        ).replace("dependencies = []", 'dependencies = ["uvicorn==0.38.0"]'),
        good=_PACKAGES.format(dependencies='"opentelemetry-instrumentation-redis==0.59b0"'),
    ),
    "REF-063": Example(bad=_SUITES.format(source="pipeline") + _COMMAND.format(checks="all"), good=_ALL),
    "REF-064": Example(bad=_TOOLS.format(command="ruff check"), good=_TOOLS.format(command="lint-imports")),
    "REF-065": Example(bad=_CODES.format(codes=""), good=_CODES.format(codes=", ORDER_CLOSED")),
    "REF-066": Example(
        bad=_TEMPLATES,
        good=_TEMPLATES + "\n**`infra/main.bicep`**\n\n```bicep\nparam location string\n```\n",
    ),
    "REF-067": Example(bad=_GIVEN.format(variable="SMOKE_ACCOUNT"), good=_GIVEN.format(variable="TEST_ACCOUNT")),
}  # fmt: skip
