"""`azd up` with what azd has by default: its schema, its alpha features, and what its sources do with our files."""

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra import backends, package
from infra.compile import HERE
from infra.lint import Compiled
from infra.package import PROJECT

AZD = Path(__file__).parent / "azd"
SITE = package.SITE_PACKAGES.as_posix()


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return yaml.safe_load((PROJECT / "azure.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hook `prepackage` builds, but with one package of requirements.txt in place of all."""
    folder = tmp_path_factory.mktemp("azd")
    (one,) = re.findall(r"(?m)^pyyaml==.*(?:\n +--hash.*)+", (PROJECT / "requirements.txt").read_text(encoding="utf-8"))
    (folder / "requirements.txt").write_text(one, encoding="utf-8")
    package.build(folder / "dist/app", backends.SCHEDULER, folder / "requirements.txt")
    return folder / "dist/app"


def faults(project: dict[str, Any]) -> list[str]:
    schema = json.loads((AZD / "azure.yaml.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft201909Validator(schema)
    return [error.message for error in validator.iter_errors(project)]  # pyright: ignore[reportUnknownMemberType]


def test_the_project_follows_azds_schema(project: dict[str, Any]):
    assert faults(project) == []


def test_the_schema_would_tell_a_misspelt_key(project: dict[str, Any]):
    service = project["services"]["app"] | {"hooks": {"prepackages": {}}}
    assert faults(project | {"services": {"app": service}})


def test_no_feature_is_used_that_azd_has_switched_off(project: dict[str, Any]):
    """`cli/azd/cmd/container.go` refuses `language: custom` unless the alpha feature is on; so do others their own."""
    alpha = {feature["id"] for feature in yaml.safe_load((AZD / "alpha_features.yaml").read_text(encoding="utf-8"))}
    assert "language.custom" in alpha
    for service in project["services"].values():
        assert f"language.{service['language']}" not in alpha
        assert not {"k8s", "docker"} & set(service)
    assert project["infra"]["provider"] == "bicep"


def test_what_is_deployed_is_the_folder_that_the_hook_builds_and_is_not_built_again(project: dict[str, Any]):
    """`framework_service_python.go`: `dist` is a folder; `service_target_functionapp.go`: Python is built remotely
    unless `remoteBuild` says no."""
    service = project["services"]["app"]
    assert service["language"] == "python"
    assert service["remoteBuild"] is False
    assert not service["dist"].endswith(".zip")
    for hook in service["hooks"]["prepackage"].values():
        assert hook["run"].endswith(f"python -m infra.package {service['dist']}")


def zipped_by_azd(folder: Path) -> list[str]:
    """What azd puts into the package: `createDeployableZip` in `cli/azd/pkg/project/project_utils.go`, for Python."""
    ignore = folder / ".funcignore"
    patterns = (
        [line for line in ignore.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        if ignore.exists()
        else None
    )
    assert not patterns, "patterns are not transcribed here"
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".azure"]
        if patterns is None:  # the defaults of azd, where there is no such file
            folders[:] = [
                name for name in folders if name != "__pycache__" and not (Path(place) / name / "pyvenv.cfg").exists()
            ]
        kept = [name for name in files if name not in (".funcignore", "local.settings.json")]
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in kept]
    return sorted(found)


def test_azd_packs_all_that_was_built_bytecode_included(built: Path, tmp_path: Path):
    packed = zipped_by_azd(built)
    assert "__pycache__/function_app.cpython-313.pyc" in packed
    assert f"{SITE}/yaml/__pycache__/__init__.cpython-313.pyc" in packed
    target = package.write_zip(built, tmp_path / "ours.zip")
    assert target
    with zipfile.ZipFile(tmp_path / "ours.zip") as ours:
        assert set(ours.namelist()) - {".funcignore"} == set(packed)
    (built / ".funcignore").rename(tmp_path / "moved")
    try:
        assert not [name for name in zipped_by_azd(built) if name.endswith(".pyc")], "what the file is there for"
    finally:
        (tmp_path / "moved").rename(built / ".funcignore")


def test_a_package_for_the_scheduler_says_so_where_the_scale_controller_reads(built: Path):
    durable = json.loads((built / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]
    assert durable["storageProvider"] == {
        "type": "azureManaged",
        "connectionStringName": "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
    }
    hubs = {one["name"].split("/")[-1] for _, one in Compiled.read().of("Microsoft.DurableTask/schedulers/taskHubs")}
    assert hubs == {durable["hubName"]}


def test_every_parameter_that_azd_fills_in_is_of_a_kind_that_it_can_convert():
    """`bicep_provider.go`: `${NAME=default}` is text; azd makes a bool, a whole number or JSON of it by the type."""
    parameters = Compiled.read().templates["main"]["parameters"]
    given = json.loads((HERE / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    for name, one in given.items():
        match = re.fullmatch(r"\$\{([A-Z_]+)(?:=(.*))?\}", one["value"])
        assert match, name
        kind, default = parameters[name]["type"], match[2]
        if kind == "bool":
            assert default in ("true", "false"), name
        elif kind == "int":
            assert default.isdecimal(), name
        elif kind in ("array", "object"):
            json.loads(default)
        if allowed := parameters[name].get("allowedValues"):
            assert default in allowed, name
        if default is not None and "defaultValue" in parameters[name] and kind != "array":
            assert (
                default == str(parameters[name]["defaultValue"]).removeprefix("True").removeprefix("False")
                or kind == "bool"
            )


def test_a_service_principal_that_deploys_is_told_to_be_one():
    given = json.loads((HERE / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert given["principalType"]["value"] == "${AZURE_PRINCIPAL_TYPE=User}"


def hooks(project: dict[str, Any]) -> list[str]:
    groups = [project["hooks"], *(service.get("hooks", {}) for service in project["services"].values())]
    return [hook["run"] for group in groups for kinds in group.values() for hook in kinds.values()]


def test_every_hook_runs_a_module_of_ours(project: dict[str, Any]):
    runs = hooks(project)
    assert len(runs) == 2 * len({run.split("python -m ")[1] for run in runs})
    for run in runs:
        module = run.split("python -m ")[1].split()[0]
        assert (PROJECT / f"{module.replace('.', '/')}.py").is_file(), run


@pytest.mark.skipif(shutil.which("sh") is None, reason="the hooks of Linux and macOS need a shell")
def test_a_hook_of_linux_starts_its_module(project: dict[str, Any]):
    """As azd starts an inline hook: the text as a script for sh, in the service's folder."""
    run = next(run for run in hooks(project) if run.startswith("./dev") and "infra.package" in run)
    done = subprocess.run(["sh", "-c", f"{run} --help"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--backend" in done.stdout
