"""``ptyd top`` on a terminal: the alternate screen, keys, and everything put back at the end."""

import os
import select
import sys
import termios
import time
import tty
from contextlib import suppress

from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import KillParams, SessionInfo
from ptyd_sdk import oneshot
from ptyd_sdk.errors import PtydError
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ptyd_cli.top.table import SORT_KEYS, Rates, make_table, sort_sessions

UP, DOWN = (b"\x1b[A", b"\x1bOA"), (b"\x1b[B", b"\x1bOB")
RESIZE_LOOK_SECONDS = 0.25
"""So often the size of the terminal is looked at while no key comes."""


class Top:
    """What is shown, and what keys do to it."""

    def __init__(self) -> None:
        self.rates = Rates()
        self.sessions: list[SessionInfo] = []
        self.sort = SORT_KEYS[0]
        self.chosen: str | None = None
        self.asks_kill = False
        self.message = ""

    def refresh(self) -> None:
        try:
            self.sessions = oneshot.request("list", NoParams())
            self.message = ""
        except PtydError as error:
            self.message = str(error)
        self.rates.look(self.sessions, time.monotonic())
        ids = [info.id for info in self.ordered()]
        if self.chosen not in ids:
            self.chosen = ids[0] if ids else None
            self.asks_kill = False

    def ordered(self) -> list[SessionInfo]:
        return sort_sessions(self.sessions, self.rates, self.sort)

    def draw(self, width: int) -> Group:
        running = sum(1 for info in self.sessions if info.state == "running")
        head = Text(f"ptyd: {running} running, {len(self.sessions)} listed, by {self.sort}", no_wrap=True)
        return Group(
            head, make_table(self.sessions, self.rates, self.sort, self.chosen, width), Text(self._foot(), no_wrap=True)
        )

    def _foot(self) -> str:
        if self.asks_kill:
            name = next((info.name for info in self.sessions if info.id == self.chosen), "")
            return f"end {name} and all that it started? y/n"
        return self.message or "q quit  s sort  up/down choose  k kill  Enter attach"

    def press(self, key: bytes) -> str:
        """Returns "quit", "attach" or "": go on."""
        if self.asks_kill:
            self.asks_kill = False
            if key in (b"y", b"Y"):
                self._kill()
            return ""
        if key in (b"q", b"\x03", b"\x1b", b""):
            return "quit"
        if key in (b"\r", b"\n") and self.chosen is not None:
            return "attach"
        if key == b"s":
            self.sort = SORT_KEYS[(SORT_KEYS.index(self.sort) + 1) % len(SORT_KEYS)]
        elif key == b"k" and self.chosen is not None:
            self.asks_kill = True
        elif key in UP or key in DOWN:
            self._move(-1 if key in UP else 1)
        return ""

    def _move(self, step: int) -> None:
        ids = [info.id for info in self.ordered()]
        if self.chosen in ids:
            self.chosen = ids[max(0, min(len(ids) - 1, ids.index(self.chosen) + step))]

    def _kill(self) -> None:
        try:
            oneshot.request("kill", KillParams(session=self.chosen or ""))
            self.refresh()
        except PtydError as error:
            self.message = str(error)


def run_top(interval: float) -> str | None:
    """Show until the user has enough; the id of the session to attach to, if that is what they want."""
    top = Top()
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    console = Console(highlight=False)
    try:
        tty.setcbreak(fd)
        with Live(console=console, screen=True, auto_refresh=False) as live, suppress(KeyboardInterrupt):
            due = 0.0
            while True:
                if time.monotonic() >= due:
                    top.refresh()
                    due = time.monotonic() + interval
                live.update(top.draw(console.width), refresh=True)
                wait = min(RESIZE_LOOK_SECONDS, max(0.0, due - time.monotonic()))
                if not select.select([fd], [], [], wait)[0]:
                    continue
                wish = top.press(os.read(fd, 32))
                if wish:
                    return top.chosen if wish == "attach" else None
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
    return None
