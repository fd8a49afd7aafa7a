"""The worker runtime that is deployed is the one that was tested: the lock's, the local host's, and no default of Azure.

The platform uses its own version of `azure-functions-runtime` unless requirements.txt pins one; its default lags, and
with PYTHON_ENABLE_OPENTELEMETRY the versions 1.1.1 and 1.2.1 crash every async invocation (python-worker issue 1881).
"""

import re
import tomllib
from importlib import metadata

import pytest

from infra.package import PROJECT

RUNTIME = "azure-functions-runtime"


def locked() -> str:
    """The version in uv.lock."""
    packages = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]
    (version,) = [one["version"] for one in packages if one["name"] == RUNTIME]
    return version


def test_the_lock_what_is_deployed_and_the_local_host_have_the_same_runtime():
    requirements = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert re.findall(rf"(?m)^{RUNTIME}==(\S+)", requirements) == [locked()]
    assert metadata.version(RUNTIME) == locked()  # what local/worker.py imports


def test_the_runtime_is_pinned_by_the_project_itself():
    """A dependency of a dependency would move with it."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"{RUNTIME}=={locked()}" in project["dependencies"]


@pytest.mark.parametrize("bad", ["1.1.1", "1.2.1"])
def test_it_is_none_of_those_that_crash_with_telemetry(bad: str):
    assert tuple(map(int, locked().split("."))) > tuple(map(int, bad.split(".")))
