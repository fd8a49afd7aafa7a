"""What the compiler made of the templates keeps our rules, each rule finds what breaks it, and staleness is told."""

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import compile as compiling
from infra import lint
from infra.compile import HERE, Bicep
from infra.lint import Compiled, Json

type Change = Callable[[Compiled], object]
EVENTS_URL = "properties.destination.properties.endpointUrl"


def first(kind: str, environment: str = "dev") -> Callable[[Compiled], Json]:
    """A predicted resource of a type."""
    return lambda compiled: next(one for name, one in compiled.of(kind) if name == environment)


def says(find: Callable[[Compiled], Json], path: str, value: object) -> Change:
    """Gives a resource's property another value; None takes it away."""

    def change(compiled: Compiled) -> None:
        node = find(compiled)
        *steps, last = path.split(".")
        for step in steps:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return change


def module(name: str) -> Callable[[Compiled], Json]:
    return lambda compiled: compiled.templates["main"]["resources"][name]["properties"]["template"]


def listed(find: Callable[[Compiled], Json], kind: str) -> Callable[[Compiled], Json]:
    """A declared resource of a type."""
    return lambda compiled: next(one for _, one in lint.declared(find(compiled)) if one["type"] == kind)


def events(compiled: Compiled) -> Json:
    return compiled.templates["events"]


STORAGE, VAULT, SITE = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"
PLAN, TOPIC, ROLE = (
    "Microsoft.Web/serverfarms",
    "Microsoft.EventGrid/systemTopics",
    "Microsoft.Authorization/roleAssignments",
)
GROUP = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/1"
DEFECTS: list[tuple[str, Change, str]] = [
    ("safe_resources", says(first(STORAGE), "properties.allowSharedKeyAccess", True), "allowSharedKeyAccess"),
    ("safe_resources", says(first(STORAGE, "prod"), "properties.allowBlobPublicAccess", None), "allowBlobPublicAccess"),
    ("safe_resources", says(first(VAULT), "properties.enablePurgeProtection", False), "enablePurgeProtection"),
    ("safe_resources", says(first("Microsoft.Insights/components"), "properties.DisableLocalAuth", False), "DisableLocal"),
    ("safe_resources", says(first(SITE), "properties.httpsOnly", False), "httpsOnly"),
    ("safe_resources", says(first(SITE), "properties.siteConfig.minTlsVersion", "1.0"), "minTlsVersion"),
    ("closed_networks", says(first(STORAGE, "closed"), "properties.networkAcls.defaultAction", "Allow"), "networkAcls"),
    ("closed_networks", says(first(SITE, "closed"), "properties.siteConfig.ipSecurityRestrictionsDefaultAction", "Allow"), "ipSec"),
    ("secrets", says(module("app"), "parameters.anthropicApiKey", {"type": "string"}), "anthropicApiKey"),
    ("secrets", says(module("app"), "outputs.name.value", "[reference('insights').ConnectionString]"), "output name"),
    ("secrets", says(module("app"), "variables.key", "[listKeys('account', '2025-08-01').keys[0].value]"), "asks for keys"),
    ("secrets", says(listed(events, f"{TOPIC}/eventSubscriptions"), EVENTS_URL, "[listKeys('x').masterKey]"), "asks for keys"),
    ("roles_in_one_place", says(listed(module("topic"), TOPIC), "type", ROLE), "outside modules/roles.bicep"),
    ("roles_in_one_place", says(first(ROLE), "id", GROUP), "whole resource group"),
    ("api_versions", says(listed(module("app"), PLAN), "apiVersion", ""), "no type with a version"),
    ("api_versions", says(listed(module("app"), PLAN), "apiVersion", "2025-03-01-preview"), "preview"),
    ("api_versions", says(listed(module("roles"), ROLE), "apiVersion", "2020-04-01"), "is used with"),
    ("resource_names", says(first(STORAGE), "name", "st-design-a1b2c3d4e5f6g"), "no name for Microsoft.Storage"),
    ("resource_names", says(first(VAULT), "name", "kv-design-backend-a1b2c3d4e5f6g"), "no name for Microsoft.KeyVault"),
    ("parameter_files", lambda compiled: compiled.parameters["main.parameters.json"].update(maximumInstance={}), "no parameter maximumInstance"),
    ("parameter_files", lambda compiled: compiled.parameters["main.parameters.json"].pop("location"), "location is not given"),
]  # fmt: skip


@pytest.fixture(scope="module")
def committed() -> Compiled:
    return Compiled.read()


def broken(committed: Compiled, change: Change) -> Compiled:
    """What is committed, with a defect."""
    compiled = copy.deepcopy(committed)
    change(compiled)
    return compiled


def test_the_templates_keep_the_rules(committed: Compiled):
    assert set(committed.predicted) == {"dev", "stage", "prod", "closed"}
    assert [fault for rule in lint.RULES for fault in rule(committed)] == []


@pytest.mark.parametrize(("rule", "change", "told"), DEFECTS)
def test_a_defect_is_found(committed: Compiled, rule: str, change: Change, told: str):
    (judge,) = [one for one in lint.RULES if one.__name__ == rule]
    assert any(told in fault.message for fault in judge(broken(committed, change)))


def test_a_resource_that_is_there_twice_is_found(committed: Compiled):
    compiled = broken(committed, lambda one: one.predicted["dev"].append(copy.deepcopy(one.predicted["dev"][3])))
    (fault,) = lint.resource_names(compiled)
    assert "is there 2 times" in fault.message


def copied(target: Path) -> Path:
    """The sources and what is committed of them, somewhere to change them."""
    compiling.copied(HERE, target)
    shutil.copytree(HERE / "compiled", target / "compiled")
    return target


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
        ("parameters/prod.json", "Dedicated", "Consumption"),
        ("queries/runs.kql", "order by", "sort by"),
        ("compiled/prod.json", '"allowSharedKeyAccess": false', '"allowSharedKeyAccess": true'),
    ],
)
def test_what_was_changed_without_compiling_is_told_by_name(tmp_path: Path, name: str, good: str, bad: str):
    folder = copied(tmp_path)
    assert list(compiling.stale(folder)) == []
    text = (folder / name).read_text(encoding="utf-8")
    assert good in text
    (folder / name).write_text(text.replace(good, bad), encoding="utf-8")
    assert list(compiling.stale(folder)) == [name]


def test_a_template_that_is_new_or_gone_is_told_and_line_ends_of_windows_are_not(tmp_path: Path):
    folder = copied(tmp_path)
    (folder / "modules/topic.bicep").rename(folder / "modules/subject.bicep")
    scheduler = folder / "modules/scheduler.bicep"
    scheduler.write_bytes(scheduler.read_bytes().replace(b"\n", b"\r\n"))
    assert list(compiling.stale(folder)) == ["modules/subject.bicep", "modules/topic.bicep"]


@pytest.fixture(scope="module")
def bicep() -> Bicep:
    found = Bicep.find()
    if found is None:
        pytest.skip("no Bicep compiler on this machine (docs/deploy.md)")
    return found


def test_nothing_is_written_of_templates_that_the_compiler_objects_to(bicep: Bicep, tmp_path: Path):
    """`make check` itself compiles what is committed (infra/lint.py)."""
    folder = copied(tmp_path)
    for name, good, bad in (
        ("main.bicep", "topic.outputs.principalId", "topic.outputs.principal"),
        ("modules/vault.bicep", "param tags object", "param tags object\nparam spare string"),
        ("modules/network.bicep", "2025-07-01", "2020-05-01"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(good, bad), encoding="utf-8")
    assert {one.code for one in compiling.write(bicep, folder)} >= {
        "BCP083",
        "no-unused-params",
        "use-recent-api-versions",
    }
    assert set(compiling.stale(folder)) == {"main.bicep", "modules/vault.bicep", "modules/network.bicep"}


def test_a_misspelt_setting_of_a_parameter_file_does_not_compile(bicep: Bicep, tmp_path: Path):
    folder = copied(tmp_path)
    file = folder / "parameters/dev.json"
    file.write_text(file.read_text(encoding="utf-8").replace("RUN_COST_CAP_USD", "RUN_COST_CAP"), encoding="utf-8")
    for other in compiling.parameter_files(folder):
        if other != file:
            other.unlink()  # each takes the compiler seconds
    with pytest.raises(compiling.Refused, match="RUN_COST_CAP"):
        bicep.compiled(folder)


def test_the_roles_that_are_assigned_are_those_of_the_document(committed: Compiled):
    """The table "Who may do what" of docs/deploy.md names each role that some environment assigns, and no other."""
    source = (HERE / "modules/roles.bicep").read_text(encoding="utf-8")
    named = {found[1]: found[2] for found in re.finditer(r"'([0-9a-f-]{36})' // (.+)", source)}
    assigned = {named[one["properties"]["roleDefinitionId"].split("/")[-1]] for _, one in committed.of(ROLE)}
    document = (HERE.parent / "docs/deploy.md").read_text(encoding="utf-8")
    table = document.partition("## Who may do what")[2].partition("\n## ")[0]
    rows: list[Any] = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")][1:]
    assert {role.strip() for row in rows for role in row.split(",")} - {"role"} == assigned == set(named.values())
