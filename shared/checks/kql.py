"""Kusto queries: each parses, reads tables and columns that exist, and would run as it stands in Log Analytics.

Microsoft's own parser judges them (`shared.checks.kusto`). Looked at are `kusto` blocks, and the queries that alert
rules and saved searches carry in Bicep, Terraform or ARM templates.
"""

import difflib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from shared.checks import Context
from shared.checks.kusto import parser, tables
from shared.checks.kusto.embedded import embedded_queries
from shared.checks.kusto.tables import Table
from shared.contracts import Finding, Rule
from shared.formats import markdown

NO_QUERY = Rule("KQL-001", "error", "An observability plan without a query cannot be looked at, or alert anybody.")
SYNTAX = Rule("KQL-002", "error", "A query that does not parse answers nothing.")
UNKNOWN_TABLE = Rule("KQL-003", "error", "A query may read Azure Monitor's tables and those the document declares.")
UNKNOWN_COLUMN = Rule("KQL-004", "error", "A query on a column that its table does not have is refused.")
UNKNOWN_FUNCTION = Rule("KQL-005", "error", "A query that calls a function the service does not have is refused.")
WRONG_TYPE = Rule("KQL-006", "error", "Operands and arguments of the wrong type or number are refused.")
NOT_A_QUERY = Rule("KQL-007", "error", "A saved query or alert is `let` lines and one tabular expression.")
ELSEWHERE = Rule("KQL-008", "error", "Queries and alerts run on the service's own workspace alone.")
DECLARATION = Rule("KQL-009", "error", "Queries on a custom table are checked against the columns declared for it.")
UNCHECKED = Rule("KQL-010", "error", "A query that nothing has read has not passed.")
CLASSIC = Rule("KQL-011", "error", "Classic Application Insights tables do not exist in a Log Analytics workspace.")
DOUBTFUL = Rule("KQL-012", "warning", "The parser accepts the query but advises against something in it.")
PUT_TOGETHER = Rule("KQL-013", "warning", "A query that is put together at deployment was not looked at.")
RULES = (
    NO_QUERY, SYNTAX, UNKNOWN_TABLE, UNKNOWN_COLUMN, UNKNOWN_FUNCTION, WRONG_TYPE, NOT_A_QUERY, ELSEWHERE, DECLARATION,
    UNCHECKED, CLASSIC, DOUBTFUL, PUT_TOGETHER,
)  # fmt: skip

PLAN = "observability-plan.md"
"""The deliverable that cannot do without queries."""
LANGUAGES = ("kusto", "kql")
MAXIMUM_CHARACTERS = 20_000
MAXIMUM_DEPTH = 60
MAXIMUM_QUERIES = 200
MAXIMUM_FINDINGS = 10
"""For one query; how many more there are is said in a last one."""
MAXIMUM_SECONDS = 30.0
"""For the queries of one document, beyond loading the parser."""

_DECLARATION = re.compile(r"Table\s+`?(\w{1,100}_CL)`?")
_NAME = re.compile(r"[A-Za-z_]\w{0,99}")
_WORD = re.compile(r"\w+")
_COMMENTS = re.compile(r"(?:\s+|//[^\n]*)*")
_BY_CODE = {
    "KS204": (UNKNOWN_TABLE, "Use a table of Azure Monitor, or declare it as `### Table Name_CL` with its columns."),
    "KS142": (UNKNOWN_COLUMN, "Use a column of the table; what the service adds itself is in `Properties`."),
    "KS211": (UNKNOWN_FUNCTION, "Use a function of Kusto, or define it in a `let` line of the query."),
    "KS124": (UNKNOWN_FUNCTION, "Use a plug-in of Kusto."),
    "KS207": (ELSEWHERE, "Read a table of the workspace by its name alone."),
    "KS208": (ELSEWHERE, "Read a table of the workspace by its name alone."),
}
_RESERVED = re.compile(r"The name '([^']{1,60})' needs to be bracketed")
_CLASSIC_COLUMNS = {
    "timestamp": "TimeGenerated", "duration": "DurationMs", "operation_id": "OperationId", "resultcode": "ResultCode",
    "operation_parentid": "ParentId", "operation_name": "OperationName", "cloud_rolename": "AppRoleName",
    "cloud_roleinstance": "AppRoleInstance", "application_version": "AppVersion", "customdimensions": "Properties",
    "custommeasurements": "Measurements", "itemcount": "ItemCount", "severitylevel": "SeverityLevel",
    "problemid": "ProblemId", "valuesum": "Sum", "valuecount": "ItemCount",
}  # fmt: skip
"""Columns of classic Application Insights, in lower case, and what a workspace calls them."""
_ELSEWHERE = frozenset({"workspace", "app", "resource", "adx", "arg"})
"""Functions of Azure Monitor, unknown to Kusto itself, that read from another place."""


@dataclass(frozen=True)
class _Query:
    """A query's text and the document's 1-based line on which it begins; not `spread`, it has all its lines on that."""

    text: str
    line: int
    spread: bool = True

    def place(self, start: int) -> tuple[int, int]:
        """Document line and 1-based column of an offset in UTF-16 code units."""
        before = self.text.encode("utf-16-le", "surrogatepass")[: 2 * start].decode("utf-16-le", "replace")
        return self.line + before.count("\n") * self.spread, len(before) - (before.rfind("\n") + 1) + 1


def check(context: Context) -> Iterator[Finding]:
    """Read the declared tables, then hold every query against them and Azure Monitor's."""
    own, faults = _declared_tables(context)
    yield from faults
    queries, unreadable = _queries(context.text)
    for line in unreadable:
        mend = "Give the query as a plain string, or in a ```kusto block that the template loads by its name."
        yield context.finding(PUT_TOGETHER, line, "The query is known only at deployment; it was not checked.", mend)
    if not queries and context.deliverable == PLAN:
        mend = "Give each query in a ```kusto block under `## KQL queries`."
        yield context.finding(NO_QUERY, 1, "There is no query.", mend)
    if len(queries) > MAXIMUM_QUERIES:
        message = f"There are {len(queries)} queries; the first {MAXIMUM_QUERIES} are checked."
        yield context.finding(UNCHECKED, queries[MAXIMUM_QUERIES].line, message, "Keep to the queries that matter.")
    known = tables.azure_monitor() | {table.name: table for table in own}
    try:
        yield from _check_queries(context, queries[:MAXIMUM_QUERIES], known)
    except parser.ParserUnavailable as error:
        message = f"The {len(queries)} queries were not checked. The Kusto parser is not available: {error}."
        mend = "Install the app again, or run `python -m shared.checks.kusto.refresh` (see its documentation)."
        yield context.finding(UNCHECKED, queries[0].line, message, mend)


def _queries(text: str) -> tuple[list[_Query], list[int]]:
    """All queries, and the lines of those that nobody can read before they are deployed."""
    queries: list[_Query] = []
    unreadable: list[int] = []
    for fence in markdown.fences(text):
        if fence.language in LANGUAGES:
            queries.append(_Query(fence.content, fence.line + 1))
        for one in embedded_queries(fence, text):
            line = fence.line + 1 + one.line
            if one.text is None:
                unreadable.append(line)
            else:
                queries.append(_Query(one.text, line, one.spread))
    return queries, unreadable


def _declared_tables(context: Context) -> tuple[list[Table], list[Finding]]:
    found: dict[str, Table] = {}
    faults: list[Finding] = []
    for section in markdown.sections(context.text, level=3):
        heading = _DECLARATION.fullmatch(section.title)
        if not heading:
            continue
        name, columns = heading[1], list(_columns(section.body))
        if fault := _declaration_fault(name, columns, found):
            mend = "Give one table: column | type | meaning, with Kusto's types (string, datetime, long, ...)."
            faults.append(context.finding(DECLARATION, section.line, f"Table {name}: {fault}", mend))
        known = {
            column: kind if kind in tables.TYPES else "dynamic" for column, kind in columns if _NAME.fullmatch(column)
        }
        found.setdefault(name, tables.declared(name, tuple(known.items())))
    return list(found.values()), faults


def _columns(body: str) -> Iterator[tuple[str, str]]:
    """Name and type from the rows of the first Markdown table, its heading and ruler left out."""
    rows = 0
    for line in body.splitlines():
        if not line.lstrip().startswith("|"):
            if rows:
                return
            continue
        rows += 1
        cells = [cell.strip().strip("`").strip() for cell in line.strip().strip("|").split("|")]
        if rows > 2:
            kind = cells[1].lower() if len(cells) > 1 else ""
            yield cells[0], tables.ALIASES.get(kind, kind)


def _declaration_fault(name: str, columns: list[tuple[str, str]], found: dict[str, Table]) -> str | None:
    names = [column for column, _ in columns]
    if name in found or name in tables.azure_monitor():
        return "it is declared already."
    if not columns:
        return "no table of columns follows the heading."
    if wrong := next((column for column in names if not _NAME.fullmatch(column)), None):
        return f"{wrong[:60]!r} is no name of a column."
    if wrong := next((column for column in columns if column[1] not in tables.TYPES), None):
        return f"column {wrong[0]} has the type {wrong[1][:60]!r}."
    if len(set(names)) < len(names):
        return "a column stands there twice."
    return None


def _check_queries(context: Context, queries: list[_Query], known: dict[str, Table]) -> Iterator[Finding]:
    tables_known, end = tuple(known.values()), None
    for number, query in enumerate(queries):
        if end is not None and time.monotonic() > end:
            message = f"The last {len(queries) - number} queries were not checked; those before took too long."
            yield context.finding(UNCHECKED, query.line, message, "Simplify the queries.")
            return
        yield from _check_query(context, query, tables_known, known)
        end = end or time.monotonic() + MAXIMUM_SECONDS  # the first may have loaded the parser


def _check_query(
    context: Context, query: _Query, tables_known: tuple[Table, ...], known: dict[str, Table]
) -> Iterator[Finding]:
    if len(query.text) > MAXIMUM_CHARACTERS:
        message = f"The query has {len(query.text):,} characters; at most {MAXIMUM_CHARACTERS:,} are checked."
        yield context.finding(UNCHECKED, query.line, message, "Shorten the query.")
        return
    if _depth(query.text) > MAXIMUM_DEPTH:
        yield context.finding(UNCHECKED, query.line, "The query is nested too deeply.", "Use `let` lines.")
        return
    beginning = _COMMENTS.match(query.text)
    start = beginning.end() if beginning else 0
    if query.text[start : start + 1] in ("", ".", "#"):
        what = "holds no query" if start == len(query.text) else "is a management command"
        yield context.finding(NOT_A_QUERY, query.line, f"The block {what}.", "Write a query that reads a table.")
        return
    try:
        analysis = parser.analyse(query.text, tables_known)
    except parser.QueryRefused as error:
        message = f"The parser gave up on the query ({error})."
        yield context.finding(UNCHECKED, query.line, message, "Simplify the query.")
        return
    yield from _report(context, query, analysis.diagnostics, known)
    if not _is_broken(analysis.diagnostics):
        yield from _check_shape(context, query, analysis, known)


def _is_broken(diagnostics: Iterable[parser.Diagnostic]) -> bool:
    return any(_rule(one)[0] is SYNTAX for one in diagnostics)


def _depth(text: str) -> int:
    """How deeply brackets are nested, at most; those in strings count as well."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _report(
    context: Context, query: _Query, diagnostics: Sequence[parser.Diagnostic], known: dict[str, Table]
) -> Iterator[Finding]:
    """One finding for each place, the gravest; what merely follows from a graver fault before it is left out."""
    ranked = sorted((one.start, _rank(_rule(one)[0]), one) for one in diagnostics)
    first = {rank: start for start, rank, _ in reversed(ranked)}
    reported: set[int] = set()
    reserved: set[str] = set()
    for start, rank, one in ranked:
        if word := _RESERVED.search(one.message):
            if word[1] in reserved:
                continue
            reserved.add(word[1])
        follows = any(rank > graver and (graver == 0 or begin <= start) for graver, begin in first.items())
        if start in reported or follows:
            continue
        reported.add(start)
        rule, mend = _rule(one)
        if len(reported) > MAXIMUM_FINDINGS:
            message = f"There is more in the query than these {MAXIMUM_FINDINGS} findings."
            yield context.finding(rule, query.place(start)[0], message, "Correct these, then check again.")
            return
        line, column = query.place(start)
        hint = _hint(query, one, known) if rule in (UNKNOWN_TABLE, UNKNOWN_COLUMN) else ""
        message = one.message[:300].encode("utf-8", "replace").decode()  # it may quote half of a character
        yield context.finding(rule, line, f"{message} (line {line}, column {column}){hint}", mend)


def _rank(rule: Rule) -> int:
    """0 for what breaks the query, then what reads or calls nothing, then columns, then types and advice."""
    graver = ((SYNTAX,), (UNKNOWN_TABLE, UNKNOWN_FUNCTION, ELSEWHERE), (UNKNOWN_COLUMN,))
    return next((rank for rank, rules in enumerate(graver) if rule in rules), len(graver))


def _rule(diagnostic: parser.Diagnostic) -> tuple[Rule, str]:
    if diagnostic.code < "KS100" or diagnostic.code == "KS198":
        return SYNTAX, "Correct the query at that place."
    if diagnostic.code == "KS211" and any(f"'{name}'" in diagnostic.message for name in _ELSEWHERE):
        return ELSEWHERE, "Read a table of the workspace by its name alone."
    if word := _RESERVED.search(diagnostic.message):
        return SYNTAX, f"{word[1]} is a word of the language: write ['{word[1]}'], or give the column another name."
    if diagnostic.code in _BY_CODE:
        return _BY_CODE[diagnostic.code]
    if diagnostic.severity != "Error":
        return DOUBTFUL, "Follow the advice, or keep the query if it is meant."
    return WRONG_TYPE, "Convert the operand, for instance toint(ResultCode) or tostring(Properties.tenantId)."


def _hint(query: _Query, diagnostic: parser.Diagnostic, known: dict[str, Table]) -> str:
    """The nearest known name, for a name that is not."""
    _, quote, rest = diagnostic.message.partition("'")
    name = rest.partition("'")[0] if quote else ""
    if diagnostic.code == "KS142" and (successor := _CLASSIC_COLUMNS.get(name.lower())):
        return f"; it is classic Application Insights, in a workspace it is {successor}"
    named = [known[word] for word in dict.fromkeys(_WORD.findall(query.text)) if word in known]
    candidates = list(known) if diagnostic.code == "KS204" else [name for table in named for name, _ in table.columns]
    spellings = {candidate.lower(): candidate for candidate in candidates if candidate != name}
    close = difflib.get_close_matches(name[:100].lower(), spellings, n=1)
    return f"; did you mean {spellings[close[0]]}?" if close else ""


def _check_shape(
    context: Context, query: _Query, analysis: parser.Analysis, known: dict[str, Table]
) -> Iterator[Finding]:
    if not analysis.expressions:
        yield context.finding(NOT_A_QUERY, query.line, "The query only defines names.", "End it with an expression.")
    if len(analysis.expressions) > 1:
        line, _ = query.place(analysis.expressions[1])
        message = f"There are {len(analysis.expressions)} queries in one block."
        yield context.finding(NOT_A_QUERY, line, message, "Give each query a block of its own.")
    for start, name in {name: (start, name) for start, name in reversed(analysis.tables)}.values():
        if successor := known[name].successor if name in known else None:
            message, mend = f"{name} is a table of classic Application Insights.", f"Read {successor} and its columns."
            yield context.finding(CLASSIC, query.place(start)[0], message, mend)
