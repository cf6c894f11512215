"""A person at a terminal: ``ptyd new``, ``ptyd claude`` and ``ptyd attach`` in a real one."""

from tests.e2e.viewers import Program, wait_for_clients
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest
from tests.support.screen import INITIAL_MODES
from tests.support.terminal import RealTerminal

DETACH_KEYS = "\x1cd"
"""Ctrl-\\ d"""
COLS, ROWS = 100, 30
SMALL_COLS, SMALL_ROWS = 72, 22


class TerminalViewer:
    def __init__(self, ptyd: PtydUnderTest, name: str = "story") -> None:
        self.name = name
        self._ptyd = ptyd
        self._terminal: RealTerminal | None = None

    @property
    def terminal(self) -> RealTerminal:
        assert self._terminal is not None
        return self._terminal

    def start(self, program: Program) -> None:
        options = ["-n", self.name, "-c", str(program.cwd)]
        for key, value in program.env.items():
            options += ["-e", f"{key}={value}"]
        if program.kind == "claude":
            # It is found on the PATH, as a user's is.
            self._run("claude", *options, "--", *program.argv[1:], PATH=program.env["PATH"])
        else:
            self._run("new", *options, "--", *program.argv)

    def open(self, session: str) -> None:
        self.name = session
        self._run("attach", session)

    def type(self, keys: str) -> None:
        self.terminal.type(keys)

    def text(self) -> str:
        return self.terminal.text()

    def wait_for_text(self, text: str) -> None:
        self.terminal.wait_for_text(text)

    def wait_until_gone(self, text: str) -> None:
        self.terminal.wait_until_gone(text)

    def shrink(self) -> tuple[int, int]:
        self.terminal.resize(SMALL_COLS, SMALL_ROWS)
        return SMALL_COLS, SMALL_ROWS

    def detach(self) -> None:
        self.type(DETACH_KEYS)
        assert self.terminal.wait_for_end() == 0
        assert f"[detached (from session {self.name})]" in self.text()
        self._check_left_as_found()
        wait_for_clients(self._ptyd, self.name, 0)

    def come_back(self) -> None:
        self._run("attach", self.name)

    def wait_for_end(self) -> None:
        assert self.terminal.wait_for_end() == 0
        assert "[exited 0]" in self.text()
        self._check_left_as_found()

    def close(self) -> None:
        if self._terminal is not None:
            self._terminal.close()

    def _run(self, *arguments: str, **env: str) -> None:
        self.close()
        self._terminal = RealTerminal([PTYD_COMMAND, *arguments], {**self._ptyd.env, **env}, cols=COLS, rows=ROWS)

    def _check_left_as_found(self) -> None:
        screen = self.terminal.screen
        assert screen.modes == INITIAL_MODES, bytes(self.terminal.raw[-600:])
        assert not screen.in_alternate
        assert screen.kitty_flags == 0
