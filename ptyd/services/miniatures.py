"""The screens of many sessions at once, for whoever looks at all of them: taken when they have changed, once for all
who look."""

import asyncio

from ptyd_protocol.capture import CaptureParams
from ptyd_protocol.miniatures import Miniature, MiniaturesParams

from ptyd.core.registry import Registry
from ptyd.core.screen.capture import capture_log, capture_screen
from ptyd.core.screen.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.net.requests import Caller

MAX_ANSWER_CHARS = 1024 * 1024
"""What comes beyond it is told the next time."""

AS_LINES = CaptureParams(format="vt")


class Miniatures:
    """One for the daemon. ``audit_seconds``: that somebody looks at a session is noted so often."""

    def __init__(self, registry: Registry, audit_seconds: float) -> None:
        self._registry = registry
        self._audit_seconds = audit_seconds
        self._taken: dict[str, Miniature] = {}
        self._noted_at: dict[tuple[str, str], float] = {}
        """By principal and session."""

    async def collect(self, caller: Caller, params: MiniaturesParams) -> list[Miniature]:
        """Of those that are wanted, exist for the caller, and have changed."""
        self._forget_removed()
        found: list[Miniature] = []
        chars = 0
        for session_id, known in params.known.items():
            session = self._registry.get(session_id)
            if session is None or not caller.principal.sees(session) or session.log_file.span.head == known:
                continue
            self._note_look(caller, session)
            miniature = await self._take(session)
            found.append(miniature)
            chars += len(miniature.text)
            if chars > MAX_ANSWER_CHARS:
                break
        return found

    async def _take(self, session: Session) -> Miniature:
        taken = self._taken.get(session.id)
        if taken is not None and taken.offset == session.log_file.span.head:
            return taken
        taken = await _capture(session)
        session.shelve_unused_log()
        if session.id in self._registry:
            self._taken[session.id] = taken
        return taken

    def _forget_removed(self) -> None:
        for session_id in [one for one in self._taken if one not in self._registry]:
            del self._taken[session_id]
        for key in [one for one in self._noted_at if one[1] not in self._registry]:
            del self._noted_at[key]

    def _note_look(self, caller: Caller, session: Session) -> None:
        key, now = (caller.principal.name, session.id), asyncio.get_running_loop().time()
        if now - self._noted_at.get(key, float("-inf")) >= self._audit_seconds:
            self._noted_at[key] = now
            audit.note("read", caller.principal, session, by="miniatures")


async def _capture(session: Session) -> Miniature:
    if session.screen is not None:
        try:
            screen = await capture_screen(session.screen, AS_LINES)
        except EngineGone:
            pass  # the log has to do
        else:
            return _make(session, screen.offset, screen.cols, screen.rows, screen.text)
    log = capture_log(session.log, session.rows, 0)
    return _make(session, log.offset, session.cols, session.rows, log.text)


def _make(session: Session, offset: int, cols: int, rows: int, text: str) -> Miniature:
    # An address in a link may be of bytes that are no text.
    sound = text.encode(errors="replace").decode()
    return Miniature(session=session.id, offset=offset, cols=cols, rows=rows, text=sound)
