"""The Bicep files keep our rules, and each rule finds what breaks it."""

import shutil
from pathlib import Path

import pytest

from infra import lint
from infra.bicep import BicepFile

DEFECTS = [
    ("modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "safe", "allowSharedKeyAccess"),
    ("modules/storage.bicep", "    allowBlobPublicAccess: false\n", "", "safe", "allowBlobPublicAccess"),
    ("modules/vault.bicep", "enablePurgeProtection: true", "enablePurgeProtection: false", "safe", "enablePurge"),
    ("modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false", "safe", "DisableLocalAuth"),
    ("modules/app.bicep", "httpsOnly: true", "httpsOnly: false", "safe", "httpsOnly"),
    ("modules/app.bicep", "param planName string", "param planName string\nparam anthropicApiKey string", "secrets", "anthropicApiKey"),
    ("modules/app.bicep", "output name string = app.name", "output name string = insights.properties.ConnectionString", "secrets", "output name"),
    ("modules/app.bicep", "'managedidentity'", "account.listKeys().keys[0].value", "secrets", "asks for keys"),
    ("events.bicep", "systemKeys.blobs_extension", "masterKey", "secrets", "asks for keys"),
    ("modules/topic.bicep", "Microsoft.EventGrid/systemTopics@2025-02-15", "Microsoft.Authorization/roleAssignments@2022-04-01", "roles", "outside modules/roles.bicep"),
    ("modules/roles.bicep", "  scope: vault\n", "", "roles", "no scope"),
    ("modules/app.bicep", "serverfarms@2024-04-01", "serverfarms", "versions", "no type with a version"),
    ("modules/app.bicep", "serverfarms@2024-04-01", "serverfarms@2024-04-01-preview", "versions", "preview"),
    ("modules/vault.bicep", "vaults@2024-11-01", "vaults@2023-07-01", "versions", "is used with"),
    ("modules/vault.bicep", "tags: tags", "tags: tag", "names", "tag is not declared"),
    ("modules/vault.bicep", "param tags object", "param tags object\nparam spare string", "names", "spare is never used"),
    ("modules/vault.bicep", "param tags object", "param tags object\nparam tags object", "names", "declared twice"),
    ("main.bicep", "zoneRedundant: zoneRedundant\n    prdRetentionDays", "prdRetentionDays", "modules", "storage is not given zoneRedundant"),
    ("main.bicep", "sku: schedulerSku", "skuName: schedulerSku", "modules", "scheduler has no parameter skuName"),
    ("main.bicep", "topic.outputs.principalId", "topic.outputs.principal", "modules", "topic has no output principal"),
    ("main.bicep", "'modules/topic.bicep'", "'modules/topics.bicep'", "modules", "no file modules/topics.bicep"),
    ("main.bicep", "'stdesign${token}'", "'st-design-${token}'", "resource-names", "no name for Microsoft.Storage"),
    ("main.bicep", "'kv-${token}'", "'kv-design-backend-${token}'", "resource-names", "no name for Microsoft.KeyVault"),
    ("modules/workbook.bicep", "queries/agents.kql", "queries/agent.kql", "files", "queries/agent.kql"),
    ("modules/identity.bicep", "location: location", "location location", "syntax", "not understood"),
]  # fmt: skip


RULES = {
    "syntax": lint.syntax,
    "secrets": lint.secrets,
    "safe": lint.safe_resources,
    "roles": lint.roles_in_one_place,
    "versions": lint.api_versions,
    "names": lint.declared_names,
    "modules": lint.module_calls,
    "resource-names": lint.resource_names,
    "files": lint.loaded_files,
}


@pytest.fixture(scope="module")
def templates() -> lint.Templates:
    return lint.Templates()


def test_the_templates_keep_the_rules(templates: lint.Templates):
    assert len(templates.files) >= 14
    assert [fault for rule in lint.RULES for fault in rule(templates)] == []


def test_a_compiler_looks_as_well_where_there_is_one(templates: lint.Templates):
    command = lint.compiler()
    if command is None:
        pytest.skip("no Bicep compiler on this machine")
    assert list(lint.compile_all(command, templates)) == []


@pytest.mark.parametrize(("file", "good", "bad", "rule", "told"), DEFECTS)
def test_a_defect_is_found(templates: lint.Templates, file: str, good: str, bad: str, rule: str, told: str):
    before = templates.files[file]
    assert good in before.source
    templates.files[file] = BicepFile(before.path, before.source.replace(good, bad))
    try:
        found = list(RULES[rule](templates))
    finally:
        templates.files[file] = before
    assert any(fault.rule == rule and told in fault.message for fault in found), found


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('"maximumInstances"', '"maximumInstance"', "no parameter maximumInstance"),
        ('    "environmentName": { "value": "dev" },\n', "", "environmentName is not given"),
    ],
)
def test_a_parameter_file_that_does_not_fit_is_found(tmp_path: Path, good: str, bad: str, told: str):
    shutil.copy(lint.HERE / "main.bicep", tmp_path)
    (tmp_path / "parameters").mkdir()
    given = (lint.HERE / "parameters/dev.json").read_text(encoding="utf-8")
    assert good in given
    (tmp_path / "parameters/dev.json").write_text(given.replace(good, bad), encoding="utf-8")
    (found,) = lint.parameter_files(lint.Templates(tmp_path))
    assert told in found.message
