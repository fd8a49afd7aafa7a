"""The scripts around a deployment: what they ask the Azure CLI, in which order, and what they keep to themselves."""

import os
from pathlib import Path
from typing import Any

import pytest

from infra import after_deploy, claude_key
from infra.after_deploy import Deployment
from infra.azure import AzureFailed
from infra.lint import Compiled

OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-design-backend-dev",
    "AZURE_FUNCTION_APP_NAME": "func-design-x",
    "AZURE_FUNCTION_APP_URL": "https://func-design-x.azurewebsites.net",
    "AZURE_EVENT_TOPIC_NAME": "evgt-prds-x",
    "AZURE_STORAGE_BLOB_URL": "https://stdesignx.blob.core.windows.net/",
    "AZURE_DURABLE_BACKEND": "azureStorage",
}


class FakeAzure:
    """An Azure CLI that answers from a script and notes what it was asked."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []
        self.files: list[str] = []

    def __call__(self, *arguments: str) -> Any:
        self.asked.append(arguments)
        if arguments[:3] == ("keyvault", "secret", "set"):
            path = Path(arguments[arguments.index("--file") + 1])
            assert os.name == "nt" or not path.parent.stat().st_mode & 0o077
            self.files.append(path.read_text(encoding="utf-8"))
        answer = self.answers["_".join(arguments[:3]).replace("-", "_")].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(arguments) if callable(answer) else answer

    @property
    def commands(self) -> list[str]:
        return [" ".join(arguments[:3]) for arguments in self.asked]


def test_the_outputs_that_the_scripts_need_are_those_of_the_template():
    assert {*OUTPUTS, "AZURE_KEY_VAULT_NAME"} <= set(Compiled.read().templates["main"]["outputs"])
    assert Deployment.read(OUTPUTS).storage_name == "stdesignx"


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(SystemExit, match="AZURE_RESOURCE_GROUP, AZURE_FUNCTION_APP_NAME"):
        Deployment.read({})


def test_the_subscription_waits_for_the_key_that_the_app_makes_when_it_runs():
    az = FakeAzure(functionapp_keys_list=[AzureFailed("502"), False, True], deployment_group_create=["Succeeded"])
    after_deploy.subscribe(az, Deployment.read(OUTPUTS), pause=0)
    assert az.commands == ["functionapp keys list"] * 3 + ["deployment group create"]
    given = az.asked[-1]
    assert {"appName=func-design-x", "topicName=evgt-prds-x", "storageName=stdesignx"} <= set(given)
    assert set(Compiled.read().templates["events"]["parameters"]) == {
        word.partition("=")[0] for word in given if "=" in word
    }


def test_the_key_itself_is_never_asked_for():
    az = FakeAzure(functionapp_keys_list=[True], deployment_group_create=["Succeeded"])
    after_deploy.subscribe(az, Deployment.read(OUTPUTS), pause=0)
    assert az.asked[0][-1].startswith("contains(keys(systemKeys")


def test_an_app_that_never_runs_is_reported():
    with pytest.raises(AzureFailed, match="its code did not start"):
        after_deploy.subscribe(
            FakeAzure(functionapp_keys_list=[False, False]), Deployment.read(OUTPUTS), key_seconds=0, pause=0
        )


def test_the_claude_key_is_on_no_command_line():
    az = FakeAzure(keyvault_secret_set=["anthropic-api-key"])
    claude_key.put_key(az, "kv-x", "sk-secret")
    assert az.files == ["sk-secret"]
    assert not any("sk-secret" in word for arguments in az.asked for word in arguments)
    assert not Path(az.asked[0][az.asked[0].index("--file") + 1]).exists()


def test_the_claude_key_has_the_name_that_the_app_looks_for():
    from shared.settings.environment import Settings

    assert Settings().key_secret == claude_key.SECRET
    assert claude_key.has_key(FakeAzure(keyvault_secret_list=[["anthropic-api-key"]]), "kv-x")
