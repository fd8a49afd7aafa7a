"""Which files of the repository a command reads or runs, and which it makes. Pure.

What a program reads is known from a table. A program that is not in it is not guessed at: its words are no uses.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, join

from shared.pack.model.shell import UNKNOWN, Command, Word, possible_paths


@dataclass(frozen=True)
class FileUse:
    """A use of a path of the repository: `how` says run, read, copied or included; `written` is the word as written
    (several paths may come of one); `implied` where the command reads it without naming it."""

    path: str
    document: str
    line: int
    how: str
    written: str = ""
    implied: bool = False
    fragment: bool = False
    """Whether the use stands in commands for a person, not in a file or step of the pipeline."""


_WRAPPERS = {
    "uv": ("run",), "uvx": (), "npx": (), "sudo": (), "exec": (), "time": (), "nohup": (), "poetry": ("run",),
    "command": (), "xargs": (), "env": (), "timeout": (), "retry": (), "pdm": ("run",), "hatch": ("run",),
}  # fmt: skip
_WRAPPER_VALUES = frozenset({
    "--with", "--group", "--extra", "--python", "-p", "--package", "--from", "--index", "--with-requirements", "-s",
    "-k", "--signal", "--no-group",
})  # fmt: skip
_INTERPRETERS = frozenset({"bash", "sh", "source", ".", "python", "python3", "node", "pwsh", "zsh"})
_NOT_FILES = frozenset({"-c", "-s", "-m", "-", "--version", "-V", "-e"})
_OPTIONS: dict[str, frozenset[str]] = {
    "*": frozenset({
        "--env-file", "--template-file", "--in-file", "--locustfile", "--requirement", "--requirements", "--constraint",
        "--openapi-file", "--startup-project", "--dockerfile",
    }),
    "pip": frozenset({"-r", "-c"}),
    "pip3": frozenset({"-r", "-c"}),
    "pip-audit": frozenset({"-r"}),
    "locust": frozenset({"-f"}),
    "docker": frozenset({"-f", "--file"}),
    "docker-compose": frozenset({"-f", "--file"}),
    "kubectl": frozenset({"-f", "--filename"}),
    "psql": frozenset({"-f", "--file"}),
    "sqlcmd": frozenset({"-i"}),
    "alembic": frozenset({"-c", "--config"}),
    "dotnet": frozenset({"--project"}),
    "dotnet-ef": frozenset({"--project", "-p"}),
    "bicep": frozenset({"--file"}),
}  # fmt: skip
"""Options whose value is a file or folder that is read, for every program and for some."""
_MAKES = re.compile(r"out|report|junit|result|csv|html|dest|save|trx|target-?dir|tool-path|log-?file|archive", re.I)
_ALL_BUT_LAST = frozenset({"cp", "mv", "install", "ln"})
_CONTRACT_READERS = frozenset(
    {"redocly", "spectral", "vacuum", "schemathesis", "openapi-spec-validator", "swagger-cli"}
)
_PROJECT = re.compile(r"\.(?:csproj|slnx?|fsproj)$")
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_SCATTERS = frozenset({"unzip", "tar", "7z", "terraform", "azd", "npm", "yarn", "pnpm", "cookiecutter", "copier"})
"""Programs that fill the folder they run in with files nobody names."""


def inner_words(command: Command) -> Sequence[Word]:
    """The words of the program that is run in the end: `uv run`, `npx`, `timeout 9` and `python -m` taken off."""
    words: Sequence[Word] = command.words
    for _ in range(4):
        name = basename(_one(words[0])) if words else ""
        if name in ("python", "python3") and len(words) > 2 and _one(words[1]) == "-m":
            words = words[2:]
        elif name in _WRAPPERS:
            rest = _unwrapped(name, words[1:])
            if rest is None:
                break
            words = rest
        else:
            break
    return words


def _unwrapped(name: str, words: Sequence[Word]) -> Sequence[Word] | None:
    for needed in _WRAPPERS[name]:
        if not words or _one(words[0]) != needed:
            return None
        words = words[1:]
    place = 0
    while place < len(words):
        word = _one(words[place])
        if name == "timeout" and place == 0 and re.fullmatch(r"[\d.]+[smhd]?", word):
            place += 1
        elif word in _WRAPPER_VALUES:
            place += 2
        elif word.startswith("-") or (name == "env" and re.match(r"\w+=", word)):
            place += 1
        else:
            break
    return words[place:] or None


def program(words: Sequence[Word]) -> str:
    """The program's plain name: without folder, version or scope, as `redocly` for `@redocly/cli@2.1.0`."""
    name = _one(words[0]) if words else ""
    if name.startswith("@"):
        return name[1:].partition("/")[0]
    return basename(name).partition("@")[0]


def _one(word: Word) -> str:
    return word[0] if len(word) == 1 else ""


def reads(command: Command, document: str) -> Iterator[FileUse]:
    """The uses of files that a command makes, those that it names and those that it implies."""
    words = inner_words(command)
    for how, word in (*_named(words), *_of_wrapper(command), *(("read", each) for each in command.read)):
        for path in possible_paths(word, command.folder):
            yield FileUse(path, document, command.line, how, "|".join(word).replace(UNKNOWN, "?"))
    for name in _implied(words):
        for path in possible_paths((name,), command.folder):
            yield FileUse(path, document, command.line, "read", implied=True)


def _of_wrapper(command: Command) -> Iterator[tuple[str, Word]]:
    """`uv run --env-file`: what the wrapper reads itself."""
    if command.name in _WRAPPERS:
        for place, word in enumerate(command.words[:-1]):
            if _one(word) == "--env-file" and word not in inner_words(command):
                yield "read", command.words[place + 1]


def _named(words: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    name = program(words)
    arguments = words[1:]
    if not name:
        return
    if "/" in (first := _one(words[0])) and not first.startswith(("/", "~", "@", "$")) and UNKNOWN not in first:
        yield "run", words[0]
    if name == "docker" and _in_container(arguments):
        arguments = _before_image(arguments)
    yield from _option_values(name, arguments)
    plain = [word for word in arguments if not _one(word).startswith("-")]
    if name in _INTERPRETERS and arguments:
        script = next((word for word in arguments if not _one(word).startswith("-")), None)
        if script is not None and not any(_one(word) in _NOT_FILES for word in arguments[: arguments.index(script)]):
            yield "run", script
    elif name in _ALL_BUT_LAST and len(plain) > 1:
        yield from (("copied", word) for word in plain[:-1])
    elif name == "cat":
        yield from (("read", word) for word in plain)
    elif name == "chmod" and len(plain) > 1:
        yield from (("read", word) for word in plain[1:])
    elif name == "pytest":
        yield from (("run", _without_node(word)) for word in plain if _is_test_path(_one(word)))
    elif name in _CONTRACT_READERS:
        yield from (("read", word) for word in plain if re.search(r"\.(?:ya?ml|json)$", _one(word)))
    elif name in ("dotnet", "dotnet-ef"):
        yield from (("read", word) for word in plain if _PROJECT.search(_one(word)))
    elif name == "helm" and len(plain) > 1 and _one(plain[0]) in ("lint", "package"):
        yield "read", plain[1]


def _in_container(arguments: Sequence[Word]) -> bool:
    return bool(arguments) and _one(arguments[0]) in ("run", "exec", "compose")


def _before_image(arguments: Sequence[Word]) -> Sequence[Word]:
    """Of `docker run` and `docker compose exec`: what stands before the words that run inside of the container."""
    if _one(arguments[0]) == "compose":
        inside = next((at for at, word in enumerate(arguments) if _one(word) in ("exec", "run")), len(arguments))
        return arguments[:inside]
    return [word for word in arguments if _one(word) not in ("-f", "--file")]


def _option_values(name: str, arguments: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    known = _OPTIONS["*"] | _OPTIONS.get(name, frozenset())
    if name == "az" and any(_one(word) == "bicep" for word in arguments[:2]):
        known |= _OPTIONS["bicep"]
    if name == "uv" and arguments and _one(arguments[0]) == "pip":
        known |= _OPTIONS["pip"]
    if name == "docker" and arguments and _one(arguments[0]) not in ("build", "buildx", "compose"):
        known -= {"-f", "--file"}
    for place, word in enumerate(arguments):
        if _one(word) in known and place + 1 < len(arguments):
            yield "read", arguments[place + 1]
        else:
            option, equals, _ = _one(word).partition("=")
            if equals and option in known:
                yield "read", (_one(word)[len(option) + 1 :],)


def _without_node(word: Word) -> Word:
    return tuple(option.partition("::")[0] for option in word)


def _is_test_path(text: str) -> bool:
    return "/" in text or text == "tests" or text.partition("::")[0].endswith(".py")


def _implied(words: Sequence[Word]) -> Iterator[str]:
    """Files that a command reads without naming them."""
    texts = [_one(word) for word in words[1:]]
    name = program(words)
    is_compose = name == "docker-compose" or (name == "docker" and texts[:1] == ["compose"])
    if is_compose and not {"-f", "--file"} & set(texts) and "up" in texts:
        yield COMPOSE_NAMES[0]
    if (
        name == "docker"
        and texts[:1] == ["build"]
        and not any(text.partition("=")[0] in ("-f", "--file") for text in texts)
        and texts[-1] == "."
    ):
        yield "Dockerfile"


def makes(command: Command) -> Iterator[str]:
    """Paths that come to be by a command."""
    words = inner_words(command)
    name = program(words)
    arguments = words[1:]
    plain = [word for word in arguments if not _one(word).startswith("-")]
    made: list[Word] = [*command.written]
    if name in ("mkdir", "touch", "tee"):
        made += plain
    elif name in _ALL_BUT_LAST and len(plain) > 1:
        made.append(plain[-1])
        for source in plain[:-1]:
            made.append(tuple(join(target, basename(one)) for target in plain[-1] for one in source))
    elif name == "git" and [_one(word) for word in arguments[:1]] in (["clone"], ["worktree"]):
        made += plain[1:]
    elif name in ("tar", "unzip"):
        made += [arguments[at + 1] for at, word in enumerate(arguments[:-1]) if _one(word) in ("-C", "-d")]
    elif name in ("venv", "virtualenv"):
        made += plain
    for place, word in enumerate(arguments):
        text = _one(word)
        option, equals, value = text.partition("=")
        if not text.startswith("-"):
            continue
        if (equals and _MAKES.search(option)) or (equals and option == "-o"):
            made.append((value.rpartition(":")[2] or value,))
        elif place + 1 < len(arguments) and (_MAKES.search(text) or text in ("-o", "-O")):
            made.append(tuple(option.rpartition("=")[2] for option in arguments[place + 1]))
        elif ":" in text and _MAKES.search(text.partition(":")[0]):
            made.append((text.rpartition(":")[2],))
    for word in made:
        yield from possible_paths(word, command.folder)


def scatters(command: Command) -> bool:
    """Whether a command may fill its folder with files that nobody names."""
    words = inner_words(command)
    name = program(words)
    texts = [_one(word) for word in words[1:]]
    if name == "git":
        return texts[:1] == ["submodule"] or (texts[:1] == ["clone"] and len(texts) < 3)
    if name in ("tar", "unzip"):
        packs = name == "tar" and any(re.fullmatch(r"-{0,2}\w*c\w*|--create", text) for text in texts[:1])
        return not packs and not {"-C", "-d"} & set(texts)
    if name == "dotnet":
        return texts[:1] == ["new"]
    return name in _SCATTERS and name not in ("tar", "unzip")
