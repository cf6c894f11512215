"""The real Claude Code in a session: told once, played in a terminal, in a browser and by a program."""

import pytest

from tests.e2e.viewers import Program, Viewer, wait_for_size
from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi
from tests.support.waiting import wait_for_event, wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]


def test_a_day_with_claude(viewer: Viewer, ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi) -> None:
    middle, never = api.gate(), api.gate()
    api.script("count to two", ["First line.\n\nand then ", middle, "the second line.\n"])
    api.script("count for ever", ["Zero, but\n\n", never, "no more.\n"])
    viewer.start(Program(claude.argv, claude.cwd, claude.env, kind="claude"))
    wait_until(lambda: claude.read_status() == "idle", 30, viewer.text)

    # Type a prompt, see the answer stream, and detach in the middle of it.
    viewer.type("please count to two\r")
    viewer.wait_for_text("First line.")
    middle.wait_reached()
    viewer.detach()
    middle.open()
    wait_until(lambda: claude.read_status() == "idle", what="the end of the answer, with nobody there")

    # Come back, and see all of it.
    viewer.come_back()
    viewer.wait_for_text("and then the second line.")
    assert "First line." in viewer.text()

    # Resize.
    size = viewer.shrink()
    wait_for_size(ptyd, viewer.name, size)
    viewer.wait_for_text("─" * size[0])
    viewer.wait_until_gone("─" * (size[0] + 1))

    # Interrupt with Esc.
    viewer.type("count for ever\r")
    viewer.wait_for_text("Zero, but")
    viewer.type("\x1b")
    wait_for_event(api.wait_for_turn(2).finished, what="the interrupted request to end")
    assert api.turns[-1].hung_up
    wait_until(lambda: claude.read_status() == "idle")
    assert "no more." not in viewer.text()

    viewer.type("/exit\r")
    viewer.wait_for_end()
