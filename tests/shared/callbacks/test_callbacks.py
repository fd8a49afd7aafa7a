"""Whom the app calls back: Azure DevOps and servers that the settings name, and nobody else."""

from typing import Any

import pytest

from shared.callbacks.azure_devops import is_public
from shared.callbacks.protocol import callback_id, checked_plan_url, news, read_task, verdict
from shared.errors import BadInput, SettingsError
from shared.settings.environment import Settings

OWN = frozenset({"tfs.example.com", "devops.example.com:8443"})
GUID = "3a7e60dc-c5b0-5009-86eb-0f217c12e2ea"
HEADERS = {
    "PlanUrl": "https://dev.azure.com/contoso/",
    "ProjectId": GUID,
    "HubName": "build",
    "PlanId": GUID,
    "JobId": GUID,
    "TimelineId": GUID,
    "TaskInstanceId": GUID,
    "AuthToken": "eyJ0.canary.token",
}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://dev.azure.com/contoso/", "https://dev.azure.com/contoso"),
        ("https://DEV.azure.com:443/contoso", "https://dev.azure.com/contoso"),
        ("https://contoso.visualstudio.com/", "https://contoso.visualstudio.com"),
        ("https://tfs.example.com/tfs/Default%20Collection/", "https://tfs.example.com/tfs/Default%20Collection"),
        ("https://devops.example.com:8443/c/", "https://devops.example.com:8443/c"),
    ],
)
def test_azure_devops_and_named_servers_are_called_back(given: str, taken: str):
    assert checked_plan_url(given, OWN) == taken


@pytest.mark.parametrize(
    "hostile",
    [
        "http://dev.azure.com/contoso/",
        "https://dev.azure.com.evil.example/",
        "https://evil.example/dev.azure.com/",
        "https://dev.azure.com@evil.example/",
        "https://user:dev.azure.com@evil.example",
        "https://evil.example#dev.azure.com",
        "https://evil.example?.visualstudio.com",
        "https://evil.example\\.visualstudio.com/",
        "https://evilvisualstudio.com/",
        "https://visualstudio.com/",
        "https://xdev.azure.com/",
        "https://dev.azure.com./contoso",
        "https://dev.azure.com:8443/contoso",
        "https://dev.azure.com/contoso/../other/",
        "https://dev.azure.com/contoso/%2e%2e/",
        "https://dev.azure.com//evil.example/",
        "https://dev.azure.com/contoso\r\nHost: evil.example",
        "https://dev.azure.com/contoso?x=1",
        "https://dev.azure.\u0441om/contoso",
        "https://127.0.0.1/contoso",
        "https://169.254.169.254/metadata",
        "https://[::1]/",
        "https://localhost/",
        "https://devops.example.com/",
        "https://tfs.example.com:8443/",
        "file:///etc/passwd",
        "//dev.azure.com/contoso",
        "https://" + "a." * 400 + "visualstudio.com",
    ],
)
def test_a_hostile_plan_url_is_refused_and_not_repeated(hostile: str):
    with pytest.raises(BadInput) as refused:
        checked_plan_url(hostile, OWN)
    assert refused.value.code == "bad-plan-url"
    assert hostile not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_an_internal_address_is_none_of_azure_devops_services(address: str):
    assert not is_public(address)


def test_the_world_outside_is_public():
    assert is_public("13.107.42.20")
    assert is_public("2620:1ec:4::20")


@pytest.mark.parametrize("missing", HEADERS)
def test_a_missing_header_is_named(missing: str):
    with pytest.raises(BadInput, match=missing):
        read_task({name: value for name, value in HEADERS.items() if name != missing}, OWN)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ProjectId", "../../other"),
        ("HubName", "build/../x"),
        ("PlanId", "1"),
        ("AuthToken", "two words"),
        ("AuthToken", "x" * 20_000),
    ],
)
def test_a_header_that_azure_devops_would_not_send_is_refused(header: str, value: str):
    with pytest.raises(BadInput, match=header) as refused:
        read_task(HEADERS | {header: value}, OWN)
    assert value not in str(refused.value)


def test_the_same_task_is_the_same_callback_and_another_is_another():
    task, token = read_task(HEADERS, OWN)
    assert token.value == HEADERS["AuthToken"]
    assert token.value not in f"{task} {token}"
    assert callback_id(task) == callback_id(read_task(HEADERS | {"AuthToken": "renewed"}, OWN)[0])
    assert callback_id(task) != callback_id(read_task(HEADERS | {"PlanId": GUID.replace("3", "4")}, OWN)[0])


def row(state: str, **more: Any) -> dict[str, Any]:
    return {"deliverable": "integration-architecture.md", "task": "draft", "state": state, **more}


def test_only_what_is_new_is_told():
    assert news("orders.md", "", "running", [row("drafting")]) == [
        "orders.md: integration-architecture.md is drafting",
        "orders.md: run running",
    ]
    assert news("orders.md", "running d", "running", [row("drafting")]) == []
    assert news("orders.md", "running d", "failed", [row("failed", error="refused")]) == [
        "orders.md: integration-architecture.md is failed: refused",
        "orders.md: run failed",
    ]


def test_a_name_can_start_no_line_and_no_command():
    (line, _) = news("a\n##vso[task.complete result=Succeeded;]b\x1b[31m", "", "running", [row("done")])
    assert "\n" not in line
    assert "##vso" not in line
    assert "\x1b" not in line


def test_a_task_succeeds_only_when_every_run_has_a_complete_pack():
    assert verdict(["completed", "completed_with_findings"]) == "succeeded"
    for other in ("partial", "failed", "cancelled", "running", "queued"):
        assert verdict(["completed", other]) == "failed"


def test_servers_on_premises_come_from_the_settings():
    base = {"AzureWebJobsStorage": "x", "ANTHROPIC_API_KEY": "k"}
    settings = Settings.read(base | {"AZURE_DEVOPS_HOSTS": "TFS.example.com, devops.example.com:8443,a.example:443"})
    assert settings.own_servers == OWN | {"a.example"}
    with pytest.raises(SettingsError, match="AZURE_DEVOPS_HOSTS"):
        Settings.read(base | {"AZURE_DEVOPS_HOSTS": "https://tfs.example.com/"})
