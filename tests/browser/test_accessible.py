"""Every view against axe-core's rules for WCAG 2.2 AA: contrast, names, roles, in both themes, wide and at 360 px."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.support.browser_gestures import drop_files
from tests.support.daemon import PtydUnderTest

SIZES: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 640}}
Scheme = Literal["dark", "light"]


@pytest.fixture(params=[("wide", "dark"), ("phone", "light")], ids="-".join)
def web(request: pytest.FixtureRequest, browser: Browser, daemon: PtydUnderTest) -> Iterator[WebPage]:
    """Places and colours do not depend on each other: each of them once is enough."""
    size, scheme = request.param
    is_phone = size == "phone"
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, has_touch=is_phone, is_mobile=is_phone)
    page = WebPage(context.new_page())
    page.log_in(daemon)
    yield page
    context.close()


def open_sidebar(web: WebPage) -> None:
    if web.find("menu").is_visible():
        web.find("menu").click()


def test_before_a_session(web: WebPage) -> None:
    expect(web.find("empty")).to_be_visible()
    check_accessible(web.page)
    open_sidebar(web)
    check_accessible(web.page)


def test_all_sessions(web: WebPage, daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=["sh", "-c", "echo hello; cat"], name="running")
    daemon.request("create", argv=["false"], name="ended")
    expect(web.find("card")).to_have_count(2)
    expect(web.find("card").filter(has_text="ended")).to_contain_text("exited with status 1")
    check_accessible(web.page)
    open_sidebar(web)
    check_accessible(web.page)


def test_a_session(web: WebPage, daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=["sh", "-c", "echo hello; cat"], name="open")
    web.find("card").click()
    web.wait_for_phase("live")
    check_accessible(web.page)
    web.find("search").click()
    web.find("search-input").fill("hello")
    check_accessible(web.page)
    daemon.request("kill", session="open", grace_seconds=0)
    expect(web.page.get_by_role("status").filter(has_text="has ended by signal")).to_be_visible()
    check_accessible(web.page)


def test_dialogs(web: WebPage, daemon: PtydUnderTest) -> None:
    web.find("empty-new").click()
    check_accessible(web.page)
    web.find("new-command").fill("ls | less")
    web.find("dialog-confirm").click()
    check_accessible(web.page)
    web.page.keyboard.press("Escape")
    daemon.request("create", argv=["cat"], name="shared")
    web.find("card").click()
    web.wait_for_phase("live")
    web.find("share").click()
    check_accessible(web.page)
    web.page.keyboard.press("Escape")
    open_sidebar(web)
    web.row("shared").hover()
    web.row("shared").get_by_test_id("session-rename").click()
    check_accessible(web.page)


def test_a_transfer_that_fails(web: WebPage, daemon: PtydUnderTest, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(b"")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    daemon.request("create", argv=["cat"], name="target")
    web.find("card").click()
    web.wait_for_phase("live")
    drop_files(web.page, "terminal", tmp_path / "large.bin")
    expect(web.page.get_by_role("alert")).to_contain_text("max_file_bytes")
    check_accessible(web.page)


def test_without_a_connection(web: WebPage, daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=["cat"], name="away")
    web.find("card").click()
    web.wait_for_phase("live")
    web.page.context.set_offline(True)
    daemon.kill_daemon()
    web.wait_for_status("offline")
    check_accessible(web.page)
    web.page.context.set_offline(False)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_of_the_login(browser: Browser, daemon: PtydUnderTest, scheme: Scheme) -> None:
    context = browser.new_context(viewport=SIZES["phone"], color_scheme=scheme)
    page = context.new_page()
    address = daemon.request("login_ticket")["url"].partition("login")[0]
    for path in ("login", ""):
        page.goto(f"{address}{path}")
        check_accessible(page)
    context.close()
