"""The page tells which sessions need the user: the real Claude Code waits for a permission, and is given it."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.page import WebPage
from tests.browser.test_screen import set_hidden
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

NEEDS_WHOLE_BROWSER = True
"""For its notifications."""

WITNESS = """
window.notificationsShown = [];
window.permissionAsked = 0;
{
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      window.notificationsShown.push(this);
    }
    static requestPermission(...rest) {
      window.permissionAsked += 1;
      return Real.requestPermission(...rest);
    }
    close() {
      window.notificationsShown = window.notificationsShown.filter((one) => one !== this);
      super.close();
    }
  };
}
"""
"""The browser's own notifications, and a list of those that are shown."""


@pytest.fixture
def watched(context: BrowserContext, open_page: Callable[[], WebPage]) -> WebPage:
    """A page with a witness of its notifications."""
    context.add_init_script(WITNESS)
    return open_page()


def start_claude(daemon: PtydUnderTest, claude: HermeticClaude, name: str) -> None:
    daemon.request("create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name=name)
    wait_for_state(daemon, name, "idle")


def wait_for_state(daemon: PtydUnderTest, name: str, state: str) -> None:
    daemon.request("wait_state", session=name, states=[state], timeout_seconds=30)


def type_keys(daemon: PtydUnderTest, name: str, keys: str) -> None:
    daemon.request("send", session=name, data=keys.encode())


def make_it_wait(daemon: PtydUnderTest, api: FakeMessagesApi, name: str) -> None:
    api.script("touch it", [ToolUse("Bash", {"command": "touch made-it", "description": "Touch"})], ["Done."])
    type_keys(daemon, name, "touch it please\r")
    wait_for_state(daemon, name, "waiting")


def allow(daemon: PtydUnderTest, name: str) -> None:
    """The dialog is deaf for a moment after it was painted. What is typed before it is there is a draft, which hides
    it."""

    def is_taken() -> bool:
        if "1. Yes" in daemon.request("capture", session=name)["text"]:
            type_keys(daemon, name, "1")
        return bool(daemon.request("get", session=name)["activity"]["state"] != "waiting")

    wait_until(is_taken, what="the permission to be taken")
    wait_for_state(daemon, name, "idle")


def read_icon(web: WebPage) -> str:
    return unquote(str(web.page.evaluate("document.querySelector('link[rel=icon]').href")))


def shown(web: WebPage) -> list[str]:
    titles: list[str] = web.page.evaluate("window.notificationsShown.map((one) => one.title)")
    return titles


def test_the_sidebar_the_tab_and_the_voice(
    web: WebPage, daemon: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    own_icon = read_icon(web)
    start_claude(daemon, claude, "fix-auth")
    daemon.request("create", argv=["cat"], name="other")
    expect(web.row("fix-auth").get_by_test_id("session-doing")).to_have_text("Idle · now")
    order = web.page.locator(".session-name")
    expect(order).to_have_text(["fix-auth", "other"])
    expect(web.find("notify")).to_have_text("Notify me when one waits")

    daemon.request("create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name="newest")
    wait_for_state(daemon, "newest", "idle")
    expect(order).to_have_text(["fix-auth", "other", "newest"])
    make_it_wait(daemon, api, "newest")
    row = web.row("newest")
    expect(row.get_by_test_id("session-doing")).to_have_text("Waits for permission: Bash · now")
    expect(row.locator(".session-detail").first).to_have_text("touch it please")
    expect(order).to_have_text(["newest", "fix-auth", "other"])
    expect(row.locator("button.session")).to_have_accessible_name(
        "newest, Waits for permission: Bash, prompt: touch it please, 80 by 24, 0 clients"
    )
    expect(web.page).to_have_title("(1) ptyd")
    assert ">1</text>" in read_icon(web)
    expect(web.find("announcer")).to_have_text("newest waits for permission: Bash")
    expect(web.find("menu")).to_have_attribute("aria-label", "Sessions, 1 waits")

    allow(daemon, "newest")
    expect(row.get_by_test_id("session-doing")).to_have_text("Idle · now")
    expect(order).to_have_text(["fix-auth", "other", "newest"])
    expect(web.page).to_have_title("ptyd")
    assert read_icon(web) == own_icon
    expect(web.find("menu")).to_have_attribute("aria-label", "Sessions")


def test_the_icon_is_within_the_pages_policy(
    web: WebPage, daemon: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    start_claude(daemon, claude, "fix-auth")
    make_it_wait(daemon, api, "fix-auth")
    expect(web.page).to_have_title("(1) ptyd")
    size = web.page.evaluate(
        """async () => {
          const image = new Image();
          image.src = document.querySelector("link[rel=icon]").href;
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 32;
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0, 32, 32);
          return [...context.getImageData(12, 21, 1, 1).data];
        }"""
    )
    assert size == [0xD9, 0x30, 0x25, 255], "the badge is red there"


def test_notifications(
    watched: WebPage,
    context: BrowserContext,
    daemon: PtydUnderTest,
    claude: HermeticClaude,
    api: FakeMessagesApi,
    open_page: Callable[[], WebPage],
) -> None:
    web = watched
    start_claude(daemon, claude, "fix-auth")
    assert web.page.evaluate("window.permissionAsked") == 0, "never on load"
    context.grant_permissions(["notifications"])
    expect(web.find("notify")).to_have_attribute("aria-pressed", "false")
    web.find("notify").click()
    expect(web.find("notify")).to_have_attribute("aria-pressed", "true")

    # Looked at: no notification, and none for this waiting afterwards.
    make_it_wait(daemon, api, "fix-auth")
    expect(web.page).to_have_title("(1) ptyd")
    set_hidden(web, True)
    assert shown(web) == []
    allow(daemon, "fix-auth")
    expect(web.page).to_have_title("ptyd")

    # Not looked at: one, until it waits no more.
    make_it_wait(daemon, api, "fix-auth")
    wait_until(lambda: shown(web) == ["fix-auth waits for permission: Bash"], what=lambda: str(shown(web)))
    allow(daemon, "fix-auth")
    wait_until(lambda: shown(web) == [], what="the notification to be closed")

    # A click leads to the session.
    make_it_wait(daemon, api, "fix-auth")
    wait_until(lambda: len(shown(web)) == 1)
    assert web.page.evaluate("window.ptyd.readSession()") is None
    web.page.evaluate("window.notificationsShown[0].dispatchEvent(new Event('click'))")
    web.wait_for("window.ptyd.readSession() !== null", "the session to be opened")
    assert shown(web) == []
    allow(daemon, "fix-auth")

    # Remembered, and while another page of this daemon is looked at there is none.
    other = open_page()
    expect(other.find("notify")).to_have_attribute("aria-pressed", "true")
    make_it_wait(daemon, api, "fix-auth")
    web.wait_for("document.title.startsWith('(1) ')", "the hidden page to know of it")
    web.page.evaluate("navigator.locks.query().then(() => 0)")  # answered after the one that the page has asked
    assert shown(web) == shown(other) == []
    allow(daemon, "fix-auth")


def test_where_only_the_service_worker_may_show_them(
    context: BrowserContext,
    daemon: PtydUnderTest,
    claude: HermeticClaude,
    api: FakeMessagesApi,
    open_page: Callable[[], WebPage],
) -> None:
    """As on phones."""
    context.add_init_script("""
        const request = () => Promise.resolve("granted");
        window.Notification = new Proxy(Notification, {
            construct: () => { throw new TypeError("Illegal constructor"); },
            get: (target, name) => name === "requestPermission" ? request : Reflect.get(target, name),
        });
    """)
    context.grant_permissions(["notifications"])
    web = open_page()
    web.wait_for("navigator.serviceWorker?.controller?.state === 'activated'", "the service worker to be in control")
    start_claude(daemon, claude, "fix-auth")
    web.find("notify").click()
    expect(web.find("notify")).to_have_attribute("aria-pressed", "true")
    set_hidden(web, True)
    make_it_wait(daemon, api, "fix-auth")
    [worker] = context.service_workers

    def titles() -> list[str]:
        found: list[str] = worker.evaluate("registration.getNotifications().then((all) => all.map((one) => one.title))")
        return found

    wait_until(lambda: titles() == ["fix-auth waits for permission: Bash"], what=lambda: str(titles()))
    allow(daemon, "fix-auth")
    wait_until(lambda: titles() == [], what="the notification to be closed")

    make_it_wait(daemon, api, "fix-auth")
    wait_until(lambda: len(titles()) == 1)
    worker.evaluate("""async () => {
        const [notification] = await registration.getNotifications();
        dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    }""")
    web.wait_for("window.ptyd.readSession() !== null", "the session to be opened")
    assert titles() == []


def test_a_browser_that_blocks_them(watched: WebPage, context: BrowserContext) -> None:
    context.clear_permissions()
    watched.find("notify").click()
    expect(watched.find("notify")).to_be_disabled()
    expect(watched.find("notify")).to_have_text("The browser blocks notifications")
