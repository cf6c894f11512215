"""Attaching from the command line: from a session's name to an exit code."""

import asyncio
import contextlib
import logging
import os
import sys

from ptyd_protocol import limits
from ptyd_protocol.version import __version__
from ptyd_sdk import connect

from ptyd_cli.attach.detach_chord import DetachKeys
from ptyd_cli.attach.endings import Ending
from ptyd_cli.attach.outer_terminal import OuterTerminal
from ptyd_cli.attach.session_view import SessionView

RECONNECT_PATIENCE_SECONDS = 60.0
"""A daemon on the same machine that is not back by then does not come back by itself."""


def attach_terminal(
    terminal: OuterTerminal,
    session: str,
    keys: DetachKeys | None,
    *,
    is_observer: bool = False,
    is_new: bool = False,
    scrollback: int = limits.DEFAULT_SCROLLBACK_LINES,
    may_copy: bool = False,
) -> int:
    """Show ``session`` (id, name or "" for the latest) in the terminal, say how it ended, and return the exit
    code.

    ``is_new``: just created, so what it asked its terminal before we came has not been answered yet. ``scrollback``:
    how many lines from above its screen go into the terminal's own scrollback. ``may_copy``: programs may fill the
    terminal's clipboard.

    Raises:
        PtydError: it could not be attached.
    """
    # A library's log line in the middle of a raw screen helps nobody; what matters arrives as an exception.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        ending = asyncio.run(_attach(terminal, session, keys, is_observer, is_new, scrollback, may_copy))
    finally:
        terminal.leave()
        terminal.close()
    # Not print: a window that was closed takes nothing, and the interpreter would complain of it at its end.
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), f"{ending.line}\n".encode())
    return ending.exit_code


async def _attach(
    terminal: OuterTerminal,
    session: str,
    keys: DetachKeys | None,
    is_observer: bool,
    is_new: bool,
    scrollback: int,
    may_copy: bool,
) -> Ending:
    async with connect(client=f"ptyd/{__version__}", reconnect=RECONNECT_PATIENCE_SECONDS) as ptyd:
        found = await ptyd.get(session)
        cols, rows = terminal.size()
        attachment = found.attach(
            role="observe" if is_observer else "control",
            cols=min(max(cols, limits.MIN_COLS), limits.MAX_COLS),
            rows=min(max(rows, limits.MIN_ROWS), limits.MAX_ROWS),
            lossless=False,
            scrollback=scrollback,
            window=limits.DEFAULT_WINDOW_BYTES,
        )
        async with attachment:
            view = SessionView(
                terminal,
                found,
                attachment,
                keys,
                is_observer=is_observer,
                answers_replay=is_new,
                may_copy=may_copy,
            )
            return await view.run()
