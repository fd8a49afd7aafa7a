"""Bare projects: what a C# sample's project files say of packages, and nothing else that they say. Pure.

Only plain names, versions and paths are taken over: no property function, no target, no import, no source of packages.
"""

import posixpath
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

SOLUTION = "prove.slnx"
_PLAIN = re.compile(r"[\w .,;*+\-\[\]()/\\]{1,300}")
_SHARED = ("directory.build.props", "directory.packages.props")
_PROPERTIES = (
    "TargetFramework", "TargetFrameworks", "ManagePackageVersionsCentrally", "CentralPackageTransitivePinningEnabled",
)  # fmt: skip
_ITEMS = ("PackageReference", "PackageVersion", "GlobalPackageReference", "ProjectReference", "FrameworkReference")
_ATTRIBUTES = ("Include", "Update", "Version", "VersionOverride", "PrivateAssets", "IncludeAssets", "ExcludeAssets")
_SDKS = ("Microsoft.NET.Sdk", "Microsoft.NET.Sdk.Web", "Microsoft.NET.Sdk.Worker")


class _Unread(Exception):
    """A project file says what a bare one cannot."""


def bare_projects(sample: Mapping[str, bytes]) -> tuple[dict[str, str], str]:
    """Bare files by path, with a solution of all; and the reason where a file cannot be made bare."""
    bare: dict[str, str] = {}
    try:
        for path in _projects(sample):
            bare[path] = _bare(path, sample[path], is_project=True)
        for path in sample:
            if posixpath.basename(path).lower() in _SHARED:
                bare[path] = _bare(path, sample[path], is_project=False)
    except _Unread as reason:
        return bare, str(reason)
    if bare:
        bare[SOLUTION] = solution(sample)
    return bare, ""


def solution(sample: Mapping[str, bytes]) -> str:
    """A solution of all projects."""
    lines = (f"  <Project Path={quoteattr(path)} />" for path in _projects(sample))
    return "\n".join(["<Solution>", *lines, "</Solution>", ""])


def _projects(sample: Mapping[str, bytes]) -> list[str]:
    return sorted(path for path in sample if path.endswith(".csproj"))


def _bare(path: str, content: bytes, *, is_project: bool) -> str:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _Unread(f"{path} declares entities")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - entities are refused above
    except ElementTree.ParseError as error:
        raise _Unread(f"{path} is no XML ({error})") from None
    sdk = root.get("Sdk", "")
    if is_project and sdk not in _SDKS:
        raise _Unread(f"{path} has the SDK {sdk!r}")
    lines = [f'<Project Sdk="{sdk}">' if is_project else "<Project>"]
    for group in root:
        if group.tag == "PropertyGroup":
            lines += ["  <PropertyGroup>", *_properties(path, group), "  </PropertyGroup>"]
        elif group.tag == "ItemGroup":
            lines += ["  <ItemGroup>", *_items(path, group), "  </ItemGroup>"]
    return "\n".join([*lines, "</Project>", ""])


def _properties(path: str, group: ElementTree.Element) -> list[str]:
    return [
        f"    <{each.tag}>{_plain(path, each.text or '')}</{each.tag}>" for each in group if each.tag in _PROPERTIES
    ]


def _items(path: str, group: ElementTree.Element) -> list[str]:
    lines: list[str] = []
    for each in group:
        if each.tag not in _ITEMS:
            continue
        told = {name: each.get(name) or each.findtext(name) for name in _ATTRIBUTES}
        shown = " ".join(f"{name}={quoteattr(_plain(path, value))}" for name, value in told.items() if value)
        if each.tag == "ProjectReference" and _leaves(path, told["Include"] or ""):
            raise _Unread(f"{path} refers to a project outside the sample")
        lines.append(f"    <{each.tag} {shown} />")
    return lines


def _leaves(path: str, target: str) -> bool:
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.replace("\\", "/")))
    return joined.startswith(("../", "/")) or ":" in target


def _plain(path: str, value: str) -> str:
    text = value.strip()
    if text and not _PLAIN.fullmatch(text):
        raise _Unread(f"{path} has a value that is computed: {text[:80]!r}")
    return text
