"""What the end-to-end tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser_viewer import BrowserViewer
from tests.e2e.program_viewer import ProgramViewer
from tests.e2e.terminal_viewer import TerminalViewer
from tests.e2e.viewers import Viewer
from tests.support.chromium import find_chromium
from tests.support.claude import HermeticClaude, make_hermetic_claude
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi


@pytest.fixture
def api() -> Iterator[FakeMessagesApi]:
    """The Messages API on loopback that ``claude`` talks to."""
    with FakeMessagesApi() as api:
        yield api


@pytest.fixture
def claude(api: FakeMessagesApi) -> Iterator[HermeticClaude]:
    """A place for the pinned Claude Code, in a short path of its own."""
    with tempfile.TemporaryDirectory(prefix="cl-", dir="/tmp", ignore_cleanup_errors=True) as place:
        yield make_hermetic_claude(Path(place), api.url)


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    """A private ptyd, which must leave nothing behind."""
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Headless Chromium. Of one test only: its event loop would be in the way of asyncio's in the next."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(
    params=[
        "terminal",
        "program",
        pytest.param("browser", marks=pytest.mark.browser),
    ]
)
def viewer(request: pytest.FixtureRequest, ptyd: PtydUnderTest) -> Iterator[Viewer]:
    """Each of the three ways to use a session, in turn."""
    viewer = make_viewer(request, ptyd)
    try:
        yield viewer
    finally:
        viewer.close()


def make_viewer(request: pytest.FixtureRequest, ptyd: PtydUnderTest) -> Viewer:
    if request.param == "terminal":
        return TerminalViewer(ptyd)
    if request.param == "program":
        return ProgramViewer(ptyd)
    return BrowserViewer(ptyd, request.getfixturevalue("browser"))
