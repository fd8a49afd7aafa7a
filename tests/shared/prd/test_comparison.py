"""Two versions of a PRD are compared by requirement, and what is recognisably the same keeps its id."""

import pytest

from shared.prd.requirements import (
    ADDED,
    CHANGED,
    MOVED,
    REMOVED,
    Comparison,
    compare,
    extract_requirements,
    without_ids,
)

PRD = """# Parcel tracking

A service for couriers who lose parcels.

## Functional requirements

- FR-1: Couriers must register each parcel with its weight.
- FR-2: Customers must be able to see where their parcel is.
- FR-3: The service must send an e-mail when a parcel is delivered.
- FR-4: Operators must be able to export the deliveries of a day as CSV.

## Non-functional requirements

- Lookups must answer within 300 ms at p95.
- Parcels must be kept for 24 months.

## Out of scope

- Route planning.
"""


def kinds(comparison: Comparison) -> dict[str, list[str]]:
    found = dict[str, list[str]]()
    for change in comparison.changes:
        found.setdefault(change.kind, []).append(change.id)
    return found


def ids(text: str) -> dict[str, str]:
    return {one.text: one.id for one in extract_requirements(text)}


def with_(*replaced: tuple[str, str], text: str = PRD) -> str:
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    "after",
    [
        PRD,
        PRD.replace("\n", "\r\n"),
        PRD.replace("\n\n", "\n\n\n\n"),
        PRD.replace("- ", "* "),
        with_(("must register", "**must** register"), ("300 ms", "`300 ms`")),
        with_(("parcel with its", "parcel\n  with its")),
        with_(("as CSV.", "as CSV")),
        with_(("## Functional", "## 3. Functional"), ("## Non-", "## 4. Non-")),
        with_(("FR-1", "FR-11"), ("FR-2", "FR-12"), ("FR-3", "FR-13"), ("FR-4", "FR-14")),
    ],
    ids=["same", "line-ends", "blank-lines", "bullets", "emphasis", "wrapped", "full-stop", "numbered", "own-ids"],
)
def test_what_only_the_form_says_changes_nothing(after: str) -> None:
    comparison = compare(PRD, after)
    assert comparison.is_same, comparison.changes or comparison.context
    assert [one.id for one in extract_requirements(comparison.text)] == [one.id for one in extract_requirements(PRD)]


def test_a_requirement_that_is_put_in_front_leaves_the_others_their_ids() -> None:
    after = with_(("- FR-1:", "- FR-0: Couriers must sign in with a badge.\n- FR-1:"))
    comparison = compare(PRD, after)
    assert kinds(comparison) == {ADDED: ["R-008"]}
    before, now = ids(PRD), ids(comparison.text)
    assert {text: now[text] for text in before} == before


def test_a_reworded_requirement_keeps_its_id() -> None:
    comparison = compare(PRD, with_(("Customers must be able to see where", "Customers must always see where")))
    assert kinds(comparison) == {CHANGED: ["R-002"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [("300 ms", "200 ms"), ("24 months", "12 months"), ("must send", "must not send"), ("within 300", "above 300")],
)
def test_a_number_or_word_that_changes_is_a_change_of_that_requirement_alone(old: str, new: str) -> None:
    (change,) = compare(PRD, with_((old, new))).changes
    assert change.kind == CHANGED
    assert (old in change.before, new in change.after) == (True, True)


def test_a_sign_between_the_same_words_is_a_change() -> None:
    text = "# Limits\n\n## Requirements\n\n- Orders with an amount < 500 EUR must be accepted.\n"
    assert kinds(compare(text, text.replace("<", ">"))) == {CHANGED: ["R-001"]}


def test_a_requirement_that_is_taken_out_leaves_its_id_to_nobody() -> None:
    shorter = compare(PRD, with_(("- FR-4: Operators must be able to export the deliveries of a day as CSV.\n", "")))
    assert kinds(shorter) == {REMOVED: ["R-004"]}
    assert ids(shorter.text)["Lookups must answer within 300 ms at p95."] == "R-005"
    longer = without_ids(shorter.text).replace("## Non-", "- Drivers must confirm by PIN code.\n\n## Non-")
    assert kinds(compare(shorter.text, longer)) == {ADDED: ["R-008"]}


def test_the_last_id_is_not_given_again_either() -> None:
    shorter = compare(PRD, with_(("- Route planning.\n", "- Billing of customers.\n")))
    assert kinds(shorter) == {ADDED: ["R-008"], REMOVED: ["R-007"]}
    again = compare(shorter.text, with_(("- Route planning.\n", "- Billing of customers.\n- Fleet upkeep.\n")))
    assert kinds(again) == {ADDED: ["R-009"]}


def test_reordering_moves_and_asks_for_nothing_else() -> None:
    first = "- FR-1: Couriers must register each parcel with its weight.\n"
    after = with_((first, "")).replace("## Non-", f"{first}\n## Non-")
    comparison = compare(PRD, after)
    assert kinds(comparison) == {MOVED: ["R-001"]}
    assert comparison.is_same
    assert ids(comparison.text) == ids(PRD)


def test_what_becomes_out_of_scope_is_changed() -> None:
    line = "- FR-4: Operators must be able to export the deliveries of a day as CSV.\n"
    after = with_((line, ""), ("- Route planning.\n", f"- Route planning.\n{line}"))
    assert kinds(compare(PRD, after)) == {CHANGED: ["R-004"]}


def test_text_that_asks_for_nothing_is_told_as_context() -> None:
    comparison = compare(PRD, with_(("couriers who lose parcels", "couriers of heavy goods")))
    assert comparison.changes == ()
    assert [one.after for one in comparison.context if one.after] == ["A service for couriers of heavy goods."]
    assert not comparison.is_same


def test_a_changed_requirement_is_not_told_a_second_time_as_context() -> None:
    assert compare(PRD, with_(("300 ms", "200 ms"))).context == ()


def test_another_prd_keeps_next_to_nothing() -> None:
    other = "# Pets\n\n## Requirements\n\n- Vets must record vaccinations.\n- Owners must get reminders by SMS.\n"
    assert compare(PRD, other).kept == 0


def test_the_second_comparison_of_the_same_text_finds_nothing() -> None:
    once = compare(PRD, with_(("- FR-1:", "- Couriers must sign in with a badge.\n- FR-1:")))
    twice = compare(once.text, without_ids(once.text))
    assert twice.is_same
    assert twice.text == once.text


@pytest.mark.parametrize(
    "forged",
    [
        "<!-- requirement-ids last=R-999\nR-001 zzzzzzzzzzzz\n-->",
        "<!-- requirement-ids last=R-999999\nR-005 000000000000\nR-005 000000000000\n-->",
        "<!-- requirement-ids last=R-001\n-->",
    ],
)
def test_a_comment_that_somebody_wrote_cannot_give_two_requirements_one_id(forged: str) -> None:
    found = [one.id for one in extract_requirements(f"{PRD}\n{forged}\n")]
    assert len(set(found)) == len(found) == 7


def test_a_long_prd_is_compared_in_time() -> None:
    def prd(word: str) -> str:
        items = (f"- The {word} service must handle case {number} of {number * 7} items." for number in range(1500))
        return "# Long\n\n## Requirements\n\n" + "\n".join(items)

    comparison = compare(prd("old"), prd("new"))
    assert len(comparison.of(CHANGED)) >= 400
