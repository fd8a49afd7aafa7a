"""Holds what C# gives EF Core to map against the design's tables, and against what EF Core can do."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.checks import Pack
from shared.checks.csharp_pack import Undecided, solution_of
from shared.contracts import Finding, Rule, found
from shared.formats.csharp import text_of
from shared.pack.model import (
    CSHARP_SAMPLE,
    CSharpSolution,
    Entities,
    Entity,
    PackDocuments,
    Parameter,
    Property,
    SqlTable,
    Type,
    created_tables,
)
from shared.pack.model.operations import snake

if TYPE_CHECKING:
    from tree_sitter import Node

OTHER_SCHEMA = Rule("REF-030", "error", "An entity that is mapped to other columns than the design's reads nothing.")
CREATED_PAST = Rule("REF-031", "error", "A schema made by EnsureCreated cannot be migrated: its history is missing.")
UNBINDABLE = Rule("REF-032", "error", "EF Core makes an entity only by a constructor whose parameters are properties.")
KEYLESS = Rule("REF-033", "error", "EF Core refuses a model in which an entity has no key.")
UNCONDITIONAL = Rule("REF-034", "error", "Azure Monitor without a connection string keeps the service from starting.")
RULES = (OTHER_SCHEMA, CREATED_PAST, UNBINDABLE, KEYLESS, UNCONDITIONAL)

_SCALARS = frozenset({
    "string", "Guid", "int", "long", "short", "byte", "decimal", "double", "float", "bool", "DateTime", "DateOnly",
    "DateTimeOffset", "TimeOnly", "TimeSpan", "byte[]", "char",
})  # fmt: skip
_NO_TEXT = re.compile(
    r"^(?:numeric|decimal|money|int|bigint|smallint|integer|uuid|uniqueidentifier|timestamp|timestamptz|datetime|date|bit|bool|double|real|float)"
)
_MIGRATES = re.compile(
    r"\bef(?:bundle| migrations)\b|dotnet[- ]ef\b|\bMigrate(?:Async)?\(|EF Core migrations|:\s*Migration\b"
    r"|\bexpand\b[^.\n]{0,200}\bcontract\b|migration bundle",
    re.IGNORECASE,
)
_SCHEMALESS = re.compile(r"\.Use(?:Cosmos|MongoDB|InMemoryDatabase)\(")
_SQL = ("sql", "tsql", "postgresql", "postgres", "mysql", "plsql", "sqlite")
_QUALIFIED_NULL = "?"


def check(pack: Pack) -> Iterator[Finding]:
    """Apply every rule to the C# sample, if there is one."""
    solution = solution_of(pack)
    if solution is None:
        return
    entities = Entities(solution)
    yield from _check_monitor(solution)
    if not entities.contexts:
        return
    yield from _check_created(solution)
    yield from _check_schema(solution, entities, _keeps_case(pack, solution))
    for entity in entities.all:
        yield from _check_constructors(entity, entities)
        yield from _check_key(entity, entities)


def _keeps_case(pack: Pack, solution: CSharpSolution) -> bool:
    """Whether names that EF Core quotes must be spelled as the database has them: PostgreSQL alone."""
    uses_npgsql = any("UseNpgsql(" in file.block.content for file in solution.files.values())
    return uses_npgsql or (pack.db or "").lower() in ("postgres", "postgresql")


def _check_schema(solution: CSharpSolution, entities: Entities, exact: bool) -> Iterator[Finding]:
    designed = list(_designed_tables(solution.documents))
    if not designed:
        return
    unknown = Undecided(OTHER_SCHEMA)
    for entity in entities.all:
        table = _table_of(entity, designed, exact)
        if table is None:
            continue
        if entities.names_are_open:
            unknown.note(entity.type.file.block.document, entity.type.line, f"how {entity.type.name} is named in SQL")
            continue
        properties, whole = entities.properties(entity.type)
        wrong = [problem for each in properties if (problem := _column_problem(entity, each, table, exact))]
        if wrong:
            shown = "; ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
            message = f"{entity.type.name} is not mapped to the design's table {table.name}: {shown}."
            mend = "Name and type its columns as the design does: HasColumnName, HasConversion, or a naming convention."
            yield found(OTHER_SCHEMA, entity.type.file.block.document, entity.type.line, message, mend)
        elif not whole:
            unknown.note(entity.type.file.block.document, entity.type.line, f"what {entity.type.name} inherits")
    yield from unknown.findings()


def _designed_tables(documents: PackDocuments) -> Iterator[SqlTable]:
    """Tables of the SQL blocks of the other documents."""
    for block in documents.blocks:
        if block.document != CSHARP_SAMPLE and block.language in _SQL:
            yield from created_tables(block.content)


def _table_of(entity: Entity, designed: list[SqlTable], exact: bool) -> SqlTable | None:
    """The design's table that an entity is explicitly mapped to, or named like it with its set."""
    names = [entity.table] if entity.table else list(entity.sets)
    for table in designed:
        if any(_equal(name.rpartition(".")[2], table.name, table.is_quoted, exact) for name in names):
            return table
    return None


def _equal(name: str, designed: str, is_quoted: bool, exact: bool) -> bool:
    """Whether the name that EF Core writes, in quotes, is the design's."""
    if not exact:
        return name.lower() == designed.lower()
    return name == (designed if is_quoted else designed.lower())


def _column_problem(entity: Entity, each: Property, table: SqlTable, exact: bool) -> str:
    """What is wrong with a property's column; empty where nothing is, or where it is not told."""
    plain = each.type.rstrip("?")
    if plain not in _SCALARS or each.is_computed or entity.is_left_out(each):
        return ""
    column = entity.column(each)
    if column == _QUALIFIED_NULL:
        return ""
    same = [one for one in table.columns if _equal(column, one.name, one.is_quoted, exact)]
    if not same:
        like = [one.name for one in table.columns if snake(one.name) == snake(each.name)]
        return f"{each.name} is read from {column!r}, the design has {like[0]!r}" if like else ""
    settings = entity.settings(each.name)
    typed = any(one.name == "Column" and any("TypeName" in part for part in one.arguments) for one in each.attributes)
    if plain == "string" and _NO_TEXT.match(same[0].type) and "HasConversion" not in settings and not typed:
        return f"{each.name} is a string, the column {same[0].name!r} is {same[0].type}"
    return ""


def _check_created(solution: CSharpSolution) -> Iterator[Finding]:
    """EnsureCreated where the design migrates; stores without a schema have no other way."""
    if not any(_MIGRATES.search(document.text) for document in solution.documents):
        return
    if any(_SCHEMALESS.search(file.block.content) for file in solution.files.values()):
        return
    for file in solution.files.values():
        if solution.is_test(file):
            continue
        for node in file.nodes.get("invocation_expression", []):
            function = text_of(node.child_by_field_name("function"))
            if re.search(r"\bDatabase\s*\.\s*EnsureCreated(?:Async)?$", function):
                message = f"{file.path} makes the schema with EnsureCreated, the design with migrations."
                yield found(
                    CREATED_PAST, file.block.document, file.line(node), message, "Call Migrate, or run migrations."
                )


def _check_constructors(entity: Entity, entities: Entities) -> Iterator[Finding]:
    """A constructor that EF Core can call has no parameter, or parameters that are mapped properties."""
    owner = entity.type
    parts = [each for each in entities.solution.types.get(owner.name, []) if each.full_name == owner.full_name]
    constructors = [each for part in parts for each in part.constructors]
    constructors += [part.parameters for part in parts if part.parameters is not None]
    if not constructors or "abstract" in owner.modifiers:
        return
    properties, whole = entities.properties(owner)
    names = {each.name.lower(): each for each in properties}
    refused = [_refused(each, names, entities.solution) for each in constructors]
    if all(refused) and whole and entities.solution.is_whole:
        message = f"EF Core cannot make {owner.name}: no constructor takes mapped properties alone ({refused[0]})."
        mend = "Give it a private constructor without parameters, and setters or fields for its properties."
        yield found(UNBINDABLE, owner.file.block.document, owner.line, message, mend)


def _refused(parameters: tuple[Parameter, ...], names: dict[str, Property], solution: CSharpSolution) -> str:
    """Why EF Core cannot call a constructor; empty where it can, or where that is not told."""
    for each in parameters:
        name, kind = each.name, each.type
        if kind.rpartition(".")[2].rstrip("?") in ("DbContext", "ILazyLoader", "IEntityType", "Action<object,string>"):
            continue
        same = names.get(name.lower().lstrip("_"))
        if same is None:
            return f"{name} is none"
        if re.match(r"(?:I(?:ReadOnly)?(?:List|Collection)|List|IEnumerable|HashSet|ICollection)<", kind):
            inner = kind.partition("<")[2].rpartition(">")[0]
            if any(one.kind in ("class", "record") for one in solution.resolve(inner)):
                return f"{name} is a navigation"
    return ""


def _check_key(entity: Entity, entities: Entities) -> Iterator[Finding]:
    owner = entity.type
    configured = ("HasKey", "HasNoKey", "ToView", "ToSqlQuery", "ToFunction", "HasBaseType", "UseTpcMappingStrategy")
    if any(True for _ in entity.called(*configured)) or any(
        each.name in ("PrimaryKey", "Keyless", "Owned", "ComplexType") for each in owner.attributes
    ):
        return
    properties, whole = entities.properties(owner)
    keys = {"id", f"{owner.name.lower()}id"}
    if not whole or not entities.solution.is_whole or _is_owned(owner, entities):
        return
    if not any(each.name.lower() in keys or any(one.name == "Key" for one in each.attributes) for each in properties):
        message = f"{owner.name} has no key: no property Id or {owner.name}Id, no [Key], no HasKey."
        yield found(KEYLESS, owner.file.block.document, owner.line, message, "Give it a key, or HasNoKey.")


def _is_owned(owner: Type, entities: Entities) -> bool:
    """Whether some configuration makes it part of another entity, or bases and code may give it a key."""
    for file in entities.solution.files.values():
        text = file.block.content
        if re.search(rf"\bOwned<{re.escape(owner.name)}>|\.HasKey\((?!\s*\w+\s*=>)|Owns(?:One|Many)<", text):
            return True
    return False


def _check_monitor(solution: CSharpSolution) -> Iterator[Finding]:
    """UseAzureMonitor that nothing makes depend on a connection string."""
    unknown = Undecided(UNCONDITIONAL)
    for file in solution.files.values():
        if solution.is_test(file):
            continue
        for node in file.nodes.get("invocation_expression", []):
            function = node.child_by_field_name("function")
            if function is None or not re.search(r"\bUseAzureMonitor(?:Exporter)?$", text_of(function)):
                continue
            state = _condition(solution, node)
            if state == "none" and not _is_always_set(solution):
                message = f"{file.path} uses Azure Monitor unconditionally: without a connection string nothing starts."
                mend = "Use it only where APPLICATIONINSIGHTS_CONNECTION_STRING is set."
                yield found(UNCONDITIONAL, file.block.document, file.line(node), message, mend)
            elif state == "caller":
                unknown.note(file.block.document, file.line(node), "whether the method with UseAzureMonitor is called")
    yield from unknown.findings()


def _condition(solution: CSharpSolution, node: "Node") -> str:
    """`some` where a condition stands around the call or an early return before it, `caller` where one may."""
    place = node.parent
    kinds = ("if_statement", "conditional_expression", "switch_statement", "switch_expression", "try_statement")
    while place is not None:
        if place.type in kinds:
            return "some"
        if place.type in ("method_declaration", "local_function_statement", "lambda_expression", "compilation_unit"):
            before = (place.text or b"")[: node.start_byte - place.start_byte].decode("utf-8", "replace")
            if re.search(r"\bif\s*\([^;{}]{0,400}\)\s*\{?\s*(?:return|throw)\b", before):
                return "some"
            if place.type == "method_declaration":
                return _caller_condition(solution, text_of(place.child_by_field_name("name")))
        place = place.parent
    return "none"


def _caller_condition(solution: CSharpSolution, method: str) -> str:
    """Whether calls of a method stand in a condition."""
    pattern = re.compile(rf"\bif\s*\([^;{{}}]{{0,400}}\)\s*\{{?[^{{}}]{{0,400}}\b{re.escape(method)}\(")
    return "caller" if any(pattern.search(file.block.content) for file in solution.files.values()) else "none"


def _is_always_set(solution: CSharpSolution) -> bool:
    """Whether a settings file that every start reads gives the connection string."""
    for path, block in solution.documents.files.items():
        if path.endswith("appsettings.json") and re.search(
            r'"(?:APPLICATIONINSIGHTS_CONNECTION_STRING|ConnectionString)"\s*:\s*"[^"]', block.content
        ):
            return True
    return False
