"""Screens that the daemon sends: what the page shows of them, and what it tells the daemon. The daemon is scripted."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect
from ptyd_protocol.messages import Appearance, Attach, Detach, Request, Visibility

from tests.browser.page import WebPage
from tests.browser.pixels import count_lit_pixels
from tests.browser.scripted_daemon import ScriptedDaemon, open_scripted
from tests.support.waiting import wait_until

QUESTIONS = [
    *(b"\x1b[c", b"\x1b[0c", b"\x1b[>c", b"\x1b[=c"),  # DA1, DA2, DA3
    *(b"\x1b[5n", b"\x1b[6n", b"\x1b[?6n", b"\x1b[?15n", b"\x1b[?996n"),  # DSR, CPR, DECXCPR, printer, colour scheme
    *(b"\x1b[4$p", b"\x1b[?2026$p", b"\x1b[?25$p", b"\x1b[?1004$p"),  # DECRQM
    *(b"\x1bP$qm\x1b\\", b"\x1bP$qr\x1b\\", b"\x1bP$q q\x1b\\", b'\x1bP$q"p\x1b\\'),  # DECRQSS
    *(b"\x1b[>q", b"\x1b[>0q", b"\x1b[?u", b"\x1bP+q544e\x1b\\"),  # XTVERSION, kitty keyboard, XTGETTCAP
    *(b"\x1b]4;1;?\x1b\\", b"\x1b]4;1;?;2;#102030\x07", b"\x1b]10;?\x07", b"\x1b]11;?\x1b\\", b"\x1b]12;?\x07"),
    *(b"\x1b]10;?;?;?\x1b\\", b"\x1b]52;c;?\x07", b"\x1b[?1004h", b"\x1b[x", b"\x05"),  # clipboard, focus, ENQ
    *(f"\x1b[{operation}t".encode() for operation in (11, 13, 14, 15, 16, 18, 19, 20, 21)),  # XTWINOPS
    b"\x1b_Gi=1,a=q;AAAA\x1b\\",  # kitty graphics
]
"""What a program may ask its terminal."""

FILLED = b"\r\n".join(b"shown %d " % row + b"#" * 40 for row in range(20))


@pytest.fixture
def scripted() -> ScriptedDaemon:
    return ScriptedDaemon()


@pytest.fixture
def opened(scripted: ScriptedDaemon, context: BrowserContext) -> Iterator[WebPage]:
    """The page on the scripted session, live on its screen."""
    scripted.screen = FILLED
    web = open_scripted(context, scripted)
    web.wait_for_phase("live")
    web.wait_for_text("shown 19")
    yield web
    assert web.errors == []


def wait_for(web: WebPage, scripted: ScriptedDaemon, kind: type, count: int = 1) -> None:
    """Until the page has told so many of these. Between looks the browser has to have its say."""
    wait_until(
        lambda: web.evaluate("1") and len(scripted.all(kind)) >= count,
        what=lambda: f"{count} {kind.__name__} in {scripted.received}",
    )


def wait_until_seen(web: WebPage) -> None:
    wait_until(lambda: count_lit_pixels(web.page, ".xterm-screen") > 100, what="letters on the screen")


def numbered(first: int, last: int) -> bytes:
    return b"\r\n".join(b"line-%d." % number for number in range(first, last + 1))


def set_hidden(web: WebPage, is_hidden: bool) -> None:
    web.page.evaluate(
        "isHidden => { Object.defineProperty(document, 'hidden', {get: () => isHidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')) }",
        is_hidden,
    )


# --- the pane is never blank ---


def test_a_screen_is_seen_after_attach_reload_and_reconnect(opened: WebPage, scripted: ScriptedDaemon) -> None:
    wait_until_seen(opened)
    opened.page.reload()
    opened.wait_for_phase("live")
    opened.wait_for_text("shown 19")
    wait_until_seen(opened)
    scripted.screen = b"after the cut\r\n" + FILLED
    scripted.offset += 5000
    scripted.cut()
    opened.wait_for_text("after the cut")
    opened.wait_for_phase("live")
    wait_until_seen(opened)
    assert opened.text().count("shown 7 ") == 1


def test_a_screen_in_parts_is_acknowledged_once_when_it_has_been_parsed(
    opened: WebPage, scripted: ScriptedDaemon
) -> None:
    wait_until(lambda: opened.evaluate("1") and scripted.acked() == [1000])
    screen = numbered(1, 40_000)
    assert len(screen) > 256 * 1024
    scripted.show(screen)
    opened.wait_for_text("line-40000.")
    wait_until(lambda: opened.evaluate("1") and scripted.acked() == [1000, 1000])
    scripted.print(b" and on")
    opened.wait_for_text("line-40000. and on")
    wait_until(lambda: opened.evaluate("1") and scripted.acked() == [1000, 1000, 1007])


def test_the_newest_of_several_screens_stays(opened: WebPage, scripted: ScriptedDaemon) -> None:
    for number in range(1, 6):
        scripted.show(numbered(number * 1000, number * 1000 + 900) + b"\x1b[3", offset=number * 10_000)
        scripted.print(b"1mred %d" % number)
    opened.wait_for_text("line-5900.red 5")
    assert "line-4" not in opened.text()
    wait_until(lambda: opened.evaluate("1") and scripted.acked()[-1] == scripted.offset)
    wait_until_seen(opened)


WATCH_FRAMES = """
// Drawn with elements, a frame can be read; the rest is as with WebGL.
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest);
};
// Of each frame, what is there behind its last callback: that is what gets painted.
const request = window.requestAnimationFrame.bind(window);
window.frames = new Map();
window.requestAnimationFrame = (callback) => request((time) => {
  callback(time);
  const rows = document.querySelector('.xterm-rows');
  if (rows !== null) window.frames.set(time, rows.textContent.includes('line-'));
});
"""


def test_no_frame_is_blank_while_screens_are_replaced(context: BrowserContext, scripted: ScriptedDaemon) -> None:
    context.add_init_script(WATCH_FRAMES)
    scripted.screen = numbered(1, 2000)
    web = open_scripted(context, scripted)
    web.wait_for("document.querySelector('.xterm-rows')?.textContent.includes('line-2000.')", "the first screen")
    web.page.evaluate("window.frames.clear()")
    for number in range(1, 21):
        # As after a full-screen program, and back.
        scripted.show(numbered(1, 3000) + (b"\x1b[?1049h\x1b[H" + numbered(1, 20) if number % 2 else b""))
        web.page.evaluate("new Promise((resolve) => requestAnimationFrame(resolve))")
    scripted.print(b"the end")
    web.wait_for("document.querySelector('.xterm-rows').textContent.includes('the end')", "the last screen")
    frames = web.evaluate("[...window.frames.values()]")
    assert len(frames) > 1 and all(frames), f"{frames.count(False)} of {len(frames)} frames are blank"


def test_a_hidden_page_is_told_and_shows_the_newest_when_it_comes_back(
    opened: WebPage, scripted: ScriptedDaemon
) -> None:
    assert scripted.all(Attach)[0].hidden is False
    set_hidden(opened, True)
    wait_for(opened, scripted, Visibility, 1)
    scripted.show(b"while away\r\n" + FILLED, offset=9000)
    opened.wait_for_text("while away")
    set_hidden(opened, False)
    wait_for(opened, scripted, Visibility, 2)
    assert [message.hidden for message in scripted.all(Visibility)] == [True, False]
    wait_until_seen(opened)


def test_a_page_that_is_put_away_is_hidden_until_it_is_back(opened: WebPage, scripted: ScriptedDaemon) -> None:
    opened.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    wait_for(opened, scripted, Visibility, 1)
    scripted.cut()
    wait_for(opened, scripted, Attach, 2)
    assert scripted.all(Attach)[1].hidden is True
    opened.wait_for_phase("live")
    opened.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    wait_for(opened, scripted, Visibility, 2)
    assert [message.hidden for message in scripted.all(Visibility)] == [True, False]


def test_a_count_in_a_screen_does_not_hang_the_page(opened: WebPage, scripted: ScriptedDaemon) -> None:
    scripted.show(b"x" + b"".join(b"\x1b[2147483647" + final for final in (b"b", b"L", b"S", b"T")) + b"\x1b[Halive")
    opened.wait_for_text("alive")


# --- the daemon is the terminal ---


def test_no_question_is_answered_by_the_page(opened: WebPage, scripted: ScriptedDaemon) -> None:
    for question in QUESTIONS:
        scripted.print(question)
    scripted.show(b"".join(QUESTIONS) + b"asked in a screen ")
    scripted.print(b"".join(QUESTIONS) * 20 + b"asked all")
    opened.wait_for_text("asked all")
    # The clipboard's answer comes later than the others.
    opened.page.evaluate("new Promise(resolve => setTimeout(resolve))")
    opened.type("z")
    wait_until(lambda: opened.evaluate("1") and scripted.typed.endswith(b"z"))
    assert scripted.typed == b"z"


def test_focus_is_reported_when_it_moves(opened: WebPage, scripted: ScriptedDaemon) -> None:
    scripted.print(b"\x1b[?1004hready")
    opened.wait_for_text("ready")
    opened.page.evaluate("document.activeElement.blur()")
    opened.page.locator(".xterm-helper-textarea").focus()
    wait_until(lambda: opened.evaluate("1") and scripted.typed == b"\x1b[O\x1b[I", what=lambda: str(scripted.typed))


def test_what_the_terminal_looks_like_is_told(opened: WebPage, scripted: ScriptedDaemon) -> None:
    wait_for(opened, scripted, Appearance)
    first = scripted.all(Appearance)[-1]
    assert (first.dark, first.background, len(first.palette)) == (True, 0x14161B, 16)
    assert 4 < first.cell_width < 20 and 8 < first.cell_height < 40
    count = len(scripted.all(Appearance))
    opened.page.emulate_media(color_scheme="light")
    wait_for(opened, scripted, Appearance, count + 1)
    second = scripted.all(Appearance)[-1]
    assert (second.dark, second.background) == (False, 0xFDFDFC)
    scripted.cut()
    wait_for(opened, scripted, Appearance, count + 2)
    assert scripted.all(Appearance)[-1] == second


# --- scrolled back ---


def scroll_to_top(web: WebPage, is_done: Callable[[], bool] = lambda: False) -> None:
    """By clicks on the upper end of the scroll bar, which takes none before it has come in sight."""

    def look_or_click() -> bool:
        if web.evaluate("window.ptyd.readTopLine() === 0") or is_done():
            return True
        box = web.page.locator(".xterm .scrollbar.vertical").bounding_box()
        assert box is not None
        web.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 1)
        return False

    wait_until(look_or_click, what="the first line at the top")


def top_line(web: WebPage) -> str:
    text: str = web.evaluate("window.ptyd.readText().split('\\n')[window.ptyd.readTopLine()]")
    return text


def test_who_has_scrolled_back_stays_where_they_read(opened: WebPage, scripted: ScriptedDaemon) -> None:
    scripted.show(numbered(1, 1000))
    opened.wait_for_text("line-1000.")
    bottom = opened.evaluate("window.ptyd.readTopLine()")
    for _ in range(3):
        opened.page.keyboard.press("Shift+PageUp")
    opened.wait_for(f"window.ptyd.readTopLine() < {bottom}", "an earlier line at the top")
    read = top_line(opened)
    scripted.show(numbered(200, 1500))
    opened.wait_for_text("line-1500.")
    opened.wait_for("window.ptyd.readTopLine() > 0", "a place in the middle")
    assert top_line(opened) == read
    scripted.print(b"\r\nmore")
    opened.wait_for_text("more")
    assert top_line(opened) == read


def test_the_place_is_found_again_when_the_screen_comes_before_the_lines_above_it(
    opened: WebPage, scripted: ScriptedDaemon
) -> None:
    scripted.show(numbered(1, 1000))
    opened.wait_for_text("line-1000.")
    scroll_to_top(opened)
    rows = opened.size()[1]
    scripted.show(numbered(1201 - rows, 1200))
    opened.wait_for_text("line-1200.")
    scripted.show(numbered(901 - rows, 1200))
    opened.wait_for_text("line-900.")
    scripted.show(numbered(1, 1200))
    opened.wait_for_text("line-1.")
    wait_until(lambda: top_line(opened) == "line-1.")
    # Once is enough: from now on the user goes where they like.
    opened.type("x")
    opened.wait_for("window.ptyd.readTopLine() > 0", "the end, since something was typed")
    end = opened.evaluate("window.ptyd.readTopLine()")
    scripted.show(numbered(1, 1200))
    wait_until(lambda: opened.evaluate("1") and len(scripted.acked()) == 6)
    assert opened.evaluate("window.ptyd.readTopLine()") == end


def test_who_has_not_scrolled_back_sees_the_end(opened: WebPage, scripted: ScriptedDaemon) -> None:
    scripted.show(numbered(1, 1000))
    opened.wait_for_text("line-1000.")
    rows = opened.size()[1]
    assert top_line(opened) == f"line-{1001 - rows}."


def test_scrolling_to_the_top_brings_more(context: BrowserContext, scripted: ScriptedDaemon) -> None:
    scripted.screen = numbered(5001, 7000 + 100)
    web = open_scripted(context, scripted)
    web.wait_for_text("line-7100.")
    web.wait_for_phase("live")
    assert scripted.all(Attach)[0].scrollback == 2000
    scripted.screen = numbered(1, 7100)
    scroll_to_top(web, lambda: len(scripted.all(Attach)) == 2)
    wait_for(web, scripted, Attach, 2)
    wait_for(web, scripted, Detach, 1)
    second = scripted.all(Attach)[1]
    assert (second.scrollback, second.offset, second.epoch) == (10_000, None, None)
    assert scripted.all(Detach)[0].channel == scripted.all(Attach)[0].channel != second.channel
    kinds = [type(message) for message in scripted.received]
    assert kinds.index(Detach) > [index for index, kind in enumerate(kinds) if kind is Attach][1]
    web.wait_for_text("line-1.")
    web.wait_for_phase("live")
    assert top_line(web) == "line-5001."
    scroll_to_top(web)
    web.type("still here")
    wait_until(lambda: web.evaluate("1") and scripted.typed == b"still here")
    assert len(scripted.all(Attach)) == 2


def test_where_there_is_no_more_none_is_asked_for(opened: WebPage, scripted: ScriptedDaemon) -> None:
    scripted.show(numbered(1, 1500))
    opened.wait_for_text("line-1500.")
    scroll_to_top(opened)
    opened.type("x")
    wait_until(lambda: opened.evaluate("1") and scripted.typed == b"x")
    assert len(scripted.all(Attach)) == 1


# --- several clients ---


def test_a_locked_session_is_said_to_be_and_can_be_unlocked(opened: WebPage, scripted: ScriptedDaemon) -> None:
    expect(opened.find("lock")).to_have_attribute("aria-pressed", "false")
    scripted.give_control(False, locked=True)
    expect(opened.find("observed")).to_contain_text("Locked")
    expect(opened.find("lock")).to_have_attribute("aria-pressed", "true")
    opened.find("lock").click()
    wait_until(lambda: opened.evaluate("1") and [r for r in scripted.all(Request) if r.method == "lock"])
    request = next(request for request in scripted.all(Request) if request.method == "lock")
    assert request.params == {"session": "0000cafe", "locked": False}
    scripted.give_control(False)
    expect(opened.find("observed")).not_to_contain_text("Locked")


def test_an_observer_chooses_between_shrunk_and_scrolled(context: BrowserContext, scripted: ScriptedDaemon) -> None:
    scripted.size, scripted.yours = (300, 90), False
    scripted.screen = FILLED
    web = open_scripted(context, scripted)
    web.wait_for_text("shown 19")
    fits = (
        "(() => { const host = document.querySelector('.terminal-host');"
        " return host.scrollWidth <= host.clientWidth && host.scrollHeight <= host.clientHeight })()"
    )
    expect(web.find("fit")).to_have_attribute("aria-pressed", "true")
    web.wait_for(fits, "the terminal to fit")
    web.find("fit").click()
    expect(web.find("fit")).to_have_attribute("aria-pressed", "false")
    web.wait_for(f"!{fits}", "the terminal to be larger than the window")
    web.page.reload()
    web.wait_for_phase("live")
    web.wait_for_text("shown 19")
    expect(web.find("fit")).to_have_attribute("aria-pressed", "false")
    web.wait_for(f"!{fits}", "the choice to be remembered")
    web.find("fit").click()
    web.wait_for(fits, "the terminal to fit again")


def test_titles_are_text(context: BrowserContext, scripted: ScriptedDaemon) -> None:
    scripted.title = "<img src=x onerror=alert(1)>"
    web = open_scripted(context, scripted, address="/")
    expect(web.row("scripted")).to_contain_text(scripted.title)
    web.open_session("scripted")
    assert web.page.title() == f"{scripted.title} · scripted · ptyd"
    scripted.print(b"\x1b]2;from the <b>program</b>\x07")
    expect(web.find("program-title")).to_have_text("from the <b>program</b>")
    web.wait_for("document.title === 'from the <b>program</b> · scripted · ptyd'", "the program's title")
    assert web.page.locator(".sidebar img, .top-bar img, .top-bar b").count() == 0
    assert web.errors == []
