"""Code blocks of every language but the ones with a check of their own: each parses, and Python tests can run.

What is no file of its own, that is, has no line with its path before it, is read as a fragment: it may be a member
without its class, or several XML elements. Kusto and Mermaid have their own checks; OpenAPI and pipelines are read
here as YAML only.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from shared.checks import Context
from shared.checks.languages import Fault, Unread, data, python, sql, trees
from shared.contracts import Finding, Rule
from shared.formats import markdown

PYTHON = Rule("COD-001", "error", "Python that does not compile cannot be run or tested.")
CSHARP = Rule("COD-002", "error", "C# that does not parse cannot be built.")
BICEP = Rule("COD-003", "error", "Bicep that does not parse cannot be deployed.")
DOCKERFILE = Rule("COD-004", "error", "A Dockerfile that does not parse builds no image.")
SHELL = Rule("COD-005", "error", "A script that does not parse stops where it is needed.")
HCL = Rule("COD-006", "error", "Terraform that does not parse cannot be planned.")
SQL = Rule("COD-007", "error", "SQL that the chosen datastore does not accept cannot be migrated or run.")
JSON = Rule("COD-008", "error", "Invalid JSON, or a key given twice, is refused or read differently by each reader.")
YAML = Rule("COD-009", "error", "Invalid YAML, or a key given twice, is refused or read differently by each reader.")
TOML = Rule("COD-010", "error", "Invalid TOML configures nothing.")
XML = Rule("COD-011", "error", "XML must be well-formed, and entities of its own make it unsafe to read.")
UNKNOWN_LANGUAGE = Rule("COD-012", "warning", "Nothing here reads the language, so nothing is known of the block.")
NOT_COLLECTED = Rule("COD-013", "error", "A test that pytest does not collect never fails.")
DUPLICATE_TEST = Rule("COD-014", "error", "Of two tests with one name in one place only the last runs.")
NO_ASSERTION = Rule("COD-015", "error", "A test that asserts nothing passes whatever happens.")
UNCHECKED = Rule("COD-016", "error", "A block that nothing has read has not passed.")
PASSED_OVER = Rule("COD-017", "warning", "Statements beyond the parser's knowledge were not checked.")
EMPTY = Rule("COD-018", "error", "An empty block promises what it does not hold.")
RULES = (
    PYTHON, CSHARP, BICEP, DOCKERFILE, SHELL, HCL, SQL, JSON, YAML, TOML, XML, UNKNOWN_LANGUAGE, NOT_COLLECTED,
    DUPLICATE_TEST, NO_ASSERTION, UNCHECKED, PASSED_OVER, EMPTY,
)  # fmt: skip

OTHERS = frozenset({"kusto", "kql", "mermaid"})
"""Languages with a check of their own."""
PROSE = frozenset({"text", "txt", "plaintext", "http"})
"""What is shown, not parsed."""
MAXIMUM_BLOCKS = 400
MAXIMUM_SECONDS = 30.0
"""For the blocks of one document."""
MAXIMUM_TEST_FINDINGS = 20
"""For one block; that there are more is said in a last one."""

_PATH = re.compile(r"\s{0,9}\*\*`([^`\n]{1,300})`\*\*:?\s*")
_PYTHON_TAGS = frozenset({"python", "py", "python3"})


@dataclass(frozen=True)
class _Block:
    """A fenced block, the path its document gives it if it is a whole file, and the dialects its SQL may be in."""

    fence: markdown.Fence
    path: str | None
    dialects: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.fence.content


type Reader = Callable[[_Block], Iterator[Fault]]


def _tree(language: str, block: _Block) -> Iterator[Fault]:
    return trees.faults(language, block.source)


_READERS: dict[str, tuple[Rule, Reader]] = {
    **dict.fromkeys(("csharp", "cs", "c#"), (CSHARP, partial(_tree, "csharp"))),
    **dict.fromkeys(("bicep", "bicepparam", "bicep-params"), (BICEP, partial(_tree, "bicep"))),
    **dict.fromkeys(("dockerfile", "docker", "containerfile"), (DOCKERFILE, partial(_tree, "dockerfile"))),
    **dict.fromkeys(("bash", "sh", "shell"), (SHELL, partial(_tree, "bash"))),
    **dict.fromkeys(("hcl", "terraform", "tf"), (HCL, partial(_tree, "hcl"))),
    **dict.fromkeys(
        ("sql", "postgresql", "postgres", "tsql", "mysql", "sqlite"),
        (SQL, lambda block: sql.faults(block.source, block.dialects)),
    ),
    "json": (JSON, lambda block: data.json_faults(block.source)),
    **dict.fromkeys(("yaml", "yml"), (YAML, lambda block: data.yaml_faults(block.source))),
    "toml": (TOML, lambda block: data.toml_faults(block.source)),
    "xml": (XML, lambda block: data.xml_faults(block.source, whole=block.path is not None)),
}


def check(context: Context) -> Iterator[Finding]:
    """Read every block within the limits; then look at the Python tests, which may share helpers."""
    blocks = list(_blocks(context))
    modules: list[tuple[_Block, python.Module]] = []
    end = time.monotonic() + MAXIMUM_SECONDS
    for number, block in enumerate(blocks):
        if number == MAXIMUM_BLOCKS or time.monotonic() > end:
            message = f"{len(blocks) - number} code blocks from here on were not checked: too many, or too slow."
            yield context.finding(UNCHECKED, block.fence.line, message, "Use fewer and simpler blocks.")
            break
        yield from _check_block(context, block, modules)
    helpers = python.asserting_functions(module for _, module in modules)
    readable = sum(block.fence.language in _PYTHON_TAGS and bool(block.source.strip()) for block in blocks)
    for block, module in modules:
        yield from _check_tests(context, block, module, helpers if len(modules) == readable else None)


def _blocks(context: Context) -> Iterator[_Block]:
    lines = context.text.split("\n")
    for fence in markdown.fences(context.text):
        if fence.language and fence.language not in OTHERS:
            name = context.db if fence.language == "sql" else fence.language
            yield _Block(fence, _path(lines, fence.line), sql.dialects(name))


def _path(lines: list[str], line: int) -> str | None:
    """The path on the last line with text before `line`, if that is all it holds."""
    before = next((text for text in reversed(lines[max(0, line - 6) : line - 1]) if text.strip()), "")
    match = _PATH.fullmatch(before)
    return match[1].strip() if match else None


def _check_block(context: Context, block: _Block, modules: list[tuple[_Block, python.Module]]) -> Iterator[Finding]:
    fence = block.fence
    if not fence.content.strip():
        yield context.finding(EMPTY, fence.line, "A code block is empty.", "Write its content, or leave it out.")
        return
    try:
        if fence.language in _PYTHON_TAGS:
            yield from _check_python(context, block, modules)
        elif fence.language in _READERS:
            yield from _check_with_reader(context, block)
        elif fence.language not in PROSE:
            message = f"Nothing here reads {fence.language[:40]!r}; the block was not checked."
            mend = "Use the tag of a language the house knows, or `text` for what is only shown."
            yield context.finding(UNKNOWN_LANGUAGE, fence.line, message, mend)
    except Unread as error:
        message = f"The {fence.language} block was not checked: {error}."
        yield context.finding(UNCHECKED, fence.line, message, "Divide or simplify the block.")


def _check_python(context: Context, block: _Block, modules: list[tuple[_Block, python.Module]]) -> Iterator[Finding]:
    result = python.read(block.source, block.path)
    if isinstance(result, Fault):
        yield _finding(context, PYTHON, block, result, "Correct the code so that it compiles.")
    else:
        modules.append((block, result))


def _check_with_reader(context: Context, block: _Block) -> Iterator[Finding]:
    rule, reader = _READERS[block.fence.language]
    faults = list(reader(block))
    for fault in faults:
        yield _finding(context, rule, block, fault, "Correct the block at that place.")
    if rule is SQL and not faults:
        for fault in sql.passed_over(block.source, block.dialects):
            yield _finding(context, PASSED_OVER, block, fault, "Check these statements against the database by hand.")


def _check_tests(
    context: Context, block: _Block, module: python.Module, helpers: frozenset[str] | None
) -> Iterator[Finding]:
    """`helpers` is None while a block does not compile: what it defines may be what the tests assert with."""
    mends = {
        "collected": (NOT_COLLECTED, "Name files test_*.py, functions test_*, classes Test* without __init__."),
        "duplicate": (DUPLICATE_TEST, "Give each test a name of its own."),
        "asserting": (NO_ASSERTION, "Assert what the test expects, or expect an exception with pytest.raises."),
    }
    for number, (kind, fault) in enumerate(python.test_faults(module, helpers)):
        rule, mend = mends[kind]
        if number == MAXIMUM_TEST_FINDINGS:
            more = Fault(fault.line, f"there is more than these {MAXIMUM_TEST_FINDINGS} findings")
            yield _finding(context, rule, block, more, "Mend all of the kind.")
            return
        yield _finding(context, rule, block, fault, mend)


def _finding(context: Context, rule: Rule, block: _Block, fault: Fault, mend: str) -> Finding:
    """A finding on the document's line; a fault past the end of the block is put on its last line."""
    last = max(1, block.source.rstrip("\n").count("\n") + 1)
    line = block.fence.line + min(max(fault.line, 1), last)
    return context.finding(rule, line, f"{block.path or f'The {block.fence.language} block'}: {fault.message}", mend)
