"""A phone: a narrow screen, a finger, a keyboard without Esc."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest

ECHO_KEYS = 'bash --norc --noprofile -c \'stty raw -echo; while IFS= read -rn1 -d "" k; do printf "<%q>" "$k"; done\''
"""Shows each byte that it reads, quoted as bash does."""


@pytest.fixture
def phone(browser: Browser, daemon: PtydUnderTest) -> Iterator[WebPage]:
    context = browser.new_context(
        viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = WebPage(context.new_page())
    page.log_in(daemon)
    yield page
    context.close()


def start(phone: WebPage, command: str) -> None:
    phone.find("empty-new").tap()
    phone.find("new-command").fill(command)
    phone.find("dialog-confirm").tap()
    phone.wait_for_phase("live")
    expect(phone.page.locator(".xterm-helper-textarea")).not_to_be_focused()
    phone.page.locator(".xterm-screen").tap()


def test_the_key_bar_sends_what_a_keyboard_would(phone: WebPage) -> None:
    start(phone, ECHO_KEYS)
    for key, shown in [("Escape", r"<$'\E'>"), ("Tab", r"<$'\t'>"), ("ArrowUp", r"<$'\E'><\[><A>")]:
        phone.find(f"key-{key}").tap()
        phone.wait_for_text(shown)
    phone.find("key-ctrl").tap()
    expect(phone.find("key-ctrl")).to_have_attribute("aria-pressed", "true")
    phone.type("a")
    phone.wait_for_text(r"<$'\001'>")
    expect(phone.find("key-ctrl")).to_have_attribute("aria-pressed", "false")
    phone.find("key-alt").tap()
    phone.type("b")
    phone.wait_for_text(r"<$'\E'><b>")
    phone.type("c")
    phone.wait_for_text("<b><c>")


def test_a_locked_modifier_stays(phone: WebPage) -> None:
    start(phone, ECHO_KEYS)
    phone.find("key-ctrl").tap()
    phone.find("key-ctrl").tap()
    phone.type("ab")
    phone.wait_for_text(r"<$'\001'><$'\002'>")
    phone.find("key-ctrl").tap()
    phone.type("c")
    phone.wait_for_text("<c>")


def test_a_composed_word_arrives_once(phone: WebPage) -> None:
    start(phone, ECHO_KEYS)
    devtools = phone.page.context.new_cdp_session(phone.page)
    for text in ("n", "ni", "你"):
        devtools.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    devtools.send("Input.insertText", {"text": "你"})
    phone.wait_for_text("你")
    phone.type("!")
    phone.wait_for_text("<\\!>")
    assert phone.text().count("你") == 1 and "<n>" not in phone.text()


def test_the_drawer_opens_and_closes(phone: WebPage) -> None:
    start(phone, "cat")
    expect(phone.row("cat")).not_to_be_in_viewport()
    phone.find("menu").tap()
    expect(phone.row("cat")).to_be_in_viewport()
    phone.row("cat").locator("button.session").tap()
    expect(phone.row("cat")).not_to_be_in_viewport()


def test_nothing_is_wider_than_the_screen(phone: WebPage) -> None:
    start(phone, "cat")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bar = phone.find("key-bar").bounding_box()
    assert bar is not None and bar["y"] + bar["height"] <= 780


def test_the_terminal_shrinks_above_the_touch_keyboard(phone: WebPage) -> None:
    start(phone, "cat")
    _, rows = phone.size()
    phone.page.set_viewport_size({"width": 390, "height": 440})
    phone.wait_for(f"window.ptyd.readSize().rows < {rows}", "fewer rows")
    bar = phone.find("key-bar").bounding_box()
    assert bar is not None and bar["y"] + bar["height"] <= 440


def test_a_finger_scrolls_back(phone: WebPage) -> None:
    start(phone, "bash --norc --noprofile")
    phone.run("seq 500")
    phone.wait_for_text("\n500\n")
    devtools = phone.page.context.new_cdp_session(phone.page)
    phone.wait_for("document.querySelector('.xterm-rows, .xterm-screen') !== null", "a screen")
    before = phone.evaluate("window.ptyd.readTopLine()")
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 150, "y": 200}]})
    for y in range(210, 500, 15):
        devtools.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": 150, "y": y}]})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.wait_for(f"window.ptyd.readTopLine() < {before}", "an earlier line at the top")
