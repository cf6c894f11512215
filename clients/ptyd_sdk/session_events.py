"""What happens to the daemon's sessions, as one stream over all connections."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

import msgspec
from msgspec import Struct
from ptyd_protocol.activity import EventsParams, EventsResult, SubscribeParams
from ptyd_protocol.messages import Event
from ptyd_protocol.sessions import SessionInfo, SubscribeResult

from ptyd_sdk.link import Link
from ptyd_sdk.mailbox import Mailbox


class SessionEvent(Struct, frozen=True):
    """``kind``: created, exited, renamed, resized, updated, removed, activity, bell, hold_ended, recording_ended,
    limit_warning, run_queued, run_dropped, approval_asked, approval_answered, prompt (a newer daemon may know more);
    and missed: the daemon does not keep all that happened since the event before, and what follows is told by comparing
    the sessions.

    ``session`` is the id; ``info`` the session as it then was (None for removed, hold_ended and missed); ``data`` what
    else the daemon says (hold_ended: client_id, channel, reason; limit_warning: limit, used, allowed, message).
    ``seq``: its number, for ``events(since=...)``; ``at``: Unix seconds. 0 where it was told by comparing.
    """

    kind: str
    session: str
    info: SessionInfo | None
    data: dict[str, Any]
    seq: int = 0
    at: float = 0.0


MISSED = SessionEvent("missed", "", None, {})


class SessionEvents:
    """``async for event in ptyd.events()``. It begins with what happens after ``events()`` was called or, with
    ``since``, after the event of that number.

    What happens while the connection is broken is told when it is back: each event where the daemon still keeps them,
    else an event missed, and then what the list of sessions shows.
    Raises ConnectionLost from the iteration when the connection is gone for good.
    """

    def __init__(self, mailbox: Mailbox[SessionEvent]) -> None:
        self._mailbox = mailbox

    def __aiter__(self) -> "SessionEvents":
        return self

    async def __anext__(self) -> SessionEvent:
        return await self._mailbox.get()

    async def aclose(self) -> None:
        """End the iteration."""
        self._mailbox.close()


class EventHub:
    """The one subscription of a connection, and who listens. It asks for events once somebody wants them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._mailboxes: WeakSet[Mailbox[SessionEvent]] = WeakSet()
        self._is_subscribed = False
        self._known: dict[str, SessionInfo] | None = None
        self._last_seq = 0
        self._aside: dict[Mailbox[SessionEvent], list[SessionEvent]] = {}
        """What comes for those who are to be told first what was."""
        link.on_event = self._receive
        link.on_open.append(self._subscribe_again)
        link.on_closed.append(self._close)

    def listen(self, since: int | None = None) -> SessionEvents:
        self._link.check_usable()
        mailbox: Mailbox[SessionEvent] = Mailbox()
        self._mailboxes.add(mailbox)
        if not self._is_subscribed:
            self._is_subscribed = True
            self._subscribe()
        if since is not None:
            self._aside[mailbox] = []
            self._ask_for_past(mailbox, since)
        return SessionEvents(mailbox)

    def _ask_for_past(self, mailbox: Mailbox[SessionEvent], since: int) -> None:
        """Tell what the daemon keeps after number ``since``, and then what has come meanwhile."""

        def take(result: EventsResult) -> None:
            if result.is_late:
                mailbox.put(MISSED)
            for one in result.events:
                mailbox.put(read_event(Event(one.seq, one.kind, one.session, one.data, one.at)))
            if result.more:
                self._ask_for_past(mailbox, result.seq)
                return
            for event in self._aside.pop(mailbox, []):
                if not event.seq or event.seq > result.seq:
                    mailbox.put(event)

        def fail(error: Exception) -> None:
            self._aside.pop(mailbox, None)
            mailbox.close(error)

        self._link.post_request("events", EventsParams(since=since), take, fail)

    def _subscribe(self) -> None:
        since = None if self._known is None else self._last_seq
        self._link.post_request("subscribe", SubscribeParams(since=since), self._begin, self._close)

    def _subscribe_again(self) -> None:
        """A new connection: a request that was not answered is repeated by itself, an answered one is not."""
        if self._is_subscribed and self._known is not None:
            self._subscribe()

    def _begin(self, result: SubscribeResult) -> None:
        if self._known is not None and not result.is_late and result.seq == self._last_seq:
            return  # every event since then follows
        sessions = {info.id: info for info in result.sessions}
        if self._known is not None:
            self._publish(MISSED)
            for event in compare_sessions(self._known, sessions):
                self._publish(event)
        self._known = sessions
        self._last_seq = result.seq

    def _receive(self, message: Event) -> None:
        if self._known is None or message.seq <= self._last_seq:
            return
        self._last_seq = message.seq
        event = read_event(message)
        if event.info is not None:
            self._known[event.session] = event.info
        elif event.kind == "removed":
            self._known.pop(event.session, None)
        self._publish(event)

    def _publish(self, event: SessionEvent) -> None:
        for mailbox in list(self._mailboxes):
            aside = self._aside.get(mailbox)
            if aside is None:
                mailbox.put(event)
            else:
                aside.append(event)

    def _close(self, error: Exception) -> None:
        for mailbox in list(self._mailboxes):
            mailbox.close(error)


def read_event(message: Event) -> SessionEvent:
    """The typed event; one whose data is no SessionInfo has ``info`` None."""
    try:
        info = msgspec.convert(message.data, SessionInfo)
    except msgspec.ValidationError:
        info = None
    return SessionEvent(message.kind, message.session, info, message.data, message.seq, message.at)


def compare_sessions(old: dict[str, SessionInfo], new: dict[str, SessionInfo]) -> Iterable[SessionEvent]:
    """The events that lead from one list of sessions to another, by id."""
    for session, before in old.items():
        after = new.get(session)
        if after is None:
            yield SessionEvent("removed", session, None, {})
        else:
            yield from (SessionEvent(kind, session, after, {}) for kind in _list_changes(before, after))
    for session, info in new.items():
        if session not in old:
            yield SessionEvent("created", session, info, {})
            if info.state == "exited":
                yield SessionEvent("exited", session, info, {})


def _list_changes(before: SessionInfo, after: SessionInfo) -> Iterable[str]:
    if before.name != after.name:
        yield "renamed"
    if (before.cols, before.rows) != (after.cols, after.rows):
        yield "resized"
    if (before.clients, before.controller) != (after.clients, after.controller):
        yield "updated"
    if before.activity != after.activity:
        yield "activity"
    if before.state != after.state:
        yield "exited"
