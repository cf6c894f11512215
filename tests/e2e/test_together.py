"""A terminal, a browser and a program on one session at once: the same bytes, the same screen."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser_viewer import BrowserViewer
from tests.e2e.program_viewer import ProgramViewer
from tests.e2e.terminal_viewer import TerminalViewer
from tests.e2e.test_programs import BASH, BASH_ENV
from tests.e2e.viewers import Program, Viewer, wait_for_clients
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

SCRIPT = r"for i in $(seq 300); do printf '%s \e[3%smline\e[0m Zürich 日本 ✳\n' $i $((i % 8)); done; echo do''ne"


@pytest.mark.browser
def test_all_three_see_the_same(ptyd: PtydUnderTest, browser: Browser, tmp_path: Path) -> None:
    program, web, terminal = ProgramViewer(ptyd), BrowserViewer(ptyd, browser), TerminalViewer(ptyd)
    viewers: tuple[Viewer, ...] = (program, web, terminal)
    try:
        program.start(Program(BASH, tmp_path, BASH_ENV))
        web.open(program.name)
        terminal.open(program.name)
        wait_for_clients(ptyd, program.name, 3)
        for number, typist in enumerate(viewers):
            typist.type(f"echo typed by {number}\r")
            for viewer in viewers:
                viewer.wait_for_text(f"\ntyped by {number}")

        # The terminal typed last: its size is the session's, and what follows is drawn in that.
        terminal.type(f"clear; {SCRIPT}\r")
        for viewer in viewers:
            viewer.wait_for_text("\ndone")
        wait_until(lambda: shown(web) == shown(terminal), what=lambda: f"{shown(web)}\n\n{shown(terminal)}")

        log = ptyd.request("read_log", session=program.name)
        assert log["offset"] == 0
        wait_until(lambda: len(program.received) >= len(log["data"]))
        assert bytes(program.received) == log["data"]
    finally:
        for viewer in viewers:
            viewer.close()


def shown(viewer: BrowserViewer | TerminalViewer) -> list[str]:
    """The last lines of the screen, which both kinds of viewer keep."""
    return [line.rstrip() for line in viewer.text().rstrip().splitlines()[-25:]]
