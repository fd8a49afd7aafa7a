"""Which names from documents are safe to store on any system."""

import posixpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.formats.file_names import safe_path, slug

REFUSED = [
    "/etc/passwd",
    "//server/share/x",
    "..",
    "../../../.bashrc",
    "app/../../x.py",
    "app/..",
    "C:/Windows/x.dll",
    "c:x.py",
    "app\\..\\x.py",
    "app/x.py:stream",
    "app/\x00.py",
    "app/\nx.py",
    "app/\x7f.py",
    "app/\u202egpj.py",
    "app/\u200bx.py",
    "app\u2215x.py",
    "app\uff0fx.py",
    "\uff0e\uff0e/x.py",
    "..%2f..%2fx.py",
    "%2e%2e/x.py",
    "app\u2044x.py",
    "~/x.py",
    "PROGRA~1/x.py",
    "$HOME/x.py",
    "con",
    "app/NUL.txt",
    "Com1.log.py",
    "com\u00b9.py",
    "lpt9",
    "aux .py",
    "app./x.py",
    "app/x.py.",
    "app /x.py",
    "app/x.py ",
    " app/x.py",
    "app/",
    "/",
    ".",
    "./.",
    "",
    ".git/hooks/pre-commit",
    "vendor/.GIT/config",
    ".gitmodules",
    "app/x?.py",
    "app/*.py",
    "<app>/x.py",
    "app|x.py",
    'app/"x".py',
    "a" * 130 + ".py",
    "ä" * 70 + ".py",
    "a/" * 12 + "x.py",
    "abcdefgh/" * 30 + "x.py",
    "app/\ud800.py",
    "\u3164/x.py",
]
NAMES = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(["..", ".", "app", "APP", "con", "x.py", " ", "", "\uff0e", "%2e", "c:", "a." * 60]), max_size=6
    ).map("/".join),
)
"""Anything at all, and what looks like a path."""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("app/main.py", "app/main.py"),
        ("./app//main.py", "app/main.py"),
        (".dockerignore", ".dockerignore"),
        ("src/My.Api/Program.cs", "src/My.Api/Program.cs"),
        ("tests/test_größe.py", "tests/test_größe.py"),
        ("app/[id]/page (1).py", "app/[id]/page (1).py"),
        ("app/console.py", "app/console.py"),
    ],
)
def test_an_honest_name_is_kept(name: str, path: str):
    assert safe_path(name) == path


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_is_not_safe_everywhere_is_refused(name: str):
    assert safe_path(name) is None


@given(NAMES)
@settings(max_examples=300, deadline=None)
def test_a_safe_path_is_relative_and_stays_below(name: str):
    path = safe_path(name)
    if path is not None:
        assert safe_path(path) == path
        assert not posixpath.isabs(path)
        assert not posixpath.normpath(f"below/{path}").startswith("..")
        assert not set(path) & set('\\:%*?"<>|~$')


@given(st.text(max_size=300))
def test_a_slug_is_short_plain_words(text: str):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(slug(text)) <= 60
