"""Our rules for infra/: `python -m infra.lint` prints what breaks them, and whether a Bicep compiler looked as well.

What a compiler would say of names, parameters and outputs is checked here too, because `make check` has no compiler
unless `bicep` or `az` is installed. Types of resources' properties are the compiler's alone.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from infra.bicep import BicepFile, Declaration, properties, text_of, walk

HERE = Path(__file__).parent
ROLES = "modules/roles.bicep"
"""The one file that may assign roles."""
EVENTS = "events.bicep"
"""The one file that may ask for a key: that of the blobs extension, which Event Grid must know."""

_SECRET = re.compile(r"(?i)(key|secret|password|passphrase|credential|connectionstring|sastoken|apitoken)s?$")
_GIVES_SECRET = re.compile(r"(?i)\b(list\w*|\w+\.list\w+)\s*\(|connectionString|primaryKey|instrumentationKey|sasToken")
_TYPE = re.compile(r"[A-Za-z]+\.[A-Za-z]+(/[A-Za-z]+)+@(\d{4}-\d\d-\d\d)(-preview)?")
_PREVIEWS = frozenset({"Microsoft.Insights/diagnosticSettings@2021-05-01-preview"})
"""Resource types whose current version is a preview."""
_SAFE = {
    "Microsoft.Storage/storageAccounts": {"allowSharedKeyAccess": "false", "allowBlobPublicAccess": "false"},
    "Microsoft.Insights/components": {"DisableLocalAuth": "true"},
    "Microsoft.KeyVault/vaults": {"enableRbacAuthorization": "true", "enablePurgeProtection": "true"},
    "Microsoft.Web/sites": {"httpsOnly": "true"},
}
"""What these resources must say of themselves."""
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
_EXAMPLES = {"token": "a1b2c3d4e5f6g", "environmentName": "twenty-characters-xx", "i": "0"}
"""What names are made of: `uniqueString` gives 13 characters, an environment's name has at most twenty."""


class Fault(NamedTuple):
    """What breaks a rule, and where."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


class Templates:
    """All Bicep files below a folder, `main.bicep` being where a deployment begins."""

    def __init__(self, folder: Path = HERE) -> None:
        self.folder = folder
        self.files = {
            path.relative_to(folder).as_posix(): BicepFile(path, path.read_text("utf-8"))
            for path in sorted(folder.rglob("*.bicep"))
        }

    def of(self, kind: str) -> Iterator[tuple[str, Declaration]]:
        """Every declaration of a kind, with its file."""
        for name, file in self.files.items():
            yield from ((name, one) for one in file.of(kind))

    def module(self, name: str, call: Declaration) -> BicepFile | None:
        """The file that a module call in the file `name` means."""
        path = (self.folder / name).parent / call.target
        wanted = path.resolve().relative_to(self.folder.resolve(), walk_up=True).as_posix()
        return self.files.get(wanted)

    @cached_property
    def parameter_files(self) -> list[Path]:
        """The parameter files of main.bicep."""
        return [*self.folder.glob("main.parameters.json"), *sorted((self.folder / "parameters").glob("*.json"))]


def syntax(templates: Templates) -> Iterator[Fault]:
    """Each file follows Bicep's grammar."""
    for name, file in templates.files.items():
        if file.fault:
            yield Fault(name, file.fault[0], "syntax", f"not understood: {file.fault[1]!r}")


def secrets(templates: Templates) -> Iterator[Fault]:
    """A parameter that is named like a secret is `@secure()`; no output gives one away; keys are asked for nowhere."""
    for name, one in templates.of("param"):
        if _SECRET.search(one.name) and "@secure()" not in one.decorators:
            yield Fault(name, one.line, "secrets", f"parameter {one.name} is not @secure()")
    for name, one in templates.of("output"):
        secure = {param.name for param in templates.files[name].of("param") if "@secure()" in param.decorators}
        words = set(re.findall(r"\w+", text_of(one.value)))
        if _GIVES_SECRET.search(text_of(one.value)) or _SECRET.search(one.name) or words & secure:
            yield Fault(name, one.line, "secrets", f"output {one.name} gives a secret away")
    for name, file in templates.files.items():
        for node in walk(file.root):
            asks = node.type == "call_expression" and re.match(r"(\w+\.)?list[A-Z]\w*\(", text_of(node))
            if asks and (name != EVENTS or ".systemKeys.blobs_extension" not in _statement(node)):
                yield Fault(name, node.start_point[0] + 1, "secrets", f"asks for keys: {text_of(node)[:60]}")


def _statement(node: object) -> str:
    parent = getattr(node, "parent", None)
    while parent is not None and parent.type != "object_property":
        parent = parent.parent
    return text_of(parent) if parent is not None else ""


def safe_resources(templates: Templates) -> Iterator[Fault]:
    """No shared keys, no anonymous access, no local authentication, no plain HTTP."""
    for name, one in templates.of("resource"):
        wanted = {} if one.existing else _SAFE.get(one.target.partition("@")[0], {})
        node = one.body.get("properties")
        said = properties(node) if node else {}
        for key, value in wanted.items():
            if key not in said or text_of(said[key]) != value:
                yield Fault(name, one.line, "safe", f"{one.name} does not say {key}: {value}")


def roles_in_one_place(templates: Templates) -> Iterator[Fault]:
    """Every role assignment is in one file, on a scope, with a role that the file names."""
    for name, one in templates.of("resource"):
        if not one.target.startswith("Microsoft.Authorization/roleAssignments"):
            continue
        if name != ROLES:
            yield Fault(name, one.line, "roles", f"{one.name} assigns a role outside {ROLES}")
        if "scope" not in one.body:
            yield Fault(name, one.line, "roles", f"{one.name} has no scope, which makes it the resource group's")


def api_versions(templates: Templates) -> Iterator[Fault]:
    """Every resource states the API version it was written for, and the same type the same one."""
    seen: dict[str, str] = {}
    for name, one in templates.of("resource"):
        if one.node.parent and one.node.parent.type == "object_property" and "@" not in one.target:
            continue  # a nested resource has its parent's
        match = _TYPE.fullmatch(one.target)
        kind, _, version = one.target.partition("@")
        if match is None:
            yield Fault(name, one.line, "versions", f"{one.name}: {one.target!r} is no type with a version")
        elif match[3] and one.target not in _PREVIEWS:
            yield Fault(name, one.line, "versions", f"{one.name} uses a preview: {one.target}")
        elif seen.setdefault(kind, version) != version:
            yield Fault(name, one.line, "versions", f"{kind} is used with {seen[kind]} and {version}")


def declared_names(templates: Templates) -> Iterator[Fault]:
    """Names are declared once, what is used is declared, and what is declared is used."""
    namespaces = {"az", "sys"}
    for name, file in templates.files.items():
        own: set[str] = set()
        for one in file.declarations:
            if one.kind != "output" and one.name in own:
                yield Fault(name, one.line, "names", f"{one.name} is declared twice")
            own |= {one.name} if one.kind != "output" else set()
        known = own | file.imported | file.loop_names | namespaces
        used = list(file.used())
        for word, line in used:
            if word not in known:
                yield Fault(name, line, "names", f"{word} is not declared")
        spoken = {word for word, _ in used}
        for one in (*file.of("param"), *file.of("var")):
            if one.name not in spoken:
                yield Fault(name, one.line, "names", f"{one.kind} {one.name} is never used")


def module_calls(templates: Templates) -> Iterator[Fault]:
    """A module is given what it asks for and nothing else, and has the outputs that are read from it."""
    for name, call in templates.of("module"):
        module = templates.module(name, call)
        if module is None:
            yield Fault(name, call.line, "modules", f"there is no file {call.target}")
            continue
        params = {param.name: param for param in module.of("param")}
        node = call.body.get("params")
        given = set(properties(node)) if node else set[str]()
        for missing in sorted(set(params) - given):
            if not params[missing].optional:
                yield Fault(name, call.line, "modules", f"{call.name} is not given {missing}")
        for unknown in sorted(given - set(params)):
            yield Fault(name, call.line, "modules", f"{call.name} has no parameter {unknown}")
        outputs = {output.name for output in module.of("output")}
        for read in set(re.findall(rf"\b{call.name}!?\.outputs\.(\w+)", templates.files[name].source)) - outputs:
            yield Fault(name, call.line, "modules", f"{call.name} has no output {read}")


def resource_names(templates: Templates) -> Iterator[Fault]:
    """The names that resources will have are valid in Azure, and unique for their type."""
    taken: dict[tuple[str, str], str] = {}
    for name, one, resource_name in _resource_names(templates):
        kind = one.target.partition("@")[0]
        pattern = _NAMES.get(kind)
        if pattern and not re.fullmatch(pattern, resource_name):
            yield Fault(name, one.line, "resource-names", f"{resource_name!r} is no name for {kind}")
        place = f"{name}:{one.name}"
        if taken.setdefault((kind, resource_name.lower()), place) != place:
            yield Fault(name, one.line, "resource-names", f"{resource_name!r} names two resources of {kind}")


def _resource_names(templates: Templates) -> Iterator[tuple[str, Declaration, str]]:
    """File, resource and the name it has in a deployment of main.bicep, where the name can be told."""
    main = templates.files["main.bicep"]
    places = [("main.bicep", main, dict(_EXAMPLES))]
    for call in main.of("module"):
        module, node = templates.module("main.bicep", call), call.body.get("params")
        if module and node:
            given = {key: _evaluated(text_of(value), _EXAMPLES) for key, value in properties(node).items()}
            known = _EXAMPLES | {key: value for key, value in given.items() if value is not None}
            places.append((module.path.relative_to(templates.folder).as_posix(), module, known))
    for name, file, known in places:
        for one in file.of("resource"):
            told = _evaluated(text_of(one.body["name"]), known) if "name" in one.body else None
            if told is not None and not one.existing and "parent" not in one.body and "scope" not in one.body:
                yield name, one, told


def _evaluated(expression: str, known: dict[str, str]) -> str | None:
    """The text of a string or a name, where all that it is made of is known."""
    if not expression.startswith("'"):
        return known.get(expression)
    parts = re.findall(r"\$\{([^}]*)\}", expression)
    if any(part not in known for part in parts):
        return None
    return re.sub(r"\$\{([^}]*)\}", lambda match: known[match[1]], expression[1:-1])


def parameter_files(templates: Templates) -> Iterator[Fault]:
    """A parameter file gives main.bicep what it asks for, and nothing that it does not know."""
    params = {param.name: param for param in templates.files["main.bicep"].of("param")}
    for path in templates.parameter_files:
        name = path.relative_to(templates.folder).as_posix()
        given = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        for unknown in sorted(set(given) - set(params)):
            yield Fault(name, 1, "parameters", f"main.bicep has no parameter {unknown}")
        for missing in sorted(set(params) - set(given)):
            if not params[missing].optional:
                yield Fault(name, 1, "parameters", f"{missing} is not given")


def loaded_files(templates: Templates) -> Iterator[Fault]:
    """What a template loads is there."""
    for name, file in templates.files.items():
        for match in re.finditer(r"load\w+\('([^']+)'", file.source):
            if not ((templates.folder / name).parent / match[1]).is_file():
                line = file.source.count("\n", 0, match.start()) + 1
                yield Fault(name, line, "files", f"there is no file {match[1]}")


RULES: tuple[Callable[[Templates], Iterator[Fault]], ...] = (
    syntax, secrets, safe_resources, roles_in_one_place, api_versions, declared_names, module_calls, resource_names,
    parameter_files, loaded_files,
)  # fmt: skip


def compiler() -> list[str] | None:
    """The command that compiles Bicep on this machine, where there is one."""
    installed = [Path.home() / ".azure/bin", Path.home() / ".azd/bin"]  # by `az bicep install` and by azd
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, installed)])
    bicep = shutil.which("bicep", path=places)
    return [bicep, "build", "--stdout"] if bicep else None


def compile_all(command: list[str], templates: Templates) -> Iterator[Fault]:
    """What the compiler says of what is deployed by itself."""
    for name in ("main.bicep", EVENTS):
        done = subprocess.run([*command, str(templates.folder / name)], capture_output=True, text=True, check=False)
        if done.returncode:
            yield Fault(name, 1, "compiler", done.stderr.strip())


def main() -> int:
    """Print the faults; 1 where there are any."""
    templates, command = Templates(), compiler()
    faults = [fault for rule in RULES for fault in rule(templates)]
    if command:
        faults += compile_all(command, templates)
    print(*faults, sep="\n", end="\n" if faults else "")
    how = f"{command[0]} and our rules" if command else "no Bicep compiler here: syntax and our rules"
    print(f"infra: {len(templates.files)} Bicep files, {len(RULES)} rules, {len(faults)} faults ({how})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
