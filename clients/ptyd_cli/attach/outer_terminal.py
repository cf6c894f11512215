"""The terminal that the user sits at: raw while a session is shown, and afterwards what it was before."""

import asyncio
import contextlib
import errno
import fcntl
import os
import select
import struct
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

from ptyd_cli.attach.sequence_rest import SequenceRest
from ptyd_cli.attach.terminal_modes import POP_TITLE, PUSH_TITLE, TerminalModes
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.output import printable

READ_BYTES = 64 * 1024
WRITE_BYTES = 64 * 1024
LEAVE_TIMEOUT_SECONDS = 2.0
"""A terminal that takes nothing for so long (stopped with Ctrl-S, or its window hangs) is left as it is."""

_INPUT_FLAGS_OFF = (
    termios.IGNBRK
    | termios.BRKINT
    | termios.PARMRK
    | termios.INPCK
    | termios.ISTRIP
    | termios.INLCR
    | termios.IGNCR
    | termios.ICRNL
    | termios.IXON
)
_LOCAL_FLAGS_OFF = termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN


_END_STRING = b"\x1b\\"
_BEGIN_FRAME, _END_FRAME = b"\x1b[?2026h", b"\x1b[?2026l"


class TerminalGone(Exception):
    """The terminal has hung up."""


class OuterTerminal:
    """Made by ``open_outer_terminal``; ``enter`` and ``leave`` come in pairs.

    Its file descriptor is our own: O_NONBLOCK belongs to the open file, and stdin's is shared with the shell.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._saved: list[Any] | None = None
        self._modes = TerminalModes()
        self._rest = SequenceRest()
        self._is_at_line_start = True

    # --- in and out of raw mode ---

    def enter(self) -> None:
        """Go raw, keep the title, and move what is on the screen up into the scrollback: the session starts
        at the top."""
        self._saved = termios.tcgetattr(self._fd)
        self.set_raw()
        self._modes, self._rest = TerminalModes(), SequenceRest()
        self._is_at_line_start = True
        rows = self.size()[1]
        self._write_now(PUSH_TITLE + b"\r" + b"\n" * rows + b"\x1b[H\x1b[J")

    def set_raw(self) -> None:
        """Every byte as it is typed, nothing echoed, no signals; also after a stop and continue."""
        if self._saved is None:
            return
        iflag, oflag, cflag, lflag, ispeed, ospeed, cc = self._saved
        cc = list(cc)
        cc[termios.VMIN], cc[termios.VTIME] = 1, 0
        raw = [
            iflag & ~_INPUT_FLAGS_OFF,
            oflag & ~termios.OPOST,
            (cflag & ~(termios.CSIZE | termios.PARENB)) | termios.CS8,
            lflag & ~_LOCAL_FLAGS_OFF,
            ispeed,
            ospeed,
            cc,
        ]
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, raw)

    def leave(self) -> None:
        """Put everything back, whatever state the output has left it in; a second call does nothing.

        What was typed and not read, replies of the terminal among it, is thrown away: it was not meant for
        the shell.
        """
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        cols = self.size()[0]
        was_alternate = self._modes.is_alternate_screen
        end = b"" if self._is_at_line_start and not was_alternate else b"\r\n"
        self._write_now(self._modes.leave(cols=cols) + self._modes.leave_title() + end + b"\x1b[J")
        with contextlib.suppress(termios.error):
            termios.tcflush(self._fd, termios.TCIFLUSH)
            termios.tcsetattr(self._fd, termios.TCSANOW, saved)

    def close(self) -> None:
        os.close(self._fd)

    # --- what is shown ---

    @property
    def has_enhanced_keyboard(self) -> bool:
        """Whether a lone ESC from this terminal is the beginning of a sequence, and never the key."""
        return self._modes.has_enhanced_keyboard

    def size(self) -> tuple[int, int]:
        """Columns and rows; 80 x 24 where the terminal does not say."""
        try:
            packed = fcntl.ioctl(self._fd, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            return 80, 24
        rows, cols, _, _ = struct.unpack("HHHH", packed)
        return cols or 80, rows or 24

    def cell_pixels(self) -> tuple[int, int]:
        """Width and height of a cell in pixels, as the line discipline has them; zeros where it does not."""
        try:
            rows, cols, width, height = struct.unpack("HHHH", fcntl.ioctl(self._fd, termios.TIOCGWINSZ, bytes(8)))
        except OSError:
            return 0, 0
        return (width // cols, height // rows) if cols and rows and width and height else (0, 0)

    def ask(self, questions: bytes) -> bool:
        """Write questions, whose replies come as if they were typed. False: not now, in the middle of a sequence."""
        if self._saved is None or self._rest.is_inside:
            return False
        self._write_now(questions)
        return True

    async def write(self, data: bytes) -> None:
        """Write the session's output; returns when the terminal has taken all of it.

        Raises:
            TerminalGone: it has hung up.
        """
        view = memoryview(data)
        while view:
            taken = self._write_some(view[:WRITE_BYTES])
            if taken == 0:
                await self._wait_writable()
                continue
            piece = bytes(view[:taken])
            self._modes.observe(piece)
            self._rest.observe(piece)
            view = view[taken:]
        if data:
            self._is_at_line_start = data.endswith(b"\n")

    async def reset(self) -> None:
        """An empty screen in the terminal's own modes, for output that starts anew.

        Raises:
            TerminalGone: it has hung up.
        """
        await self.write(self._blank())

    async def restore(self, screen: bytes) -> None:
        """Show ``screen``, which rebuilds a session's terminal in a fresh one, instead of what was shown; at once,
        where the terminal knows synchronized output (mode 2026).

        Raises:
            TerminalGone: it has hung up.
        """
        blank = self._blank()
        rest = SequenceRest()
        rest.observe(screen)
        if rest.is_inside:  # the session goes on within a sequence: nothing can be said behind it
            await self.write(blank + screen)
        else:
            await self.write(_END_STRING + _BEGIN_FRAME + blank + screen + _END_FRAME)

    def _blank(self) -> bytes:
        """Takes back what the output has switched on, the title too, and clears the screen, not the scrollback.

        J, not 2J, which in some terminals moves the screen to the scrollback. The saved cursor (DECSC) becomes what it
        is at first.
        """
        modes = self._modes.leave(cols=self.size()[0])
        title = self._modes.leave_title() + PUSH_TITLE if self._modes.is_title_changed else b""
        self._modes.osc.title = None
        return modes + title + b"\x1b[H\x1b7\x1b[J"

    def show_notice(self, text: str) -> None:
        """Say something in the window's title, where it destroys nothing. Skipped in the middle of a
        sequence."""
        if self._saved is not None and not self._rest.is_inside:
            self._write_now(b"\x1b]2;" + printable(text).encode() + b"\x1b\\")

    def end_notice(self) -> None:
        """Bring back the title that the session, or else the shell before it, has set."""
        if self._saved is None or self._rest.is_inside:
            return
        title = self._modes.osc.title
        self._write_now(POP_TITLE + PUSH_TITLE if title is None else b"\x1b]2;" + title + b"\x1b\\")

    # --- what is typed ---

    def start_reading(self, on_keys: Callable[[bytes], None], on_gone: Callable[[], None]) -> None:
        """Call ``on_keys`` with what is typed, ``on_gone`` when the terminal has hung up."""

        def read() -> None:
            try:
                data = os.read(self._fd, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                on_keys(data)
            else:
                self.stop_reading()
                on_gone()

        asyncio.get_running_loop().add_reader(self._fd, read)

    def stop_reading(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)

    # --- writing ---

    def _write_some(self, view: memoryview) -> int:
        try:
            return os.write(self._fd, view)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise TerminalGone(str(error)) from error

    async def _wait_writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable: asyncio.Future[None] = loop.create_future()

        def resolve() -> None:
            if not writable.done():
                writable.set_result(None)

        loop.add_writer(self._fd, resolve)
        try:
            await writable
        finally:
            loop.remove_writer(self._fd)

    def _write_now(self, data: bytes) -> None:
        """Write without the loop, which may not run any more; gives up on a terminal that takes nothing."""
        poller = select.poll()
        poller.register(self._fd, select.POLLOUT)
        deadline = time.monotonic() + LEAVE_TIMEOUT_SECONDS
        view = memoryview(data)
        while view and time.monotonic() < deadline:
            poller.poll(max(0.0, deadline - time.monotonic()) * 1000)
            try:
                view = view[self._write_some(view) :]
            except TerminalGone:
                return


def open_outer_terminal(purpose: str) -> OuterTerminal:
    """The terminal on standard input and output.

    Raises:
        CliError: there is none; ``purpose`` ("attach") says who needs it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CliError(
            ExitCode.USAGE,
            f"{purpose} needs a terminal on standard input and output; for programs there are `ptyd new -d`,"
            " `ptyd send`, `ptyd capture`, `ptyd tail` and `ptyd wait`",
        )
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    for path in (os.ttyname(sys.stdin.fileno()), "/dev/tty"):
        try:
            return OuterTerminal(os.open(path, flags))
        except OSError as error:
            # In a container the terminal's name may lead nowhere, or to somebody else's.
            if error.errno not in (errno.ENOENT, errno.EACCES, errno.ENXIO, errno.EPERM, errno.EIO):
                raise
    raise CliError(ExitCode.FAILED, f"{purpose}: the terminal cannot be opened")
