"""Links to one session: made by the owner, opened by somebody else, ended at once; and logging out."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import DESKTOP
from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import stretch_deadline, wait_until

OpenLink = Callable[[str], WebPage]


@pytest.fixture
def open_link(browser: Browser) -> Iterator[OpenLink]:
    """Opens a link in a browser of somebody else's, who has no login."""
    contexts: list[BrowserContext] = []
    pages: list[WebPage] = []

    def open_one(url: str) -> WebPage:
        context = browser.new_context(viewport=DESKTOP)
        context.set_default_timeout(stretch_deadline(15) * 1000)
        contexts.append(context)
        page = WebPage(context.new_page())
        pages.append(page)
        page.page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [error for page in pages for error in page.errors] == []


def start_two(daemon: PtydUnderTest) -> str:
    """A shell named build, the id of which is returned, and another session."""
    daemon.request("create", argv=["cat"], name="hidden")
    session: str = daemon.request("create", argv=["bash", "--norc", "--noprofile"], name="build")["id"]
    return session


def test_a_link_opens_one_session_to_look_at(daemon: PtydUnderTest, open_link: OpenLink) -> None:
    session = start_two(daemon)
    share = daemon.request("share", session="build")
    guest = open_link(share["url"])
    guest.wait_for_phase("live")
    assert guest.page.evaluate("window.ptyd.readSession()") == session
    assert share["secret"] not in guest.page.url
    assert guest.page.evaluate("document.cookie") == ""  # HttpOnly
    expect(guest.find("observed")).to_contain_text("Read-only")
    for absent in ("session-list", "new-session", "menu", "take-control", "lock", "share", "key-bar"):
        expect(guest.find(absent)).to_be_hidden()
    assert "hidden" not in str(guest.page.content()).replace('hidden=""', "").replace("aria-hidden", "")

    daemon.request("send", session="build", data=b"echo seen-$((1+1))\r")
    guest.wait_for_text("seen-2")
    guest.run("echo typed-$((1+1))")
    daemon.request("send", session="build", data=b"echo after-$((1+1))\r")
    guest.wait_for_text("after-2")
    assert "typed-" not in guest.text()
    assert (daemon.request("get", session="build")["cols"], guest.size()[0]) == (80, 80)


def test_a_link_to_type_by(daemon: PtydUnderTest, open_link: OpenLink) -> None:
    start_two(daemon)
    guest = open_link(daemon.request("share", session="build", control=True)["url"])
    guest.wait_for_phase("live")
    expect(guest.find("observed")).to_be_hidden()
    expect(guest.find("session-list")).to_be_hidden()
    guest.run("echo typed-$((1+1))")
    guest.wait_for_text("typed-2")


def test_a_link_dies_at_once(daemon: PtydUnderTest, open_link: OpenLink) -> None:
    start_two(daemon)
    share = daemon.request("share", session="build", control=True)
    guest = open_link(share["url"])
    guest.wait_for_phase("live")
    daemon.request("token_revoke", token=share["info"]["id"])
    assert daemon.request("get", session="build")["clients"] == 0
    guest.wait_for_status("logged_out")
    expect(guest.find("notice")).to_contain_text("login of this page has ended")
    guest.page.reload()
    expect(guest.page.locator("body")).to_contain_text("Not logged in")
    late = open_link(share["url"])
    expect(late.page.locator("#text")).to_contain_text("revoked")


def test_the_owner_makes_a_link_and_ends_it(daemon: PtydUnderTest, web: WebPage, open_link: OpenLink) -> None:
    start_two(daemon)
    web.open_session("build")
    web.find("share").click()
    web.find("share-role").select_option("control")
    web.find("share-for").select_option("1800")
    web.find("share-make").click()
    url = web.find("share-url").input_value()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/login#[\w-]{43}", url)
    expect(web.page.locator(".qr-code")).to_be_visible()
    expect(web.find("share-link")).to_contain_text("may type, for 30 min")

    guest = open_link(url)
    guest.wait_for_phase("live")
    web.find("share-revoke").click()
    guest.wait_for_status("logged_out")
    expect(web.find("share-link")).to_have_count(0)
    expect(web.find("share-made")).to_be_hidden()
    web.find("share-close").click()
    expect(web.find("share-dialog")).to_have_count(0)
    web.wait_for_status("live")


def test_the_owner_may_open_a_link_of_their_own(daemon: PtydUnderTest, web: WebPage) -> None:
    session = start_two(daemon)
    web.page.goto(daemon.request("share", session="build")["url"])
    web.wait_for_phase("live")
    assert web.page.evaluate("window.ptyd.readSession()") == session
    expect(web.find("session-list")).to_be_visible()
    expect(web.find("share")).to_be_visible()


def test_logging_out(daemon: PtydUnderTest, open_page: Callable[[], WebPage]) -> None:
    """The other pages of the browser end with it, and what was on the screen is gone."""
    start_two(daemon)
    first = open_page()
    first.open_session("build")
    second = WebPage(first.page.context.new_page())
    second.page.goto(first.page.url)
    second.wait_for_status("live")
    first.find("log-out").click()
    expect(first.page.locator("body")).to_contain_text("Not logged in")
    second.wait_for_status("logged_out")
    wait_until(lambda: daemon.request("get", session="build")["clients"] == 0, what="nobody to be attached")


def test_a_principal_that_creates(daemon: PtydUnderTest, open_link: OpenLink) -> None:
    """It starts sessions, controls those, and sees no others."""
    start_two(daemon)
    token = daemon.request("token_create", rights=["create"], name="ci")["token"]
    address = daemon.request("share", session="build")["url"].partition("#")[0]
    page = open_link(f"{address}#{token}")
    page.wait_for_status("live")
    expect(page.find("session")).to_have_count(0)
    page.start_session("bash --norc --noprofile", name="mine")
    page.run("echo mine-$((1+1))")
    page.wait_for_text("mine-2")
    expect(page.find("session")).to_have_count(1)
    expect(page.find("share")).to_be_hidden()
    assert daemon.request("get", session="mine")["owner"] == "ci"
