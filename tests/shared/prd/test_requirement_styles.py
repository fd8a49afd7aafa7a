"""How PRDs are written elsewhere: other languages, other tools, other habits. Each snippet is one pattern met in many."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.checks.ledger import check_ledger
from shared.errors import BadInput
from shared.pack.ledger import build_ledger
from shared.prd import read_prd
from shared.prd.requirements.extraction import extract_requirements


def texts(prd: str) -> list[str]:
    return [one.text for one in extract_requirements(prd)]


SPOKEN = [
    pytest.param("# Werft\n\n## Ablage\n\nDer Nutzer soll Pläne hochladen.\n", ["Der Nutzer soll Pläne hochladen."], id="de"),
    pytest.param(
        "# Taller\n\n## Compras\n\n- Registrar compras\n\nUn pedido pertenecerá a un cliente.\n",
        ["Registrar compras", "Un pedido pertenecerá a un cliente."], id="es-future-beside-a-list",
    ),
    pytest.param(
        "# 倉庫\n\n## 在庫\n\n手入力は行わず、CSVを正とする。\n\n## 背景・目的\n\n- 画面が複雑\n", ["手入力は行わず、CSVを正とする。"], id="ja",
    ),
    pytest.param("# 仓库\n\n## 文档目的\n\n- 说明范围\n\n## 权限\n\n禁止删除日志。\n", ["禁止删除日志。"], id="zh"),
    pytest.param(
        "# Склад\n\n## Используйте Python последней версии.\n\n## Сервер\n\nОтправляйте ответ в виде json.\n",
        ["Используйте Python последней версии.", "Отправляйте ответ в виде json."], id="ru",
    ),
    pytest.param("RF01 - Cadastrar\n\nRF02 - Consultar\n\nRNF01 - API REST\n", ["Cadastrar", "Consultar", "API REST"], id="pt-ids-alone"),
]  # fmt: skip


@pytest.mark.parametrize(("prd", "expected"), SPOKEN)
def test_requirements_are_found_in_other_languages(prd: str, expected: list[str]):
    assert texts(prd) == expected


def test_numbers_that_run_through_a_document_are_its_ids():
    found = extract_requirements("# App\n\n**A01:** Read a file\n\n**A02:** Write a file\n\n**A03:** Sort\n")
    assert [(one.source_id, one.text) for one in found] == [
        ("A01", "Read a file"), ("A02", "Write a file"), ("A03", "Sort"),
    ]  # fmt: skip


def test_quoted_requirements_read_like_others():
    prd = "# App\n\n## Rules\n\n> - keep logs for a year\n>\n> REQ-CORE-1: The app shall parse files.\n"
    assert texts(prd) == ["keep logs for a year", "The app shall parse files."]


def test_a_row_that_divides_a_table_is_none():
    prd = "## Use cases\n\n| Step | Actor | What |\n|---|---|---|\n| **Login** | | |\n| 1.1 | ERP | sends the bill |\n"
    assert texts(prd) == ["1.1: ERP; sends the bill"]


def test_tables_of_values_count_and_tables_of_people_do_not():
    prd = (
        "# Bot\n\n## Rails\n\n| Parameter | Default |\n|---|---|\n| daily loss | 5 % |\n"
        "\n## Access\n\n| Role | Goal |\n|---|---|\n| clerk | sells tickets |\n"
    )
    assert texts(prd) == ["daily loss: 5 %"]


def test_what_only_announces_its_children_is_said_before_them():
    prd = "## Features\n\n- Import of the following data\n  - CPC\n  - clicks\n- System must be open for:\n  - growth\n"
    assert texts(prd) == [
        "Import of the following data: CPC", "Import of the following data: clicks", "System must be open for: growth",
    ]  # fmt: skip


def test_a_sentence_back_at_the_margin_ends_its_item():
    assert texts("## Features\n\n- A flag for colour.\nThe server must answer in JSON.\n") == [
        "A flag for colour.", "The server must answer in JSON.",
    ]  # fmt: skip


def test_an_introduction_to_a_chapter_is_no_requirement():
    prd = (
        "## Non-functional requirements\n\nThis chapter describes qualities. They are decisive.\n\nAnswers take 2 s.\n"
    )
    assert texts(prd) == ["Answers take 2 s."]


def test_decisions_of_the_design_are_constraints():
    found = extract_requirements("# Bot\n\n## Architecture\n\n- Database: D1\n\n## Legend\n\n- F means bill\n")
    assert [(one.kind, one.text) for one in found] == [("constraint", "Database: D1")]


def test_a_lone_name_in_code_is_a_name_unless_all_counts():
    prd = "# Bot\n\n## Dataset\n\n- `Topic_group`\n- `GET /topics`\n\n## Technology stack\n\n- `FastAPI`\n"
    assert texts(prd) == ["GET /topics", "FastAPI"]


def test_questions_that_are_answered_stay_questions():
    assert texts("# App\n\n## Open questions (resolved)\n\n- Depth: 10\n\n## Features\n\n- undo\n") == ["undo"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=4_000))
def test_any_bytes_are_refused_or_read(data: bytes):
    try:
        prd = read_prd("x.md", data, max_bytes=1_000_000)
    except BadInput:
        return
    assert len(extract_requirements(prd.text)) <= len(prd.text)


@pytest.mark.parametrize(
    "asked",
    [
        "## Nichtfunktionale Anforderungen\n\n- Antworten in unter 2 Sekunden\n",
        "## 非功能需求\n\n- 首页加载 < 3 秒\n",
        "## Requisitos no funcionales\n\n- Responder en 3 segundos\n",
    ],
)
def test_a_number_that_nobody_measures_is_noticed_in_any_language(asked: str):
    documents = {"integration-architecture.md": "# A\n\nDesigned [R-001].\n", "observability-plan.md": "# O\n"}
    ledger = build_ledger(extract_requirements(asked), documents)
    assert [finding.rule for finding in check_ledger(ledger)] == ["LED-004"]


@pytest.mark.parametrize(
    "poem",
    [
        "# Night\n\nThe lamps go out along the quay,\nand no one shall relight them;\nthe boats can see, as we can see,\n"
        "the dark, and must not fight them.\n",
        "# Der Zug\n\nDer Zug muss fort, der Zug muss weit,\nwer kann ihn heute halten?\nEr soll in seiner eignen Zeit\n"
        "die alten Lieder, die alten,\n",
    ],
)
def test_a_poem_asks_for_nothing(poem: str):
    assert extract_requirements(poem) == ()


@pytest.mark.parametrize(
    "prd",
    [
        "Todo app\nadd todos\ndelete todos\nshare lists with a team\n",
        "# Todos\n\nUsers can add todos.\nUsers can delete todos.\nTodos are kept,\nalso offline.\n",
        "# Todos\n\nmust have:\n- add todos,\n- delete todos,\n- share lists,\n",
    ],
)
def test_short_lines_alone_are_no_poem(prd: str):
    assert extract_requirements(prd)
