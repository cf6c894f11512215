"""What a session has beside its state while its program runs, and how that program is signalled and ended."""

import asyncio
import logging
import signal
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.session import Session
from ptyd.edge.processes.limit_timer import LimitTimer
from ptyd.edge.processes.process_tree import ASKING_SIGNALS, end_process_trees, is_empty
from ptyd.edge.processes.session_marks import Kin
from ptyd.edge.terminal.hold_timer import HoldTimer
from ptyd.edge.terminal.pty import Pty

logger = logging.getLogger("ptyd.manager")

LAST_THREADS_SECONDS = 5.0
"""A killed program with many threads and much memory takes some time to be gone, on a busy machine."""

LEFTOVERS_GRACE_SECONDS = 2.0
"""Between HUP, TERM and KILL for what a program has left behind."""


@dataclass(slots=True, eq=False)
class RunningSession:
    """``ended`` is set when the program is gone and its output complete, in the recording, too."""

    session: Session
    pty: Pty
    holds: HoldTimer
    limits: LimitTimer
    kin: Kin
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self, number: int) -> None:
        """Signal the foreground process group.

        Raises:
            Refusal: what runs in front has gone, or may not be signalled.
        """
        try:
            self.pty.signal_foreground(signal.Signals(number))
        except ProcessLookupError:
            raise nothing_to_signal(self.session) from None
        except PermissionError:
            raise Refusal(
                ErrorCode.PERMISSION_DENIED, f"the program in front of session {self.session.name} is another user's"
            ) from None

    async def end(self, grace_seconds: float, asking: Collection[int] = ASKING_SIGNALS) -> None:
        """End the whole tree, and wait for the session's end.

        Raises:
            Refusal: it cannot be ended.
        """
        try:
            await end_process_trees([self.kin], grace_seconds, asking)
        except OSError as error:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"the processes of session {self.session.name} cannot be found: {error.strerror}",
            ) from error
        if self.pty.living_child() is not None:
            await self._wait_for_last_threads()
        await self.ended.wait()

    async def _wait_for_last_threads(self) -> None:
        """A killed program's first thread has ended, and the process only ends with the last one.

        Raises:
            Refusal: it does not.
        """
        try:
            async with asyncio.timeout(LAST_THREADS_SECONDS):
                await self.ended.wait()
        except TimeoutError:
            raise Refusal(
                ErrorCode.PERMISSION_DENIED,
                f"session {self.session.name} cannot be ended: its program is another user's, or stuck in the kernel",
            ) from None

    async def end_after_last_word(self, grace_seconds: float) -> None:
        """For programs that say how far they have come: SIGINT to the program, then TERM and KILL to the tree, with
        ``grace_seconds`` between them. Returns when it has ended, or will not."""
        with suppress(ProcessLookupError, PermissionError):
            self.pty.signal_foreground(signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), grace_seconds)
            return
        try:
            await self.end(grace_seconds, (signal.SIGTERM,))
        except Refusal as refusal:
            logger.error("session %s should end: %s", self.session.id, refusal.message)


def nothing_to_signal(session: Session) -> Refusal:
    return Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has no process to signal")


async def end_leftovers(kin: Kin) -> None:
    """End what a program that has ended has left behind."""
    try:
        if not is_empty(kin):
            await end_process_trees([kin], LEFTOVERS_GRACE_SECONDS)
    except OSError as error:
        logger.error("what session %s has left behind cannot be looked for: %s", kin.session_id, error)
