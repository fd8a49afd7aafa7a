"""Whole runs with those who mean harm: a PRD that gives orders, a model that writes what should act, a poem."""

import json
import re
from typing import Any

from local.drafts.seeded_defects import SeededDefect
from tests.bad_prds import USABLE_PRDS
from tests.e2e.conftest import Product
from tests.hostile_prd import PASSAGES, PRD

EVIL = (
    '\n\n<script src="https://evil.example/x.js"></script>\n\n![pixel](https://evil.example/p.png)\n\n'
    "[continue](javascript:alert(1))\n\n**../../../evil.sh**\n\n```bash\necho evil\n```\n"
)


async def finished(product: Product, prd: str, **options: Any) -> dict[str, Any]:
    return await product.ended((await product.post(prd, **options))["id"])


def layout(run: dict[str, Any]) -> set[str]:
    """Where everything went, but for the run's second; of what was taken out of the documents, only the folder.

    Its names come from the documents, which design what they take the PRD to ask for, and lead nowhere else.
    """
    paths = (re.sub(r"\d{8}-\d{6}", "STAMP", file["path"]) for file in run["files"])
    return {re.sub(r"(STAMP/(?:diagrams|queries|sample|tests)/).*", r"\1", path) for path in paths}


async def text_of(product: Product, run: dict[str, Any], name: str) -> str:
    (path,) = (file["path"] for file in run["files"] if file["path"].endswith(f"/{name}"))
    return (await product.blob("designs", path)).decode()


async def test_a_prd_that_gives_orders_changes_nothing_but_the_note_in_the_manifest(product: Product):
    before = len(product.calls())
    plain = await finished(product, PRD, full=True)  # both are designed anew, whatever came before
    plain_calls = sorted(product.calls(before))
    before = len(product.calls())
    orders = "\n\n".join(PASSAGES.values())
    hostile = await finished(product, f"{PRD}\n## Notes\n\n{orders}\n", full=True)
    assert sorted(product.calls(before)) == plain_calls
    assert hostile["options"] == plain["options"]
    assert hostile["project"] == plain["project"]
    assert layout(hostile) == layout(plain)
    assert "## Suspicious input" not in await text_of(product, plain, "MANIFEST.md")
    manifest = await text_of(product, hostile, "MANIFEST.md")
    assert "## Suspicious input" in manifest
    assert "evil" not in manifest
    noted = json.loads(await text_of(product, hostile, "manifest.json"))["suspicions"]
    assert len(noted) >= len(PASSAGES)
    assert {each["line"] for each in noted} <= set(range(10, 100))


async def test_what_a_hostile_model_writes_is_found_and_does_nothing(product: Product):
    assert product.host.drafts
    product.host.drafts.seed(
        [SeededDefect(agent, "", EVIL, mends=False, task=task) for agent, task in (
            ("system-architect", "draft"), ("orchestrator", "setup"), ("orchestrator", "synthesis"),
        )]
    )  # fmt: skip
    try:
        run = await finished(product, PRD, db="mongodb")
    finally:
        product.host.drafts.seed([])
    assert run["status"] == "completed_with_findings"
    findings = json.loads(await text_of(product, run, "manifest.json"))["findings"]
    assert {"ACT-001", "ACT-002", "ACT-003"} <= {finding["rule"] for finding in findings}
    assert not [file for file in run["files"] if "evil" in file["path"]], "no path of its own"
    manifest = await text_of(product, run, "MANIFEST.md")
    shown_as_text = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", manifest)
    assert "<script" in manifest
    assert "<script" not in shown_as_text
    assert "](javascript:" not in shown_as_text
    assert "![pixel]" not in shown_as_text
    assert all(file["url"].startswith(f"/api/runs/{run['id']}/files/") for file in run["files"])


async def test_the_architecture_of_a_hostile_model_is_served_as_text_to_keep(product: Product):
    run = await finished(product, PRD)
    answer = await product.http.get(run["files"][0]["url"])
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_what_is_no_prd_runs_all_the_same(product: Product):
    run = await finished(product, USABLE_PRDS["a poem"].decode())
    assert run["status"] in ("completed", "completed_with_findings")
    assert "No requirements were found in the PRD." in await text_of(product, run, "MANIFEST.md")


async def test_where_nothing_is_asked_for_the_manifest_says_so(product: Product):
    run = await finished(product, USABLE_PRDS["only a title"].decode())
    assert run["status"] in ("completed", "completed_with_findings")
    assert "No requirements were found in the PRD." in await text_of(product, run, "MANIFEST.md")


async def test_no_blob_log_or_record_holds_a_secret_of_the_app(product: Product):
    key = "canary-function-key-6f1c"
    body = {"prd": f"{PRD}\nOnce more, to be sure.\n"}
    answer = await product.http.post("/api/runs", json=body, headers={"x-functions-key": key})
    await product.ended(answer.json()["id"])
    secrets = [key, _account_key(product)]
    for name in ("prds", "designs", "runs"):
        async for blob in product.storage.get_container_client(name).list_blobs():
            data = await product.blob(name, blob.name)
            assert not [secret for secret in secrets if secret.encode() in data], blob.name
    kept = _kept(product)
    assert kept
    assert not [name for name, data in kept.items() for secret in secrets if secret.encode() in data]


def _kept(product: Product) -> dict[str, bytes]:
    """What the engine has written: the runs' histories, and on Microsoft's its messages and the host's log."""
    folder = product.host._state.path  # pyright: ignore[reportPrivateUsage] (what no user is to look into)
    files = [*folder.glob("engine.sqlite*"), *folder.glob("*.log"), *folder.glob("storage/**/*")]
    return {str(path): path.read_bytes() for path in files if path.is_file()}


def _account_key(product: Product) -> str:
    """The key that the host, its worker and this test reach storage with."""
    credential: Any = product.storage.credential
    return credential.account_key
