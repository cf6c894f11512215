"""Files by paste, by drop and by a button, into a program and over a connection that is not there."""

from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.page import WebPage
from tests.support.browser_gestures import copy_picture, drop_files
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.pictures import make_png
from tests.support.waiting import wait_until

SHOW = "bash --norc --noprofile -c 'stty -echo raw; printf \"\\e[?2004hready\"; cat -v'"
"""Shows what is pasted into it, brackets and all."""


def stored(ptyd: PtydUnderTest) -> list[Path]:
    return sorted(path for path in ptyd.runtime_dir.glob("sessions/*.files/*") if path.name[0] != ".")


def wait_for_paste(web: WebPage, ptyd: PtydUnderTest, names: list[str]) -> list[Path]:
    paths = wait_until(lambda: (found := stored(ptyd)) and len(found) >= len(names) and found)
    assert [path.name for path in paths] == sorted(names)
    by_name = {path.name: str(path) for path in paths}
    pasted = "^[[200~" + "".join(f"{by_name[name]} " for name in names) + "^[[201~"
    web.wait_for(f"window.ptyd.readText().replaceAll('\\n', '').includes({pasted!r})", lambda: web.text())
    return paths


def test_a_picture_is_pasted_with_ctrl_v(web: WebPage, daemon: PtydUnderTest, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.start_session(SHOW)
    web.wait_for_text("ready")
    copy_picture(web.page, make_png(255, 0, 0))
    web.page.keyboard.press("Control+V")
    [path] = wait_for_paste(web, daemon, ["pasted.png"])
    assert path.read_bytes().startswith(b"\x89PNG")  # the browser encodes pictures anew
    assert "^V" not in web.text()
    web.page.keyboard.press("Control+V")
    wait_until(lambda: [path.name for path in stored(daemon)] == ["pasted-2.png", "pasted.png"])


def test_ctrl_v_stays_a_key(web: WebPage, context: BrowserContext) -> None:
    """In its place among other keys, whatever text is on the clipboard; Ctrl+Shift+V pastes that."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.start_session(SHOW)
    web.wait_for_text("ready")
    web.page.evaluate("navigator.clipboard.writeText('words')")
    web.type("a")
    web.page.keyboard.press("Control+V")
    web.type("b")
    web.page.keyboard.press("Control+V")
    web.page.keyboard.press("Control+V")
    web.page.keyboard.press("Control+Shift+V")
    web.wait_for_text("readya^Vb^V^V^[[200~words^[[201~")


def test_files_are_dropped(web: WebPage, daemon: PtydUnderTest, tmp_path: Path) -> None:
    web.start_session(SHOW)
    web.wait_for_text("ready")
    content = bytes(range(256)) * 8000
    (tmp_path / "b (first).bin").write_bytes(content)
    (tmp_path / "a.png").write_bytes(make_png(0, 255, 0))
    drop_files(web.page, "terminal", tmp_path / "b (first).bin", tmp_path / "a.png")
    paths = wait_for_paste(web, daemon, ["b-first.bin", "a.png"])
    assert [path.read_bytes() for path in paths] == [make_png(0, 255, 0), content]
    expect(web.find("transfer")).to_have_count(0)


def test_files_are_chosen(web: WebPage, daemon: PtydUnderTest, tmp_path: Path) -> None:
    (tmp_path / "chosen.txt").write_text("words")
    web.start_session(SHOW)
    web.wait_for_text("ready")
    with web.page.expect_file_chooser() as chooser:
        web.find("send-files").click()
    chooser.value.set_files([tmp_path / "chosen.txt"])
    wait_for_paste(web, daemon, ["chosen.txt"])


def test_what_is_dropped_while_disconnected_is_sent_later(
    web: WebPage, daemon: PtydUnderTest, context: BrowserContext, tmp_path: Path
) -> None:
    (tmp_path / "later.txt").write_text("words")
    web.start_session(SHOW)
    web.wait_for_text("ready")
    context.set_offline(True)
    dead = daemon.kill_daemon()
    web.wait_for("window.ptyd.readStatus() !== 'live'", "the connection to be lost")
    drop_files(web.page, "terminal", tmp_path / "later.txt")
    expect(web.find("transfer")).to_contain_text("waits for the connection")
    context.set_offline(False)
    daemon.wait_for_new_daemon(dead)
    wait_for_paste(web, daemon, ["later.txt"])


def test_errors_are_said(context: BrowserContext, tmp_path: Path) -> None:
    with running_ptyd(PTYD_MAX_FILE_BYTES="1000") as daemon:
        daemon.request("listen")
        web = WebPage(context.new_page())
        web.log_in(daemon)
        web.start_session(SHOW)
        (tmp_path / "large.bin").write_bytes(bytes(2000))
        (tmp_path / "small.txt").write_bytes(b"x")
        drop_files(web.page, "terminal", tmp_path / "large.bin", tmp_path / "small.txt")
        expect(web.page.get_by_role("alert")).to_contain_text("large.bin was not sent: large.bin has 2 KiB")
        wait_for_paste(web, daemon, ["small.txt"])
        web.page.get_by_role("button", name="Dismiss").click()
        expect(web.find("transfer")).to_have_count(0)
        assert web.errors == [], "an exception that nobody caught"


def test_whoever_only_watches_sends_nothing(daemon: PtydUnderTest, context: BrowserContext, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    daemon.request("create", argv=["cat"], name="seen")
    link = daemon.request("share", session="seen")["url"]
    web = WebPage(context.new_page())
    web.page.goto(link)
    web.wait_for_status("live")
    web.wait_for_phase("live")
    expect(web.find("send-files")).to_be_hidden()
    drop_files(web.page, "terminal", tmp_path / "a.txt")
    # The browser shows that it is no place for it, and drops nothing; nor does it leave the page for the file.
    web.wait_for("new Promise((done) => setTimeout(() => done(true), 0))", "the page's own turn")
    expect(web.find("transfer")).to_have_count(0)
    assert web.page.url.partition("#")[0] == link.partition("login")[0]
    assert stored(daemon) == []
