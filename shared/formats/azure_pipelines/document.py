"""The delivery pipeline of `cicd-pipeline.md` as a typed, read-only view with lines. Pure.

`find_pipeline` is what other documents are held against; `pipeline_blocks` are the YAML blocks behind it.
"""

import posixpath
import re
from dataclasses import dataclass

from shared.formats import markdown
from shared.formats.azure_pipelines.located import UnreadableYaml, YamlList, YamlMap, YamlNode, read_yaml
from shared.formats.azure_pipelines.names import names_in
from shared.formats.azure_pipelines.stages import STEP_KINDS, Named, Stage, read_stages
from shared.formats.azure_pipelines.templates import TemplateUse, expand, has_directive, template_uses

MAXIMUM_CHARACTERS = 300_000
MAIN_FILES = ("azure-pipelines.yml", "azure-pipelines.yaml")
_ROOTS = ("stages", "jobs", "steps", "extends", "parameters", "variables")
_OTHER_TOOLS = (
    "openapi",
    "apiVersion",
    "kind",
    "on",
    "runs",
    "services",
    "image",
    "asyncapi",
    "swagger",
    "version",
)
_LOOKS_LIKE_ONE = re.compile(r"^(?:stages|jobs|steps|extends|trigger|pool)[ \t]*:", re.MULTILINE)
_PATH = re.compile(r"[`*\s]([\w./-]{1,200}\.ya?ml)(?=[`*:\s]|$)")
_COMMENT_PATH = re.compile(r"#\s*([\w./-]{1,200}\.ya?ml)\s*$")


@dataclass(frozen=True)
class Pipeline:
    """The main pipeline with its templates in place; names have known `$(variables)` put in."""

    path: str
    line: int
    stages: tuple[Stage, ...]
    environments: tuple[Named, ...]
    variable_groups: tuple[Named, ...]
    secrets: tuple[Named, ...]
    vaults: tuple[Named, ...]
    connections: tuple[Named, ...]
    services: tuple[Named, ...]
    tasks: tuple[Named, ...]
    artifacts_published: tuple[Named, ...]
    artifacts_used: tuple[Named, ...]
    missing_templates: tuple[TemplateUse, ...]
    conditional: bool
    """Whether `${{ if }}` decides what is in it: then both branches are here, and names may repeat."""


@dataclass(frozen=True)
class Block:
    """A YAML block that is a pipeline, a template or a fragment of one; `problem` where it cannot be read."""

    path: str
    """As the document names the file; empty for a fragment."""
    line: int
    """Of the first line of content."""
    source: str
    node: YamlNode | None
    problem: UnreadableYaml | None


def pipeline_blocks(text: str) -> tuple[Block, ...]:
    """Every `yaml` block of a deliverable that Azure Pipelines is meant to read."""
    lines = text.splitlines()
    left = MAXIMUM_CHARACTERS
    found: list[Block] = []
    for fence in markdown.fences(text):
        if fence.language not in ("yaml", "yml"):
            continue
        left -= len(fence.content)
        if left < 0:
            problem = UnreadableYaml(
                f"stands after {MAXIMUM_CHARACTERS:,} characters of YAML; it was not read", fence.line
            )
            found.append(Block("", fence.line + 1, fence.content, None, problem))
        elif block := _block(fence, lines):
            found.append(block)
    return tuple(found)


def _block(fence: markdown.Fence, lines: list[str]) -> Block | None:
    path = _path_before(fence, lines)
    is_named = posixpath.basename(path) in MAIN_FILES
    try:
        node = read_yaml(fence.content, fence.line + 1)
    except UnreadableYaml as problem:
        is_one = is_named or _LOOKS_LIKE_ONE.search(fence.content) is not None
        return Block(path, fence.line + 1, fence.content, None, problem) if is_one else None
    return Block(path, fence.line + 1, fence.content, node, None) if is_named or _is_pipeline(node) else None


def _path_before(fence: markdown.Fence, lines: list[str]) -> str:
    """The file the document calls a block: on the line before it, or in a comment on its first line."""
    before = next((line for line in reversed(lines[max(0, fence.line - 3) : fence.line - 1]) if line.strip()), "")
    paths = _PATH.findall(f" {before[:500]} ")
    comment = _COMMENT_PATH.match(fence.content.partition("\n")[0].strip()[:300])
    path = paths[-1] if paths else comment[1] if comment else ""
    return posixpath.normpath(path.lstrip("/")) if path else ""


def _is_pipeline(node: YamlNode) -> bool:
    if isinstance(node, YamlList):
        heads = [item.names()[0] for item in node.items if isinstance(item, YamlMap) and item.entries]
        return bool(heads) and all(head in (*STEP_KINDS, "stage", "job", "deployment") for head in heads)
    if not isinstance(node, YamlMap) or any(node.get(key) is not None for key in _OTHER_TOOLS):
        return False
    roots = [key for key in _ROOTS if node.get(key) is not None]
    if not set(roots) - {"parameters", "variables"}:
        return bool(roots) and len(roots) == len(node.entries)
    return not any(isinstance(node.get(key), YamlMap) for key in ("stages", "jobs", "steps"))


def main_block(blocks: tuple[Block, ...]) -> Block | None:
    """The pipeline that is queued: named `azure-pipelines.yml`, else the first with stages no other block includes."""
    named = [block for block in blocks if posixpath.basename(block.path) in MAIN_FILES]
    used = {use.path for block in blocks if block.node for use in template_uses(block.node, block.path)}
    whole = [block for block in blocks if not block.path or block.path not in used]
    for key in ("stages", "extends", "jobs", "steps"):
        named.extend(block for block in whole if isinstance(block.node, YamlMap) and block.node.get(key))
    return named[0] if named else next((block for block in blocks if block.problem), None)


def find_pipeline(text: str) -> Pipeline | None:
    """The main pipeline of a deliverable; None where there is none that can be read."""
    blocks = pipeline_blocks(text)
    main = main_block(blocks)
    try:
        return read_pipeline(main, blocks) if main else None
    except UnreadableYaml:
        return None


def read_pipeline(main: Block, blocks: tuple[Block, ...]) -> Pipeline:
    """`main` with the templates among `blocks` in place; `UnreadableYaml` where that cannot be done."""
    if main.node is None:
        raise main.problem or UnreadableYaml("is empty", main.line)
    files = {block.path: block.node for block in blocks if block.path and block.node} | {main.path: main.node}
    missing = [use for path, node in files.items() for use in template_uses(node, path) if use.path not in files]
    root = expand(main.node, main.path, files)
    if not isinstance(root, YamlMap):
        raise UnreadableYaml("is not a mapping", main.line)
    stages = read_stages(root)
    names = names_in(root, stages)
    return Pipeline(
        path=main.path,
        line=main.line,
        stages=stages,
        environments=names("environment"),
        variable_groups=names("group"),
        secrets=names("secret"),
        vaults=names("vault"),
        connections=names("connection"),
        services=names("service"),
        tasks=names("task"),
        artifacts_published=names("published"),
        artifacts_used=names("used"),
        missing_templates=tuple(missing),
        conditional=any(has_directive(node) for node in files.values()),
    )
