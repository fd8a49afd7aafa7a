"""NCRONTAB schedules: six fields (second minute hour day month weekday), or five without the second. Pure.

Each field is `*`, a number, a range `1-5`, a list `1,3` or a step `*/5`, `10-40/10`; months and weekdays also by
their first three English letters; weekday 0 is Sunday. Day and weekday must both match, as in NCRONTAB.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HORIZON_DAYS = 366 * 8


@dataclass(frozen=True)
class Schedule:
    """The allowed values of each field."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime:
        """The first moment of the schedule that is later. Raises ValueError when there is none, as for 30 February."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for offset in range(_HORIZON_DAYS):
            candidate = day + timedelta(days=offset)
            if self._has_day(candidate):
                found = self._first_time(candidate, moment)
                if found:
                    return found
        raise ValueError("the schedule never comes due")

    def _has_day(self, day: datetime) -> bool:
        weekday = (day.weekday() + 1) % 7
        return day.day in self.days and day.month in self.months and weekday in self.weekdays

    def _first_time(self, day: datetime, moment: datetime) -> datetime | None:
        for hour in sorted(self.hours):
            if day.replace(hour=hour, minute=59, second=59) <= moment:
                continue
            for minute in sorted(self.minutes):
                for second in sorted(self.seconds):
                    candidate = day.replace(hour=hour, minute=minute, second=second)
                    if candidate > moment:
                        return candidate
        return None


def parse(text: str) -> Schedule:
    """A schedule from its text. Raises ValueError that names the field at fault."""
    fields = text.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ValueError(f"{text!r} is not a schedule: it needs five or six fields")
    names: tuple[tuple[str, ...], ...] = ((), (), (), (), _MONTHS, _WEEKDAYS)
    return Schedule(*(_values(*field) for field in zip(fields, _RANGES, names, strict=True)))


def _values(field: str, bounds: tuple[int, int], names: tuple[str, ...]) -> frozenset[int]:
    values: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*":
            first, last = bounds
        else:
            first = _number(low, bounds, names)
            last = _number(high, bounds, names) if high else (bounds[1] if step else first)
        if first > last or (step and (not step.isdigit() or int(step) == 0)):
            raise ValueError(f"{part!r} is not a range of a schedule")
        values.update(range(first, last + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str, bounds: tuple[int, int], names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + bounds[0]
    if text == "7" and names is _WEEKDAYS:
        return 0
    if not text.isdigit() or not bounds[0] <= int(text) <= bounds[1]:
        raise ValueError(f"{text!r} is not within {bounds[0]} to {bounds[1]}")
    return int(text)
