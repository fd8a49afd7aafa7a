"""The architecture's inline OpenAPI document: found once, parsed, and valid OpenAPI 3.1."""

from collections.abc import Iterator
from typing import Any, cast

from shared import markdown
from shared.checks import Context, Finding, Rule

NOT_ONE = Rule("OAS-001", "error", "There is exactly one contract, so that everything else can derive from it.")
NOT_YAML = Rule("OAS-002", "error", "A contract that does not parse cannot be built from.")
NOT_3_1 = Rule("OAS-003", "error", "The contract is promised as OpenAPI 3.1.")
INVALID = Rule("OAS-004", "error", "Generators and gateways refuse an invalid document.")
NO_PATHS = Rule("OAS-005", "error", "A contract without an operation describes no service.")
BAD_REFERENCE = Rule("OAS-006", "error", "A reference outside the document, or to nothing, cannot be resolved.")
RULES = (NOT_ONE, NOT_YAML, NOT_3_1, INVALID, NO_PATHS, BAD_REFERENCE)

MAXIMUM_CHARACTERS = 1_000_000
MAXIMUM_NODES = 200_000
"""Mappings, lists and values, each alias counted as often as it is used."""
MAXIMUM_FINDINGS = 20


def check(context: Context) -> Iterator[Finding]:
    """Find the document in the deliverable and validate it."""
    candidates = [
        fence
        for fence in markdown.fences(context.text)
        if fence.language in ("yaml", "yml", "json") and fence.content.lstrip("{ \n\"'").startswith("openapi")
    ]
    if len(candidates) != 1:
        yield context.finding(
            NOT_ONE,
            candidates[1].line if len(candidates) > 1 else 1,
            f"{len(candidates)} OpenAPI documents were found.",
            "Give one complete document in one ```yaml block under `## API contract`.",
        )
        return
    yield from _check_document(context, candidates[0])


def _check_document(context: Context, fence: markdown.Fence) -> Iterator[Finding]:
    try:
        document = _parse(fence.content)
    except ValueError as error:
        yield context.finding(NOT_YAML, fence.line, str(error), "Correct the YAML.")
        return
    version = str(document.get("openapi", ""))
    if not version.startswith("3.1"):
        yield context.finding(NOT_3_1, fence.line, f"openapi is {version!r}.", "Write it as OpenAPI 3.1.0.")
        return
    if not document.get("paths"):
        yield context.finding(NO_PATHS, fence.line, "The document has no paths.", "Describe every operation.")
    dangling = [reference for reference in _references(document) if not _resolves(document, reference)]
    for reference in dangling[:MAXIMUM_FINDINGS]:
        yield context.finding(
            BAD_REFERENCE,
            fence.line,
            f"{reference!r} resolves to nothing here.",
            "Define it, or correct the reference.",
        )
    if not dangling:  # the validator raises on dangling references instead of reporting them
        yield from _validator_findings(context, fence, document)


def _parse(source: str) -> dict[str, Any]:
    """YAML without anchors, read as plain values; `ValueError` says where it breaks."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(source) > MAXIMUM_CHARACTERS:
        raise ValueError(f"The document has {len(source):,} characters; at most {MAXIMUM_CHARACTERS:,} are checked.")
    try:
        document: object = YAML(typ="safe", pure=True).load(source)  # pyright: ignore[reportUnknownMemberType] (untyped)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at its line {mark.line + 1}" if mark else ""
        raise ValueError(
            f"The document is not valid YAML{place}: {getattr(error, 'problem', None) or error}."
        ) from None
    except RecursionError:
        raise ValueError("The document is nested too deeply.") from None
    if not isinstance(document, dict):
        raise ValueError("The document is not a mapping.")
    if _expanded_size(cast(object, document), {}) > MAXIMUM_NODES:
        raise ValueError(f"The document expands to more than {MAXIMUM_NODES:,} values.")
    return cast(dict[str, Any], document)


def _expanded_size(node: object, known: dict[int, int]) -> int:
    """How many values `node` stands for when aliases are followed; each shared part is walked only once."""
    if isinstance(node, dict):
        parts = list(cast(dict[str, object], node).values())
    elif isinstance(node, list):
        parts = cast(list[object], node)
    else:
        return 1
    key = id(cast(object, node))
    if key not in known:
        known[key] = MAXIMUM_NODES  # an alias inside itself is endless
        known[key] = 1 + sum(_expanded_size(part, known) for part in parts)
    return known[key]


def _references(node: object) -> Iterator[str]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            mapping = cast(dict[str, object], current)
            if isinstance(reference := mapping.get("$ref"), str):
                yield reference
            stack.extend(mapping.values())
        elif isinstance(current, list):
            stack.extend(cast(list[object], current))


def _resolves(document: dict[str, Any], reference: str) -> bool:
    if not reference.startswith("#/"):
        return False
    node: object = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = cast(dict[str, object], node)[key]
    return True


def _validator_findings(context: Context, fence: markdown.Fence, document: dict[str, Any]) -> Iterator[Finding]:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    validator = cast(Any, OpenAPIV31SpecValidator)(document)
    for number, error in enumerate(validator.iter_errors()):
        if number == MAXIMUM_FINDINGS:
            return
        place = "/".join(str(part) for part in error.absolute_path)
        yield context.finding(
            INVALID, fence.line, f"At {place or 'the root'}: {error.message}", "Correct the document."
        )
