"""YAML as JSON can hold it, with lines, and within limits."""

import pytest

from shared.formats.located_yaml import MAXIMUM_DEPTH, UnreadableYamlError, load_located


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: 0x1F", {"a": 31}),
        ("a: -1.5e3", {"a": -1500.0}),
        ("a: '1'", {"a": "1"}),
        ("a: !!str 1", {"a": "1"}),
        ("a: yes", {"a": "yes"}),
        ("a: 2026-01-02", {"a": "2026-01-02"}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: TRUE", {"a": True}),
        ("200: ok", {"200": "ok"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("", None),
    ],
)
def test_values_are_those_of_the_core_schema(text: str, value: object):
    assert load_located(text).value == value


def test_every_part_has_its_line():
    located = load_located("a:\n  - x\n  - b:\n      c: 1\nd: {e: 2}\n")
    assert [located.line(place) for place in [("a",), ("a", 1), ("a", 1, "b", "c"), ("d", "e"), ("d", "f")]] == [
        0,
        2,
        3,
        4,
        4,
    ]


def test_unquoted_words_that_older_readers_take_for_something_else_are_told():
    text = 'a: no\nb: "no"\nc: 12:30\nd: 2026-01-02\n200: x\ne: 010\nf: 1_000\ng: none\n'
    assert [line for line, _ in load_located(text).traps] == [0, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 2, "twice"),
        ("a: [1\n", 1, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 1, "more than one"),
        ("a: *b\n", 0, "anchor"),
        ("a: &a {b: *a}\n", 0, "anchor"),
        ("a: !!binary x\n", 0, "tag"),
        ("x: 1\n? [a]\n: 1\n", 1, "key"),
        (f"a: {'9' * 400}\n", 0, "digits"),
        ("a: 1e999\n", 0, "too large"),
        ("\n" + "[" * (MAXIMUM_DEPTH + 1), 1, "deep"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, 1, "deep"),
    ],
)
def test_what_is_not_read_says_where_and_why(text: str, line: int, message: str):
    with pytest.raises(UnreadableYamlError, match=message) as caught:
        load_located(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 'b\u2028c'\nd: [", 1),
        ("# \x85\u2029\r\nb: 1\rb: 2", 2),
        ("a: '\u2028\u2029\x85", 0),
        ("\u2028\na: 1\n---\n", 2),
    ],
)
def test_lines_are_counted_as_in_the_document_not_as_yaml_once_did(text: str, line: int):
    with pytest.raises(UnreadableYamlError) as caught:
        load_located(text)
    assert caught.value.line == line


def test_a_value_after_a_line_separator_has_its_line():
    located = load_located("a: 'b\u2028c'\nd: [1, &x '\x85',\n 2]\n")
    assert [located.line(place) for place in (("a",), ("d",), ("d", 1), ("d", 2))] == [0, 1, 1, 2]
