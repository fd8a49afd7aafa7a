"""The package that is deployed: complete, for Azure's platform, and importable with nothing else around it."""

import platform
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from infra import backends, package

SITE = package.SITE_PACKAGES.as_posix()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("package") / "app.zip"
    package.build(target, backends.AZURE_STORAGE)
    return target


@pytest.fixture(scope="module")
def names(built: Path) -> set[str]:
    with zipfile.ZipFile(built) as packed:
        return set(packed.namelist())


def test_it_holds_the_app_and_nothing_of_the_project_besides(names: set[str]):
    assert {"function_app.py", "host.json", "requirements.txt", "shared/agents/system-architect.md"} <= names
    assert {"triggers/pages/page.html", "triggers/pages/app.js", "shared/pack/report/report.css"} <= names
    assert {name.split("/")[0] for name in names} == {*package.SHIPPED, ".python_packages", "__pycache__"}


def test_every_module_has_its_bytecode(names: set[str]):
    for name in (name for name in names if name.endswith(".py") and not name.startswith(".python_packages")):
        folder, _, module = name.rpartition("/")
        assert f"{folder}/__pycache__/{module[:-3]}.cpython-313.pyc".lstrip("/") in names
    assert f"{SITE}/anthropic/__pycache__/__init__.cpython-313.pyc" in names


def test_its_bytecode_is_never_held_against_times_that_unpacking_changes(built: Path):
    with zipfile.ZipFile(built) as packed:
        flags = packed.read("__pycache__/function_app.cpython-313.pyc")[4:8]
    assert int.from_bytes(flags, "little") == 0b01  # PEP 552: by hash, unchecked


def test_binaries_are_for_linux_on_x86_64(built: Path, names: set[str]):
    binaries = [name for name in names if name.endswith((".so", ".pyd", ".dylib"))]
    assert binaries
    plain = {name for name in binaries if not name.endswith((".cpython-313-x86_64-linux-gnu.so", ".abi3.so"))}
    assert {Path(name).name for name in plain} <= {"libpdfium.so"}, "of no Python's kind, but known"
    with zipfile.ZipFile(built) as packed:
        for name in plain:
            head = packed.open(name).read(20)
            assert (head[:5], head[18:20]) == (b"\x7fELF\x02", b"\x3e\x00"), f"{name} is no library for x86-64"


def test_the_schema_of_pipelines_comes_with_its_version(names: set[str]):
    assert any(name.startswith(f"{SITE}/check_jsonschema-") and name.endswith("/METADATA") for name in names)


def test_the_worker_runtime_comes_with_it_in_the_version_that_was_tested(names: set[str]):
    """test_runtime.py holds the lock, requirements.txt and the local host against each other."""
    assert f"{SITE}/azure_functions_runtime-{metadata.version('azure-functions-runtime')}.dist-info/METADATA" in names


def test_it_is_small_enough(built: Path):
    assert built.stat().st_size < 100_000_000


@pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="its binaries run on Linux alone")
def test_the_app_is_imported_from_it_alone(built: Path):
    found = package.verify(built)
    assert {"prd_dropped", "design_backend", "start_run"} <= set(found)


def test_it_is_for_the_backend_that_was_asked_for(built: Path):
    assert backends.backend_of(built) == backends.AZURE_STORAGE
    with zipfile.ZipFile(built) as packed:
        assert packed.read("host.json").decode() == (package.PROJECT / "host.json").read_text(encoding="utf-8")


def test_the_same_files_give_the_same_zip(tmp_path: Path):
    source = tmp_path / "app"
    source.mkdir()
    package.copy_app(source, backends.SCHEDULER)
    assert package.write_zip(source, tmp_path / "a.zip") == package.write_zip(source, tmp_path / "b.zip")
