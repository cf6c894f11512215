"""Asking the real Claude Code from a phone: the answer, a queue, changes of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi
from tests.support.waiting import stretch_deadline, wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def shop(daemon: PtydUnderTest, claude: HermeticClaude) -> None:
    """Claude Code, idle, in the session ``shop``."""
    daemon.request(
        "create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name="shop", cols=80, rows=30
    )
    daemon.request("wait_state", session="shop", states=["idle"], timeout_seconds=30)


@pytest.fixture
def phone(browser: Browser, daemon: PtydUnderTest) -> Iterator[WebPage]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    context.set_default_timeout(stretch_deadline(15) * 1000)
    page = WebPage(context.new_page())
    page.log_in(daemon)
    page.find("card").tap()
    page.wait_for_phase("live")
    yield page
    assert page.errors == []
    context.close()


def test_an_answer_and_a_queue(phone: WebPage, api: FakeMessagesApi) -> None:
    phone.find("key-ask").tap()
    expect(phone.page.get_by_role("heading", name="Ask shop")).to_be_visible()
    check_accessible(phone.page)
    phone.find("prompt-input").fill("what is\nthis?")
    phone.find("prompt-send").tap()
    first = phone.find("prompt").first
    expect(first.get_by_test_id("prompt-answer")).to_contain_text("You said:")
    expect(first.get_by_test_id("prompt-state")).to_have_text(re.compile(r"^Done · ~\$0\.\d{4}$"))
    expect(phone.find("prompt-input")).to_have_value("")

    gate = api.gate()
    api.script("slow", ["slowly ", gate, "done"])
    for text in ("slow one", "second", "third"):
        phone.find("prompt-input").fill(text)
        phone.find("prompt-send").tap()
        expect(phone.find("prompt").filter(has_text=text)).to_have_count(1)
    gate.wait_reached()
    expect(phone.find("prompt-state").nth(1)).to_have_text("Working on it")
    expect(phone.find("prompt-state").nth(2)).to_have_text("Queued")
    check_accessible(phone.page)
    phone.find("prompt").filter(has_text="second").get_by_test_id("prompt-edit").tap()
    expect(phone.find("prompt-input")).to_have_value("second")
    phone.find("prompt-input").fill("second, but better")
    phone.find("prompt-send").tap()
    expect(phone.find("prompt").nth(2)).to_contain_text("second, but better")
    phone.find("prompt").filter(has_text="third").get_by_test_id("prompt-drop").tap()
    expect(phone.find("prompt-state").nth(3)).to_have_text("Dropped")
    gate.open()
    expect(phone.find("prompt-state").nth(2)).to_have_text(re.compile("^Done"))
    assert [turn.prompt.strip() for turn in api.turns][1:] == ["slow one", "second, but better"]

    phone.find("prompts-close").tap()
    expect(phone.find("prompts")).to_have_count(0)


def test_what_is_refused_stays_written(phone: WebPage, api: FakeMessagesApi) -> None:
    phone.find("key-ask").tap()
    phone.find("prompt-input").fill("/clear")
    phone.find("prompt-send").tap()
    expect(phone.find("prompts-error")).to_contain_text("a command of its own")
    expect(phone.find("prompt-input")).to_have_value("/clear")
    check_accessible(phone.page)
    phone.find("prompt-input").fill("clear words")
    phone.find("prompt-input").press("Control+Enter")
    expect(phone.find("prompt-answer")).to_contain_text("clear words")
    wait_until(lambda: len(api.turns) == 1)


def test_only_where_a_program_can_be_asked(
    browser: Browser, daemon: PtydUnderTest, phone: WebPage, api: FakeMessagesApi
) -> None:
    daemon.request("create", argv=["cat"], name="other")
    owner, guest = browser.new_context(), browser.new_context()
    wide = WebPage(owner.new_page())
    wide.log_in(daemon)
    wide.open_session("shop")
    expect(wide.find("ask")).to_be_visible()
    wide.open_session("other")
    expect(wide.find("ask")).to_be_hidden()
    watcher = WebPage(guest.new_page())
    watcher.page.goto(daemon.request("share", session="shop", control=False)["url"])
    watcher.wait_for_phase("live")
    expect(watcher.find("ask")).to_be_hidden()
    owner.close()
    guest.close()
