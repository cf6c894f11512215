"""The inbox on a phone: what the real Claude Code asks, answered with a thumb."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi, ToolUse
from tests.support.waiting import stretch_deadline, wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

QUESTION = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "multiSelect": False,
            "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
        }
    ]
}
LARGE_PIXELS = 48
"""What a thumb hits without looking."""


@pytest.fixture(autouse=True)
def shop(daemon: PtydUnderTest, claude: HermeticClaude) -> None:
    """Claude Code, idle, in the session ``shop``."""
    daemon.request(
        "create",
        argv=claude.argv,
        cwd=str(claude.cwd),
        env=claude.env,
        kind="claude",
        name="shop",
        cols=80,
        rows=30,
    )
    daemon.request("wait_state", session="shop", states=["idle"], timeout_seconds=30)


@pytest.fixture
def phone(browser: Browser, daemon: PtydUnderTest) -> Iterator[WebPage]:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    context.set_default_timeout(stretch_deadline(15) * 1000)
    page = WebPage(context.new_page())
    page.log_in(daemon)
    yield page
    assert page.errors == []
    context.close()


def prompt(daemon: PtydUnderTest, api: FakeMessagesApi, words: str, tool: ToolUse) -> None:
    """Returns when the daemon knows that the tool waits for permission."""
    daemon.request("wait_state", session="shop", states=["idle"], timeout_seconds=30)
    api.script(words, [tool], [f"did {words}"])
    daemon.request("send", session="shop", data=f"{words}\r".encode())
    wait_until(lambda: daemon.request("approvals"), 30, what="the request")


def test_allow_deny_and_a_question(
    phone: WebPage, daemon: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    expect(phone.find("inbox-count")).to_be_hidden()
    prompt(daemon, api, "make it", ToolUse("Bash", {"command": "touch made.txt", "description": "make a file"}))
    expect(phone.find("inbox-count")).to_have_text("1")
    expect(phone.find("card-state")).to_have_text("Waits for permission: Bash")
    expect(phone.find("card-detail")).to_have_text("touch made.txt")
    check_accessible(phone.page)
    phone.find("inbox-open").tap()
    card = phone.find("approval")
    expect(card).to_contain_text("touch made.txt")
    expect(card).to_contain_text("shop")
    check_accessible(phone.page)
    for button in ("approval-allow", "approval-deny"):
        box = phone.find(button).bounding_box()
        assert box is not None
        assert box["height"] >= LARGE_PIXELS and box["width"] >= 3 * LARGE_PIXELS
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.find("approval-allow").tap()
    wait_until((claude.cwd / "made.txt").exists, what="the tool to run")
    expect(card).to_have_count(0)
    expect(phone.find("inbox-count")).to_be_hidden()

    file = claude.cwd / "new.txt"
    prompt(daemon, api, "write it", ToolUse("Write", {"file_path": str(file), "content": "<b>one</b>\ntwo\n"}))
    expect(phone.find("approval-diff")).to_contain_text("+<b>one</b>")
    expect(phone.find("approval-diff").locator(".diff-added")).to_have_count(2)
    phone.find("approval-more").tap()
    check_accessible(phone.page)
    phone.find("approval-message").fill("Elsewhere, please.")
    phone.find("approval-deny-saying").tap()
    daemon.request("wait_state", session="shop", states=["idle"], timeout_seconds=30)
    assert "Elsewhere, please." in str(api.turns[-1].body["messages"][-1])
    assert not file.exists()
    expect(card).to_have_count(0)

    prompt(daemon, api, "ask me", ToolUse("AskUserQuestion", QUESTION))
    expect(phone.find("approval-option")).to_have_count(2)
    check_accessible(phone.page)
    phone.find("approval-option").filter(has_text="Blue").tap()
    daemon.request("wait_state", session="shop", states=["idle"], timeout_seconds=30)
    assert '\\"Which colour?\\"=\\"Blue\\"' in str(api.turns[-1].body["messages"][-1]).replace('"', '\\"')
    phone.find("inbox-close").tap()
    expect(phone.find("inbox")).to_have_count(0)
    expect(phone.find("card-cost")).to_have_text(re.compile(r"^~\$0\.\d{4}$"))


def test_the_terminal_is_faster(
    phone: WebPage, daemon: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    prompt(daemon, api, "make it", ToolUse("Bash", {"command": "touch made.txt", "description": "make a file"}))
    phone.find("inbox-open").tap()
    expect(phone.find("approval")).to_have_count(1)

    def press() -> bool:
        daemon.request("send", session="shop", data=b"\x1b")
        return bool(phone.find("approval").count() == 0)

    wait_until(press, what="the card to go")
    expect(phone.page.locator(".sheet-empty")).to_be_visible()
    assert not (claude.cwd / "made.txt").exists()


def test_whoever_may_only_look_finds_no_buttons(
    browser: Browser, daemon: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    prompt(daemon, api, "make it", ToolUse("Bash", {"command": "touch made.txt", "description": "make a file"}))
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = WebPage(context.new_page())
    page.page.goto(daemon.request("share", session="shop", control=False)["url"])
    page.wait_for_status("live")
    page.find("inbox-open").click()
    expect(page.find("approval")).to_contain_text("touch made.txt")
    expect(page.find("approval")).to_contain_text("You may look at this session only.")
    expect(page.find("approval-allow")).to_have_count(0)
    context.close()
