"""Tables that SQL creates: their columns with types, told from `CREATE TABLE` alone, in any dialect. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.pack.model.documents import LARGEST_BLOCK

_CREATE = re.compile(
    r"\bCREATE\s{1,9}TABLE\s{1,9}(?:IF\s{1,9}NOT\s{1,9}EXISTS\s{1,9})?"
    r"((?:[\w$]{1,100}|\"[^\"\n]{1,100}\"|\[[^\]\n]{1,100}\]|`[^`\n]{1,100}`)"
    r"(?:\.(?:[\w$]{1,100}|\"[^\"\n]{1,100}\"|\[[^\]\n]{1,100}\]|`[^`\n]{1,100}`)){0,2})\s{0,9}\(",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    r"\s*(\"[^\"\n]{1,100}\"|\[[^\]\n]{1,100}\]|`[^`\n]{1,100}`|[A-Za-z_][\w$]{0,100})\s{1,20}"
    r"([A-Za-z][\w ]{0,60}(?:\([^()]{0,40}\))?)"
)
_NO_COLUMN = frozenset(
    {"constraint", "primary", "unique", "foreign", "check", "index", "key", "exclude", "period", "like", "fulltext"}
)


@dataclass(frozen=True)
class Column:
    """A column: its name without quotes, whether quotes keep its case, and its type in lower case."""

    name: str
    is_quoted: bool
    type: str


@dataclass(frozen=True)
class SqlTable:
    """A table: its name without schema and quotes, its columns in order, its line within the source (1-based)."""

    name: str
    is_quoted: bool
    columns: tuple[Column, ...]
    line: int


def created_tables(sql: str) -> Iterator[SqlTable]:
    """Every table that `sql` creates with a list of columns."""
    sql = re.sub(r"--[^\n]*", lambda match: " " * len(match[0]), sql[:LARGEST_BLOCK])
    for match in _CREATE.finditer(sql):
        parts = _parts(sql, match.end())
        name = match[1].rpartition(".")[2]
        columns = tuple(column for part in parts if (column := _column(part)))
        if columns:
            yield SqlTable(_bare(name), name[:1] in '"`[', columns, sql.count("\n", 0, match.start()) + 1)


def _parts(sql: str, start: int) -> list[str]:
    """The comma-separated parts up to the bracket that closes."""
    depth, begin, parts = 1, start, list[str]()
    quote = ""
    for place in range(start, min(len(sql), start + 50_000)):
        mark = sql[place]
        if quote:
            quote = "" if mark == quote else quote
        elif mark == "'":
            quote = mark
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0:
                return [*parts, sql[begin:place]]
        elif mark == "," and depth == 1:
            parts.append(sql[begin:place])
            begin = place + 1
    return []


def _column(part: str) -> Column | None:
    match = _COLUMN.match(part)
    if match is None or match[1].lower() in _NO_COLUMN:
        return None
    return Column(_bare(match[1]), match[1][:1] in '"`[', " ".join(match[2].lower().split()))


def _bare(name: str) -> str:
    return name.strip('"`[]')
