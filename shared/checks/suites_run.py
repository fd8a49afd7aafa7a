"""The suites and where they run: what they read is given and listed, with the values that they were written for."""

import re
from collections.abc import Iterator

from shared.checks import Pack
from shared.checks.pack_model import delivery_of, documents_of, model_of, python_of
from shared.checks.suite_examples import EXAMPLES
from shared.contracts import Finding, Rule, found
from shared.pack import Reference, Settings
from shared.pack.model import (
    ARCHITECTURE,
    CSHARP_SAMPLE,
    DELIVERY,
    PYTHON_SAMPLE,
    TESTS,
    PackModel,
    SuiteEnvironment,
    values_given,
)
from shared.pack.model.python_packages import Packages, brought, normalised

NOT_GIVEN = Rule(
    "REF-076", "warning", "A test that skips itself where a variable is not set proves nothing in the pipeline.",
    proves="A suite reads a variable without a value to fall back on, and the pipeline's document does not name it.",
    leaves="Variables with a default, and those of stub servers.",
    bad=EXAMPLES["REF-076"].bad, good=EXAMPLES["REF-076"].good,
)  # fmt: skip
NOT_LISTED = Rule(
    "REF-077", "warning", "Who runs the suites elsewhere sets what the table of variables lists, and nothing else.",
    proves="A suite reads a variable that the test specification's table of variables, where it has one, leaves out.",
    leaves="Specifications without such a table, and variables of stub servers.",
    bad=EXAMPLES["REF-077"].bad, good=EXAMPLES["REF-077"].good,
)  # fmt: skip
OTHER_VALUE = Rule(
    "REF-078", "warning", "A suite that was written for one value of a setting fails, or skips, under another.",
    proves="The test specification gives a variable a number or a boolean, the pipeline gives it others, and not that.",
    leaves="Texts, and values that code computes.",
    bad=EXAMPLES["REF-078"].bad, good=EXAMPLES["REF-078"].good,
)  # fmt: skip
COMMAND_NOT_INSTALLED = Rule(
    "REF-080", "warning", "A test that starts a program which is not installed fails before it tests anything.",
    proves="A test starts a Python program by name; neither the suites' requirements nor a step installs its package.",
    leaves="Programs that are not known to come with a Python package of their name.",
    bad=EXAMPLES["REF-080"].bad, good=EXAMPLES["REF-080"].good,
)  # fmt: skip
SETTING_UNUSED = Rule(
    "REF-081", "warning", "A setting that no code reads changes nothing, whatever an operator sets.",
    proves="A pydantic settings class of the sample has a field that no code of the pack reads as an attribute.",
    leaves="Classes that are dumped as a whole; parts that the sample does not show.",
    bad=EXAMPLES["REF-081"].bad, good=EXAMPLES["REF-081"].good,
)  # fmt: skip
PROGRAMS = frozenset({"alembic", "celery", "gunicorn", "hypercorn", "locust", "pytest", "schemathesis", "uvicorn"})
"""Programs that the Python package of the same name brings."""
SETTING_UNKNOWN = Rule(
    "REF-086", "warning", "Who operates the service sets what the architecture lists, and nothing else.",
    proves="A table of settings of the sample has a name in capitals that the architecture has nowhere, while it has "
    "most of the others.",
    leaves="Samples without such a table, and names that Azure or a runtime gives.",
    bad=EXAMPLES["REF-086"].bad, good=EXAMPLES["REF-086"].good,
)  # fmt: skip
RULES = (NOT_GIVEN, NOT_LISTED, OTHER_VALUE, COMMAND_NOT_INSTALLED, SETTING_UNUSED, SETTING_UNKNOWN)


def check(pack: Pack) -> Iterator[Finding | Reference]:
    """One finding for each variable, or for all that a table leaves out."""
    suites = SuiteEnvironment(documents_of(pack), python_of(pack))
    yield from _variables(suites)
    yield from _values(suites)
    yield from _commands(suites)
    yield from _settings(Settings(delivery_of(pack), python_of(pack)))
    yield from _unknown_settings(model_of(pack))


def _variables(suites: SuiteEnvironment) -> Iterator[Finding | Reference]:
    delivery = suites.documents.get(DELIVERY)
    left_out = [read for read in suites.variables if suites.listed is not None and read.name not in suites.listed]
    for read in suites.variables:
        if delivery is None or read.has_default or read.is_required:
            continue
        is_named = read.name in delivery.text
        yield Reference("suite variable", read.name, TESTS, read.line, "resolved" if is_named else "missing", read.path)
        if not is_named:
            message = f"{read.path} reads {read.name}, has no value without it, and no step of the pipeline gives it."
            mend = "Give it in the step that runs this suite, or give the test a default."
            yield found(NOT_GIVEN, TESTS, read.line, message, mend)
    if left_out:
        names = ", ".join(read.name for read in left_out[:12])
        message = (
            f"The suites read {names}; the table of variables does not list {'it' if len(left_out) == 1 else 'them'}."
        )
        yield found(NOT_LISTED, TESTS, left_out[0].line, message, "List each with its meaning and who gives it.")


def _values(suites: SuiteEnvironment) -> Iterator[Finding]:
    tests, delivery = suites.documents.get(TESTS), suites.documents.get(DELIVERY)
    if tests is None or delivery is None:
        return
    given = values_given(delivery)
    for name, wanted in values_given(tests).items():
        if name in given and not wanted.keys() & given[name].keys():
            value, line = next(iter(given[name].items()))
            written, where = next(iter(wanted.items()))
            message = f"{name} is {value} here and {written} in the test specification (line {where})."
            yield found(
                OTHER_VALUE, DELIVERY, line, message, "Start the service with the value that the suites expect."
            )


def _commands(suites: SuiteEnvironment) -> Iterator[Finding]:
    packages = Packages(suites.documents)
    for command in suites.commands:
        name = normalised(command.program)
        own = [each for each in packages.declarations if each.path == packages.governing(command.path)]
        have = {each.name for each in own} | {one for each in own for one in brought(each)} | packages.installed
        if own and name in PROGRAMS and name not in have:
            message = f"{command.path} starts {command.program}; {own[0].path} does not install it."
            yield found(COMMAND_NOT_INSTALLED, TESTS, command.line, message, f"Add {name} to {own[0].path}.")


def _unknown_settings(model: PackModel) -> Iterator[Finding]:
    architecture = model.documents.get(ARCHITECTURE)
    for document in (model.documents.get(PYTHON_SAMPLE), model.documents.get(CSHARP_SAMPLE)):
        tables = [table for table in document.tables if table.has("setting")] if document else []
        names = {
            name: row.line
            for table in tables
            for row in table.rows
            for name in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", next(iter(row.cells.values()), ""))
        }
        unknown = [name for name in names if architecture and not re.search(rf"\b{name}\b", architecture.text)]
        if unknown and document and len(unknown) * 2 < len(names):
            message = f"The sample has the settings {', '.join(unknown)}, which the architecture does not have."
            mend = "Use the architecture's names, or have it list these."
            yield found(SETTING_UNKNOWN, document.name, names[unknown[0]], message, mend)


def _settings(settings: Settings) -> Iterator[Finding]:
    unused = settings.unread_fields
    if unused:
        names = ", ".join(read.name for read in unused)
        message = f"The sample declares the settings {names}, and no code reads them."
        document, line = unused[0].document, unused[0].line
        yield found(SETTING_UNUSED, document, line, message, "Use them where the design says, or leave them out.")
