"""Python of a pack as a project: what one file imports, uses or names, another defines, and packages are declared."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.checks import Pack
from shared.checks.pack_model import model_of
from shared.checks.python_layout import check_layout
from shared.checks.python_reference_rules import (
    FIXTURE_MISSING,
    MODULE_MISSING,
    NAME_MISSING,
    NAME_UNDEFINED,
    PACKAGE_MISSING,
    PACKAGE_UNUSED,
    RULES,
    TEST_MISSING,
)
from shared.contracts import Finding, found, unjudged
from shared.pack.model import DELIVERY, PYTHON_SAMPLE, TESTS, Block, PackModel, Reference, State, code_words
from shared.pack.model.python_names import Undefined, undefined_names
from shared.pack.model.python_packages import Declared, Packages
from shared.pack.model.python_project import FUNCTIONS, Import, Module, dotted_name
from shared.pack.model.python_tests import all_functions, fixture_name

__all__ = ["RULES", "check"]

MOST_NAMES = 12
"""Names listed in one finding; the rest is counted."""
_TEST_NAME = re.compile(r"(?<![\w/.])test_\w{2,150}(?![\w./*])")
_BUILT_IN_FIXTURES = frozenset({
    "request", "tmp_path", "tmp_path_factory", "tmpdir", "tmpdir_factory", "monkeypatch", "capsys", "capfd", "caplog",
    "capsysbinary", "capfdbinary", "recwarn", "pytestconfig", "cache", "doctest_namespace", "record_property",
    "record_testsuite_property", "record_xml_attribute", "testdir", "pytester", "subtests", "capteesys",
})  # fmt: skip
_PLUGIN_FIXTURES = {
    "pytest-asyncio": ("event_loop", "event_loop_policy", "unused_tcp_port", "unused_udp_port"),
    "pytest-mock": ("mocker", "class_mocker", "module_mocker", "session_mocker", "package_mocker"),
    "pytest-httpx": ("httpx_mock", "assert_all_responses_were_requested", "non_mocked_hosts"),
    "pytest-httpserver": ("httpserver", "make_httpserver", "httpserver_listen_address"),
    "pytest-benchmark": ("benchmark", "benchmark_weave"),
    "pytest-xdist": ("worker_id", "testrun_uid"),
    "pytest-cov": ("cov", "no_cover"),
    "pytest-timeout": (), "pytest-rerunfailures": (), "pytest-randomly": (), "pytest": (),
    "respx": ("respx_mock",), "anyio": ("anyio_backend", "anyio_backend_name", "anyio_backend_options"),
    "httpx": ("anyio_backend",), "faker": ("faker",), "fastapi": ("anyio_backend",), "freezegun": ("freezer",),
    "time-machine": ("time_machine",), "syrupy": ("snapshot",), "schemathesis": (), "hypothesis": (),
    "pytest-docker": ("docker_ip", "docker_services", "docker_compose_file", "docker_compose_project_name"),
}  # fmt: skip
_INJECTING = re.compile(r"given|patch|parametrize|schema|settings|respx|mock|freeze|vcr|inject|with_", re.IGNORECASE)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """Every reference of Python code and of tables to Python, what is missing, and what could not be followed."""
    model = model_of(pack)
    if not model.python.modules:
        return
    packages = Packages(model.documents)
    yield from _check_imports(model, packages)
    yield from _check_commands(model)
    yield from _check_unused(model, packages)
    yield from _check_tables(model)
    yield from _check_fixtures(model, packages)
    yield from _check_names(model)
    yield from check_layout(model)


# Imports


@dataclass(frozen=True)
class _Use:
    """One import in one file."""

    module: Module
    imported: Import

    @property
    def line(self) -> int:
        return self.module.block.line_of(self.imported.line)

    def reference(self, kind: str, name: str, state: State) -> Reference:
        return Reference(kind, name, self.module.block.document, self.line, state, self.module.path)


_STATES: dict[Declared, State] = {
    Declared.YES: "resolved",
    Declared.NO: "missing",
    Declared.NOT_SURE: "undecided",
}


def _check_imports(model: PackModel, packages: Packages) -> Iterator[Finding | Reference]:
    missing: dict[tuple[str, str], list[_Use]] = {}
    undeclared: dict[tuple[str, str], list[_Use]] = {}
    unsure: dict[str, set[str]] = {}
    for module in model.python.modules.values():
        for imported in module.imports:
            use = _Use(module, imported)
            if imported.guarded or not imported.module:
                continue
            top = imported.module.split(".")[0]
            if packages.is_standard(top):
                continue
            if model.python.is_local(top, module.path):
                is_there = model.python.find(imported.module, module.path) is not None
                yield use.reference("module", imported.module, "resolved" if is_there else "missing")
                if not is_there:
                    missing.setdefault((module.block.document, imported.module), []).append(use)
                else:
                    yield from _check_imported_names(model, use)
                continue
            declared = packages.declares(top, imported.module, module.path)
            yield use.reference("package", top, _STATES[declared])
            match declared:
                case Declared.NO:
                    undeclared.setdefault((module.block.document, top), []).append(use)
                case Declared.NOT_SURE:
                    unsure.setdefault(module.block.document, set()).add(top)
                case Declared.YES:
                    pass
    for (document, name), uses in missing.items():
        path = name.replace(".", "/") + ".py"
        message = f"{name} is imported ({_places(uses)}), and no document shows {path}."
        mend = f"Show {path} as a whole file, or do not import it."
        yield found(MODULE_MISSING, document, uses[0].line, message, mend)
    for (document, name), uses in undeclared.items():
        where = packages.governing(uses[0].module.path)
        message = f"{name} is imported ({_places(uses)}); {where or 'no file'} does not declare the package it is from."
        mend = f"Declare the package in {where or 'pyproject.toml'}, or do not import it."
        yield found(PACKAGE_MISSING, document, uses[0].line, message, mend)
    for document, names in unsure.items():
        message = f"Where these imports come from could not be told: {', '.join(sorted(names)[:MOST_NAMES])}."
        yield unjudged(PACKAGE_MISSING, document, 1, message)


def _places(uses: list[_Use]) -> str:
    lines = sorted({use.line for use in uses})
    listed = ", ".join(map(str, lines[:MOST_NAMES]))
    return f"line{'s' if len(lines) > 1 else ''} {listed}" + (" and more" if len(lines) > MOST_NAMES else "")


def _check_imported_names(model: PackModel, use: _Use) -> Iterator[Finding | Reference]:
    """`from a import b` of a module of the pack: b is in a, or is a module below it."""
    project, imported = model.python, use.imported
    target = project.find(imported.module, use.module.path)
    package = project.module(imported.module, use.module.path)
    is_known = target not in project.unread and not (package is not None and package.is_open)
    for name in imported.names:
        if name == "*":
            continue
        if not is_known:
            yield use.reference("name", name, "undecided")
            continue
        if project.find(f"{imported.module}.{name}", use.module.path) is not None:
            yield use.reference("name", name, "resolved")
            continue
        is_there = package is not None and name in package.names
        yield use.reference("name", name, "resolved" if is_there else "missing")
        if not is_there:
            shown = package.path if package else f"the folder {target}"
            message = f"{name} is imported from {imported.module}, and {shown} does not have it."
            mend = f"Define {name} there, or import it from where it is."
            yield found(NAME_MISSING, use.module.block.document, use.line, message, mend)


_RUN_MODULE = re.compile(r"\bpython3?(?:\.\d+)? (?:-[A-Za-z] )*-m ([A-Za-z_][\w.]*)")
_RUN_FACTORY = re.compile(
    r"\b(?:uvicorn|gunicorn|hypercorn)\b[^\n|;&]{0,200}?[\s\"',]([A-Za-z_]\w*(?:\.\w+)+):([A-Za-z_]\w*)"
)


def _check_commands(model: PackModel) -> Iterator[Finding]:
    """Modules and factories of this project that a command, script or container starts."""
    project = model.python
    missing: dict[str, list[tuple[str, int]]] = {}
    absent: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for place, line in _commands(model):
        for module in _RUN_MODULE.findall(line):
            if project.is_local(module, "") and project.find(module, "") is None:
                missing.setdefault(module, []).append(place)
        for module, name in _RUN_FACTORY.findall(line):
            home = project.module(module, "")
            if not project.is_local(module, ""):
                continue
            if project.find(module, "") is None:
                missing.setdefault(module, []).append(place)
            elif home is not None and name not in home.names and not home.is_open:
                absent.setdefault((module, name), []).append(place)
    for module, places in missing.items():
        document, line = places[0]
        path = module.replace(".", "/") + ".py"
        message = f"{module} is started here ({len(places)} time(s) in the pack), and no document shows {path}."
        yield found(MODULE_MISSING, document, line, message, f"Show {path} as a whole file, or do not start it.")
    for (module, name), places in absent.items():
        document, line = places[0]
        message = f"{module}:{name} is started here, and {module} has no {name}."
        yield found(NAME_MISSING, document, line, message, f"Define {name} in {module}, or start what is there.")


def _commands(model: PackModel) -> Iterator[tuple[tuple[str, int], str]]:
    """Lines that may be commands, with document and line: of blocks that are no code of ours, and between backticks."""
    for block in model.documents.blocks:
        if block.language not in ("python", "py", "mermaid", "text", "toml"):
            for number, line in enumerate(block.content.splitlines(), 1):
                yield (block.document, block.line_of(number)), line[:2_000]
    for document in (each for each in model.documents if each.name in (DELIVERY, TESTS)):
        for number, line in document.prose:
            for word in code_words(line[:4_000]):
                yield (document.name, number), word


def _check_unused(model: PackModel, packages: Packages) -> Iterator[Finding]:
    """Libraries that are declared and whose names occur nowhere else in the pack."""
    imported = {each.module.split(".")[0] for module in model.python.modules.values() for each in module.imports}
    incomplete = {
        module.path.split("/")[0] == "tests"
        for module in model.python.modules.values()
        for each in module.imports
        if model.python.is_local(each.module.split(".")[0], module.path)
        and model.python.find(each.module, module.path) is None
    }
    for declaration in packages.declarations:
        if not declaration.is_library or imported & declaration.imports:
            continue
        if declaration.path.startswith("tests/") in incomplete:
            continue  # a file that nobody shows may use it
        words = {declaration.name, declaration.name.replace("-", "_"), *declaration.imports}
        if not any(_mentions(block, words) for block in model.documents.blocks if block is not declaration.block):
            message = f"{declaration.path} declares {declaration.name}, and nothing in the pack uses it."
            mend = "Leave it out, or show the code that needs it."
            yield found(PACKAGE_UNUSED, declaration.block.document, declaration.line, message, mend)


def _mentions(block: Block, words: Iterable[str]) -> bool:
    return any(word in block.content for word in words)


# Tests that tables name


def _check_tables(model: PackModel) -> Iterator[Finding | Reference]:
    """Tests that a table names and that no Python file of the pack has."""
    defined = {
        function.name
        for module in (*model.python.modules.values(), *model.python.fragments)
        for node in module.nodes
        if isinstance(node, FUNCTIONS)
        for function in (node,)
    }
    stems = {block.path.rsplit("/", 1)[-1].removesuffix(".py") for block in model.documents.blocks if block.path}
    for name in (TESTS, PYTHON_SAMPLE):
        document = model.documents.get(name)
        if document is None:
            continue
        if any(block.document == name for block in model.python.unread.values()):
            yield unjudged(TEST_MISSING, name, 1, "A Python file does not parse, so its tests are not known.")
            continue
        absent: dict[str, int] = {}
        for table in document.tables:
            for row in table.rows:
                for test in (each for cell in row.cells.values() for each in _TEST_NAME.findall(cell)):
                    is_there = test in defined or test in stems
                    yield Reference("test", test, name, row.line, "resolved" if is_there else "missing")
                    if not is_there:
                        absent.setdefault(test, row.line)
        if absent:
            listed = ", ".join(list(absent)[:MOST_NAMES])
            more = f" and {len(absent) - MOST_NAMES} more" if len(absent) > MOST_NAMES else ""
            message = f"Tables name tests that no file has: {listed}{more}."
            yield found(TEST_MISSING, name, min(absent.values()), message, "Write the tests, or take their rows out.")


# Fixtures


def _check_fixtures(model: PackModel, packages: Packages) -> Iterator[Finding | Reference]:
    fixtures = model.python_tests.fixtures
    given = set(_BUILT_IN_FIXTURES)
    unknown_plugins: set[str] = set()
    for declaration in packages.declarations:
        if declaration.name in _PLUGIN_FIXTURES:
            given.update(_PLUGIN_FIXTURES[declaration.name])
        elif declaration.name.startswith("pytest-"):
            unknown_plugins.add(declaration.name)
    missing: dict[tuple[str, str], list[int]] = {}
    skipped: dict[str, int] = {}
    for module in model.python.modules.values():
        plugins = "pytest_plugins" in module.names or module.is_open
        for owner, function in all_functions(module):
            is_fixture = fixture_name(function) is not None
            is_test = function.name.startswith("test") and module.path.rsplit("/", 1)[-1].startswith("test_")
            if not (is_fixture or is_test):
                continue
            if owner is not None and any(base.endswith("TestCase") for base in owner.bases):
                continue
            decorators = [*function.decorator_list, *(owner.node.decorator_list if owner else ())]
            asked = _asked(function, decorators)
            if asked is None or plugins:
                skipped[module.block.document] = skipped.get(module.block.document, 0) + 1
                continue
            for name in asked:
                homes = [home for home, _ in fixtures.get(name, ())]
                is_there = name in given or any(_reaches(home.path, module.path) for home in homes)
                state: State = "resolved" if is_there else "undecided" if unknown_plugins else "missing"
                yield Reference("fixture", name, module.block.document, module.line(function), state, module.path)
                if is_there:
                    continue
                missing.setdefault((module.block.document, name), []).append(module.line(function))
    for (document, name), lines in missing.items():
        if unknown_plugins:
            message = f"The fixture {name} may come from {', '.join(sorted(unknown_plugins))}."
            yield unjudged(FIXTURE_MISSING, document, lines[0], message)
        else:
            message = f"The fixture {name} is asked for {len(lines)} time(s), and no conftest or test file has it."
            yield found(
                FIXTURE_MISSING, document, lines[0], message, f"Define {name} in a conftest.py above the tests."
            )
    for document, count in skipped.items():
        yield unjudged(FIXTURE_MISSING, document, 1, f"{count} function(s) have decorators that may give arguments.")


def _asked(function: "ast.FunctionDef | ast.AsyncFunctionDef", decorators: list[ast.expr]) -> list[str] | None:
    """Names of fixtures that a function asks for; None where a decorator may give arguments that are not told."""
    defaults = len(function.args.defaults)
    positional = [*function.args.posonlyargs, *function.args.args]
    names = [each.arg for each in positional[: len(positional) - defaults] if each.arg not in ("self", "cls")]
    names += [
        each.arg
        for each, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if not default
    ]
    given: set[str] = set()
    for decorator in decorators:
        written = dotted_name(decorator)
        last = written.split(".")[-1]
        if last == "parametrize" and written.split(".")[0] in ("pytest", "mark") and isinstance(decorator, ast.Call):
            node = decorator.args[0] if decorator.args else None
            if isinstance(node, ast.Constant):
                given.update(part.strip() for part in str(node.value).split(","))
            elif isinstance(node, ast.Tuple | ast.List):
                given.update(str(each.value) for each in node.elts if isinstance(each, ast.Constant))
            else:
                return None
        elif last != "fixture" and not written.startswith(("pytest.mark", "mark.")) and _INJECTING.search(written):
            return None
    return [name for name in names if name not in given]


def _reaches(home: str, test: str) -> bool:
    """Whether a fixture defined in the file `home` is seen in the file `test`: the same, or a conftest above it."""
    if home == test:
        return True
    folder, _, name = home.rpartition("/")
    return name == "conftest.py" and (not folder or test.startswith(f"{folder}/"))


# Names


def _check_names(model: PackModel) -> Iterator[Finding]:
    for module in model.python.modules.values():
        by_name: dict[str, list[Undefined]] = {}
        for each in undefined_names(module):
            by_name.setdefault(each.name, []).append(each)
        for name, places in by_name.items():
            message = f"{module.path}: {name} is used and defined nowhere."
            line = module.block.line_of(places[0].line)
            mend = f"Import or define {name}."
            yield found(NAME_UNDEFINED, module.block.document, line, message, mend)
