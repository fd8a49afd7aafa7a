"""Edits of a revision: what they say, where they apply, what becomes of those that do not, and what stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agents.prompts import fingerprint
from shared.pack.edits import MOST_EDITS, Edit, Revised, has_edits, in_list, revise

TEXT = """# Tests: orders

## Overview

What is tested.

## Cases

| name | expects |
| --- | --- |
| create | 201 |
| list | 200 |

```python
## not a heading
assert status == 200
```

### Errors

## Data
"""


def edit(form: str, find: str, text: str, of: str = TEXT) -> str:
    mark = fingerprint(of)
    halves = [find] + [f"<with-{mark}>"] + ([text] if text else [])
    return "\n".join([f"<{form}-{mark}>", *halves, f"</{form}-{mark}>"])


def revised(*answers: str) -> Revised:
    return revise(TEXT, answers)


def reasons(*answers: str) -> list[str]:
    return [refusal.reason for refusal in revised(*answers).refused]


@pytest.mark.parametrize(
    ("form", "find", "text", "old", "new"),
    [
        ("replace", "What is tested.", "What is tested, and why.", "What is tested.", "What is tested, and why."),
        ("replace", "create | 201", "create | 202", "create | 201", "create | 202"),
        ("replace", "| create | 201 |\n| list | 200 |", "| list | 200 |", "| create | 201 |\n", ""),
        ("replace", "| create | 201 |", "", "| create | 201 |\n", ""),
        ("replace", " is tested", "", " is tested", ""),
        ("after", "create | 201", "| read | 200 |", "| create | 201 |\n", "| create | 201 |\n| read | 200 |\n"),
        ("before", "create | 201", "| read | 200 |", "| create | 201 |\n", "| read | 200 |\n| create | 201 |\n"),
        ("after", "## Data", "Fixtures.", "## Data\n", "## Data\nFixtures.\n"),
        ("section", "## Overview", "Nothing is.", "What is tested.", "Nothing is."),
        ("section", "## Overview", "## Overview\n\nNothing is.\n", "What is tested.", "Nothing is."),
        ("section", "### Errors", "None.", "### Errors\n\n", "### Errors\n\nNone.\n\n"),
        ("section", "## Data", "Fixtures.", "## Data\n", "## Data\n\nFixtures.\n"),
    ],
)
def test_an_edit_changes_what_it_names_and_nothing_else(form: str, find: str, text: str, old: str, new: str):
    done = revised(edit(form, find, text))
    assert (done.refused, done.text) == ((), TEXT.replace(old, new, 1))


def test_a_section_reaches_to_the_next_heading_of_its_level_and_code_holds_no_headings():
    done = revised(edit("section", "## Cases", "None."))
    assert done.text == TEXT[: TEXT.index("| name")] + "None.\n\n## Data\n"


def test_all_edits_are_of_the_one_text_whatever_their_order():
    later, earlier = edit("replace", "list | 200", "list | 206"), edit("replace", "What is tested.", "All.")
    answer = f"Here they are:\n\n{later}\n\nand\n\n{earlier}\n"
    assert revised(answer).text == TEXT.replace("list | 200", "list | 206").replace("What is tested.", "All.")


def test_an_edit_inside_what_another_puts_in_is_refused():
    first = edit("replace", "What is tested.", "What is tested nowhere else.")
    assert reasons(f"{first}\n{edit('replace', 'nowhere else', 'here')}") == ["Its text does not stand there."]


@pytest.mark.parametrize(
    ("find", "reason"),
    [
        ("", "It names no text to find."),
        ("  \n ", "It names no text to find."),
        ("What is proven.", "Its text does not stand there."),
        ("200", "Its text stands there more than once: take the lines around it too."),
        ("|", "Its text stands there more than once: take the lines around it too."),
    ],
)
@pytest.mark.parametrize("form", ["replace", "after", "before"])
def test_a_find_that_is_empty_absent_or_ambiguous_is_refused_and_the_text_stays(form: str, find: str, reason: str):
    done = revised(edit(form, find, "x"))
    assert ([refusal.reason for refusal in done.refused], done.text) == ([reason], TEXT)


def test_overlapping_places_of_a_find_are_two_places():
    assert (
        revise("aaa\n", [edit("replace", "aa", "b", "aaa\n")]).refused[0].reason.startswith("Its text stands there m")
    )


@pytest.mark.parametrize("form", ["after", "before", "section"])
def test_what_puts_nothing_in_is_refused(form: str):
    find = "## Data" if form == "section" else "What is tested."
    assert reasons(edit(form, find, "\n")) == ["It puts nothing in. Take text out with a replace."]


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ("## Nothing", "No section has this heading."),
        ("# Cases", "No section has this heading."),
        ("## not a heading", "No section has this heading."),
        ("Cases", "A section is named by its heading alone, as in `## Title`."),
    ],
)
def test_a_section_that_is_not_there_is_refused_with_the_headings_that_are(heading: str, reason: str):
    (refusal,) = revised(edit("section", heading, "x")).refused
    assert refusal.reason == reason
    assert refusal.there == "# Tests: orders\n## Overview\n## Cases\n### Errors\n## Data"


def test_a_heading_that_stands_twice_names_no_section():
    twice = f"{TEXT}\n## Data\n"
    (refusal,) = revise(twice, [edit("section", "## Data", "x", twice)]).refused
    assert refusal.reason == "More than one section has this heading."


def test_of_two_edits_that_touch_the_same_text_the_second_is_refused():
    first = edit("replace", "| create | 201 |\n| list | 200 |", "| all | 200 |")
    done = revised(f"{first}\n{edit('replace', 'list | 200', 'list | 206')}\n{edit('after', 'create', 'x')}")
    assert [refusal.reason for refusal in done.refused] == ["Another of your edits changes the same text."] * 2
    assert done.text == TEXT.replace("| create | 201 |\n| list | 200 |", "| all | 200 |")


def test_lines_that_an_edit_quotes_and_leaves_may_be_quoted_by_another():
    first = edit("replace", "What is tested.\n\n## Cases", "All.\n\n## Cases")
    second = edit("replace", "\n## Cases\n\n| name | expects |", "\n## Cases\n\n| name | status |")
    done = revised(f"{first}\n{second}\n{edit('replace', '## Cases', '## Cases and more')}")
    assert done.refused == ()
    changed = TEXT.replace("What is tested.", "All.").replace("| name | expects |", "| name | status |")
    assert done.text == changed.replace("## Cases", "## Cases and more")


@pytest.mark.parametrize("put", ["What is tested.\nAnd why.", "First.\nWhat is tested.", "What is tested."])
def test_an_edit_that_is_given_twice_is_done_once(put: str):
    twice = edit("replace", "What is tested.", put) * 2
    done = revised(twice.replace("><", ">\n<"))
    assert len(done.refused) == 1
    assert done.text == TEXT.replace("What is tested.", put)


def test_insertions_at_one_place_stand_side_by_side_in_their_order():
    answer = edit("after", "create", "| one | 1 |") + "\n" + edit("before", "| list", "| two | 2 |")
    assert "| create | 201 |\n| one | 1 |\n| two | 2 |\n| list" in revised(answer).text


def test_what_stands_there_is_shown_with_the_reason():
    (missing,) = revised(edit("replace", "| create | 204 |", "x")).refused
    assert missing.there == "| --- | --- |\n| create | 201 |\n| list | 200 |"
    (twice,) = revised(edit("replace", "200", "x")).refused
    assert twice.there.split("\n...\n")[1].splitlines() == ["## not a heading", "assert status == 200", "```"]
    assert "1. Its text stands there more than once" in in_list([twice])
    assert "What stands there:\n\n| create | 201 |\n| list | 200 |" in in_list([twice])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (edit("replace", "What is tested.", "All.")[:-3], "The edit is not closed: the answer breaks off."),
        (edit("replace", "What is tested.", "x").replace("</replace", "</after"), "The edit is not closed before </after-...>."),
        (edit("replace", "What is tested.", "x").replace("<with", "<before"), "The edit is not closed before <before-...>."),
        (f"<with-{fingerprint(TEXT)}>", "It stands outside an edit."),
    ],
)  # fmt: skip
def test_a_block_that_is_no_edit_is_refused(answer: str, reason: str):
    assert reason in reasons(answer)
    assert revised(answer).text == TEXT


def test_what_applies_beside_a_truncated_edit_is_kept():
    answer = edit("replace", "What is tested.", "All.") + "\n" + edit("replace", "list | 200", "list | 206")[:-30]
    done = revised(answer)
    assert (len(done.applied), len(done.refused)) == (1, 1)
    assert done.text == TEXT.replace("What is tested.", "All.")


def test_a_second_answer_gives_again_what_did_not_apply_and_keeps_what_did():
    first = edit("replace", "What is tested.", "All.") + "\n" + edit("replace", "list | 204", "list | 206")
    done = revised(first, edit("replace", "list | 200", "list | 206"))
    assert done.refused == ()
    assert done.text == TEXT.replace("What is tested.", "All.").replace("list | 200", "list | 206")


def test_a_second_answer_that_repeats_what_is_done_is_refused():
    first = edit("replace", "What is tested.", "All.")
    assert reasons(first, first) == ["Another of your edits changes the same text."]


def test_an_answer_that_says_nothing_is_to_change_changes_nothing():
    unchanged = f"<unchanged-{fingerprint(TEXT)}>\n"
    assert revised(unchanged) == Revised(TEXT)
    first = edit("replace", "What is tested.", "All.") + "\n" + edit("replace", "nowhere", "x")
    assert revised(first, unchanged).refused == ()
    assert revised(first, unchanged).text == TEXT.replace("What is tested.", "All.")


@pytest.mark.parametrize("answer", ["", "I have mended everything.", "# Tests: orders\n\n## Overview\n\nCut short."])
def test_an_answer_with_neither_edits_nor_all_sections_is_refused(answer: str):
    assert revised(answer).text == TEXT
    assert reasons(answer) == ["The answer holds no edit with this text's fingerprint."]
    assert not has_edits(TEXT, answer)


def test_a_whole_document_is_taken_for_one():
    answer = TEXT.replace("201", "202") + "\n## Load\n\nNone.\n"
    assert revised(answer) == Revised(answer, whole=True)


def test_a_text_cannot_forge_edits_to_itself_or_end_one():
    other = fingerprint("something else")
    forged = edit("replace", "What is tested.", "Nothing.").replace(fingerprint(TEXT), other)
    text = f"{TEXT}\n{forged}\n"
    assert other not in fingerprint(text)
    assert revise(text, [forged]).refused[0].reason.startswith("The answer holds no edit")
    done = revise(text, [edit("replace", "create | 201", f"x\n</replace-{other}>\ny", text)])
    assert done.text == text.replace("create | 201", f"x\n</replace-{other}>\ny")


@pytest.mark.parametrize("line_break", ["\r\n", "\r"])
def test_a_text_with_other_line_breaks_is_edited_and_keeps_them(line_break: str):
    text = TEXT.replace("\n", line_break)
    answer = "\n".join(
        edit(*each, text)
        for each in [
            ("replace", "| create | 201 |\n| list | 200 |", "| all | 200 |\n| none | 404 |"),
            ("after", "What is tested.", "And\nwhy."),
            ("section", "## Data", "Fixtures."),
        ]
    )
    same = revise(TEXT, [answer.replace(fingerprint(text), fingerprint(TEXT))])
    done = revise(text, [answer])
    assert done.refused == same.refused == ()
    assert done.text == same.text.replace("\n", line_break)


def test_an_answer_may_have_other_line_breaks_than_the_text():
    answer = edit("replace", "| create | 201 |\n| list | 200 |", "| all | 200 |\n| none | 404 |")
    assert revised(answer.replace("\n", "\r\n")) == revised(answer)


def test_edits_are_bounded():
    text = "".join(f"line {number} ends\n" for number in range(MOST_EDITS + 5))
    answer = "\n".join(edit("replace", f"line {number} ends", "x", text) for number in range(MOST_EDITS + 5))
    done = revise(text, [answer])
    assert len(done.applied) == MOST_EDITS
    assert {refusal.reason for refusal in done.refused} == {"There are too many edits."}


LINES = st.lists(st.text(st.sampled_from("ab|# \t`\r\u2028é"), max_size=6), min_size=1, max_size=12)
TEXTS = LINES.map("\n".join)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text, and edits of passages of it, of headings, or of something else."""
    text = draw(TEXTS)
    edits: list[Edit] = []
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(text)))
        quoted = text[start : start + draw(st.integers(0, 9))]
        find = draw(st.one_of(st.just(quoted), st.just("## a"), st.text("ab\n", max_size=3)))
        form = draw(st.sampled_from(["replace", "after", "before", "section"]))
        edits.append(Edit(form, find, draw(st.text(st.sampled_from("xyé\n#"), max_size=5))))
    return text, edits


def written(edits: list[Edit], of: str) -> str:
    return "\n".join(edit(one.form, one.find, one.text, of) for one in edits)


@given(texts_with_edits())
def test_what_no_edit_touches_is_the_same_to_the_byte(given_edits: tuple[str, list[Edit]]):
    text, edits = given_edits
    done = revise(text, [written(edits, text)])
    assert len(done.applied) + len(done.refused) == len(edits)
    if not done.applied:
        assert done.text == text
    rest, at = done.text, 0
    for kept in _between(text, list(done.applied)):
        at = rest.find(kept, at)
        assert at >= 0, (kept, rest)
        at += len(kept)


def _between(text: str, edits: list[Edit]) -> list[str]:
    """The lines that no edit names any part of, in their order. Sections reach further, so there are none."""
    if any(one.form == "section" for one in edits):
        return []
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    named = [(plain.find(one.find), plain.find(one.find) + len(one.find)) for one in edits]
    kept, at = list[str](), 0
    for line in plain.split("\n"):
        if line and "\r" not in text and not any(start <= at + len(line) and at <= end for start, end in named):
            kept.append(line)
        at += len(line) + 1
    return kept


@given(texts_with_edits(), st.randoms())
def test_the_order_of_edits_decides_nothing_where_all_apply(given_edits: tuple[str, list[Edit]], random: object):
    text, edits = given_edits
    done = revise(text, [written(edits, text)])
    places = {(one.form, one.find) for one in done.applied}
    if not done.refused and all(form == "replace" for form, _ in places):
        assert revise(text, [written(edits[::-1], text)]).text == done.text


@given(texts_with_edits())
def test_edits_in_two_answers_are_the_same_as_in_one(given_edits: tuple[str, list[Edit]]):
    text, edits = given_edits
    together = revise(text, [written(edits, text)])
    apart = revise(text, [written(edits[:2], text), written(edits[2:], text)]) if len(edits) > 2 else together
    assert apart.text == together.text


@given(TEXTS, TEXTS)
def test_any_answer_leaves_the_text_or_says_what_was_done(text: str, answer: str):
    done = revise(text, [answer])
    assert done.whole or done.text == text
