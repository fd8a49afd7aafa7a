"""Log fields and events: the observability plan, its queries and the code that logs use the same names."""

from collections.abc import Iterable, Iterator

from shared.checks import Pack
from shared.checks.pack_model import documents_of, python_of
from shared.checks.telemetry_examples import EXAMPLES
from shared.contracts import Finding, Rule, found
from shared.pack import Reference
from shared.pack.model import CSHARP_SAMPLE, OBSERVABILITY, LogFormatter, Telemetry

MOST_NAMES = 12
LEAST_SHARED = 6
"""Letters that two names begin with for one to be told as near the other."""
FIELD_CASE = Rule(
    "REF-070", "error", "Keys of log records are case-sensitive: a query that writes one otherwise reads nothing.",
    proves="A query reads `Properties.entityId`; message templates of the C# sample write `{EntityId}`, and nothing "
    "in it gives the key as the query writes it.",
    leaves="Python; keys that are made at run time.",
    bad=EXAMPLES["REF-070"].bad, good=EXAMPLES["REF-070"].good,
)  # fmt: skip
FIELD_DROPPED = Rule(
    "REF-071", "warning", "A field that the log formatter does not let through is in no record.",
    proves="A log formatter writes the fields of a fixed list; the plan puts a field into `Properties`, or gives it to "
    "an event, that the list does not have.",
    leaves="Formatters that write every field; exporters that take fields past the formatter.",
    bad=EXAMPLES["REF-071"].bad, good=EXAMPLES["REF-071"].good,
)  # fmt: skip
FIELD_NOT_GIVEN = Rule(
    "REF-072", "warning", "A field that no code gives is empty in every record, and so is what queries group by it.",
    proves="The plan puts a field into `Properties` and the formatter lets it through; no code of the sample has its "
    "name as text, keyword or attribute.",
    leaves="Samples without such a formatter; names that are made at run time; parts that the sample does not show.",
    bad=EXAMPLES["REF-072"].bad, good=EXAMPLES["REF-072"].good,
)  # fmt: skip
EVENT_UNPLANNED = Rule(
    "REF-073", "warning", "An event that the plan does not list is in no query and no alert.",
    proves="Code logs an event by a literal name, and the plan's table of events, where it has one, does not list it.",
    leaves="Names that are made at run time, records without an event's name, and tests.",
    bad=EXAMPLES["REF-073"].bad, good=EXAMPLES["REF-073"].good,
)  # fmt: skip
EVENT_LEVEL = Rule(
    "REF-074", "warning", "An alert on a level does not see an event that code logs at another.",
    proves="Code logs an event at a level that the plan's row for it does not have.",
    leaves="Levels that are computed, and rows without one.",
    bad=EXAMPLES["REF-074"].bad, good=EXAMPLES["REF-074"].good,
)  # fmt: skip
FIELD_UNKNOWN = Rule(
    "REF-075", "warning", "A query that reads a field nobody speaks of finds nothing.",
    proves="A query reads a key of `Properties` that stands nowhere in the pack but in queries.",
    leaves="Keys that the platform writes cannot be told from others: see whether it is one.",
    bad=EXAMPLES["REF-075"].bad, good=EXAMPLES["REF-075"].good,
)  # fmt: skip
RULES = (FIELD_CASE, FIELD_DROPPED, FIELD_NOT_GIVEN, EVENT_UNPLANNED, EVENT_LEVEL, FIELD_UNKNOWN)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """One finding for each rule and place, with all names that it holds for."""
    telemetry = Telemetry(documents_of(pack), python_of(pack))
    yield from _queries(telemetry)
    for formatter in telemetry.formatters:
        yield from _formatter(telemetry, formatter)
    yield from _events(telemetry)


def _queries(telemetry: Telemetry) -> Iterator[Finding | Reference]:
    written = {name.lower(): name for name in telemetry.placeholders}
    other: dict[str, str] = {}
    unknown: dict[str, int] = {}
    queries: dict[str, str] = {}
    for read in telemetry.reads:
        is_named = telemetry.is_named(read.name)
        yield Reference(
            "log field", read.name, read.document, read.line, "resolved" if is_named else "missing", read.query
        )
        queries.setdefault(read.name, read.query)
        template = written.get(read.name.lower())
        if template and read.name not in telemetry.placeholders and not telemetry.has_literal(read.name):
            other.setdefault(read.name, template)
        if not is_named:
            unknown.setdefault(read.name, read.line)
    if other:
        pairs = _listed(f"{name} ({template} in the code)" for name, template in other.items())
        line = min(telemetry.placeholders[template][1] for template in other.values())
        message = f"Queries read these fields, which the sample logs under names in other case: {pairs}."
        yield found(FIELD_CASE, CSHARP_SAMPLE, line, message, "Write the placeholders as the queries read them.")
    for name, line in unknown.items():
        message = f"{queries[name]} reads the field {name}, which nothing else in the pack names."
        mend = "Have it written and list it among the fields, or read one that is there."
        yield found(FIELD_UNKNOWN, OBSERVABILITY, line, message, mend)


def _formatter(telemetry: Telemetry, formatter: LogFormatter) -> Iterator[Finding]:
    planned = dict(telemetry.planned_fields)
    for event in telemetry.planned_events:
        for name in event.fields:
            planned.setdefault(name, event.line)
    if dropped := [name for name in planned if name not in formatter.fields]:
        names = _listed(_with_near(name, formatter.fields) for name in dropped)
        message = f"{formatter.list_name} lets none of these fields of the plan into the log: {names}."
        mend = "Add them to the list, or take them out of the plan."
        yield found(FIELD_DROPPED, formatter.document, formatter.line, message, mend)
    let_through = [name for name in telemetry.planned_fields if name in formatter.fields]
    if absent := [name for name in let_through if not telemetry.is_given(name, formatter)]:
        message = (
            f"{formatter.list_name} lets these fields through, and no code of the sample gives them: {_listed(absent)}."
        )
        mend = "Give them where records are written, in a filter or as `extra`."
        yield found(FIELD_NOT_GIVEN, formatter.document, formatter.line, message, mend)


def _events(telemetry: Telemetry) -> Iterator[Finding | Reference]:
    planned = {event.name: event for event in telemetry.planned_events}
    if not planned:
        return
    said: set[str] = set()
    for logged in telemetry.logged:
        event = planned.get(logged.name)
        yield Reference("log event", logged.name, logged.document, logged.line, "resolved" if event else "missing")
        if logged.name in said:
            continue
        if event is None:
            said.add(logged.name)
            message = f"The event {logged.name} is logged, and the plan's table of events does not list it."
            mend = "Log the event that the plan has for this, or list this one."
            yield found(EVENT_UNPLANNED, logged.document, logged.line, message, mend)
        elif logged.level and event.levels and logged.level not in event.levels:
            said.add(logged.name)
            levels = " or ".join(sorted(event.levels))
            message = f"{logged.name} is logged at {logged.level}; in the plan it is {levels} (line {event.line})."
            yield found(EVENT_LEVEL, logged.document, logged.line, message, "Use one level in both.")


def _with_near(name: str, fields: frozenset[str]) -> str:
    near = next((each for each in sorted(fields) if _is_near(each, name)), None)
    return f"{name} (it has {near})" if near else name


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - MOST_NAMES
    return ", ".join(every[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _is_near(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= LEAST_SHARED and (one.startswith(other) or other.startswith(one))
