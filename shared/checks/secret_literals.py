"""Secrets written out where only a reference belongs: known token shapes, and literal values of secret-sounding names.

Pure and linear-time. What is found is never quoted in full.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.formats.azure_pipelines.located import YamlList, YamlNode, YamlText

_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b|\bgithub_pat_\w{30,255}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,250}")),
    ("an API key", re.compile(r"\bsk-(?:ant-|proj-|live-)?[A-Za-z0-9_-]{20,250}|\b[sr]k_(?:live|test)_\w{16,250}")),
    ("a Google key", re.compile(r"\bAIza[\w-]{35}")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10,2000}")),
    ("a GitLab or npm token", re.compile(r"\b(?:glpat-[\w-]{20,64}|npm_[A-Za-z0-9]{36})")),
    ("a bearer token", re.compile(r"\bBearer [A-Za-z0-9._~+/-]{16,250}")),
    ("a shared access signature", re.compile(r"[?&]sig=[\w%/+-]{20,250}")),
    ("a storage key", re.compile(r"\b(?:AccountKey|SharedAccessKey)=[\w+/-]{8,250}", re.IGNORECASE)),
)
_URL_PASSWORD = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{1,100}:([^\s/@\"'<>]{1,200})@", re.IGNORECASE)
_PART = re.compile(r"(?:^|[;\"'\s])(?:password|pwd)\s?=\s?([^;\"'\s]{1,200})", re.IGNORECASE)
_NAME = r"([A-Za-z_][\w.-]{1,80})"
_VALUE = r"[^\s\"';&|]{1,300}"
_GIVEN = (
    re.compile(rf"(?<![\w$.{{-])(?:--)?{_NAME}=[\"']?({_VALUE})"),  # NAME=value, --name=value
    re.compile(rf"(?<![\w-])--{_NAME}[ \t]{{1,4}}[\"']?(?!-)({_VALUE})"),  # --name value
    re.compile(rf"(?<![\w.-])\$?{_NAME}[ \t]{{1,4}}=[ \t]{{1,4}}[\"']({_VALUE})"),  # $name = 'value'
    re.compile(rf"[\"']{_NAME}[\"']\s{{0,3}}:\s{{0,3}}[\"']({_VALUE})"),  # "name": "value"
)
_GIVEN_IN_YAML = re.compile(rf"\s{{0,80}}{_NAME}:[ \t]{{1,4}}[\"']?({_VALUE})[\"']?\s{{0,80}}")
_DOCKER_SECRET = re.compile(r"(?:id|type|src|source|name)=")
_WORDS = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_ENDINGS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "pat", "apikey", "accesskey", "accountkey",
    "privatekey", "signingkey", "encryptionkey", "sharedkey", "credentials", "credential", "accesstoken",
    "sharedaccesskey", "subscriptionkey", "functionkey", "masterkey", "clientsecret",
)  # fmt: skip
_NOT_LITERAL = re.compile(r"[$<{(\[`%@*#]|\\\$")
_HARMLESS = frozenset(("", "true", "false", "yes", "no", "none", "null", "on", "off", "0", "1", "self", "inherit"))


@dataclass(frozen=True)
class Literal:
    """A secret written out: 1-based line, what it looks like, and its masked beginning."""

    line: int
    what: str
    masked: str


def in_text(text: str, first_line: int = 1) -> Iterator[Literal]:
    """Tokens of a known shape and passwords inside URLs and connection strings, anywhere in a text."""
    for number, line in enumerate(text.splitlines(), first_line):
        for what, shape in _SHAPES:
            if found := shape.search(line):
                yield Literal(number, what, _mask(found[0]))
        for what, pattern in (("a password in a URL", _URL_PASSWORD), ("a password", _PART)):
            yield from (Literal(number, what, _mask(found[1])) for found in pattern.finditer(line) if _given(found[1]))


def in_script(script: str, first_line: int) -> Iterator[Literal]:
    """Literal values given to secret-sounding names in shell, PowerShell or arguments."""
    lines = script.splitlines()
    for number, line in enumerate(lines, first_line):
        if line.lstrip().startswith("#"):
            continue
        given = [found for pattern in _GIVEN for found in pattern.findall(line)]
        if len(lines) > 1 and (pair := _GIVEN_IN_YAML.fullmatch(line)):
            given.append(pair.groups())
        for name, value in given:
            if names_a_secret(name) and _given(value) and not _DOCKER_SECRET.match(value) and not _is_user(name, value):
                yield Literal(number, f"the value of {name[:60]!r}", _mask(value))


def in_yaml(node: YamlNode, key: str = "") -> Iterator[Literal]:
    """Literal values of secret-sounding keys and variables, and what `in_script` finds in every scalar."""
    if isinstance(node, YamlText):
        if key and names_a_secret(key) and _given(node.text) and not node.text.isdigit():
            yield Literal(node.line, f"the value of {key[:60]!r}", _mask(node.text))
        else:
            yield from in_script(node.text, node.line + node.block)
    elif isinstance(node, YamlList):
        for item in node.items:
            yield from in_yaml(item)
    else:
        name = node.text("name")
        for entry, value in node.entries:
            is_value = name and entry.text in ("value", "default")
            yield from in_yaml(value, name if is_value else entry.text)


def names_a_secret(name: str) -> bool:
    """Whether `name` says that its value is a secret; `secretName` or `tokenLifetime` says something else."""
    words = [word.lower() for word in _WORDS.findall(name[:100])]
    return "".join(words[-1:]) in _SECRET_ENDINGS or "".join(words[-2:]) in _SECRET_ENDINGS


def _is_user(name: str, value: str) -> bool:
    """Whether an access key is a plain word: stores that speak S3 call the user's name so."""
    words = "".join(word.lower() for word in _WORDS.findall(name[:100]))
    return words.endswith("accesskey") and re.fullmatch(r"[a-z]{1,16}(?:[-_][a-z]{1,16}){0,3}", value) is not None


def _given(value: str) -> bool:
    """Whether `value` is written out rather than taken from a variable, a command or a parameter."""
    value = value.strip().strip("\"'")
    return value.lower() not in _HARMLESS and not _NOT_LITERAL.match(value) and "$(" not in value and "${" not in value


def _mask(value: str) -> str:
    return f"{value.strip()[:3]}…"
