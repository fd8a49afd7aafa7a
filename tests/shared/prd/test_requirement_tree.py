"""Requirements as a tree: stories and their criteria, what roles can do, what is put off, what is only wished for."""

from time import process_time

import pytest

from shared.prd.requirements import Requirement, annotated, extract_requirements


def one(prd: str) -> Requirement:
    (found,) = extract_requirements(prd)
    return found


def tree(prd: str) -> dict[str, list[str]]:
    """The texts of the roots, each with those of its parts."""
    found = extract_requirements(prd)
    texts = {each.id: each.text for each in found}
    return {root.text: [each.text for each in found if each.parent == root.id] for root in found if not root.parent} | {
        texts[each.id]: [other.text for other in found if other.parent == each.id]
        for each in found
        if each.parent and any(other.parent == each.id for other in found)
    }


STORY = """# Links

## User stories

### Story 1: Make a link

As an owner, I want to make a link so that others can read.

Acceptance criteria:

- The link holds a token.
- Anyone else receives 403.
- A link can end.

### Story 2: Take it back

As an owner, I want to take a link back.
"""


def test_a_story_its_heading_and_its_criteria_are_one_family():
    assert tree(STORY) == {
        "As an owner, I want to make a link so that others can read.": [
            "The link holds a token.", "Anyone else receives 403.", "A link can end.",
        ],
        "As an owner, I want to take a link back.": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    "opening",
    [
        "### US-7: Reserve\n\nAs a member, I want to reserve a tool.\n\n**Acceptance criteria**\n\n",
        "**US-7: Reserve**\n\nAs a member, I want to reserve a tool.\n\n**Acceptance criteria:**\n\n",
        "**Story: Reserve**\n\nAs a member, I want to reserve a tool.\n\n",
        "### User story\n\nAs a member, I want to reserve a tool.\n\n### Acceptance criteria\n\n",
        "As a member, I want to reserve a tool.\n\nAcceptance criteria:\n",
        "- As a member, I want to reserve a tool.\n\nAcceptance criteria:\n",
        "### Story 7\n\n*As a member, I want to reserve a tool.*\n\n#### Scenario: it is free\n\n",
    ],
)
def test_stories_are_written_in_many_ways(opening: str):
    prd = f"# Tools\n\n## Stories\n\n{opening}- A tool is reserved once.\n- It lasts 14 days.\n"
    assert tree(prd) == {"As a member, I want to reserve a tool.": ["A tool is reserved once.", "It lasts 14 days."]}


def test_a_story_takes_the_id_of_its_heading():
    prd = "## Stories\n\n### US-7: Reserve a tool\n\nAs a member, I want to reserve a tool.\n"
    assert (one(prd).source_id, one(prd).text) == ("US-7", "As a member, I want to reserve a tool.")


def test_a_heading_that_names_a_story_asks_itself_only_where_nothing_stands_below_it():
    prd = "## Stories\n\n### US-7: Reserve a tool\n\n- A tool is reserved once.\n\n### US-8: Give it back\n"
    assert tree(prd) == {"A tool is reserved once.": [], "Give it back": []}


def test_an_epic_is_a_name():
    prd = "## Epic 2: Lending\n\n### US-7: Reserve\n\nAs a member, I want to reserve a tool.\n"
    assert tree(prd) == {"As a member, I want to reserve a tool.": []}


def test_criteria_below_several_stories_belong_to_none_of_them():
    prd = "## Stories\n\n- As a member, I want to reserve.\n- As a keeper, I want to scan.\n\nAcceptance criteria:\n- It is fast enough on a phone.\n"
    assert all(each.parent is None for each in extract_requirements(prd))


def test_the_next_topic_does_not_belong_to_the_story_above_it():
    prd = f"{STORY}\n## Security\n\n- Tokens are hashed.\n"
    assert extract_requirements(prd)[-1].parent is None


def test_nested_items_are_parts_of_their_item():
    prd = "## Features\n\n- Orders can be searched by customer\n  - the newest come first\n  - at most 50 a page\n"
    assert tree(prd) == {"Orders can be searched by customer": ["the newest come first", "at most 50 a page"]}


def test_steps_without_a_name_are_one_scenario():
    prd = (
        "## Stories\n\n### Story 1: Scan\n\nAs the keeper, I want to scan a tool.\n\n#### Scenario: it is reserved\n\n"
        "```gherkin\nGiven a tool is reserved\nWhen it is scanned\nThen a loan is opened\n```\n"
    )
    assert tree(prd) == {
        "As the keeper, I want to scan a tool.": ["Given a tool is reserved When it is scanned Then a loan is opened"]
    }


def test_what_a_role_can_do_is_asked_for_where_nothing_else_says_it():
    found = one("# Books\n\n## Users\n\n### Auditor\n\n- Export report\n")
    assert (found.kind, found.text, found.section) == (
        "functional",
        "Auditor: Export report",
        "Books > Users > Auditor",
    )


@pytest.mark.parametrize(
    "users",
    [
        "### Ann, 34\n\n- Busy mother of two\n- Uses a phone\n",
        "### Auditor\n\n**Goals**\n- Find errors early\n",
        "- **Courier:** fills lockers\n- Auditors\n",
        "### Auditor\n\n- Works in the evening\n- Certified since 2012\n",
    ],
)
def test_what_people_are_like_is_not_asked_for(users: str):
    prd = f"# Books\n\n## Users\n\n{users}\n## Features\n\n- Search by title\n"
    assert [each.text for each in extract_requirements(prd)] == ["Search by title"]


def test_an_ability_that_a_story_says_is_no_requirement_of_its_own():
    prd = STORY.replace("## User stories", "## Users\n\n### Owners\n\n- take a link back\n\n## User stories")
    assert [each.text for each in extract_requirements(prd)] == [each.text for each in extract_requirements(STORY)]


def test_an_ability_that_the_roadmap_puts_off_is_postponed():
    found = one("# Books\n\n## Users\n\n### Auditor\n\n- Export report\n\n## Roadmap\n\n### v2\n\n- Report export\n")
    assert (found.kind, found.postponed) == ("constraint", "Roadmap, v2")


ROADMAPS = [
    pytest.param("### Phase 1\n\n- selling\n\n### Phase 2\n\n- returns by mail", ["returns by mail"], id="headings"),
    pytest.param("**Now**\n- selling\n\n**Next**\n- returns by mail\n\n**Later**\n- pets welcome",
                 ["returns by mail", "pets welcome"], id="now-next-later"),
    pytest.param("- v1: selling\n- v2: returns by mail", ["returns by mail"], id="items"),
    pytest.param("| Version | Content | Date |\n|---|---|---|\n| v1 | selling | May |\n| v2 | returns by mail | June |",
                 ["returns by mail"], id="table"),
    pytest.param("### Phase 1: design (weeks 1-2)\n\n- draw it\n\n### Phase 2: testing\n\n- load tests", [], id="work"),
]  # fmt: skip


@pytest.mark.parametrize(("roadmap", "postponed"), ROADMAPS)
def test_only_later_phases_of_a_roadmap_are_postponed(roadmap: str, postponed: list[str]):
    prd = f"# Shop\n\n## Features\n\n- Search by title\n\n## Roadmap\n\n{roadmap}\n"
    found = extract_requirements(prd)
    assert [each.text for each in found if each.postponed] == postponed
    assert [each.text for each in found if not each.postponed] == ["Search by title"]


def test_a_phase_that_names_a_feature_postpones_no_feature():
    prd = "## Features\n\n- Returns are accepted by mail\n\n## Roadmap\n\n### v2\n\n- Accepted returns by mail\n"
    assert (one(prd).text, one(prd).postponed) == ("Returns are accepted by mail", "")


def test_what_says_that_it_is_out_of_scope_is_a_non_goal_wherever_it_stands():
    prd = "## Quality requirements\n\n- Audit logging is out of scope for the first version\n- p95 < 300 ms\n"
    assert [each.kind for each in extract_requirements(prd)] == ["non_goal", "quality"]


def test_a_row_that_will_not_be_done_is_a_non_goal():
    prd = (
        "## Features\n\n| Feature | Priority |\n|---|---|\n| Chat with couriers | Won't |\n| Rate couriers | Could |\n"
    )
    assert [each.kind for each in extract_requirements(prd)] == ["non_goal", "functional"]


@pytest.mark.parametrize(
    "wish",
    [
        "Quick and cheap development time",
        "Quick implementation",
        "Easy to maintain",
        "It must be easy to use",
        "The app should feel friendly",
        "Einfach zu bedienen",
        "Biaya operasional murah",
    ],
)
def test_a_wish_that_no_test_can_show_is_a_goal(wish: str):
    assert [each.kind for each in extract_requirements(f"## Requirements\n\n- {wish}\n- Search by title\n")] == [
        "goal",
        "functional",
    ]


@pytest.mark.parametrize(
    "asked",
    [
        "Fast search",
        "Simple search by title",
        "Easy to use within 2 minutes",
        "Quick replies to messages",
        "Cheap items are listed first",
    ],
)
def test_what_can_be_shown_is_no_goal(asked: str):
    assert one(f"## Requirements\n\n- {asked}\n").kind in ("functional", "quality")


def test_a_row_of_goals_and_a_later_line_on_the_same_are_one_family():
    prd = (
        "# Api\n\n## Goals\n\n| Goal | Description |\n|---|---|\n| Security | RBAC + JWT |\n\n"
        "## Requirements\n\n| Area | Requirement |\n|---|---|\n| Security | JWT-based auth |\n"
    )
    goal, later = extract_requirements(prd)
    assert (goal.parent, goal.restates, later.parent) == (later.id, True, None)


def test_a_goal_with_a_number_belongs_to_the_line_that_states_it():
    prd = (
        "## Goals\n\n- Low latency: creation < 100 ms\n\n"
        "## Requirements\n\n- Creation SHALL complete in < 100 ms (p95)\n- Creation SHALL be logged\n"
    )
    goal, stated, other = extract_requirements(prd)
    assert (goal.parent, stated.parent, other.parent) == (stated.id, None, None)


def test_what_two_sections_say_in_the_same_words_is_said_once():
    prd = (
        "## Overview\n\n| ID | Requirement |\n|---|---|\n| FR-1 | Couriers open lockers with a code |\n\n"
        "## Details\n\n- Couriers open lockers with a **code**.\n- Codes open lockers with two couriers for 5 minutes.\n"
    )
    assert [(each.source_id, each.line) for each in extract_requirements(prd)] == [("FR-1", 5), (None, 10)]


@pytest.mark.parametrize(
    "table",
    [
        "## Verification\n\n| Requirement | Method |\n|---|---|\n| IRR-1 | bench |\n",
        "## Coverage\n\n| Requirement | Method |\n|---|---|\n| IRR-1, IRR-2 | bench |\n| IRR-3 to IRR-9 | on paper |\n",
        "## How it was found\n\nNobody asked.\n",
    ],
)
def test_tables_about_requirements_and_questions_as_headings_ask_for_nothing(table: str):
    assert [each.text for each in extract_requirements(f"# T\n\n## Features\n\n- Search by title\n\n{table}")] == [
        "Search by title"
    ]


def test_a_heading_that_asks_how_is_a_topic():
    assert one("# T\n\n## How it should feel\n\n- Expired food disappears by itself\n").text.startswith("Expired")


def test_numbers_of_an_indonesian_prd_are_found():
    prd = "# Aplikasi\n\n## Non-Functional Requirements\n\n- Performance: < 200ms\n"
    assert (one(prd).kind, one(prd).text) == ("quality", "Performance: < 200ms")


def test_a_matrix_of_permissions_names_those_who_may():
    prd = "## Permissions\n\n| | Dispatcher | Courier |\n|---|---|---|\n| Scan parcel | no | yes |\n| Read parcel | yes | own |\n"
    assert [each.text for each in extract_requirements(prd)] == [
        "Scan parcel: Courier",
        "Read parcel: Dispatcher, Courier (own)",
    ]


def test_the_list_for_a_prompt_shows_the_tree():
    prd = f"{STORY}\n## Later\n\n- Links for folders\n"
    lines = annotated(extract_requirements(prd)).splitlines()
    assert lines[1] == "R-002 (functional, line 11, of R-001): The link holds a token."
    assert lines[-1] == "R-006 (constraint, line 21, postponed): Links for folders"


def test_a_prd_of_abilities_and_goals_without_end_is_read_in_seconds():
    many = "".join(f"- export report {number} of orders\n" for number in range(30_000))
    started = process_time()
    assert len(extract_requirements(f"# T\n\n## Users\n\n### Auditor\n\n{many}\n## Goals\n\n{many}")) > 30_000
    assert process_time() - started < 30


def test_a_sentence_that_a_criterion_says_more_precisely_is_of_its_family():
    prd = (
        "# Depot\n\n## What it does\n\nAn unsafe machine goes to maintenance automatically.\n\n"
        "## Stories\n\n### Story 1: Returns\n\nAs a clerk I want to record damage so that it is settled.\n\n"
        "Acceptance criteria:\n\n- Damage of severity unsafe moves the machine to maintenance at once.\n"
    )
    sentence, _, criterion = extract_requirements(prd)
    assert (sentence.parent, sentence.restates) == (criterion.id, True)


def test_a_question_that_somebody_is_to_answer_is_a_goal():
    goals = '# Depot\n\n## Goals\n\n- A clerk can answer "is one free, and where?" on the phone.\n'
    assert one(goals).kind == "goal"
    assert one(goals.replace("Goals", "Requirements")).kind == "functional"


def test_what_is_asked_beside_what_is_excluded_is_no_non_goal():
    text = "Bank details are out of scope, but insurance numbers are held and must be encrypted."
    assert one(f"# Pay\n\n## Trust\n\n- {text}\n").kind != "non_goal"
    assert one("# Pay\n\n## Trust\n\n- Bank details are out of scope, but may come later.\n").kind == "non_goal"
