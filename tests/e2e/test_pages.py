"""The run pages in a real browser, on the whole product: start, watch, report, cancel, keyboard, hostile names."""

import base64
import json
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.documents import ORDERS, as_word
from tests.e2e.chromium import running_browser, tab
from tests.e2e.conftest import Product, prd_text, running_product

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], name));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}));
}"""
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "'-alert(4)-'",
    "javascript:alert(5)",
    "{{constructor.constructor('alert(6)')()}}",
    '<a href="javascript:alert(7)">run</a>',
    "</title><iframe srcdoc='<script>parent.alert(8)</script>'>",
    "\u202egnp.exe<b>bold</b>",
)
WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as one:
        yield one


@pytest.fixture(scope="module")
async def slow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """A product whose agents take long enough to be watched and cancelled."""
    async with running_product(tmp_path_factory.mktemp("slow"), {}, drafts={"seconds_per_answer": 30.0}) as running:
        yield running


@pytest.fixture
async def seen(browser: Browser, product: Product) -> AsyncIterator[tuple[Page, list[str]]]:
    async with tab(browser, str(product.http.base_url)) as opened:
        yield opened


async def drop(page: Page, name: str, content: str | bytes) -> None:
    """Drop a file anywhere on the page."""
    data = content.encode() if isinstance(content, str) else content
    await page.evaluate(DROP, [name, base64.b64encode(data).decode()])


async def started(page: Page, name: str, content: str) -> str:
    """The id of a run that was started by dropping its PRD."""
    await page.goto("/api/ui")
    await drop(page, name, content)
    await page.get_by_role("button", name="Start the run").click()
    await page.wait_for_url("**/api/ui/runs/*")
    return page.url.rpartition("/")[2]


async def test_a_dropped_prd_is_planned_run_and_reported(seen: tuple[Page, list[str]], product: Product):
    page, complaints = seen
    await page.goto("/api/ui")
    await drop(page, "parcels.md", prd_text("Parcel Tracking"))
    summary = page.locator("#planned")
    await expect(summary).to_contain_text("Execution Plan Summary")
    await expect(summary).to_contain_text("system-architect")
    await expect(summary).to_contain_text("estimated cost")
    await page.get_by_role("button", name="Start the run").click()
    await expect(page.get_by_role("heading", name="Parcel Tracking")).to_be_visible()
    await expect(page.locator(".agents tbody tr")).to_have_count(7)
    report = page.get_by_role("link", name="Open the report")
    await expect(report).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("All 5 documents were written")
    await expect(page.locator(".badge.done")).to_have_count(7)
    run = await product.run(page.url.rpartition("/")[2])
    assert run["status"] == "completed"

    async with page.context.expect_page() as opened:
        await report.click()
    await follow_the_report(await opened.value)
    await page.get_by_role("link", name="design-backend").click()
    row = page.locator("tr", has_text="Parcel Tracking")
    await expect(row).to_contain_text("Complete")
    await expect(row).to_contain_text("$")
    assert complaints == []


async def follow_the_report(report: Page) -> None:
    """The report is shown with its own style and script, without an origin, and its links lead to the run's files."""
    await report.wait_for_load_state()
    assert report.url.endswith("/report.html")
    assert await report.evaluate("origin") == "null"
    await expect(report.locator("details.document[open]")).to_have_count(0)  # its script folds them
    assert await report.evaluate("getComputedStyle(document.querySelector('.figures')).display") == "grid"
    cell = report.locator("#ledger td a").first
    target = await cell.get_attribute("href")
    await cell.click()
    assert target is not None
    assert report.url.endswith(target)
    await expect(report.locator(f"[id='{target[1:]}']")).to_be_in_viewport()
    await report.locator(".files").get_by_role("link", name="openapi.yaml").click()
    await report.wait_for_url("**/openapi.yaml")
    assert await report.evaluate("document.contentType") == "text/plain"
    await report.go_back()
    await report.locator(".files").get_by_role("link", name="integration-architecture.md").click()
    await report.wait_for_url("**/integration-architecture.md")


async def test_a_dropped_word_document_is_planned_with_what_was_lost(seen: tuple[Page, list[str]]):
    page, complaints = seen
    await page.goto("/api/ui")
    await drop(page, "orders.docx", as_word(ORDERS, picture=True))
    await expect(page.locator("#planned")).to_contain_text("left out: image: Context diagram")
    await drop(page, "orders.docx", as_word(ORDERS)[:700])
    await expect(page.get_by_role("alert")).to_contain_text("save it again as .docx")
    assert [each for each in complaints if "415" not in each] == [], "the browser tells of each refusal"


async def test_a_plan_is_of_the_options_as_they_are(seen: tuple[Page, list[str]], product: Product):
    page, complaints = seen
    await page.goto("/api/ui")
    await drop(page, "optional.md", prd_text("Optional Service"))
    begin = page.get_by_role("button", name="Start the run")
    await expect(begin).to_be_visible()
    await page.get_by_text("Options", exact=True).click()
    await page.get_by_label("Database").fill("mongodb")
    await expect(begin).to_have_count(0)
    await page.get_by_role("button", name="Show the plan").click()
    await expect(page.locator("#planned")).to_contain_text("Database: mongodb")
    await page.get_by_label("Design again").check()
    await begin.click()
    await page.wait_for_url("**/api/ui/runs/*")
    assert (await product.run(page.url.rpartition("/")[2]))["options"]["db"] == "mongodb"
    assert complaints == []


async def test_a_run_is_watched_and_cancelled(browser: Browser, slow: Product):
    async with tab(browser, str(slow.http.base_url)) as (page, complaints):
        run_id = await started(page, "slow.md", prd_text("Slow Service"))
        await expect(page.locator(".badge.drafting")).to_be_visible()
        await expect(page.get_by_role("status")).to_contain_text("Running")
        first = await page.locator(".figures dd").first.text_content()
        await expect(page.locator(".figures dd").first).not_to_have_text(first or "")
        await page.get_by_role("button", name="Cancel the run").click()
        await page.get_by_role("button", name="Let it go on").click()
        assert (await slow.run(run_id))["status"] == "running"
        await page.get_by_role("button", name="Cancel the run").click()
        await page.locator("#cancel-dialog").get_by_role("button", name="Cancel the run").click()
        await expect(page.get_by_role("status")).to_contain_text("Cancelled")
        assert (await slow.ended(run_id))["status"] == "cancelled"
        await expect(page.get_by_role("link", name="Manifest")).to_be_visible()
        assert complaints == []


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_are_shown_as_the_text_they_are(seen: tuple[Page, list[str]], product: Product, name: str):
    page, complaints = seen
    await page.goto("/api/ui")
    await drop(page, f"{name.replace('/', '_')}.md", prd_text(name))
    await expect(page.locator("#drop-hint")).to_contain_text(name.replace("/", "_"))
    await page.get_by_role("button", name="Start the run").click()
    await page.wait_for_url("**/api/ui/runs/*")
    run_id = page.url.rpartition("/")[2]
    title = (await product.ended(run_id))["title"]
    await expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    assert await page.locator("h1:visible").text_content() == title
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Open the report").click()
    await (await opened.value).wait_for_load_state()
    await page.goto("/api/ui")
    await expect(page.locator(f"a[href$='{run_id}']")).to_have_text(title)
    for place in ("#main img", "#main iframe", "#main svg", "#main script", "#main b", "a[href^='javascript']"):
        assert await page.locator(place).count() == 0
    assert complaints == []


async def test_what_the_app_refuses_is_said_in_its_words(seen: tuple[Page, list[str]]):
    page, _ = seen
    await page.goto("/api/ui")
    await drop(page, "empty.md", "")
    await expect(page.get_by_role("alert")).to_contain_text("empty")
    await page.wait_for_timeout(4_000)  # the list is looked at again meanwhile
    await expect(page.get_by_role("alert")).to_contain_text("empty")
    await expect(page.get_by_role("button", name="Start the run")).to_have_count(0)
    await page.goto("/api/ui/runs/never-there")
    await expect(page.get_by_role("alert")).to_contain_text("There is no run 'never-there'")


async def test_everything_works_by_the_keyboard_alone(seen: tuple[Page, list[str]]):
    page, complaints = seen
    await page.goto("/api/ui")
    await expect(page.locator("#runs")).not_to_be_empty()
    await go_to(page, "Paste the text instead")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text(prd_text("Keyboard Service"))
    await go_to(page, "Options")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("C")  # the stack, by its first letter
    await go_to(page, "Show the plan")
    await page.keyboard.press("Enter")
    await expect(page.locator("#planned")).to_contain_text("csharp-expert")
    await go_to(page, "Start the run")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Keyboard Service")).to_be_visible()
    await expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    await go_to(page, "Open the report")
    async with page.context.expect_page() as opened:
        await page.keyboard.press("Enter")
    await (await opened.value).wait_for_load_state()
    await page.bring_to_front()
    await go_to(page, "design-backend")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert complaints == []


async def go_to(page: Page, text: str) -> None:
    """Press Tab until what has this text has the focus, which must be seen."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("text => document.activeElement.textContent.trim() === text", text):
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", text
            return
    raise AssertionError(f"Tab does not lead to {text!r}")


async def test_a_key_is_asked_for_once_and_stays_in_the_pages_memory(seen: tuple[Page, list[str]]):
    page, _ = seen
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    await page.context.route("**/api/runs**", _asks_for_a_key)
    await page.context.route("**/api/plan**", _asks_for_a_key)
    await page.goto("/api/ui")
    dialog = page.get_by_role("dialog", name="Function key")
    await dialog.get_by_label("Key").fill("wrong")
    await dialog.get_by_role("button", name="Use the key").click()
    await expect(dialog).to_contain_text("does not take this key")
    await dialog.get_by_label("Key").fill("sesame-7")
    await dialog.get_by_role("button", name="Use the key").click()
    await expect(page.locator("#runs")).not_to_be_empty()
    run_id = await _started_here(page, prd_text("Keyed Service"))
    await expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    assert run_id.startswith("keyed"), "no second question on the way to the run"
    assert not [address for address in addresses if "sesame" in address]
    kept = await page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state])"
    )
    assert "sesame" not in kept + json.dumps(await page.context.storage_state()) + await page.content()
    await page.reload()
    await expect(dialog).to_be_visible()


async def _started_here(page: Page, content: str) -> str:
    await drop(page, "keyed.md", content)
    await page.get_by_role("button", name="Start the run").click()
    await page.wait_for_url("**/api/ui/runs/*")
    return page.url.rpartition("/")[2]


async def _asks_for_a_key(route: Route) -> None:
    """As Azure's host does: 401, without a word."""
    if route.request.headers.get("x-functions-key") == "sesame-7":
        await route.continue_()
    else:
        await route.fulfill(status=401, body="")


async def test_where_people_sign_in_the_page_leads_there(seen: tuple[Page, list[str]]):
    page, _ = seen

    async def refuses(route: Route) -> None:
        await route.fulfill(status=401, headers={"WWW-Authenticate": "Bearer realm=app"}, body="")

    await page.context.route("**/api/runs**", refuses)
    await page.goto("/api/ui")
    link = page.get_by_role("link", name="Sign in")
    assert await link.get_attribute("href") == "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fui"


async def test_runs_are_searched_filtered_and_paged(seen: tuple[Page, list[str]], product: Product):
    page, complaints = seen
    run = await product.post(prd_text("Quokka Registry"), name="quokka.md")
    await product.ended(run["id"])
    await page.goto("/api/ui")
    await page.get_by_label("Search").fill("QUOKKA")
    await expect(page.locator(".runs tbody tr")).to_have_count(1)
    await expect(page.locator("#count")).to_have_text("1 run")
    await page.get_by_label("State").select_option("failed")
    await expect(page.locator("#runs")).to_contain_text("No run fits.")
    await page.get_by_label("State").select_option("")
    await page.get_by_label("Search").fill("")
    await page.route("**/api/runs?*", _two_in_a_page)
    await page.reload()
    await expect(page.locator(".runs tbody tr")).to_have_count(2)
    newest = await page.locator(".runs tbody a").first.get_attribute("href")
    await page.get_by_role("button", name="Older").click()
    await expect(page.locator("#count")).to_contain_text("page 2")
    assert await page.locator(f"a[href='{newest}']").count() == 0
    await page.get_by_role("button", name="Newer").click()
    await expect(page.locator(f"a[href='{newest}']")).to_be_visible()
    assert complaints == []


async def _two_in_a_page(route: Route) -> None:
    await route.continue_(url=route.request.url.replace("limit=25", "limit=2"))


async def axe_findings(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds, run beside the page's own scripts, as its policy admits none but these."""
    await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8") + "; void 0")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    asked = {"runOnly": {"type": "tag", "values": tags}}
    found = await page.evaluate("async (options) => (await axe.run(document, options)).violations", asked)
    return [{"rule": one["id"], "where": [node["target"] for node in one["nodes"]]} for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(
    browser: Browser, product: Product, width: int, scheme: Any
):
    run = await product.post(prd_text("Accessible Service"), name="accessible.md")
    await product.ended(run["id"])
    async with tab(browser, str(product.http.base_url), width) as (page, complaints):
        await page.emulate_media(color_scheme=scheme)
        await page.goto("/api/ui")
        await drop(page, "accessible.md", prd_text("Accessible Service"))
        await expect(page.get_by_role("button", name="Start the run")).to_be_visible()
        await expect(page.locator(".runs")).to_be_visible()
        await look_through(page)
        await page.goto(f"/api/ui/runs/{run['id']}")
        await expect(page.get_by_role("link", name="Open the report")).to_be_visible()
        await page.locator("#run-view summary").click()
        await look_through(page)
        address = await page.get_by_role("link", name="Open the report").get_attribute("href")
        await page.goto(address or "")
        await look_through(page)
        assert complaints == []


async def look_through(page: Page) -> None:
    assert await axe_findings(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"


async def test_links_into_a_run_open_that_run_alone(product: Product):
    first, second = [await product.post(prd_text(title), name=f"{title}.md") for title in ("View One", "View Two")]
    runs = [await product.ended(each["id"]) for each in (first, second)]
    view = (await product.http.post(f"/api/runs/{first['id']}/views")).json()
    own, other = (run["files"][0]["path"] for run in runs)
    assert (await product.http.get(view["base"] + own)).status_code == 200
    for address in (view["base"] + other, f"/api/views/nothing/{own}", f"/api/views/{'x' * 500}/{own}"):
        refused = await product.http.get(address)
        assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")


async def test_files_of_a_run_are_shown_so_that_none_can_act(product: Product):
    run = await product.post(prd_text("Shown Files"), name="shown.md")
    listed = (await product.ended(run["id"]))["files"]
    view = (await product.http.post(f"/api/runs/{run['id']}/views")).json()
    for file in listed:
        shown = await product.http.get(view["base"] + file["path"])
        policy = shown.headers["content-security-policy"]
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "sandbox" in policy
        assert "allow-same-origin" not in policy
        assert "unsafe" not in policy
        kind = "text/html" if view["base"] + file["path"] == view["report"] else "text/plain"
        assert shown.headers["content-type"] == f"{kind}; charset=utf-8"


def test_no_page_makes_markup_of_text_or_keeps_anything():
    pages = Path(__file__).parents[2] / "triggers" / "pages"
    for path in pages.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Storage", "cookie"):
            assert word not in source, f"{path.name} uses {word}"
    page = (pages / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", page), "styles and scripts in the page would need unsafe-inline"
