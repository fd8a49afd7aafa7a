"""Holds C# names against what the sample shows and references: namespaces, types, packages, projects."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.csharp_pack import Undecided, solution_of
from shared.contracts import Finding, Rule, found
from shared.pack.model import (
    CSharpSolution,
    PackageReference,
    Project,
    Reference,
    TypeReferences,
    makers,
    packages,
)

OWN_NAMESPACE = Rule("REF-020", "error", "A namespace of the solution that no file opens does not compile (CS0246).")
OWN_TYPE = Rule("REF-021", "error", "A type that neither the solution nor what it references has does not compile.")
PACKAGE = Rule("REF-022", "error", "A namespace whose package the project does not reference does not compile.")
VERSION = Rule("REF-023", "error", "A package without a version, or with one in two places, is not restored (NU1010).")
PROJECT = Rule("REF-024", "error", "A project that is named and not shown is missing from what is delivered.")
UNUSED = Rule("REF-025", "warning", "A package that nothing uses is attack surface without use.")
UNSEEN = Rule("REF-029", "error", "A namespace of a project that is not referenced does not compile (CS0234).")
PINS = Rule("REF-035", "error", "Versions that define the same types twice do not compile together (CS0433).")
RULES = (OWN_NAMESPACE, OWN_TYPE, PACKAGE, VERSION, PROJECT, UNUSED, UNSEEN, PINS)

_PROJECT_PATH = re.compile(r"(?<![\w./$*{}-])((?:\./)?(?:[\w.-]{1,80}/){0,8}[\w.-]{1,80}\.csproj)(?![\w.])")
_NEW_IDENTITY = {
    "azure.core": (1, 53), "azure.monitor.opentelemetry.aspnetcore": (1, 6), "azure.security.keyvault.secrets": (4, 12),
    "azure.monitor.opentelemetry.exporter": (1, 8, 3), "azure.messaging.servicebus": (7, 21),
    "azure.storage.blobs": (12, 30),
}  # fmt: skip
"""First versions, of those that were looked at, that bring an Azure.Core which has the types of Azure.Identity."""
_OLD_IDENTITY = (1, 17, 1)
"""The last version of Azure.Identity that was seen to declare its types itself; 1.21.0 forwards them."""


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Apply every rule to the C# sample, if there is one."""
    solution = solution_of(pack)
    if solution is None:
        return
    yield from _check_usings(solution)
    yield from _check_types(solution)
    yield from _check_versions(solution)
    yield from _check_projects(solution)
    yield from _check_unused(solution)
    yield from _check_pins(solution)


def _check_usings(solution: CSharpSolution) -> Iterator[Finding]:
    """Every using directive: the solution's own namespaces, those of packages and those nobody knows."""
    unknown = {rule: Undecided(rule) for rule in (OWN_NAMESPACE, PACKAGE)}
    for document, name, line, project in _usings(solution):
        if name.split(".")[0] in solution.own_roots:
            if solution.declares(name):
                yield from _check_seen(solution, document, name, line, project)
            elif _is_closed(solution, project):
                message = f"No file of the solution has the namespace {name}."
                yield found(
                    OWN_NAMESPACE, document, line, message, "Show its file, or use the namespace that is there."
                )
            else:
                unknown[OWN_NAMESPACE].note(document, line, f"{name}, since not all files are read")
            continue
        if solution.declares(name) or project is None:
            continue
        brought = solution.brought(project)
        if brought.has(name):
            continue
        known = makers(name)
        if known and not brought.is_open and solution.is_whole:
            message = f"{project.path} references no package that has {name}."
            yield found(PACKAGE, document, line, message[:400], f"Reference {_advice(known[0])} there.")
        else:
            unknown[PACKAGE].note(document, line, f"which package has {name}")
    for each in unknown.values():
        yield from each.findings()


def _advice(package: str) -> str:
    return "the framework Microsoft.AspNetCore.App" if package == "@web" else package


def _usings(solution: CSharpSolution) -> Iterator[tuple[str, str, int, Project | None]]:
    """Document, namespace, line and project of every using of a namespace, in source and project files, each once."""
    seen: set[tuple[str, str]] = set()
    for path, file in solution.files.items():
        project = solution.project_of(path)
        for using in file.usings:
            if not using.is_static and not using.alias and using.name:
                yield file.block.document, using.name, using.line, project
    for project in solution.projects.values():
        for name, line in project.global_usings:
            if line and (project.block.document, name) not in seen:
                seen.add((project.block.document, name))
                yield project.block.document, name, line, project


def _is_closed(solution: CSharpSolution, project: Project | None) -> bool:
    """Whether everything that could define a namespace of the solution is shown."""
    if not solution.is_whole or project is None:
        return False
    members, whole = solution.closure(project)
    if not whole or any(each.generates or each.is_open for each in members):
        return False
    owners = {root.lower() for root in solution.own_roots}
    named = {each.name.lower().partition(".")[0] for member in members for each in member.packages}
    return not owners & named


def _check_seen(
    solution: CSharpSolution, document: str, name: str, line: int, project: Project | None
) -> Iterator[Finding]:
    """A namespace that files of other projects alone open must come from a project that is referenced."""
    homes = {solution.project_of(file.path) if file.path else None for file in solution.declarers(name)}
    if project is None or None in homes:
        return
    members, whole = solution.closure(project)
    if not whole or {member.path for member in members} & {home.path for home in homes if home}:
        return
    other = sorted(home.path for home in homes if home)[0]
    message = f"{project.path} uses {name}, which is in {other}, and does not reference that project."
    yield found(UNSEEN, document, line, message, f"Add a ProjectReference to {other}, or move what is used.")


def _check_types(solution: CSharpSolution) -> Iterator[Finding | Reference]:
    references = TypeReferences(solution)
    unknown = Undecided(OWN_TYPE)
    for file in solution.files.values():
        missing: dict[str, Reference] = {}
        for each in references.of(file):
            yield each
            if each.state == "missing":
                missing[each.name] = each
            elif each.state == "undecided":
                unknown.note(each.document, each.line, f"the type {each.name}: {each.detail}")
        for each in missing.values():
            message = f"No file declares the type {each.name}, and no namespace that {file.path} opens has it."
            yield found(OWN_TYPE, each.document, each.line, message, "Show the file that declares it.")
    yield from unknown.findings()


def _check_versions(solution: CSharpSolution) -> Iterator[Finding]:
    """NU1010 (central, no version), NU1008 (central, version in the project), no version at all."""
    unknown = Undecided(VERSION)
    for project in solution.projects.values():
        central = project.central
        versions = {each.include.lower() for each in central.of("PackageVersion")} if central else set[str]()
        for each in project.packages:
            if each.path != project.path or "$(" in each.name:
                continue
            problem = _version_problem(project, each, each.name.lower() in versions)
            if problem and (project.is_open or any(source.is_open for source in (*project.props, *_list(central)))):
                unknown.note(project.block.document, each.line, f"where {each.name} has its version")
            elif problem:
                yield found(
                    VERSION, project.block.document, each.line, f"{project.path}: {problem}", "Give it one version."
                )
    yield from unknown.findings()


def _list[T](value: T | None) -> list[T]:
    return [] if value is None else [value]


def _version_problem(project: Project, package: PackageReference, has_central: bool) -> str:
    own = bool(package.version)
    if not project.is_central:
        return "" if own or _has_child_version(project, package) else f"the package {package.name} has no version."
    if own and "VersionOverride" not in _given(project, package):
        return f"{package.name} has a version of its own although versions are managed centrally (NU1008)."
    return "" if has_central or own else f"{package.name} has no PackageVersion in Directory.Packages.props (NU1010)."


def _given(project: Project, package: PackageReference) -> frozenset[str]:
    return frozenset(
        key for each in project.of("PackageReference") if each.line == package.line for key in each.attributes
    )


def _has_child_version(project: Project, package: PackageReference) -> bool:
    """Whether the reference has its version as an element of its own: `<Version>1.0</Version>` below it."""
    return any(each.line >= package.line and each.line <= package.line + 3 for each in project.of("Version"))


def _check_projects(solution: CSharpSolution) -> Iterator[Finding]:
    """Projects that solutions, projects, images and pipelines name."""
    if not solution.projects:
        return
    named: list[tuple[str, str, int, str]] = [
        (each.path, each.document, each.line, each.solution) for each in solution.listed
    ]
    for project in solution.projects.values():
        named += [(path, project.block.document, line, project.path) for path, line in project.references]
    named += list(_named_in_scripts(solution))
    seen: set[tuple[str, str]] = set()
    for path, document, line, where in named:
        if path not in solution.documents.files and (path, document) not in seen:
            seen.add((path, document))
            message = f"{where} names the project {path[:200]}, which no document shows."
            yield found(PROJECT, document, line, message, "Show it, or name a project that is there.")


def _named_in_scripts(solution: CSharpSolution) -> Iterator[tuple[str, str, int, str]]:
    """Paths of project files in blocks of other languages, from the repository's root."""
    for block in solution.documents.blocks:
        if block.language not in ("yaml", "yml", "bash", "sh", "shell", "dockerfile", "powershell", "pwsh"):
            continue
        for number, text in enumerate(block.content.splitlines(), 1):
            if text.lstrip().startswith("#") or ".csproj" not in text or " cd " in f" {text}":
                continue
            for path in _PROJECT_PATH.findall(text[:2_000]):
                if "/" in path:
                    yield path.removeprefix("./"), block.document, block.line_of(number), block.path or "A step"


def _check_unused(solution: CSharpSolution) -> Iterator[Finding]:
    """Packages with namespaces, none of which any file of the project, or of one that references it, opens."""
    if not solution.is_whole:
        return
    texts = "\n".join(block.content for block in solution.documents.blocks)
    for project in solution.projects.values():
        users = [each for each in solution.projects.values() if project in solution.closure(each)[0]]
        opened = {
            name for each in users for file in solution.files_of(each) for name in _mentioned(solution, file.path)
        }
        for each in project.packages:
            known = packages().get(each.name.lower())
            if each.path != project.path or each.is_tool or known is None or not known.namespaces:
                continue
            own = _own_namespaces(each.name, known.namespaces)
            if own and not _is_opened(own, opened) and not any(f"{name}." in texts for name in own):
                message = f"{project.path} references {each.name}, and no file that could use it opens its namespaces."
                yield found(UNUSED, project.block.document, each.line, message, "Leave it out until something uses it.")


def _own_namespaces(name: str, namespaces: frozenset[str]) -> frozenset[str]:
    """The namespaces by which use of a package can be told: none where it also extends those of others."""
    shared = [each for each in namespaces if len([one for one in makers(each) if not one.startswith(name)]) > 2]
    own = frozenset(each for each in namespaces if each.lower().startswith(name.lower()))
    return own if not shared and own == namespaces else frozenset()


def _mentioned(solution: CSharpSolution, path: str) -> Iterator[str]:
    file = solution.files[path]
    yield from (each.name for each in file.usings)
    yield from solution.opened(file)


def _is_opened(own: frozenset[str], opened: set[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for name in opened for each in own)


def _check_pins(solution: CSharpSolution) -> Iterator[Finding]:
    """Azure.Identity of old, which declares its types, beside an Azure.Core that has them too."""
    for project in solution.projects.values():
        if not any(using.name == "Azure.Identity" for file in solution.files_of(project) for using in file.usings):
            continue
        pins = {name.lower(): (version, line, document) for name, version, line, document in _pins(solution, project)}
        version, line, document = pins.get("azure.identity", ("", 0, ""))
        old = _numbers(version)
        if not old or old > _OLD_IDENTITY:
            continue
        for name, least in _NEW_IDENTITY.items():
            other = pins.get(name, ("", 0, ""))[0]
            if _numbers(other) >= least:
                newer = f"{packages()[name].name} {other}"
                message = f"Azure.Identity {version} does not compile with {newer}: both have its types."
                yield found(PINS, document, line, message, "Pin Azure.Identity 1.21.0 or later.")
                break


def _pins(solution: CSharpSolution, project: Project) -> Iterator[tuple[str, str, int, str]]:
    """The versions that packages of a project and of those it references have, wherever they are given."""
    for member in solution.closure(project)[0]:
        central = {
            each.include.lower(): (each.attributes.get("Version", ""), each.line)
            for each in (member.central.of("PackageVersion") if member.central else ())
        }
        for each in member.packages:
            version, line = each.version, each.line
            document = member.block.document
            if not version and member.central and each.name.lower() in central:
                version, line = central[each.name.lower()]
                document = member.central.block.document
            if version:
                yield each.name, version, line, document


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a plain version; empty for ranges and wildcards."""
    match = re.fullmatch(r"\[?(\d{1,5}(?:\.\d{1,5}){1,3})(?:-[\w.]{1,40})?\]?", version.strip())
    return tuple(int(part) for part in match[1].split(".")) if match else ()
