"""A private daemon, and a headless Chromium that is logged in to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

import ptyd
from tests.browser.page import WebPage
from tests.e2e.conftest import api, claude
from tests.support import chromium
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import stretch_deadline

__all__ = ["api", "claude"]

DESKTOP: ViewportSize = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A module that needs all of Chromium says so by NEEDS_WHOLE_BROWSER.

    Not for the whole run: while Playwright's event loop lives, no test with asyncio can start."""
    index = Path(ptyd.__file__).parent / "static" / "index.html"
    assert index.is_file(), "the web client is not built: run npm ci && npm run build in clients/web"
    needs_whole = getattr(request.module, "NEEDS_WHOLE_BROWSER", False)
    path = chromium.find_chromium() if needs_whole else chromium.find_headless_shell()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def daemon() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        running.request("listen", host="127.0.0.1", port=0)
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser: its pages share the login."""
    opened = browser.new_context(viewport=DESKTOP, color_scheme="dark")
    opened.set_default_timeout(stretch_deadline(15) * 1000)
    yield opened
    opened.close()


@pytest.fixture
def open_page(daemon: PtydUnderTest, context: BrowserContext) -> Iterator[Callable[[], WebPage]]:
    """Opens a page of the web client, logged in with a ticket of its own, and waits until it is live."""
    pages: list[WebPage] = []

    def open_one() -> WebPage:
        page = WebPage(context.new_page())
        pages.append(page)
        page.log_in(daemon)
        return page

    yield open_one
    assert [error for page in pages for error in page.errors] == [], "an exception that nobody caught"


@pytest.fixture
def web(open_page: Callable[[], WebPage]) -> WebPage:
    return open_page()
