"""The C# of a pack read as one solution: projects with their files, what each of them can see, types by name. Pure.

What cannot be known (files with faults, packages that are not in the table, generated code) makes a project open, and
what is not found there stays undecided.
"""

from collections.abc import Iterator
from functools import cached_property
from posixpath import dirname

from shared.pack.model.csharp_builds import BuildFile, Project, SolutionEntry, solution_entries
from shared.pack.model.csharp_files import File, Type, is_csharp, read
from shared.pack.model.documents import Block, PackDocuments
from shared.pack.model.dotnet_packages import WEB, Brought, brought_by, holds, roots

MOST_FILES = 1_000


class CSharpSolution:
    """All C# files and projects that the documents show. `fragments` are blocks without a path, `unread` too large."""

    def __init__(self, documents: PackDocuments) -> None:
        self.documents = documents
        self.files: dict[str, File] = {}
        self.fragments: list[File] = []
        self.unread: list[Block] = []
        for block in documents.blocks:
            if not is_csharp(block) or (block.path is not None and block.path in self.files):
                continue
            file = read(block) if len(self.files) + len(self.fragments) < MOST_FILES else None
            if file is None:
                self.unread.append(block)
            elif block.path is None:
                self.fragments.append(file)
            else:
                self.files[block.path] = file

    @cached_property
    def projects(self) -> dict[str, Project]:
        """The `.csproj` files by path."""
        shown = self.documents.files
        return {
            path: Project(block, tuple(self._above(path, "Directory.Build.props", "Directory.Build.targets")),
                          next(iter(self._above(path, "Directory.Packages.props")), None))
            for path, block in shown.items()
            if path.endswith(".csproj")
        }  # fmt: skip

    def _above(self, path: str, *names: str) -> Iterator[BuildFile]:
        """For each name, the nearest such file in the folder of `path` or above."""
        for name in names:
            folder = dirname(path)
            while True:
                place = f"{folder}/{name}" if folder else name
                if place in self.documents.files:
                    yield BuildFile(self.documents.files[place])
                    break
                if not folder:
                    break
                folder = dirname(folder)

    @cached_property
    def listed(self) -> tuple[SolutionEntry, ...]:
        """The projects that solutions list."""
        return tuple(solution_entries(self.documents))

    @cached_property
    def is_whole(self) -> bool:
        """Whether every C# file was read without a fault."""
        return not self.unread and all(file.is_whole for file in self.files.values())

    def project_of(self, path: str) -> Project | None:
        """The project whose folder is the nearest around a file."""
        folder = dirname(path)
        while True:
            if folder in self._by_folder:
                return self._by_folder[folder]
            if not folder:
                return None
            folder = dirname(folder)

    @cached_property
    def _by_folder(self) -> dict[str, Project]:
        return {project.folder: project for project in self.projects.values()}

    def files_of(self, project: Project) -> list[File]:
        """The C# files of a project."""
        return self._members.get(project.path, [])

    @cached_property
    def _members(self) -> dict[str, list[File]]:
        found: dict[str, list[File]] = {}
        for path, file in self.files.items():
            if (owner := self.project_of(path)) is not None:
                found.setdefault(owner.path, []).append(file)
        return found

    def closure(self, project: Project) -> tuple[list[Project], bool]:
        """The project and all that it references at any depth, and whether all of them are shown."""
        seen, waiting, whole = {project.path: project}, [project], True
        while waiting:
            for path, _ in waiting.pop().references:
                target = self.projects.get(path)
                if target is None:
                    whole = False
                elif path not in seen:
                    seen[path] = target
                    waiting.append(target)
        return list(seen.values()), whole

    def brought(self, project: Project) -> Brought:
        """What packages and frameworks bring to a project, through the projects it references too."""
        if project.path not in self._brought:
            members, whole = self.closure(project)
            names = {each.name.lower() for member in members for each in member.packages}
            if any("microsoft.aspnetcore.app" in member.frameworks for member in members):
                names.add(WEB)
            known = brought_by(frozenset(names))
            is_open = (
                known.is_open
                or not whole
                or any(each.is_open for member in members for each in (member, *member.props))
            )
            self._brought[project.path] = Brought(known.names, known.namespaces, is_open)
        return self._brought[project.path]

    @cached_property
    def _brought(self) -> dict[str, Brought]:
        return {}

    @cached_property
    def types(self) -> dict[str, list[Type]]:
        """All declared types by simple name; those of blocks without a path are among them."""
        found: dict[str, list[Type]] = {}
        for file in (*self.files.values(), *self.fragments):
            for each in file.types:
                found.setdefault(each.name, []).append(each)
        return found

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that some file or block opens, those of types without one left out."""
        return frozenset(name for file in (*self.files.values(), *self.fragments) for name in file.namespaces if name)

    @cached_property
    def own_roots(self) -> frozenset[str]:
        """First parts of the solution's namespaces that no known package shares."""
        return frozenset(name.split(".")[0] for name in self.namespaces) - roots()

    def declares(self, namespace: str) -> bool:
        """Whether some file opens `namespace` or one below it."""
        return holds(self.namespaces, namespace)

    def declarers(self, namespace: str) -> list[File]:
        """The files that open `namespace` or one below it."""
        return [
            file
            for file in (*self.files.values(), *self.fragments)
            if any(name == namespace or name.startswith(namespace + ".") for name in file.namespaces)
        ]

    def opened(self, file: File) -> tuple[str, ...]:
        """All namespaces whose types a file names without a prefix: its own and those above it, usings of any kind."""
        project = self.project_of(file.path)
        found: list[str] = [each.name for each in file.usings if not each.is_static and not each.alias]
        for own in file.namespaces:
            parts = own.split(".")
            found += [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        if project is not None:
            found += [name for name, _ in project.global_usings]
            found += [
                each.name
                for other in self.files_of(project)
                for each in other.usings
                if each.is_global and not each.is_static and not each.alias
            ]
        return tuple(dict.fromkeys(found))

    def is_test(self, file: File) -> bool:
        """Whether a file belongs to a project of tests."""
        project = self.project_of(file.path)
        if project is None:
            return "tests" in file.path.lower().split("/")
        names = {each.name.lower() for each in project.packages}
        return bool(names & {"microsoft.net.test.sdk", "xunit", "xunit.v3", "nunit", "mstest.testframework", "mstest"})

    def resolve(self, name: str, near: File | None = None) -> list[Type]:
        """The declared types that a name, plain or dotted, may mean; partial declarations are all there."""
        simple = name.partition("<")[0].rstrip("?[]").strip()
        first, last = simple.rpartition(".")[0], simple.rpartition(".")[2]
        found = [each for each in self.types.get(last, []) if not first or each.full_name.endswith(simple)]
        if near is not None and len({each.full_name for each in found}) > 1:
            opened = ("", *self.opened(near))
            found = [each for each in found if each.namespace in opened] or found
        return found
