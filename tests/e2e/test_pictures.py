"""Pictures for the real Claude Code: it attaches what was put, and the API gets the picture itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from ptyd_sdk.files import words_of

from tests.e2e.browser_viewer import BrowserViewer
from tests.support.browser_gestures import copy_picture, drop_files
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi
from tests.support.pictures import make_png, pictures_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

RED, GREEN = make_png(255, 0, 0), make_png(0, 255, 0)


@pytest.fixture
def claude_session(ptyd: PtydUnderTest, claude: HermeticClaude) -> Iterator[str]:
    """The id of a session with Claude Code, ready for keys."""
    made = ptyd.request("create", argv=claude.argv, cwd=str(claude.cwd), env=claude.env, kind="claude", name="artist")
    wait_until(lambda: claude.read_status() == "idle", 30)
    yield made["id"]


def wait_for_screen(ptyd: PtydUnderTest, session: str, text: str) -> None:
    def screen() -> str:
        return str(ptyd.request("capture", session=session)["text"])

    wait_until(lambda: text in screen(), what=lambda: f"{text!r} in\n{screen()}")


def test_by_the_command_line(ptyd: PtydUnderTest, claude_session: str, api: FakeMessagesApi, tmp_path: Path) -> None:
    (tmp_path / "my red picture.png").write_bytes(RED)
    (tmp_path / "green.png").write_bytes(GREEN)
    ptyd.cli("put", "artist", str(tmp_path / "my red picture.png"), str(tmp_path / "green.png"), check=True)
    wait_for_screen(ptyd, claude_session, "[Image #1] [Image #2]")
    ptyd.cli("send", "artist", "compare them", "--enter", check=True)
    turn = api.wait_for_turn()
    assert pictures_of(turn) == [RED, GREEN]
    assert "compare them" in turn.prompt


def test_while_it_works_and_nobody_is_attached(
    ptyd: PtydUnderTest, claude_session: str, claude: HermeticClaude, api: FakeMessagesApi, tmp_path: Path
) -> None:
    gate = api.gate()
    api.script("first", ["working ", gate, "done"])
    ptyd.cli("send", "artist", "first", "--enter", check=True)
    gate.wait_reached()
    (tmp_path / "red.png").write_bytes(RED)
    ptyd.cli("put", "artist", str(tmp_path / "red.png"), check=True)
    wait_for_screen(ptyd, claude_session, "[Image #1]")
    gate.open()
    wait_until(lambda: claude.read_status() == "idle")
    ptyd.cli("send", "artist", "what is it?", "--enter", check=True)
    assert pictures_of(api.wait_for_turn(2)) == [RED]


def test_a_directory_with_spaces(
    ptyd: PtydUnderTest, claude_session: str, api: FakeMessagesApi, tmp_path: Path
) -> None:
    """A runtime directory may be called anything: names of files are made harmless, and directories are escaped."""
    place = tmp_path / "my (own) place's"
    place.mkdir()
    (place / "red.png").write_bytes(RED)
    ptyd.request("paste", session=claude_session, text=words_of([str(place / "red.png")]))
    wait_for_screen(ptyd, claude_session, "[Image #1]")
    ptyd.cli("send", "artist", "look", "--enter", check=True)
    assert pictures_of(api.wait_for_turn()) == [RED]


@pytest.fixture
def viewer(ptyd: PtydUnderTest, claude_session: str, browser: Browser) -> Iterator[BrowserViewer]:
    """The session in a browser."""
    viewer = BrowserViewer(ptyd, browser)
    viewer.open("artist")
    yield viewer
    viewer.close()


@pytest.mark.browser
def test_pasted_in_a_browser(ptyd: PtydUnderTest, viewer: BrowserViewer, api: FakeMessagesApi) -> None:
    copy_picture(viewer.page, RED)
    viewer.page.keyboard.press("Control+V")
    viewer.wait_for_text("[Image #1]")
    viewer.type("what is it?\r")
    turn = api.wait_for_turn()
    [stored] = ptyd.runtime_dir.glob("sessions/*.files/pasted.png")
    assert pictures_of(turn) == [stored.read_bytes()]
    assert "what is it?" in turn.prompt


@pytest.mark.browser
def test_dropped_in_a_browser(viewer: BrowserViewer, api: FakeMessagesApi, tmp_path: Path) -> None:
    for name, picture in (("red.png", RED), ("my green one.png", GREEN)):
        (tmp_path / name).write_bytes(picture)
    viewer.type("compare ")
    drop_files(viewer.page, "terminal", tmp_path / "red.png", tmp_path / "my green one.png")
    viewer.wait_for_text("compare [Image #1] [Image #2]")
    viewer.type("please\r")
    turn = api.wait_for_turn()
    assert pictures_of(turn) == [RED, GREEN]
    assert "please" in turn.prompt
