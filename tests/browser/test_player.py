"""The player of recordings: a session's own and a file's, on a desk and on a phone."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, expect

from tests.browser.accessible import check_accessible
from tests.browser.page import WebPage
from tests.cli.player.casts import make_v2, make_v3
from tests.support.asciicast import check_asciicast
from tests.support.daemon import PtydUnderTest

PHONE = {"width": 390, "height": 780}


def player(web: WebPage) -> dict[str, Any]:
    state: dict[str, Any] = web.evaluate("window.ptyd.readPlayer()")
    return state


def wait_for_player_text(web: WebPage, text: str) -> None:
    web.wait_for(f"window.ptyd.readPlayer()?.text.includes({text!r})", lambda: f"{text!r} in: {player(web)}")


def open_file(web: WebPage, path: Path) -> None:
    with web.page.expect_file_chooser() as chooser:
        web.find("open-recording").click()
    chooser.value.set_files(path)


def write_cast(path: Path, *rows: tuple[float, str, str]) -> Path:
    path.write_text("".join(make_v3(rows)))
    return path


def test_a_sessions_recording_is_played_and_saved(web: WebPage, daemon: PtydUnderTest, tmp_path: Path) -> None:
    web.start_session("bash --norc --noprofile", name="demo")
    web.run("echo grüße-$((1+1))")
    web.wait_for_text("grüße-2")
    daemon.request("mark", session="demo", label="hier")
    web.run("echo end-$((1+2))")
    web.wait_for_text("end-3")
    web.row("demo").hover()
    web.row("demo").get_by_test_id("session-recording").click()
    expect(web.find("player")).to_be_visible()
    expect(web.find("player-note")).to_have_text("")
    expect(web.find("player-mark")).to_have_attribute("title", web_title("hier"))
    check_accessible(web.page)
    web.find("player-speed").select_option("16")
    web.find("player-play").click()
    wait_for_player_text(web, "end-3")
    web.wait_for("window.ptyd.readPlayer().isPlaying === false", "the end of the recording")
    with web.page.expect_download() as download:
        web.find("player-save").click()
    assert download.value.suggested_filename == "demo.cast"
    download.value.save_as(tmp_path / "demo.cast")
    recording = check_asciicast((tmp_path / "demo.cast").read_bytes())
    assert recording.of("m") == ["hier"]
    assert "grüße-2" in recording.text()
    web.page.keyboard.press("Escape")
    expect(web.find("player")).to_have_count(0)
    assert web.evaluate("window.ptyd.readPlayer()") is None
    web.run("echo back-$((3+4))")
    web.wait_for_text("back-7")
    assert web.errors == []


def web_title(label: str) -> re.Pattern[str]:
    """A mark's title ends with its time."""
    return re.compile(f"^{label}, 0:")


def test_a_file_is_played_sought_and_stepped_through(web: WebPage, tmp_path: Path) -> None:
    rows = [
        (0.0, "o", "zero\r\n"),
        (100.0, "o", "one\r\n"),
        (100.0, "m", "hier"),
        (100.0, "o", "two\r\n"),
        (100.0, "o", "end"),
    ]
    open_file(web, write_cast(tmp_path / "a.cast", *rows))
    wait_for_player_text(web, "zero")
    expect(web.find("player-time")).to_have_text("0:00 / 6:40")
    web.find("player-seek").fill("500")
    wait_for_player_text(web, "one")
    assert "two" not in player(web)["text"]
    assert abs(player(web)["position"] - 200) < 1
    web.page.keyboard.press(".")
    wait_for_player_text(web, "two")
    web.find("player-mark").click()
    web.wait_for("!window.ptyd.readPlayer().text.includes('two')", "the seek back")
    expect(web.find("player-time")).to_have_text("3:20 / 6:40")
    web.page.keyboard.press("ArrowRight")
    expect(web.find("player-time")).to_have_text("3:25 / 6:40")
    web.find("player-close").click()
    expect(web.find("player")).to_have_count(0)


def test_sizes_change_as_they_did_and_all_of_it_is_seen(web: WebPage, tmp_path: Path) -> None:
    path = write_cast(tmp_path / "a.cast", (0.0, "o", "small"), (10.0, "r", "300x90"), (0.0, "o", "\x1b[90;295Hlarge"))
    open_file(web, path)
    wait_for_player_text(web, "small")
    web.find("player-seek").fill("1000")
    wait_for_player_text(web, "large")
    web.wait_for(FITS, "the terminal to fit")
    web.find("player-seek").fill("0")
    web.wait_for("!window.ptyd.readPlayer().text.includes('large')", "the seek back")


FITS = """(() => {
    const outer = document.querySelector('.player-screen').getBoundingClientRect();
    const inner = document.querySelector('.player-screen .xterm-screen').getBoundingClientRect();
    return inner.width > 0 && inner.left >= outer.left && inner.right <= outer.right
        && inner.top >= outer.top && inner.bottom <= outer.bottom;
})()"""


def test_version_2_and_what_is_no_recording(web: WebPage, tmp_path: Path) -> None:
    path = tmp_path / "two.cast"
    path.write_text("".join(make_v2([(0, "o", "version two")])))
    open_file(web, path)
    wait_for_player_text(web, "version two")
    web.find("player-close").click()
    path.write_text("nothing of the kind")
    open_file(web, path)
    expect(web.page.get_by_text("no header of a recording")).to_be_visible()
    expect(web.find("player")).to_have_count(0)


def test_a_recording_answers_nothing_and_leaves_the_clipboard_alone(
    web: WebPage, context: BrowserContext, tmp_path: Path
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.page.evaluate("navigator.clipboard.writeText('mine')")
    path = write_cast(tmp_path / "a.cast", (0.0, "o", "\x1b[c\x1b[6n\x1b]52;c;c3RvbGVu\x07asked"), (60.0, "o", "."))
    open_file(web, path)
    wait_for_player_text(web, "asked")
    assert web.page.evaluate("navigator.clipboard.readText()") == "mine"
    assert web.errors == []


def test_on_a_phone(open_page: Callable[[], WebPage], context: BrowserContext, tmp_path: Path) -> None:
    web = open_page()
    web.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    web.find("menu").click()
    open_file(web, write_cast(tmp_path / "a.cast", (0.0, "o", "hello"), (100.0, "m", "hier"), (100.0, "o", "end")))
    wait_for_player_text(web, "hello")
    web.wait_for(FITS, "the terminal to fit")
    for name in ("player-play", "player-seek", "player-speed", "player-save", "player-close", "player-time"):
        box = web.find(name).bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], name
        assert box["y"] >= 0 and box["y"] + box["height"] <= PHONE["height"], name
    web.find("player-play").click()
    web.wait_for("window.ptyd.readPlayer().isPlaying", "it plays")
    web.find("player-play").click()
    web.wait_for("!window.ptyd.readPlayer().isPlaying", "it pauses")
