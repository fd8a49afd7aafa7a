"""Reading a PRD: bytes to text, front matter, title, project, stack."""

import pytest

from shared.errors import BadInput
from shared.prd import find_stack, find_title, read_prd, slug


def read(data: bytes | str, name: str = "orders.md", max_bytes: int = 5_000_000):
    return read_prd(name, data.encode() if isinstance(data, str) else data, max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("text", "name", "project"),
    [
        ("# Order Service\n\nText", "x.md", "order-service"),
        ("# PRD: Order Service\n", "x.md", "order-service"),
        ("# Product Requirements Document (PRD)\n# OAuth2/OIDC Authorization Server\n", "x.md", "oauth2-oidc-authorization-server"),
        ("# PRD\n\n## Background\n", "harbor-hooks.md", "harbor-hooks"),
        ("# Introduction\n\nSome words", "idcenter.md", "idcenter"),
        ("📄 Draft PRD v1 — Open Mission Control\n\nMore", "x.md", "open-mission-control"),
        ("# Café Ümlaut — loyalty for bakeries\n", "x.md", "cafe-umlaut"),
        ("# Nul\n", "x.md", "nul-service"),
        ("# 注文サービス\n", "orders-jp.md", "orders-jp"),
        ("- only\n- a list\n", "plan/billing v2.md", "billing-v2"),
        ("```\n# not a heading\n```\n# Real Title\n", "x.md", "real-title"),
    ],
)  # fmt: skip
def test_the_project_is_named_after_the_product_not_the_kind_of_document(text: str, name: str, project: str):
    assert read(text, name).project == project


def test_a_project_name_is_always_a_plain_folder_name():
    assert slug("../../etc/passwd: <script>") == "etc-passwd"
    assert len(slug("word " * 100)) <= 48


@pytest.mark.parametrize("data", [b"", b"   \n\t ", b"\xef\xbb\xbf \n", b"---\nstack: python\n---\n  \n"])
def test_a_prd_without_text_is_refused(data: bytes):
    with pytest.raises(BadInput) as refused:
        read(data)
    assert refused.value.code == "prd-empty"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7\x00\x01", "prd-binary"),
        (b"caf\xe9 in latin-1", "prd-not-text"),
        (b"\xff\xfea", "prd-not-text"),
    ],
)
def test_what_is_not_text_is_refused_with_its_own_message(data: bytes, code: str):
    with pytest.raises(BadInput) as refused:
        read(data)
    assert refused.value.code == code
    assert refused.value.http_status == 415
    assert "UTF-8" in refused.value.mend


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_with_a_byte_order_mark_is_read(encoding: str):
    assert read("# Größe\r\nzwei".encode(encoding)).text == "# Größe\nzwei"


def test_a_prd_over_the_limit_is_refused_with_both_sizes():
    with pytest.raises(BadInput, match=r"11 bytes; at most 10 "):
        read("12345678901", max_bytes=10)


def test_front_matter_is_split_off():
    prd = read("---\nstack: csharp\ntitle: Orders\n---\n# Orders\n")
    assert prd.front_matter == {"stack": "csharp", "title": "Orders"}
    assert prd.text == "# Orders\n"


def test_a_leading_rule_alone_is_not_front_matter():
    assert read("---\n\n# Orders\n").front_matter == {}


@pytest.mark.parametrize(
    "matter",
    ["stack: [unclosed", "- a\n- list", "just text", "a: &x [1]\nb: *x", "a: 1\na: 2", "x: " + "[" * 3000, "k: v\n" * 9000],
)  # fmt: skip
def test_front_matter_that_is_not_a_plain_mapping_is_refused(matter: str):
    with pytest.raises(BadInput) as refused:
        read(f"---\n{matter}\n---\n# Orders\n")
    assert refused.value.code == "front-matter"


@pytest.mark.parametrize(
    ("text", "stack", "reason"),
    [
        ("Build it with FastAPI.", "python", "'FastAPI' (line 1)"),
        ("We run on\nASP.NET Core and C#.", "csharp", "'ASP.NET' (line 2)"),
        ("A .NET shop with one Python script and .NET 9", "csharp", "'.NET' (line 1)"),
        ("The application must be written in Java.", "python", "assumed"),
        ("C# or Python, we do not mind", "python", "assumed"),
        ("Send internet traffic to planet.network", "python", "assumed"),
    ],
)
def test_stack_auto_reads_the_prd_and_says_why(text: str, stack: str, reason: str):
    found, why = find_stack(text)
    assert found == stack
    assert reason in why


def test_a_prd_without_any_name_has_no_title():
    assert find_title("## Overview\n\n## Goals\n") is None
