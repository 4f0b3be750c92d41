"""What browser tests share: Debian's Chromium under Playwright, and a page that keeps a record."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field

import pytest

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)

HANG = 600_000
"""Milliseconds after which a page is taken to hang; nothing is asserted of its speed."""


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium; skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: make report")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt install chromium, or name one with $CHROMIUM")
    with playwright.sync_playwright() as driver:
        # --no-sandbox: containers often run as root, where Chromium's sandbox cannot
        chromium = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield chromium
        chromium.close()


@dataclass
class Record:
    """What a page asked for, and what went wrong on it."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def outside(self) -> list[str]:
        """Return the requests that left the page's own machine."""
        near = ("file:", "data:", "blob:", "about:", "http://127.0.0.1", "http://localhost")
        return [url for url in self.requests if not url.startswith(near)]

    def clean(self) -> bool:
        """Tell whether nothing was written as an error, failed, or went outside."""
        return not (self.errors or self.failed or self.outside())


@pytest.fixture
def new_page(browser):
    """Return a function that opens a page; its options are those of a browser's context."""
    contexts = []

    def new(**options):
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(HANG)
        return contexts[-1].new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    """Return a page of a desktop's size; ``page.record`` says what it asked for and what failed."""
    tab = new_page(viewport={"width": 1280, "height": 900})
    tab.record = record = Record()
    tab.on("pageerror", lambda error: record.errors.append(str(error)))
    tab.on("console", lambda m: record.errors.append(m.text) if m.type == "error" else None)
    tab.on("request", lambda request: record.requests.append(request.url))
    tab.on("requestfailed", lambda request: record.failed.append(request.url))
    tab.on("response", lambda r: record.failed.append(r.url) if r.status >= 400 else None)
    return tab
