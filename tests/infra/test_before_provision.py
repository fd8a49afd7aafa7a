"""What is done before resources are made: a deleted vault is found, and the provider of a virtual network registered."""

from typing import Any

import pytest

from infra import before_provision, provision
from infra.azure import AzureFailed
from infra.before_provision import RECOVER, has_deleted_vault
from infra.lint import Compiled, value_at
from tests.infra.test_after_deploy import FakeAzure
from tests.infra.test_release import token

LISTED = "keyvault_list_deleted___resource_type"


def vault(environment: str = "dev", location: str = "westeurope") -> dict[str, str]:
    group = f"/subscriptions/1/resourceGroups/rg-design-backend-{environment}"
    return {"vaultId": f"{group}/providers/Microsoft.KeyVault/vaults/kv-x", "location": location}


@pytest.mark.parametrize(
    ("deleted", "found"),
    [
        ([], False),
        (None, False),
        ([vault("stage"), vault("dev-2")], False),
        ([vault(location="northeurope")], False),
        ([vault("stage"), vault()], True),
        ([vault(location="West Europe")], True),
    ],
)
def test_only_the_vault_of_this_environment_in_this_region_is_recovered(deleted: object, found: bool):
    answers: list[Any] = [deleted]
    assert has_deleted_vault(FakeAzure(**{LISTED: answers}), "dev", "westeurope") == found


@pytest.fixture
def azd(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What azd sets for a hook; told variables come to it."""
    for name, value in {"AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "westeurope", "AZURE_SUBSCRIPTION_ID": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PRIVATE_NETWORK", raising=False)
    return {}


@pytest.mark.parametrize(("deleted", "told"), [([vault()], "true"), ([], "false")])
def test_azd_is_told_each_time_whether_to_recover(azd: dict[str, str], deleted: list[object], told: str):
    """`recover` fails where nothing was deleted, so that yesterday's answer must not stay."""
    az = FakeAzure(**{LISTED: [deleted]})
    assert before_provision.main(az, azd.__setitem__) == 0
    assert azd == {RECOVER: told}
    assert az.asked[0][-2:] == ("--subscription", "1")


def test_a_private_network_has_its_provider_registered_first(azd: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PRIVATE_NETWORK", "true")
    answers: dict[str, list[Any]] = {LISTED: [[]], "provider_register___namespace": [None]}
    az = FakeAzure(**answers)
    assert before_provision.main(az, azd.__setitem__) == 0
    assert az.asked[0][:5] == ("provider", "register", "--namespace", "Microsoft.App", "--wait")


def test_a_refusal_of_azure_is_told_and_nothing_is_provisioned(azd: dict[str, str], capsys: pytest.CaptureFixture[str]):
    assert before_provision.main(FakeAzure(**{LISTED: [AzureFailed("not signed in")]}), azd.__setitem__) == 1
    assert (azd, capsys.readouterr().err) == ({}, "not signed in\n")


def test_the_pipeline_recovers_too():
    az = FakeAzure(
        account_get_access_token=[token(oid="1", idtyp="app")],
        deployment_sub_create=[{"properties": {"outputs": {}}}],
        **{LISTED: [[vault()]]},
    )
    assert provision.main(["create", "dev"], az) == 0
    assert "recoverVault=true" in az.asked[-1]


def test_the_vaults_say_that_they_are_new_unless_told_otherwise():
    compiled = Compiled.read()
    assert {value_at(one, "createMode") for _, one in compiled.of("Microsoft.KeyVault/vaults")} == {"default"}
    (parameter,) = [one for name, one in compiled.parameters.items() if name == "main.parameters.json"]
    assert parameter["recoverVault"]["value"] == f"${{{RECOVER}=false}}"
