"""Examples of the rules about suites and where they run, as `reference_examples` has them."""

from shared.checks.reference_examples import Example

_SUITE = """\
=== test-specifications.md

| Variable | Meaning |
|---|---|
{rows}

**`tests/requirements.txt`**

```
pytest==9.0.1
{package}
```

**`tests/integration/test_service.py`**

```python
import os
import subprocess

import pytest


def test_the_log_holds_no_token():
    path = os.environ.get("SERVICE_LOG"{default})
    if not path:
        pytest.skip("needs the log of the service")
    assert "Bearer" not in open(path).read()


def test_the_service_is_there():
    assert os.environ.get("TEST_BASE_URL", "http://localhost:8000")


def test_migrations_apply():
    subprocess.run(["{program}", "upgrade", "head"], check=True)
```

Start the service with `PURGE_INTERVAL_SECONDS={seconds}`.
"""
_PIPELINE = """
=== cicd-pipeline.md

```yaml
steps:
  - bash: |
      docker run --env PURGE_INTERVAL_SECONDS=5 --detach orders
      pytest tests/integration
    env:
      {variable}: service.log
```
"""
_SETTINGS = """\
=== python-sample-implementation.md

**`app/config.py`**

```python
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_host: str = "localhost"
    purge_interval_seconds: int = 3600


def hosts(settings: Settings) -> {answer}
```

```
DATABASE_HOST=localhost PURGE_INTERVAL_SECONDS=3600
```
"""
_TABLES = """\
=== integration-architecture.md

| setting | meaning |
|---|---|
| DATABASE_HOST | host of the database |
| PUBLIC_BASE_URL | address that links begin with |
| LOG_LEVEL | least level that is logged |

=== python-sample-implementation.md

| setting | default |
|---|---|
| DATABASE_HOST | localhost |
| PUBLIC_BASE_URL | http://localhost:8000 |
| LOG_LEVEL | INFO |
| {name} | none |
"""


def _suite(
    *, rows: str = "| SERVICE_LOG, TEST_BASE_URL | log and address |", default: str = "", program: str = "alembic",
    package: str = "alembic==1.17.0", seconds: int = 5, variable: str = "SERVICE_LOG",
) -> str:  # fmt: skip
    suite = _SUITE.format(rows=rows, default=default, program=program, package=package, seconds=seconds)
    return suite + _PIPELINE.format(variable=variable)


EXAMPLES: dict[str, Example] = {
    "REF-076": Example(bad=_suite(variable="TEST_BASE_URL"), good=_suite()),
    "REF-077": Example(bad=_suite(rows="| TEST_BASE_URL | address of the service |"), good=_suite()),
    "REF-078": Example(bad=_suite(seconds=1), good=_suite()),
    "REF-080": Example(bad=_suite(package=""), good=_suite()),
    "REF-086": Example(bad=_TABLES.format(name="KEY_VAULT_URI"), good=_TABLES.replace("| {name} | none |\n", "")),
    "REF-081": Example(
        bad=_SETTINGS.format(answer="list[str]:\n    return [settings.database_host]"),
        good=_SETTINGS.format(
            answer="tuple[str, int]:\n    return settings.database_host, settings.purge_interval_seconds"
        ),
    ),
}
