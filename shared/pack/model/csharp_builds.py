"""Project files of .NET as a pack shows them: `.csproj`, `Directory.*.props`, solutions. Pure.

MSBuild is not evaluated: elements are read by name wherever they stand, and a condition makes no difference. What a
file imports from elsewhere makes it open.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from posixpath import dirname, join, normpath

from shared.pack.model.documents import LARGEST_BLOCK, Block, PackDocuments

_GIVEN = r"\s+[\w:.]{1,80}\s*=\s*(?:\"[^\"]{0,2000}\"|'[^']{0,2000}')"
_TAG = re.compile(rf"<(/?)([A-Za-z][\w.]{{0,80}})((?:{_GIVEN}){{0,30}})\s*(/?)>")
_ATTRIBUTE = re.compile(r"([\w:.]{1,80})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SLN_PROJECT = re.compile(r'^Project\("[^"]{1,80}"\)\s*=\s*"[^"]{0,200}",\s*"([^"]{1,300}\.\w{0,3}proj)"', re.MULTILINE)
WEB_SDK = "microsoft.net.sdk.web"


@dataclass(frozen=True)
class Element:
    """One XML element: its attributes by name, the text right after it, its line in the document."""

    name: str
    attributes: Mapping[str, str]
    text: str
    line: int
    conditional: bool

    @property
    def include(self) -> str:
        """What it includes, or updates."""
        return self.attributes.get("Include", self.attributes.get("Update", ""))


class BuildFile:
    """A file of MSBuild's XML as a flat list of elements, comments left out."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.path = block.path or ""

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """All elements in order."""
        return tuple(self._read())

    def _read(self) -> Iterator[Element]:
        content = self.block.content[:LARGEST_BLOCK]
        text = _without_comments(content)
        opened: list[tuple[str, bool]] = []
        for match in _TAG.finditer(text):
            closing, name, given, alone = match.groups()
            if closing:
                while opened and opened.pop()[0] != name:
                    pass
                continue
            attributes = {key: first or second for key, first, second in _ATTRIBUTE.findall(given)}
            conditional = "Condition" in attributes or any(flag for _, flag in opened)
            inner = "" if alone else text[match.end() : match.end() + 400].partition("<")[0].strip()
            line = self.block.line_of(text.count("\n", 0, match.start()) + 1)
            yield Element(name, attributes, inner, line, conditional)
            if not alone:
                opened.append((name, conditional))

    def of(self, name: str) -> Iterator[Element]:
        """The elements of that name."""
        return (each for each in self.elements if each.name.lower() == name.lower())

    def value(self, name: str) -> str:
        """The last property of that name; empty where there is none."""
        return next((each.text for each in reversed(self.elements) if each.name == name), "")

    @property
    def is_open(self) -> bool:
        """Whether it reads further files that may define anything, or could not be read in full."""
        return (
            any(True for name in ("Import", "Choose", "Otherwise") for _ in self.of(name))
            or len(self.block.content) > LARGEST_BLOCK
            or not self.elements
        )


@dataclass(frozen=True)
class PackageReference:
    """A package that a project asks for; `version` is empty where it gives none. `is_tool` has no code to use."""

    name: str
    version: str
    line: int
    is_tool: bool
    conditional: bool
    path: str


class Project(BuildFile):
    """A C# project with what `Directory.Build.props` and `Directory.Packages.props` above it add."""

    def __init__(self, block: Block, props: tuple[BuildFile, ...], central: BuildFile | None) -> None:
        super().__init__(block)
        self.props, self.central = props, central
        self.folder = dirname(self.path)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]

    @cached_property
    def sdk(self) -> str:
        """The SDK in lower case."""
        root = next(iter(self.of("Project")), None)
        further = next((each.attributes.get("Name", "") for each in self.of("Sdk")), "")
        return (root.attributes.get("Sdk", "") if root else "").partition("/")[0].lower() or further.lower()

    @cached_property
    def packages(self) -> tuple[PackageReference, ...]:
        """The packages it references itself, those of the props included."""
        sources = (self, *self.props, *((self.central,) if self.central else ()))
        return tuple(
            PackageReference(
                each.include.strip(), each.attributes.get("Version", each.attributes.get("VersionOverride", "")),
                each.line, _is_tool(each), each.conditional, source.path,
            )
            for source in sources
            for kind in ("PackageReference", "GlobalPackageReference")
            for each in source.of(kind)
            if each.include
        )  # fmt: skip

    @cached_property
    def references(self) -> tuple[tuple[str, int], ...]:
        """Paths of the projects it references, with their lines."""
        found: list[tuple[str, int]] = []
        for source in (self, *self.props):
            for each in source.of("ProjectReference"):
                if each.include and "$(" not in each.include and "*" not in each.include:
                    path = normpath(join(self.folder, each.include.replace("\\", "/")))
                    found.append((path, each.line))
        return tuple(found)

    @cached_property
    def frameworks(self) -> frozenset[str]:
        """Shared frameworks it references, in lower case."""
        named = {each.include.lower() for source in (self, *self.props) for each in source.of("FrameworkReference")}
        return frozenset(named | ({"microsoft.aspnetcore.app"} if self.sdk == WEB_SDK else set()))

    def setting(self, name: str) -> str:
        """A property of the project, or of the props above it."""
        return self.value(name) or next((value for each in self.props if (value := each.value(name))), "")

    @cached_property
    def is_central(self) -> bool:
        """Whether versions of packages are managed centrally."""
        sources = (self, *self.props, *((self.central,) if self.central else ()))
        return any(each.value("ManagePackageVersionsCentrally").lower() == "true" for each in sources)

    @cached_property
    def generates(self) -> bool:
        """Whether some tool writes code into it that nobody shows: protobuf, resources, OpenAPI clients."""
        makers = ("Protobuf", "EmbeddedResource", "OpenApiReference", "AdditionalFiles", "Compile")
        tools = ("grpc.tools", "grpc.aspnetcore", "nswag.msbuild", "refitter.msbuild", "microsoft.kiota.bundle")
        return any(True for name in makers for _ in self.of(name)) or any(
            each.name.lower() in tools for each in self.packages
        )

    @cached_property
    def global_usings(self) -> tuple[tuple[str, int], ...]:
        """Namespaces that project files open for every source file, with the lines (0 for those of the SDK)."""
        named = [
            (each.include, each.line)
            for source in (self, *self.props)
            for each in source.of("Using")
            if each.include and not each.attributes.get("Alias") and each.attributes.get("Static", "") != "true"
        ]
        implied = IMPLICIT.get(self.sdk, ()) if self.setting("ImplicitUsings").lower() in ("enable", "true") else ()
        return (*named, *((name, 0) for name in implied))


def _without_comments(text: str) -> str:
    """The text with its comments as blanks."""
    parts: list[str] = []
    start = 0
    while (opening := text.find("<!--", start)) >= 0:
        closing = text.find("-->", opening)
        end = closing + 3 if closing >= 0 else len(text)
        parts += [text[start:opening], re.sub(r"[^\n]", " ", text[opening:end])]
        start = end
    return "".join([*parts, text[start:]])


_PLAIN = (
    "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
    "System.Threading.Tasks",
)  # fmt: skip
_HOSTED = (
    "Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting",
    "Microsoft.Extensions.Logging",
)  # fmt: skip
IMPLICIT: dict[str, tuple[str, ...]] = {
    "microsoft.net.sdk": _PLAIN,
    "microsoft.net.sdk.worker": (*_PLAIN, *_HOSTED),
    WEB_SDK: (
        *_PLAIN, "System.Net.Http.Json", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing", *_HOSTED,
    ),
}  # fmt: skip
"""Namespaces that `ImplicitUsings` opens, by SDK (docs of .NET, "implicit using directives")."""


def _is_tool(element: Element) -> bool:
    """Whether a package is kept from the code that compiles: analyzers, test adapters, design-time tools."""
    assets = element.attributes.get("PrivateAssets", "").lower()
    included = element.attributes.get("IncludeAssets", "").lower()
    return assets == "all" or (bool(included) and "compile" not in included and included != "all")


@dataclass(frozen=True)
class SolutionEntry:
    """A project that a solution lists."""

    path: str
    document: str
    line: int
    solution: str


def solution_entries(documents: PackDocuments) -> Iterator[SolutionEntry]:
    """The projects of all `.sln` and `.slnx` files."""
    for path, block in documents.files.items():
        found: list[tuple[str, int]] = []
        if path.endswith(".slnx"):
            found = [(each.attributes.get("Path", ""), each.line) for each in BuildFile(block).of("Project")]
        elif path.endswith(".sln"):
            content = block.content[:LARGEST_BLOCK]
            found = [
                (match[1], block.line_of(content.count("\n", 0, match.start()) + 1))
                for match in _SLN_PROJECT.finditer(content)
            ]
        for named, line in found:
            if named:
                place = normpath(join(dirname(path), named.replace("\\", "/")))
                yield SolutionEntry(place, block.document, line, path)
