"""A package is deployed, tested, and kept to return to; one that fails is never the one to return to."""

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra import backends, provision, release
from infra.after_deploy import Deployment
from infra.azure import AzureFailed
from infra.lint import Compiled
from infra.package import PROJECT
from tests.infra.test_after_deploy import OUTPUTS, FakeAzure

WHERE = Deployment.read(OUTPUTS)
DEPLOYED: dict[str, list[Any]] = {
    "functionapp_deployment_source": [None],
    "functionapp_keys_list": [True],
    "deployment_group_create": ["Succeeded"],
}
DEPLOY = ["functionapp deployment source", "functionapp keys list", "deployment group create"]


def azure(**more: list[Any]) -> FakeAzure:
    return FakeAzure(**{name: list(answers) for name, answers in (DEPLOYED | more).items()})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package for Azure Storage, with nothing else in it."""
    return packed(tmp_path / "app.zip", backends.AZURE_STORAGE)


def packed(target: Path, backend: str) -> Path:
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("host.json", backends.host_json((PROJECT / "host.json").read_text(encoding="utf-8"), backend))
    return target


def passes(_: list[str]) -> int:
    return 0


def fails(_: list[str]) -> int:
    return 1


def test_a_package_that_passes_becomes_the_one_to_return_to(package: Path):
    az = azure(storage_blob_upload=["etag"])
    assert release.release(az, WHERE, package, passes)
    assert az.commands == [*DEPLOY, "storage blob upload"]
    assert str(package) in az.asked[0]
    assert az.asked[0][-2:] == ("--build-remote", "false")


def test_a_package_that_fails_does_not(package: Path):
    az = azure()
    assert not release.release(az, WHERE, package, fails)
    assert az.commands == DEPLOY


def test_a_package_for_another_backend_than_is_provisioned_is_not_deployed(tmp_path: Path):
    az = azure()
    with pytest.raises(SystemExit, match="built for scheduler, and func-design-x keeps its runs in azureStorage"):
        release.release(az, WHERE, packed(tmp_path / "app.zip", backends.SCHEDULER), passes)
    assert az.commands == []


def test_rolling_back_deploys_the_last_package_that_passed():
    def download(asked: tuple[str, ...]) -> str:
        packed(Path(asked[asked.index("--file") + 1]), backends.AZURE_STORAGE)
        return "last-good.zip"

    az = azure(storage_blob_exists=[True], storage_blob_download=[download])
    assert release.roll_back(az, WHERE, passes)
    assert az.commands == ["storage blob exists", "storage blob download", *DEPLOY]


def test_where_nothing_passed_yet_there_is_nothing_to_return_to(capsys: pytest.CaptureFixture[str]):
    assert not release.roll_back(azure(storage_blob_exists=[False]), WHERE, passes)
    assert "nothing to return to" in capsys.readouterr().err


def test_no_storage_key_is_ever_used(package: Path):
    az = azure(storage_blob_upload=["etag"])
    release.release(az, WHERE, package, passes)
    (upload,) = [asked for asked in az.asked if asked[0] == "storage"]
    assert upload[upload.index("--auth-mode") + 1] == "login"


def token(**claims: str) -> dict[str, str]:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return {"accessToken": f"head.{body}.signature"}


@pytest.mark.parametrize(("kind", "told"), [("app", "ServicePrincipal"), ("user", "User")])
def test_whoever_is_signed_in_is_the_deployer(kind: str, told: str):
    az = FakeAzure(account_get_access_token=[token(oid="1234", idtyp=kind)])
    assert provision.deployer(az) == ("1234", told)


def test_every_environment_is_provisioned_with_parameters_that_the_template_has(capsys: pytest.CaptureFixture[str]):
    assert provision.ENVIRONMENTS == ("dev", "prod", "stage")
    answer = {"properties": {"outputs": {name: {"type": "String", "value": value} for name, value in OUTPUTS.items()}}}
    params = set(Compiled.read().templates["main"]["parameters"])
    for name in provision.ENVIRONMENTS:
        az = FakeAzure(
            account_get_access_token=[token(oid="1", idtyp="app")],
            keyvault_list_deleted___resource_type=[[]],
            deployment_sub_create=[answer],
        )
        assert provision.main(["create", name], az) == 0
        given = az.asked[-1][az.asked[-1].index("--parameters") + 1 :]
        assert {word.partition("=")[0] for word in given if "=" in word} <= params
        assert given[0].endswith(f"{name}.json")
    assert "AZURE_FUNCTION_APP_NAME=func-design-x" in capsys.readouterr().out


def test_a_pipeline_gets_the_outputs_as_variables(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("TF_BUILD", "True")
    provision.tell_pipeline({"AZURE_RESOURCE_GROUP": "rg"})
    assert capsys.readouterr().out == "##vso[task.setvariable variable=AZURE_RESOURCE_GROUP]rg\n"


def test_a_what_if_tells_what_would_change(capsys: pytest.CaptureFixture[str]):
    told = [("Modify", "/b"), ("NoChange", "/c"), ("Create", "/a"), ("Ignore", "/d")]
    answer = {"changes": [{"changeType": kind, "resourceId": resource} for kind, resource in told]}
    az = FakeAzure(
        account_get_access_token=[token(oid="1", idtyp="app")],
        keyvault_list_deleted___resource_type=[[]],
        deployment_sub_what_if=[answer],
    )
    assert provision.main(["what-if", "dev"], az) == 0
    assert capsys.readouterr().out.splitlines() == ["Create   /a", "Modify   /b"]


def test_what_the_azure_cli_says_is_passed_on(capsys: pytest.CaptureFixture[str]):
    az = FakeAzure(deployment_sub_show=[AzureFailed("az deployment sub show: not found")])
    assert provision.main(["outputs", "dev"], az) == 1
    assert "not found" in capsys.readouterr().err
