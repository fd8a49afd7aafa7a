"""The worker's log: one line a record, with the fields that the app gave it."""

import logging

from local.worker import Line


def line_of(**fields: object) -> str:
    record = logging.makeLogRecord({"name": "app", "levelname": "INFO", "msg": "%s ok", "args": ("done",), **fields})
    return Line("%(levelname)s %(name)s: %(message)s").format(record)


def test_the_fields_of_a_record_end_its_line():
    assert line_of(run_id="r-1", agent="system-architect") == "INFO app: done ok run_id=r-1 agent=system-architect"


def test_a_record_without_fields_is_its_message():
    assert line_of() == "INFO app: done ok"


def test_fields_stand_before_the_stack():
    try:
        raise OSError("disk full")
    except OSError as error:
        text = line_of(run_id="r-1", exc_info=(type(error), error, error.__traceback__))
    assert text.startswith("INFO app: done ok run_id=r-1\nTraceback")
