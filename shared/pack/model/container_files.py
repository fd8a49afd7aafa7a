"""Files that Dockerfiles, compose files, Bicep templates and requirement lists include. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from posixpath import basename, dirname, join

from shared.formats.azure_pipelines.located import UnreadableYaml, YamlList, YamlMap, YamlNode, YamlText, read_yaml
from shared.pack.model.command_files import COMPOSE_NAMES, FileUse
from shared.pack.model.documents import Block, PackDocuments
from shared.pack.model.shell import in_repository

_COPY = re.compile(r"^\s*(?:COPY|ADD)\s+(.+)$", re.IGNORECASE)
_BICEP = re.compile(
    r"^\s*module\s+\w+\s+'([^'\n$]{1,300}\.bicep)'|\bload(?:Text|Json|Yaml)Content\('([^'\n$]{1,300})'|^\s*using\s+'([^'\n]{1,300})'",
    re.MULTILINE,
)
_REQUIREMENT = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]+(\S{1,200})")


def container_uses(documents: PackDocuments) -> Iterator[FileUse]:
    """The files that other files of the pack include."""
    for path, block in documents.files.items():
        name = basename(path)
        if name == "Dockerfile" or name.endswith(".Dockerfile"):
            yield from _copied(path, block)
        elif name in COMPOSE_NAMES:
            yield from _of_compose(path, block)
        elif name.endswith((".bicep", ".bicepparam")):
            yield from _of_bicep(path, block)
        elif re.fullmatch(r"(?:.*-)?requirements.*\.(?:txt|in)", name):
            yield from _of_requirements(path, block)


def is_compose(path: str) -> bool:
    """Whether a path is that of a compose file."""
    return basename(path) in COMPOSE_NAMES


def _copied(path: str, block: Block) -> Iterator[FileUse]:
    """Sources of COPY and ADD, from the build's context: the root for the root's Dockerfile, else its own folder."""
    number = 0
    lines = block.content.splitlines()
    while number < len(lines):
        line, start = lines[number], number
        while line.rstrip().endswith("\\") and number + 1 < len(lines):
            number += 1
            line = f"{line.rstrip()[:-1]} {lines[number]}"
        number += 1
        found = _COPY.match(line)
        if not found or "--from" in line or "<<" in line or "$" in line:
            continue
        sources = re.findall(r'"([^"]+)"', found[1]) if found[1].lstrip().startswith("[") else found[1].split()
        sources = [word for word in sources if not word.startswith("--")][:-1]
        for source in sources:
            if not re.search(r"[*?\[:]", source) and (target := in_repository(source.lstrip("/"), dirname(path))):
                yield FileUse(target, block.document, block.line_of(start + 1), "copied", source)


@lru_cache(maxsize=64)
def compose_services(source: str, first_line: int) -> YamlMap | None:
    """The whole compose file as YAML with lines; None where it cannot be read."""
    try:
        root = read_yaml(source, first_line)
    except UnreadableYaml:
        return None
    return root if isinstance(root, YamlMap) else None


def services_of(block: Block) -> Iterator[tuple[str, YamlMap]]:
    """The services of a compose file, by name."""
    root = compose_services(block.content, block.line + 1)
    services = root.get("services") if root else None
    for name, service in services.entries if isinstance(services, YamlMap) else ():
        if isinstance(service, YamlMap):
            yield name.text, service


def texts(node: YamlNode | None) -> Iterator[YamlText]:
    """The scalars of a value that may be one or a list of them."""
    if isinstance(node, YamlText):
        yield node
    elif isinstance(node, YamlList):
        yield from (item for item in node.items if isinstance(item, YamlText))


def _of_compose(path: str, block: Block) -> Iterator[FileUse]:
    folder = dirname(path)
    for _, service in services_of(block):
        for given in texts(service.get("env_file")):
            yield from _use(given, folder, block, "read")
        build = service.get("build")
        if isinstance(build, YamlText):
            yield from _use(YamlText(join(build.text, "Dockerfile"), build.line), folder, block, "read")
        elif isinstance(build, YamlMap) and build.get("dockerfile_inline") is None:
            named = join(build.text("context") or ".", build.text("dockerfile") or "Dockerfile")
            yield from _use(YamlText(named, build.line), folder, block, "read")
        for given in texts(service.get("volumes")):
            source = given.text.split(":")[0]
            if source.startswith("./"):
                yield from _use(YamlText(source, given.line), folder, block, "read")


def _use(given: YamlText, folder: str, block: Block, how: str) -> Iterator[FileUse]:
    if "$" not in given.text and (path := in_repository(given.text, folder)):
        yield FileUse(path, block.document, given.line, how, given.text)


def _of_bicep(path: str, block: Block) -> Iterator[FileUse]:
    for found in _BICEP.finditer(block.content):
        named = next(group for group in found.groups() if group)
        line = block.line_of(block.content.count("\n", 0, found.start(0)) + 1)
        if target := in_repository(named, dirname(path)):
            yield FileUse(target, block.document, line, "included", named)


def _of_requirements(path: str, block: Block) -> Iterator[FileUse]:
    for number, line in enumerate(block.content.splitlines(), 1):
        if (found := _REQUIREMENT.match(line)) and (target := in_repository(found[1], dirname(path))):
            yield FileUse(target, block.document, block.line_of(number), "included", found[1])
