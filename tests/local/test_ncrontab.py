"""Timer schedules."""

from datetime import UTC, datetime

import pytest

from local.errors import AppError
from local.ncrontab import parse
from local.timer_trigger import resolve

START = datetime(2026, 11, 22, 8, 4, 59, 500_000, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("0 */5 * * * *", "2026-11-22T08:05:00"),
        ("*/5 * * * *", "2026-11-22T08:05:00"),
        ("* * * * * *", "2026-11-22T08:05:00"),
        ("30 4 8 * * *", "2026-11-23T08:04:30"),
        ("0 0 9-17/4 * * Mon-Fri", "2026-11-23T09:00:00"),
        ("0 30 9 1 Jan,Jul *", "2027-01-01T09:30:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("0 0 12 * * 7", "2026-11-22T12:00:00"),
        ("15,45 10/20 23 * * 0", "2026-11-22T23:10:15"),
    ],
)
def test_a_schedule_comes_due_at_the_next_matching_second(schedule: str, due: str) -> None:
    assert parse(schedule).next_after(START) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_the_moment_itself_is_not_the_next_one() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert parse("0 0 12 * * *").next_after(noon).day == 23


def test_the_last_second_of_an_hour_is_not_missed() -> None:
    moment = datetime(2026, 11, 22, 8, 59, 58, 900_000, tzinfo=UTC)
    assert parse("* * * * * *").next_after(moment).second == 59


@pytest.mark.parametrize(
    "schedule", ["", "* * *", "60 * * * * *", "0 0 0 0 * *", "*/0 * * * * *", "5-1 * * * * *", "x * * * * *"]
)
def test_a_schedule_that_means_nothing_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|within"):
        parse(schedule)


def test_a_schedule_that_never_comes_due_says_so() -> None:
    with pytest.raises(ValueError, match="never"):
        parse("0 0 0 30 2 *").next_after(START)


def test_a_setting_in_a_binding_is_replaced_and_a_missing_one_is_named() -> None:
    assert resolve("%SWEEP%", {"SWEEP": "0 */5 * * * *"}) == "0 */5 * * * *"
    with pytest.raises(AppError, match="'SWEEP'"):
        resolve("%SWEEP%", {})
