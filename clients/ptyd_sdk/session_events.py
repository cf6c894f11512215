"""What happens to the daemon's sessions, as one stream over all connections."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

import msgspec
from msgspec import Struct
from ptyd_protocol.messages import Event
from ptyd_protocol.methods import NoParams, SessionInfo, SubscribeResult

from ptyd_sdk.link import Link
from ptyd_sdk.mailbox import Mailbox


class SessionEvent(Struct, frozen=True):
    """``kind``: created, exited, renamed, resized, updated, removed, hold_ended, recording_ended,
    limit_warning (a newer daemon may know more).

    ``session`` is the id; ``info`` the session as it then was (None for removed and hold_ended); ``data`` what else
    the daemon says (hold_ended: client_id, channel, reason; limit_warning: limit, used, allowed, message).
    """

    kind: str
    session: str
    info: SessionInfo | None
    data: dict[str, Any]


class SessionEvents:
    """``async for event in ptyd.events()``. It begins with what happens after ``events()`` was called.

    What happens while the connection is broken is told when it is back, as far as the list of sessions shows it.
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
        link.on_event = self._receive
        link.on_open.append(self._subscribe_again)
        link.on_closed.append(self._close)

    def listen(self) -> SessionEvents:
        self._link.check_usable()
        mailbox: Mailbox[SessionEvent] = Mailbox()
        self._mailboxes.add(mailbox)
        if not self._is_subscribed:
            self._is_subscribed = True
            self._subscribe()
        return SessionEvents(mailbox)

    def _subscribe(self) -> None:
        self._link.post_request("subscribe", NoParams(), self._begin, self._close)

    def _subscribe_again(self) -> None:
        """A new connection: a request that was not answered is repeated by itself, an answered one is not."""
        if self._is_subscribed and self._known is not None:
            self._subscribe()

    def _begin(self, result: SubscribeResult) -> None:
        sessions = {info.id: info for info in result.sessions}
        if self._known is not None:
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
            mailbox.put(event)

    def _close(self, error: Exception) -> None:
        for mailbox in list(self._mailboxes):
            mailbox.close(error)


def read_event(message: Event) -> SessionEvent:
    """The typed event; one whose data is no SessionInfo has ``info`` None."""
    try:
        info = msgspec.convert(message.data, SessionInfo)
    except msgspec.ValidationError:
        info = None
    return SessionEvent(message.kind, message.session, info, message.data)


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
    if before.state != after.state:
        yield "exited"
