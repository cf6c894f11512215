"""The requests about what sessions do, and about events."""

import asyncio

from ptyd_protocol.activity import EventRecord, EventsParams, EventsResult, ExplainResult, WaitStateParams
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.sessions import SessionInfo, SessionParams

from ptyd.core.events import Subscribed
from ptyd.core.session import Session
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager


class ActivityService:
    """Carries them out, for callers that may see the session."""

    def __init__(self, manager: PtyManager) -> None:
        self._manager = manager

    async def explain(self, caller: Caller, session: Session, params: SessionParams) -> ExplainResult:
        return self._manager.activities.explain(session)

    async def wait_state(self, caller: Caller, session: Session, params: WaitStateParams) -> SessionInfo:
        try:
            async with asyncio.timeout(params.timeout_seconds):
                await self._manager.activities.wait(session, frozenset(params.states))
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT,
                f"session {session.name}: not {' or '.join(params.states)} within {params.timeout_seconds:g} s",
            ) from None
        return session.info()

    def subscribe(self, caller: Caller, since: int | None) -> Subscribed:
        """What was comes behind the reply, which is sent in this turn of the loop."""
        begun = self._manager.events.subscribe(caller.tell_event, caller.principal, since)
        asyncio.get_running_loop().call_soon(self._manager.events.release, caller.tell_event)
        return begun

    async def read_events(self, caller: Caller, params: EventsParams) -> EventsResult:
        wanted = None
        if params.session is not None:
            wanted = self._manager.registry.resolve(params.session, caller.principal.sees).id
        events, seq, is_late, more = self._manager.events.read(caller.principal, params.since, params.max_events)
        return EventsResult(
            events=[
                EventRecord(seq=event.seq, at=event.at, kind=event.kind, session=event.session, data=event.data)
                for event in events
                if wanted is None or event.session == wanted
            ],
            seq=seq,
            is_late=is_late,
            more=more,
        )
