"""Our rules for infra/: `python -m infra.lint` prints what breaks them, and whether a Bicep compiler looked as well.

Names, types, unused declarations and the like are the compiler's. The rules read what it made of the templates
(infra/compiled, see infra/compile.py): the compiled templates, where a parameter decides, and the resources that a
deployment would make, which are what counts.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from infra import compile as compiling
from infra.compile import COMPILED, HERE, TEMPLATES, Bicep, Refused

type Json = dict[str, Any]
_ROLE = "Microsoft.Authorization/roleAssignments"
_ASSIGNING = re.compile(r"main/(roles|foundryRole)")
"""The deployments of modules/roles.bicep, the one file that may assign roles."""

_SECRET = re.compile(r"(?i)(key|secret|password|passphrase|credential|connectionstring|sastoken|apitoken)s?$")
_GIVES_SECRET = re.compile(r"(?i)\blist\w+\(|connectionString|primaryKey|instrumentationKey|sasToken")
_ASKS = re.compile(r"\blist[A-Z]\w*\(")
_APP = r"resourceId\('Microsoft\.Web/sites', parameters\('appName'\)\)"
_MAY_ASK = re.compile(rf"listKeys\(format\('\{{0\}}/host/default', {_APP}\), '[\d-]+'\)\.systemKeys\.blobs_extension\b")
"""The one key that a template may ask for: that of the blobs extension, which Event Grid must know."""
_TYPE = re.compile(r"[A-Za-z]+\.[A-Za-z]+(/[A-Za-z]+)+@(\d{4}-\d\d-\d\d)(-preview)?")
_PREVIEWS = frozenset({"Microsoft.Insights/diagnosticSettings@2021-05-01-preview"})
"""Resource types whose current version is a preview."""
_SAFE: dict[str, Json] = {
    "Microsoft.Storage/storageAccounts": {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"publicAccess": "None"},
    "Microsoft.Insights/components": {"DisableLocalAuth": True},
    "Microsoft.KeyVault/vaults": {"enableRbacAuthorization": True, "enablePurgeProtection": True},
    "Microsoft.Web/sites": {"httpsOnly": True, "siteConfig.minTlsVersion": "1.2"},
}
"""What these resources must say of themselves."""
_CLOSED = {
    "Microsoft.Storage/storageAccounts": "networkAcls.defaultAction",
    "Microsoft.KeyVault/vaults": "networkAcls.defaultAction",
    "Microsoft.Web/sites": "siteConfig.ipSecurityRestrictionsDefaultAction",
}
"""What must say `Deny` where there is a virtual network."""
_NAMES = {
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.KeyVault/vaults": r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    "Microsoft.Web/sites": r"[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]",
    "Microsoft.Web/serverfarms": r"[A-Za-z0-9-]{1,60}",
    "Microsoft.DurableTask/schedulers": r"[A-Za-z0-9-]{3,64}",
    "Microsoft.EventGrid/systemTopics": r"[A-Za-z0-9-]{3,128}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "Microsoft.OperationalInsights/workspaces": r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "Microsoft.Insights/components": r"[A-Za-z0-9_().-]{1,260}",
    "Microsoft.Network/virtualNetworks": r"[A-Za-z0-9][\w.-]{0,62}\w",
    "Microsoft.Resources/resourceGroups": r"[\w().-]{0,89}[\w()-]",
}
"""Azure's rules for names (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules)."""


class Fault(NamedTuple):
    """What breaks a rule, and where."""

    place: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"infra/{self.place}: {self.rule}: {self.message}"


@dataclass
class Compiled:
    """What the compiler made: templates by name, and predicted resources by environment."""

    templates: dict[str, Json]
    predicted: dict[str, list[Json]]
    parameters: dict[str, Json] = field(default_factory=dict[str, Json])
    """Every parameter file's parameters, azd's included."""

    @classmethod
    def read(cls, folder: Path = HERE) -> "Compiled":
        """As it is committed."""
        made = {path.stem: _json(path) for path in sorted((folder / "compiled").glob("*.json"))}
        predicted = {name: one["predictedResources"] for name, one in made.items() if "predictedResources" in one}
        files = [*folder.glob("main.parameters.json"), *compiling.parameter_files(folder)]
        given = {path.relative_to(folder).as_posix(): _json(path)["parameters"] for path in files}
        return cls({name: made[name] for name in TEMPLATES}, predicted, given)

    def nested(self) -> Iterator[tuple[str, Json]]:
        """Every template with its place, modules included."""
        for name, template in self.templates.items():
            yield from _nested(name, template)

    def resources(self) -> Iterator[tuple[str, Json]]:
        """Every declared resource with its place, modules left out."""
        for name, template in self.nested():
            for symbol, resource in declared(template):
                if resource["type"] != "Microsoft.Resources/deployments":
                    yield f"{name}/{symbol}", resource

    def of(self, kind: str) -> Iterator[tuple[str, Json]]:
        """The predicted resources of a type, each with its environment."""
        for environment, resources in self.predicted.items():
            yield from ((environment, one) for one in resources if one["type"] == kind)


def _json(path: Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def declared(template: Json) -> Iterator[tuple[str, Json]]:
    """The resources of one template with what they are called there: by symbol, or in a plain list by name."""
    resources: Json | list[Json] = template["resources"]
    if isinstance(resources, dict):
        yield from resources.items()
    else:
        yield from ((str(one["name"]), one) for one in resources)


def _nested(name: str, template: Json) -> Iterator[tuple[str, Json]]:
    yield name, template
    for symbol, resource in declared(template):
        if resource["type"] == "Microsoft.Resources/deployments":
            yield from _nested(f"{name}/{symbol}", resource["properties"]["template"])


def texts(node: object) -> Iterator[str]:
    """Every text in a piece of JSON."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in cast(Json, node).values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in cast(list[object], node):
            yield from texts(value)


def value_at(resource: Json, path: str) -> object:
    """A property of a resource, by its dotted path; None where it is not given."""
    node: Any = resource.get("properties", {})
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return cast(object, node)


def up_to_date(_: Compiled) -> Iterator[Fault]:
    """What is committed as compiled was made from these sources."""
    for name in compiling.stale():
        yield Fault(name, "stale", "is not as it was when infra/compiled was written: `make templates`")


def secrets(compiled: Compiled) -> Iterator[Fault]:
    """A parameter that is named like a secret is secure; no output gives one away; keys are asked for nowhere."""
    for place, template in compiled.nested():
        parameters: Json = template.get("parameters", {})
        secure = {name for name, one in parameters.items() if str(one.get("type", "")).lower().startswith("secure")}
        for name in parameters:
            if _SECRET.search(name) and name not in secure:
                yield Fault(place, "secrets", f"parameter {name} is not @secure()")
        for name, output in template.get("outputs", {}).items():
            said = " ".join(texts(output))
            told = any(f"parameters('{one}')" in said for one in secure)
            if told or _GIVES_SECRET.search(said) or _SECRET.search(name):
                yield Fault(place, "secrets", f"output {name} gives a secret away")
    for name, template in compiled.templates.items():
        for text in texts(template):
            if _ASKS.search(_MAY_ASK.sub("", text) if name == "events" else text):
                yield Fault(name, "secrets", f"asks for keys: {text[:80]}")


def safe_resources(compiled: Compiled) -> Iterator[Fault]:
    """No shared keys, no anonymous access, no local authentication, no plain HTTP."""
    for kind, wanted in _SAFE.items():
        for environment, one in compiled.of(kind):
            for path, value in wanted.items():
                if value_at(one, path) != value:
                    yield Fault(environment, "safe", f"{one['name']} does not say {path}: {value}")


def closed_networks(compiled: Compiled) -> Iterator[Fault]:
    """Where there is a virtual network, everything that has a firewall has it up."""
    private = {environment for environment, _ in compiled.of("Microsoft.Network/virtualNetworks")}
    for kind, path in _CLOSED.items():
        for environment, one in compiled.of(kind):
            if environment in private and value_at(one, path) != "Deny":
                yield Fault(environment, "network", f"{one['name']} does not say {path}: Deny")


def roles_in_one_place(compiled: Compiled) -> Iterator[Fault]:
    """Every role assignment is in one file, and on one resource."""
    for place, one in compiled.resources():
        if one["type"] == _ROLE and not _ASSIGNING.match(place):
            yield Fault(place, "roles", "assigns a role outside modules/roles.bicep")
    for environment, one in compiled.of(_ROLE):
        if scope_of(one) is None:
            yield Fault(environment, "roles", f"is assigned to a whole resource group: {one['name']}")


def scope_of(assignment: Json) -> str | None:
    """The resource that a role is assigned on; None where it is a group or a subscription."""
    found = re.match(
        r"(?:\[extensionResourceId\(')?([^']*/providers/[^']*?)(', '|/providers/)" + _ROLE, assignment["id"]
    )
    return found[1] if found else None


def api_versions(compiled: Compiled) -> Iterator[Fault]:
    """Every resource states a final API version, and the same type the same one."""
    seen: dict[str, str] = {}
    for place, one in compiled.resources():
        kind, version = one["type"], one.get("apiVersion", "")
        match = _TYPE.fullmatch(f"{kind}@{version}")
        if match is None:
            yield Fault(place, "versions", f"{kind}@{version} is no type with a version")
        elif match[3] and match[0] not in _PREVIEWS:
            yield Fault(place, "versions", f"uses a preview: {match[0]}")
        elif seen.setdefault(kind, version) != version:
            yield Fault(place, "versions", f"{kind} is used with {seen[kind]} and {version}")


def resource_names(compiled: Compiled) -> Iterator[Fault]:
    """The names that resources will have are valid in Azure, and each resource is there once."""
    for kind, pattern in _NAMES.items():
        for environment, one in compiled.of(kind):
            if not re.fullmatch(pattern, one["name"]):
                yield Fault(environment, "resource-names", f"{one['name']!r} is no name for {kind}")
    for environment, resources in compiled.predicted.items():
        for place, times in Counter(one["id"].lower() for one in resources).items():
            if times > 1:
                yield Fault(environment, "resource-names", f"is there {times} times: {place}")


def parameter_files(compiled: Compiled) -> Iterator[Fault]:
    """A parameter file gives main.bicep what it asks for, and nothing that it does not know."""
    known: Json = compiled.templates["main"]["parameters"]
    required = {name for name, one in known.items() if "defaultValue" not in one and not one.get("nullable")}
    for file, given in compiled.parameters.items():
        for unknown in sorted(set(given) - set(known)):
            yield Fault(file, "parameters", f"main.bicep has no parameter {unknown}")
        for missing in sorted(required - set(given)):
            yield Fault(file, "parameters", f"{missing} is not given")


RULES: tuple[Callable[[Compiled], Iterator[Fault]], ...] = (
    up_to_date, secrets, safe_resources, closed_networks, roles_in_one_place, api_versions, resource_names,
    parameter_files,
)  # fmt: skip


def by_compiler(bicep: Bicep) -> Iterator[Fault]:
    """What the compiler says: errors, warnings, formatting, and whether it still makes what is committed."""
    with tempfile.TemporaryDirectory(prefix="design-backend-bicep-") as scratch:
        place = compiling.copied(HERE, Path(scratch))
        said = [one for one in bicep.diagnostics(place) if one.level in ("Error", "Warning")]
        yield from (Fault(f"{one.file}:{one.line}", one.code, one.said) for one in said)
        if any(one.level == "Error" for one in said):
            return
        try:
            made = bicep.compiled(place)
        except Refused as refused:
            yield Fault("main.bicep", "compiler", str(refused))
            return
        yield from (Fault(name, "format", "is not formatted: `bicep format`") for name in bicep.unformatted(place))
    if bicep.version == compiling.noted()["compiler"]:  # another compiler may write the same differently
        for name, text in made.items():
            if not (COMPILED / name).is_file() or (COMPILED / name).read_text(encoding="utf-8") != text:
                yield Fault(f"compiled/{name}", "stale", "the compiler makes something else: `make templates`")


def main() -> int:
    """Print the faults; 1 where there are any."""
    compiled, bicep = Compiled.read(), Bicep.find()
    faults = [fault for rule in RULES for fault in rule(compiled)]
    if bicep:
        faults += by_compiler(bicep)
    print(*faults, sep="\n", end="\n" if faults else "")
    how = f"Bicep {bicep.version} and our rules" if bicep else "no Bicep compiler here: our rules on what it last made"
    size = ", ".join(f"{environment} {len(resources)}" for environment, resources in compiled.predicted.items())
    print(f"infra: {len(RULES)} rules, resources: {size}; {len(faults)} faults ({how})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
