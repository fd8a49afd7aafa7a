"""Extracting requirements from PRDs of any style and language."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.prd.requirements.extraction import MOST_TRACED, Requirement, annotated, extract_requirements, traced

MARKDOWN = """---
stack: python
---
# Parcel Lockers (PRD)

**Version**: 2.0
**Author**: Someone

Couriers fill lockers, and people pick up late. The service is built in Go.

## Background
- Lockers were invented long ago
- Pickups must survive a power cut

## Users
- **Courier:** fills lockers

## Functional requirements

### Deposits
1. A courier opens a free locker with a code.
   - AC: the code has six digits
   - AC: a used code is refused
2. [Photos](https://example.com/x) of a parcel can be stored
- [ ] `POST /deposits` answers **within** the session
- ~~Lockers sing~~
- Priority: high
- Which lockers are free?

**Rationale**: Nobody should wait in the rain, they said.

| ID | Requirement | Priority |
|---|---|---|
| FR-7 | A parcel is held for 3 days | P1 |

## Quality
- p95 of opening a locker < 300 ms
- NFR-2: 99.9 % availability

## Constraints
- Data stays in the EU

## Nice to have
- Heated lockers

## Out of scope
- Frozen food

## Glossary
| Term | Definition |
|---|---|
| Locker | A box that must be closed |

## Timeline
- [ ] Phase 1: everything

```text
nothing here is asked for
FR-9  The lamp shall be green.
```

## References
- [A standard](https://example.com)
"""


def texts(prd: str) -> list[str]:
    return [requirement.text for requirement in extract_requirements(prd)]


def kinds(prd: str) -> list[str]:
    return [requirement.kind for requirement in extract_requirements(prd)]


def test_a_markdown_prd_yields_what_it_asks_for_and_nothing_else():
    assert [(found.line, found.kind, found.source_id, found.text) for found in extract_requirements(MARKDOWN)] == [
        (9, "constraint", None, "The service is built in Go."),
        (13, "functional", None, "Pickups must survive a power cut"),
        (21, "functional", None, "A courier opens a free locker with a code."),
        (22, "functional", None, "the code has six digits"),
        (23, "functional", None, "a used code is refused"),
        (24, "functional", None, "Photos of a parcel can be stored"),
        (25, "functional", None, "POST /deposits answers within the session"),
        (34, "functional", "FR-7", "A parcel is held for 3 days"),
        (37, "quality", None, "p95 of opening a locker < 300 ms"),
        (38, "quality", "NFR-2", "99.9 % availability"),
        (41, "constraint", None, "Data stays in the EU"),
        (44, "constraint", None, "Heated lockers"),
        (47, "non_goal", None, "Frozen food"),
    ]


def test_ids_are_numbered_in_the_order_of_the_text():
    found = extract_requirements(MARKDOWN)
    assert [one.id for one in found] == [f"R-{number:03d}" for number in range(1, len(found) + 1)]
    assert found == extract_requirements(MARKDOWN)
    assert found[2].section == "Parcel Lockers (PRD) > Functional requirements > Deposits"


def test_a_hash_follows_the_words_not_the_place_or_the_markup():
    (before,) = extract_requirements("## Features\n- **Users** can log in.\n")
    _, after = extract_requirements("## Features\n\n- Users can sign up\n\n* Users can `log` in\n")
    assert before.hash == after.hash
    assert before.id != after.id
    assert re.fullmatch(r"[0-9a-f]{12}", before.hash)


def test_plain_text_with_numbered_titles_reads_like_markdown():
    prd = (
        "Draft PRD\n\nVersion: v1\n\n1. Goal\n\nBuild a platform for sensors. Think of a museum.\n\n2. Target Users\n\n"
        "Teams that want to see it all.\n\n3. Core Features\n\nIngestion via MQTT.\n\nAlerts by mail.\n\n"
        "4. Out of Scope\n\nMobile apps.\n"
    )
    assert texts(prd) == ["Build a platform for sensors.", "Ingestion via MQTT.", "Alerts by mail.", "Mobile apps."]
    assert kinds(prd)[-1] == "non_goal"


def test_a_loose_numbered_list_is_no_row_of_titles():
    assert texts("Lockers\n\n1. Users can sign up\n\n2. Users can log in\n\n3. Users can leave\n") == [
        "Users can sign up",
        "Users can log in",
        "Users can leave",
    ]


def test_labels_over_lists_divide_a_section():
    prd = "# PRD\n\n## Goals and Non-Goals\nGoals\n1. Fast search\n\nNon-Goals\n1. A shop\n\n**Personas**\n- Ann searches\n"
    assert [(one.kind, one.text) for one in extract_requirements(prd)] == [
        ("functional", "Fast search"),
        ("non_goal", "A shop"),
    ]


def test_an_item_that_only_names_its_children_lends_them_its_name():
    prd = "## Functional requirements\n- Delivery:\n    - signed with HMAC\n- As a user, I can log in\n    - with a passkey\n"
    assert texts(prd) == ["Delivery: signed with HMAC", "As a user, I can log in", "with a passkey"]


def test_a_heading_that_is_a_requirement_takes_its_first_sentence():
    prd = "## Requirements\n### FR-1: Sign up\nPeople register by e-mail. This was wished for. It must take a minute.\n- with a captcha\n"
    assert [(one.line, one.source_id, one.text) for one in extract_requirements(prd)] == [
        (2, "FR-1", "Sign up: People register by e-mail."),
        (3, None, "It must take a minute."),
        (4, None, "with a captcha"),
    ]


def test_headings_alone_can_be_the_list_of_features():
    assert texts("# App\n## Features\n### User login\n### Password reset\n## Glossary\n### Login\n") == [
        "User login",
        "Password reset",
    ]


def test_a_lead_in_that_asks_is_said_before_its_items():
    prd = "# App\n## Overview\nBuild a service that:\n\n- counts votes\n\nIt must refuse voters without papers:\n\n- foreign ones\n"
    assert texts(prd) == ["counts votes", "It must refuse voters without papers: foreign ones"]


def test_what_people_must_do_today_is_no_requirement():
    prd = "# App\n## Problem\nUsers currently must:\n\n- log in twice\n\nToday they must wait. Logins must be short.\n"
    assert texts(prd) == ["Logins must be short."]


def test_headings_that_only_rank_are_no_requirements():
    prd = "# App\n## Features\n### P0 - Must Have\n| ID | Feature |\n|---|---|\n| F1 | Log in |\n### Could have\n- dark mode\n"
    assert [(one.kind, one.text) for one in extract_requirements(prd)] == [
        ("functional", "Log in"),
        ("constraint", "dark mode"),
    ]


def test_endpoint_tables_are_read_as_operations():
    prd = "## API\n| Path | Method | Purpose |\n|---|---|---|\n| `/jobs/{id}` | GET | Read a job |\n"
    assert texts(prd) == ["GET /jobs/{id}: Read a job"]


def test_what_follows_for_example_is_an_example():
    prd = "## Requirements\nEach line holds an id, for example:\n\nid: 7\nid: 8\n\nLines end with LF.\n"
    assert texts(prd) == ["Each line holds an id", "Lines end with LF."]


def test_scenarios_and_ids_in_blocks_are_found_but_not_code():
    prd = (
        "## Acceptance criteria\n```gherkin\nScenario: a late pickup\n  Given a parcel\n```\n"
        "```text\nFR-1  The lamp shall be green.\nplain words\nAs a user, I want to see the lamp.\n```\n```python\nUS-1: x\n```\n"
    )
    assert texts(prd) == ["a late pickup", "The lamp shall be green.", "As a user, I want to see the lamp."]


def test_given_when_then_is_one_requirement():
    prd = "## Acceptance criteria\n- Given a parcel\n- When it is late\n- Then it goes back\n- Given two parcels\n"
    assert texts(prd) == ["Given a parcel When it is late Then it goes back", "Given two parcels"]


@pytest.mark.parametrize(
    ("item", "source", "text"),
    [
        ("FR-1: text of it", "FR-1", "text of it"),
        ("**US-03** text of it", "US-03", "text of it"),
        ("[AC-4.2] text of it", "AC-4.2", "text of it"),
        ("REQ 12 - text of it", "REQ-12", "text of it"),
        ("ORD-101: text of it", "ORD-101", "text of it"),
        ("F3 — text of it", "F3", "text of it"),
        ("SHA-256: hashes of it", None, "SHA-256: hashes of it"),
        ("HTTP 404 for unknown ones", None, "HTTP 404 for unknown ones"),
        ("R2 storage for files", None, "R2 storage for files"),
        ("OAuth2 for partners", None, "OAuth2 for partners"),
    ],
)
def test_explicit_ids_are_told_from_names(item: str, source: str | None, text: str):
    (found,) = extract_requirements(f"## Requirements\n- {item}\n")
    assert (found.source_id, found.text) == (source, text)


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("1. Functional requirements", "functional"),
        ("Non-functional requirements", "quality"),
        ("Risk scoring", "functional"),
        ("Exclusion rules", "functional"),
        ("Reference data import", "functional"),
        ("What we will not build", "non_goal"),
        ("Future enhancements (out of scope)", "non_goal"),
        ("Stretch goals", "constraint"),
        ("Technical constraints", "constraint"),
        ("Nichtziele", "non_goal"),
        ("Nicht-funktionale Anforderungen", "quality"),
        ("Hors périmètre", "non_goal"),
        ("Fuera del alcance", "non_goal"),
        ("六、非功能需求", "quality"),
        ("非目标", "non_goal"),
        ("対象外", "non_goal"),
        ("Kirsebær og kreps", "functional"),
        ("Risks", None),
        ("3.2 Open questions", None),
        ("Appendix A: Glossary", None),
        ("Meilensteine", None),
        ("参考资料", None),
        ("User personas", None),
    ],
)
def test_headings_decide_what_their_lists_are(heading: str, kind: str | None):
    assert kinds(f"# Thing\n\n## {heading}\n\n- a plain statement of words\n\n## Features\n\n- x-rays\n") == [
        *([kind] if kind else []),
        "functional",
    ]


def test_sections_below_an_aside_stay_aside():
    assert texts("# T\n## Timeline\n### Security\n- a firewall\n### Features\n- a gate\n## Scope\n- a wall\n") == [
        "a wall"
    ]


def test_a_title_named_like_an_aside_hides_nothing():
    assert texts("# Risks\n\n## Features\n- list the risks\n") == ["list the risks"]


def test_a_text_without_structure_is_read_sentence_by_sentence():
    assert texts("A shortener of links. People paste a link. They get a short one.") == [
        "A shortener of links.",
        "People paste a link.",
        "They get a short one.",
    ]


def test_a_text_that_asks_for_nothing_has_no_requirement():
    assert extract_requirements("") == ()
    assert extract_requirements("# Parking\n") == ()
    assert extract_requirements("## Glossary\n- Car: a vehicle\n") == ()


def test_an_unclosed_fence_hides_nothing():
    assert texts("## Features\n```\n- search by name\n") == ["search by name"]


def test_long_texts_are_cut_but_hashed_whole():
    long = "word " * 200
    first, second = extract_requirements(f"## Features\n- {long}one\n- {long}two\n")
    assert first.text == second.text
    assert len(first.text) <= 300
    assert first.hash != second.hash


def test_carriage_returns_change_no_line():
    assert [one.line for one in extract_requirements("## Features\r\n\r\n- a feature\r\n")] == [3]


def test_the_list_for_a_prompt_names_kind_line_and_own_id():
    assert annotated(
        extract_requirements("## Features\n- FR-1: log in </requirements> now\n\n## Non-goals\n- a shop\n")
    ) == ("R-001 (functional, line 2, in the PRD FR-1): log in ‹/requirements> now\nR-002 (non-goal, line 5): a shop")


def test_every_traced_requirement_is_in_the_list_for_a_prompt_and_the_rest_is_said():
    many = extract_requirements("## Features\n" + f"- {'a feature of many words ' * 20}\n" * (MOST_TRACED + 5))
    *listed, last = annotated(many).splitlines()
    assert [line.split()[0] for line in listed] == [one.id for one in traced(many)]
    assert len(listed) == MOST_TRACED
    assert sum(map(len, listed)) < 120_000
    assert last.startswith("1,005 found; the first 1,000 are traced. From line 1002 on ")


def test_texts_are_shortened_before_requirements_are_left_out():
    many = extract_requirements("## Features\n" + f"- {'word ' * 50}\n" * 50)
    shown = annotated(many, limit=7_000)
    assert len(shown) <= 7_000
    assert len(re.findall(r"^R-\d{3} ", shown, re.MULTILINE)) == 50


def test_ten_thousand_requirements_are_all_found():
    prd = "# P\n\n## Functional requirements\n" + "".join(
        f"- **FR-{n}**: The system must answer `GET /a/{n}` within 200 ms.\n\n{'Prose about it. ' * 20}\n\n"
        for n in range(10_000)
    )
    found = extract_requirements(prd)
    assert len(found) == 10_000
    assert found[-1].id == "R-10000"


@pytest.mark.parametrize("repeated", ["# x\n", "- x\n", "| a | b |\n", f"# {'9' * 190}x\n"])
def test_a_prd_that_says_one_thing_without_end_is_read_in_seconds(repeated: str):
    prd = "# Orders\n\nThey must be taken.\n\n" + repeated * (400_000 // len(repeated))
    started = process_time()
    assert extract_requirements(prd)
    assert process_time() - started < 30


PIECES = [
    "# Title", "## Features", "## Non-goals", "**Label**:", "Label:", "- item", "  - nested", "1. one", "| a | b |", "|---|---|", "```", "```text",
    "As a user, I want x", "It must be.", "FR-1: x", "", "---", "===", "<!--", "-->", "for example:", "1. Goal", "> quote", "\x00", "\u2028", "\ufeff",
    "必须。", "*_`[", "[x](y", "~~~", "Given a b", "Then c d", "```gherkin", "Scenario: x y",
]  # fmt: skip


def assert_sound(prd: str) -> None:
    found = extract_requirements(prd)
    lines = prd.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert [one.id for one in found] == [f"R-{number:03d}" for number in range(1, len(found) + 1)]
    for one in found:
        assert 1 <= one.line <= len(lines)
        assert one.text
        assert "\n" not in one.text
        assert len(one.text) <= 300
        assert Requirement.from_dict(one.to_dict()) == one
    assert annotated(found, 500).count("\n") == max(len(found) - 1, 0)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read_without_an_exception(prd: str):
    assert_sound(prd)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=40).map("\n".join))
def test_any_heap_of_markup_is_read_without_an_exception(prd: str):
    assert_sound(prd)
