"""What sentences take for granted: files, options, columns and packages that another document would have to have."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.named_examples import EXAMPLES
from shared.checks.pack_model import model_of
from shared.contracts import Finding, Rule, found
from shared.pack.model import (
    ARCHITECTURE,
    CSHARP_SAMPLE,
    OBSERVABILITY,
    PYTHON_SAMPLE,
    PackDocument,
    PackModel,
    code_words,
    created_tables,
)
from shared.pack.model.delivery import GENERATED
from shared.pack.model.python_packages import Packages

FILE_NAMED = Rule(
    "REF-079", "warning", "A file that a sentence counts on and nobody writes is found missing by who needs it.",
    proves="A sentence or table names a file in code type; no document shows it and no block names it.",
    leaves="Names with placeholders, what the conventions place in `infra/`, and files that tools name themselves.",
    bad=EXAMPLES["REF-079"].bad, good=EXAMPLES["REF-079"].good,
)  # fmt: skip
OPTION_NOT_SET = Rule(
    "REF-082", "warning", "Telemetry that rests on an option is another where the code leaves the option as it is.",
    proves="The observability plan sets an option, `Name = value`, and no code or configuration of the C# sample has "
    "the name.",
    leaves="Python; options that are set outside of the sample.",
    bad=EXAMPLES["REF-082"].bad, good=EXAMPLES["REF-082"].good,
)  # fmt: skip
USER_SECRETS = Rule(
    "REF-083", "warning", "`dotnet user-secrets` ends with an error for a project without a UserSecretsId.",
    proves="A document has people run `dotnet user-secrets`; no project file that is shown has `UserSecretsId`, and "
    "nothing runs `dotnet user-secrets init`.",
    leaves="Samples without a project file.",
    bad=EXAMPLES["REF-083"].bad, good=EXAMPLES["REF-083"].good,
)  # fmt: skip
COLUMN_MISSING = Rule(
    "REF-084", "warning", "A column that the data model does not have cannot carry anything.",
    proves="The observability plan speaks of a column in a table that the architecture describes without that column.",
    leaves="Tables that are altered later, and those that the architecture describes in sentences.",
    bad=EXAMPLES["REF-084"].bad, good=EXAMPLES["REF-084"].good,
)  # fmt: skip
ONLY_BROUGHT = Rule(
    "REF-085", "warning", "A package that only another one brings goes with that one's next release.",
    proves="Code of the sample imports a package that no file declares and that a declared package is known to bring.",
    leaves="Suites; what the bringing package's own documentation imports: Starlette and Pydantic beside FastAPI, "
    "OpenTelemetry's API beside its distributions, cryptography beside PyJWT.",
    bad=EXAMPLES["REF-085"].bad, good=EXAMPLES["REF-085"].good,
)  # fmt: skip
RULES = (FILE_NAMED, OPTION_NOT_SET, USER_SECRETS, COLUMN_MISSING, ONLY_BROUGHT)

MOST_NAMES = 12
LEAST_COLUMNS = 2
"""Columns that a table needs for it to be taken as described."""
_FILE = re.compile(
    r"(?<![\w/.@{$<*%-])((?:[\w.-]{1,60}/){0,6}[\w-][\w.-]{0,60}"
    r"\.(?:json|csv|toml|ini|cfg|sh|py|xml|ya?ml|sql|env|ps1|jsonl|js|pem))(?![\w/*{(.-])"
)
_OPTION = re.compile(r"([A-Z][a-z]\w{5,60}) = (?:true|false|\d{1,9})")
_COLUMN = re.compile(r"[Cc]olumns? `(\w{1,60})` (?:in|of) (?:the )?(?:table )?`(\w{1,60})`")
_DOCUMENTED = re.compile(r"(?:starlette|pydantic|cryptography|opentelemetry)(?:$|\.(?!sdk|exporter|instrumentation))")
"""What the documentation of the package that brings it imports as a matter of course."""


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the documents that are there."""
    model = model_of(pack)
    yield from _files(model)
    yield from _columns(model)
    yield from _only_brought(model)
    if model.documents.get(CSHARP_SAMPLE) is not None:
        yield from _options(model)
        yield from _user_secrets(model)


def _files(model: PackModel) -> Iterator[Finding]:
    blocks = "\n".join(block.content for block in model.documents.blocks)
    names = {path.rpartition("/")[2] for path in model.documents.files} | GENERATED
    for document in model.documents:
        absent: dict[str, int] = {}
        for number, line in document.prose:
            for word in code_words(line):
                for path in _FILE.findall(word):
                    if not _is_there(model, path, names, blocks):
                        absent.setdefault(path, number)
        if absent:
            listed = ", ".join(f"`{path}`" for path in list(absent)[:MOST_NAMES])
            message = f"{listed}: named here, and shown, written or read nowhere in the pack."
            mend = "Show each as a whole file, have a step write it, or leave it out."
            yield found(FILE_NAMED, document.name, min(absent.values()), message, mend)


def _is_there(model: PackModel, path: str, names: frozenset[str] | set[str], blocks: str) -> bool:
    name = path.rpartition("/")[2]
    if name in names or path.startswith("infra/") or path in model.delivery.made:
        return True
    prefix = re.sub(r"_(?:stats|failures|exceptions|stats_history)\.csv$", "", path)
    if prefix != path and prefix in blocks:
        return True  # Locust names its files after the prefix that it is given
    return re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", blocks) is not None


def _options(model: PackModel) -> Iterator[Finding]:
    plan = model.documents.get(OBSERVABILITY)
    sample = model.documents.by_name[CSHARP_SAMPLE]
    code = "\n".join(block.content for block in sample.blocks)
    for number, line in plan.prose if plan else ():
        for word in code_words(line):
            option = _OPTION.fullmatch(word)
            if option and option[1] not in code:
                message = f"The observability plan sets {word} (line {number}); the sample does not set {option[1]}."
                place = _first_line(sample, "OpenTelemetry", "AzureMonitor")
                yield found(OPTION_NOT_SET, CSHARP_SAMPLE, place, message, "Set it where telemetry is set up.")


def _user_secrets(model: PackModel) -> Iterator[Finding]:
    projects = [block for path, block in model.documents.files.items() if path.endswith((".csproj", ".props"))]
    texts = "\n".join(document.text for document in model.documents)
    if not projects or "UserSecretsId" in texts or "user-secrets init" in texts:
        return
    for document in model.documents:
        if "dotnet user-secrets" in document.text:
            message = "`dotnet user-secrets` needs a UserSecretsId, which no project file has."
            mend = "Give the project file a UserSecretsId."
            yield found(USER_SECRETS, document.name, _first_line(document, "dotnet user-secrets"), message, mend)


def _first_line(document: PackDocument, *words: str) -> int:
    lines = enumerate(document.lines, 1)
    return next((number for number, line in lines if any(word in line for word in words)), 1)


def _columns(model: PackModel) -> Iterator[Finding]:
    plan, architecture = model.documents.get(OBSERVABILITY), model.documents.get(ARCHITECTURE)
    if plan is None or architecture is None:
        return
    tables = _tables(architecture)
    absent: dict[str, int] = {}
    for number, line in plan.prose:
        for column, table in _COLUMN.findall(line):
            if table in tables and column not in tables[table]:
                absent.setdefault(f"{table}.{column}", number)
    if absent:
        message = f"{', '.join(list(absent)[:MOST_NAMES])}: columns that the architecture's tables do not have."
        mend = "Carry it in a column that is there, or have the architecture add it."
        yield found(COLUMN_MISSING, OBSERVABILITY, min(absent.values()), message, mend)


def _tables(architecture: PackDocument) -> dict[str, set[str]]:
    """Columns by table, of `CREATE TABLE` and of rows that begin with `table.column`, `.column`."""
    tables: dict[str, set[str]] = {}
    for block in architecture.blocks:
        if block.language.lower() in ("sql", "postgresql", "tsql", "pgsql", "plpgsql"):
            for table in created_tables(block.content):
                tables.setdefault(table.name, set()).update(column.name for column in table.columns)
    for row in (row for table in architecture.tables for row in table.rows):
        name = ""
        for word in code_words(next(iter(row.cells.values()), "")):
            if match := re.fullmatch(r"(\w{0,60})\.(\w{1,60})", word):
                name = match[1] or name
                tables.setdefault(name, set()).add(match[2])
    return {name: columns for name, columns in tables.items() if len(columns) >= LEAST_COLUMNS}


def _only_brought(model: PackModel) -> Iterator[Finding]:
    packages = Packages(model.documents)
    brought: dict[str, dict[str, int]] = {}
    for module in model.python.modules.values():
        for imported in module.imports if module.block.document == PYTHON_SAMPLE else ():
            by = packages.only_brought(imported.module, module.path)
            if by and not imported.guarded and not _DOCUMENTED.match(imported.module):
                brought.setdefault(module.block.document, {}).setdefault(
                    f"{imported.module} (with {by})", module.block.line_of(imported.line)
                )
    for document, names in brought.items():
        message = (
            f"Imported and declared nowhere, only brought by another package: {', '.join(list(names)[:MOST_NAMES])}."
        )
        yield found(ONLY_BROUGHT, document, min(names.values()), message, "Declare each package that is imported.")
