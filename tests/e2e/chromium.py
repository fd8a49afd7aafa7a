"""A headless browser for tests of pages: the machine's own Chromium, driven by Playwright, which brings none here."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


def chromium() -> str:
    """Path of the machine's Chromium; the test is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"there is no Chromium on this machine (looked for {', '.join(NAMES)} on the PATH)")
    return found


@asynccontextmanager
async def running_browser() -> AsyncGenerator[Browser]:
    """A browser with a profile of its own."""
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(browser: Browser, base_url: str, width: int = 1280) -> AsyncGenerator[tuple[Page, list[str]]]:
    """A page of a fresh profile, and what it complained of: errors of scripts, and what its policy refused."""
    context = await browser.new_context(base_url=base_url, viewport={"width": width, "height": 900})
    context.set_default_timeout(PATIENCE)
    page, complaints = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(f"a dialog of the browser: {dialog.message}"))
    try:
        yield page, complaints
    finally:
        await context.close()
