"""Reads SQL with sqlglot, in the dialect of the datastore.

What the parser does not know of a dialect is blanked out or rewritten, in place and at the same length; see `_OLDER`.
"""

import logging
import re
from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from shared.checks.languages import Fault, Unread, refuse_long

if TYPE_CHECKING:
    from types import ModuleType

MAXIMUM_CHARACTERS = 60_000
DIALECTS = ("postgres", "tsql", "mysql")
_DIALECT_OF = {
    "postgres": "postgres", "postgresql": "postgres", "timescaledb": "postgres", "cockroachdb": "postgres",
    "sqlserver": "tsql", "mssql": "tsql", "azuresql": "tsql", "tsql": "tsql",
    "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "oracle": "oracle",
}  # fmt: skip
_OBJECTS = frozenset({
    "AGGREGATE", "CAST", "CATALOG", "COLLATION", "COLUMN", "CONVERSION", "DATABASE", "DOMAIN", "EVENT", "EXTENSION",
    "EXTERNAL", "FOREIGN", "FULLTEXT", "FUNCTION", "GROUP", "INDEX", "LANGUAGE", "LOGIN", "MATERIALIZED", "OPERATOR",
    "PARTITION", "POLICY", "PROCEDURE", "PUBLICATION", "ROLE", "RULE", "SCHEMA", "SECURITY", "SEQUENCE", "SERVER",
    "STATISTICS", "SUBSCRIPTION", "SYNONYM", "TABLE", "TABLESPACE", "TEXT", "TRIGGER", "TYPE", "USER", "VIEW", "XML",
})  # fmt: skip
"""What CREATE, ALTER and DROP work on."""
_OLDER = {
    "tsql": (
        (re.compile(r"(?<=[\w\s])[-+*/%&|^](?==\s{0,9}[^=\s])"), " "),  # SET @n += 1
        (re.compile(r"(?<=\bDELETE|\bUPDATE)\s{1,9}TOP\s{0,9}\([^()]{1,60}\)", re.IGNORECASE), " "),
        (
            re.compile(
                r"\bOUTPUT\s{1,9}(?:inserted|deleted)\.[^;]{1,400}?(?=\b(?:WHERE|FROM|VALUES|INTO)\b|;|$)", re.I
            ),
            " ",
        ),
        (re.compile(r"\b(?:NON)?CLUSTERED(?=\s{0,9}[,)])", re.IGNORECASE), " "),
        (re.compile(r"(?<=[\w)]) SPARSE(?=\s{1,9}(?:NULL|,))", re.IGNORECASE), " "),
        (re.compile(r"\bBEGIN (?:TRY|CATCH)\b;?", re.IGNORECASE), " "),
        (re.compile(r"\bEND (?:TRY|CATCH)\b;?", re.IGNORECASE), ";"),
        (re.compile(r"\bTHROW\s{1,9}\d{1,9}\s{0,9},[^;\n]{1,400}?,\s{0,9}\d{1,3}(?=\s{0,9};)", re.IGNORECASE), "THROW"),
        (re.compile(r"\bSAVE TRAN(?:SACTION)? \w{1,60}", re.IGNORECASE), " "),
    ),
    "postgres": (
        (re.compile(r"(?<=\)) VIRTUAL\b", re.IGNORECASE), " STORED"),
        (re.compile(r" WITHOUT OVERLAPS\b", re.IGNORECASE), " "),
        (
            re.compile(
                r"(?:^|(?<=;))\s{0,9}(?:UN)?(?:LISTEN|NOTIFY)\s{1,9}\w{1,60}(?:\s{0,9},\s{0,9}'[^']{0,400}')?(?=\s{0,9};)",
                re.I | re.M,
            ),
            " ",
        ),
    ),
}
"""By dialect: what the parser does not know, and what it is shown instead, filled up with spaces to the same length."""
_SINGLE_WORDS = frozenset({"THROW", "BREAK", "CONTINUE", "RETURN", "CHECKPOINT", "RECONFIGURE", "REVERT"})
"""Whole statements of T-SQL that the parser takes for the name of a column."""
_BATCH_END = re.compile(r"^[ \t]*GO[ \t]*$", re.MULTILINE | re.IGNORECASE)


def dialects(name: str | None) -> tuple[str, ...]:
    """The dialects a block may be in, by the datastore or fence tag `name`; all the usual ones where it says none."""
    known = _DIALECT_OF.get(re.sub(r"[^a-z]", "", (name or "").lower()))
    return (known,) if known else DIALECTS


def faults(source: str, allowed: tuple[str, ...]) -> Iterator[Fault]:
    """The first fault of `source` in the dialect that reads it best; nothing if one of them reads it all."""
    refuse_long(source, MAXIMUM_CHARACTERS)
    first = [fault for dialect in allowed if (fault := _fault(_older(source, dialect), dialect)) is not None]
    if len(first) == len(allowed):
        yield max(first, key=lambda fault: fault.line)


def passed_over(source: str, allowed: tuple[str, ...]) -> Iterator[Fault]:
    """Statements of a block without faults that the parser knows by their first word alone."""
    read = ((dialect, _older(source, dialect)) for dialect in allowed)
    dialect, source = next((dialect, text) for dialect, text in read if _fault(text, dialect) is None)
    words = [" ".join(_words(statement)[:3]) for statement in _statements(source, dialect) if _is_command(statement)]
    if words:
        yield Fault(1, f"the parser knows only the first words of: {', '.join(dict.fromkeys(words))[:200]}")


def _older(source: str, dialect: str) -> str:
    for unknown, instead in _OLDER.get(dialect, ()):
        source = unknown.sub(partial(_in_place, instead), source)
    return source


def _in_place(instead: str, found: re.Match[str]) -> str:
    """`instead`, as long as what it replaces and with its line breaks."""
    blank = re.sub(r"[^\n]", " ", found[0])
    return instead + blank[len(instead) :]


@cache
def _sqlglot() -> "ModuleType":
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what `passed_over` reports
    return sqlglot


def _statements(source: str, dialect: str) -> list[Any]:
    if dialect == "tsql":
        source = _BATCH_END.sub(";", source)
    return [statement for statement in _sqlglot().parse(source, read=dialect) if statement is not None]


def _fault(source: str, dialect: str) -> Fault | None:
    errors = _sqlglot().errors
    try:
        comma = _lost_comma(source, dialect)
        statements = _statements(source, dialect)
    except errors.ParseError as error:
        first = cast(list[dict[str, Any]], error.errors)[0] if error.errors else {}
        what = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", str(first.get("description") or "it does not parse"))
        what = re.sub(r"<Token token_type: [^,]*, text: (.*?), line: .*", r"\1", what)
        return Fault(int(first.get("line") or 1), f"{what[:200]} (column {first.get('col') or 1})")
    except errors.TokenError:
        return Fault(1, "a string, name or comment is not closed")
    except RecursionError:
        raise Unread("it is nested too deeply") from None
    return comma or next((fault for statement in statements if (fault := _no_statement(statement, dialect))), None)


def _lost_comma(source: str, dialect: str) -> Fault | None:
    """A comma with nothing before or after it, which the parser forgives and databases do not."""
    kinds = _sqlglot().tokens.TokenType
    tokens: list[Any] = list(_sqlglot().tokenize(source, read=dialect))
    closing = (kinds.COMMA, kinds.R_PAREN, kinds.FROM, kinds.WHERE, kinds.SEMICOLON)
    for before, token in pairwise([*tokens, cast(Any, None)]):
        follows = token is None or token.token_type in closing
        if before.token_type == kinds.COMMA and follows:
            return Fault(before.line, f"nothing follows a comma (column {before.col})")
        if before.token_type == kinds.L_PAREN and token is not None and token.token_type == kinds.COMMA:
            return Fault(token.line, f"nothing precedes a comma (column {token.col})")
    return None


def _no_statement(statement: Any, dialect: str) -> Fault | None:
    """What the parser takes without complaint and no database does: a bare expression, CREATE of no known object."""
    expressions = _sqlglot().exp
    if dialect == "tsql" and str(statement).upper() in _SINGLE_WORDS:
        return None
    if isinstance(statement, expressions.Alias | expressions.Condition):
        return Fault(1, f"{str(statement)[:60]!r} is no statement")
    words = _words(statement) if _is_command(statement) else []
    if dialect in ("postgres", "tsql") and any(word.startswith("`") for word in words):
        return Fault(1, f"{' '.join(words[:3])!r} quotes a name as only MySQL does")
    if words[:1] and words[0] in ("CREATE", "ALTER", "DROP") and _OBJECTS.isdisjoint(words[:8]):
        return Fault(1, f"{' '.join(words[:3])!r} is no statement")
    return None


def _is_command(statement: Any) -> bool:
    return isinstance(statement, _sqlglot().exp.Command)


def _words(command: Any) -> list[str]:
    return f"{command.this} {command.expression or ''}"[:500].upper().split()
