"""A structured run in the browser: readable blocks, live, also on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.fixture
def daemon() -> Iterator[PtydUnderTest]:
    """One run at a time."""
    with running_ptyd(PTYD_MAX_RUNS="1") as running:
        running.request("listen", host="127.0.0.1", port=0)
        yield running


Start = Callable[..., dict[str, Any]]


@pytest.fixture
def start(daemon: PtydUnderTest, claude: HermeticClaude) -> Start:
    def begin(prompt: str, **params: Any) -> dict[str, Any]:
        place = {"env": claude.env, "cwd": str(claude.cwd), "program": str(claude.program)}
        info: dict[str, Any] = daemon.request("run", prompt=prompt, **place, **params)
        return info

    return begin


@pytest.mark.parametrize("width", [1280, 360])
def test_a_run_is_shown_live(
    daemon: PtydUnderTest, web: WebPage, api: FakeMessagesApi, start: Start, width: int
) -> None:
    middle = api.gate()
    tool = ToolUse("Bash", {"command": f"echo '{HOSTILE}'; seq 40 | tr '\\n' '_'", "description": "say it"})
    api.script("use it", ["Looking ", "around. ", tool], ["And ", middle, f"that is {HOSTILE} all."])
    web.page.set_viewport_size({"width": width, "height": 640})
    run = start("use it", name="looker", label="LOOK")
    middle.wait_reached()

    # In the middle of the second answer, after the first with its tool.
    if width < 500:
        web.find("menu").click()
    web.open_session("looker")
    web.wait_for_text("And")
    assert web.find("run-prompt").inner_text() == "use it"
    assert web.find("run-state").inner_text() == "Running"
    assert web.find("run-text").first.inner_text() == "Looking around. "
    assert web.find("run-tool").count() == 1
    check_accessible(web.page)
    shown = web.find("run-tool").inner_text()
    assert "Bash" in shown
    assert HOSTILE in shown, "the tool's result, as text"
    assert "all." not in web.text()

    # The daemon is killed; the page comes back by itself, and nothing is there twice.
    daemon.wait_for_new_daemon(daemon.kill_daemon())
    middle.open()
    daemon.request("run_wait", run=run["id"], timeout_seconds=60)
    web.wait_for_text("all.")
    wait_until(lambda: web.find("run-state").inner_text() == "Done", what="the outcome")
    assert web.find("run-text").all_inner_texts() == ["Looking around. ", f"And that is {HOSTILE} all."]
    assert web.find("run-tool").count() == 1
    assert web.find("run-result").inner_text().startswith("2 turns · $0.0005")
    assert "LOOK" in web.find("run-facts").inner_text()
    assert web.page.evaluate("window.hacked") is None
    check_accessible(web.page)
    assert not web.find("run-stop").is_visible()
    overflow = (
        "document.documentElement.scrollWidth > innerWidth || "
        "document.querySelector('.run').scrollWidth > document.querySelector('.run').clientWidth"
    )
    assert web.page.evaluate(overflow) is False


def test_a_run_is_stopped_and_another_fails(
    daemon: PtydUnderTest, web: WebPage, api: FakeMessagesApi, start: Start
) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    api.script("fail", [HttpError(400, "scripted refusal")])
    start("slowly", name="slow")
    middle.wait_reached()
    web.open_session("slow")
    web.wait_for_text("one,")
    web.find("run-stop").click()
    wait_until(lambda: web.find("run-state").inner_text() == "Interrupted", what="the interrupt")
    assert "can be resumed" in web.find("run-message").inner_text()
    assert "interrupted" in web.row("slow").inner_text()

    failing = start("fail", name="failing")
    daemon.request("run_wait", run=failing["id"], timeout_seconds=60)
    web.row("failing").locator("button.session").click()
    wait_until(lambda: web.find("run-state").inner_text() == "API error", what="the failure")
    assert "scripted refusal" in web.find("run-message").inner_text()
    assert web.find("run-result").inner_text().startswith("API Error: 400")
    check_accessible(web.page)

    # From a run to a terminal and back.
    daemon.request("create", argv=["sh", "-c", "echo a terminal; exec cat"], name="shell")
    web.open_session("shell")
    web.wait_for_text("a terminal")
    assert web.find("run").count() == 0
    web.row("slow").locator("button.session").click()
    web.wait_for_text("one,")


def test_who_waits_is_shown_and_dropped(web: WebPage, api: FakeMessagesApi, start: Start) -> None:
    middle = api.gate()
    api.script("slowly", ["one, ", middle, "two"])
    start("slowly", name="slow")
    middle.wait_reached()
    for prompt in ("the second", "never"):
        start(prompt, name=prompt.split()[-1])
    prompts = web.find("waiting-runs").locator(".waiting-prompt")
    wait_until(lambda: prompts.all_inner_texts() == ["the second", "never"], what="both to be listed")
    check_accessible(web.page)
    web.find("waiting-drop").last.click()
    wait_until(lambda: prompts.all_inner_texts() == ["the second"], what="one to be dropped")
    middle.open()
    web.open_session("second")
    web.wait_for_text("You said: the second")
    assert not web.find("waiting-runs").is_visible()
