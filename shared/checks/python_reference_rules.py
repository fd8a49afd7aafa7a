"""The rules of Python references: ids, severity, reason, what each proves and leaves, and examples. Pure data."""

from shared.contracts import Rule

_IMPORTING = """=== test-specifications.md
`tests/test_parcels.py`

```python
from tests.support import a_parcel


def test_a_parcel_has_a_number():
    assert a_parcel().number
```
"""
_SUPPORT = """
`tests/support.py`

```python
from dataclasses import dataclass


@dataclass
class Parcel:
    number: int


def a_parcel() -> Parcel:
    return Parcel(number=1)
```
"""
_SAMPLE = """=== python-sample-implementation.md
`pyproject.toml`

```toml
[project]
name = "parcels"
version = "1.0.0"
dependencies = ["fastapi", "redis"]
```

`src/parcels/app.py`

```python
import redis
from fastapi import FastAPI

app = FastAPI()
store = redis.Redis()
```
"""
MODULE_MISSING = Rule(
    "REF-001", "error", "A module that is imported and that nobody writes stops whatever imports it.",
    proves="Code imports a module from a package of the pack's own, and no document shows a file of that path.",
    leaves="Imports within `try`, and names that are imported at run time.",
    bad=_IMPORTING, good=_IMPORTING + _SUPPORT,
)  # fmt: skip
NAME_MISSING = Rule(
    "REF-002", "error", "A name that its module does not have fails when it is imported.",
    proves="`from a import b` names a module that the pack shows, and b is neither in it nor a module below it.",
    leaves="Modules that do not parse, or that take names from elsewhere with `*` or at run time.",
    bad=_IMPORTING + _SUPPORT.replace("def a_parcel", "def some_parcel"), good=_IMPORTING + _SUPPORT,
)  # fmt: skip
PACKAGE_MISSING = Rule(
    "REF-003", "error", "A package that is imported and not declared is not there when code runs.",
    proves="The import is of a package that the code's project file does not declare and no declared one brings.",
    leaves="Code without a project file; packages that another file declares, or that a package may bring that is not "
    "in the list of known ones.",
    bad=_SAMPLE.replace(', "redis"]', "]"), good=_SAMPLE,
)  # fmt: skip
PACKAGE_UNUSED = Rule(
    "REF-004", "warning", "A package that nothing uses is installed, scanned and updated for nothing.",
    proves="A library is declared, and neither its own name nor that of its import stands anywhere else in the pack.",
    leaves="Tools and plugins, which work without being imported, and projects of which a file is missing.",
    bad=_SAMPLE.replace("import redis\n", "").replace("store = redis.Redis()\n", ""), good=_SAMPLE,
)  # fmt: skip
_TABLE = """
| operation | test |
|---|---|
| getParcel | `test_a_parcel_has_a_number` |
| putParcel | `test_a_parcel_is_stored` |
"""
TEST_MISSING = Rule(
    "REF-005", "error", "A test that a table promises and no file has checks nothing.",
    proves="A table names a test in backticks, and no Python file or fragment of the pack defines it.",
    leaves="Documents in which a Python file does not parse, patterns with `*`.",
    bad=_IMPORTING + _SUPPORT + _TABLE,
    good=_IMPORTING + _SUPPORT + _TABLE.replace("| putParcel | `test_a_parcel_is_stored` |\n", ""),
)  # fmt: skip
_FIXTURE = """
`tests/conftest.py`

```python
import pytest


@pytest.fixture
def parcel():
    return {"number": 1}
```
"""
_ASKING = """=== test-specifications.md
`tests/test_parcels.py`

```python
def test_a_parcel_has_a_number(parcel):
    assert parcel["number"]
```
"""
FIXTURE_MISSING = Rule(
    "REF-006", "error", "A test whose fixture nobody defines never runs.",
    proves="A test or fixture asks for a fixture that neither pytest, a declared plugin, its file nor a conftest.py "
    "above it has.",
    leaves="Functions with decorators that may give arguments, and packs that declare plugins nobody knows.",
    bad=_ASKING, good=_ASKING + _FIXTURE,
)  # fmt: skip
NAME_UNDEFINED = Rule(
    "REF-007", "error", "A name that is defined nowhere fails when its line is reached.",
    proves="Code reads a name that no scope around it, no import and no built-in defines.",
    leaves="Files with `import *`, and names that are set at run time.",
    bad=_ASKING.replace('parcel["number"]', "parcel[NUMBER]") + _FIXTURE, good=_ASKING + _FIXTURE,
)  # fmt: skip
_LAYOUT = """=== python-sample-implementation.md
## Folder layout

```text
src/
  parcels/
    clock.py
    times.py
```

`src/parcels/clock.py`

```python
from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
```
"""
FILE_NOT_SHOWN = Rule(
    "REF-008", "error", "A file that the layout promises and no block shows was not written.",
    proves="The folder layout of the sample lists a Python file, and no block of the pack has its path.",
    leaves="`__init__.py`, which may be empty, lock files, and files that are not Python.",
    bad=_LAYOUT, good=_LAYOUT.replace("    times.py\n", ""),
)  # fmt: skip
RULES = (
    MODULE_MISSING, NAME_MISSING, PACKAGE_MISSING, PACKAGE_UNUSED, TEST_MISSING, FIXTURE_MISSING, NAME_UNDEFINED,
    FILE_NOT_SHOWN,
)  # fmt: skip
