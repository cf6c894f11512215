"""HTTP of one connection: uvicorn's, with the doors shut that it leaves open."""

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ptyd.edge.net.guests import Guest, Guests

logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
"""It warns of each malformed request: a stranger could fill the disk with that."""

UNREAD_SECONDS = 40.0
"""A client that takes nothing of an answer for so long is gone."""


class HttpProtocol(H11Protocol):
    """One connection until its end, or until it becomes a WebSocket."""

    _guest: Guest | None = None
    _waits_since = 0.0
    """When what we wait for from this client began."""
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        guests: Guests | None = self.app_state.get("guests")
        self._waits_since = self.loop.time()
        if guests is None:
            return
        self._guest = guests.receive(transport, transport.abort)
        if self._guest is None:
            transport.abort()
            return
        self._guest.protocol = self
        # For the WebSocket that this may become, and for the application.
        self.app_state = {**self.app_state, "guest": self._guest}

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._guest is not None:
            self._guest.leave()

    def data_received(self, data: bytes) -> None:
        if self._is_idle():
            self._waits_since = self.loop.time()
        super().data_received(data)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        guest, self._guest = self._guest, None  # the WebSocket's, from here on
        if guest is not None:
            guest.protocol = None
        self.app_state = {**self.app_state, "target": event.target.decode("latin-1")}
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """What is malformed may come while a request before it is still being answered, or was: there is no place for
        an answer of its own then, nor with a body where the request was HEAD."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.close()

    def _is_idle(self) -> bool:
        """Between two requests. uvicorn ends a connection that stays so for 5 s."""
        return (
            self.cycle is not None
            and self.cycle.response_complete
            and self.conn.their_state is h11.IDLE
            and not self.conn.trailing_data[0]
        )

    def beat(self, now: float) -> None:
        """Called every few seconds: let go of a client that takes its time. ``now``: the loop's clock."""
        if self._guest is None:
            return
        config = self._guest.guests.config
        unread = self.transport.get_write_buffer_size()
        if unread and unread == self._unread:
            late = now - self._waits_since > UNREAD_SECONDS
        elif self.conn.their_state is h11.SEND_BODY:
            self._unread = unread
            late = now - self._waits_since > config.request_body_seconds
        elif self.conn.their_state is h11.IDLE and not self._is_idle():
            late = now - self._waits_since > config.request_head_seconds
        else:
            # It has said all, and we work on it: the time begins anew.
            self._unread = unread
            self._waits_since = now
            late = False
        if late:
            self._guest.guests.refuse("slow", self._guest.address)
            self.transport.abort()


def target_of(app_state: dict[str, Any]) -> str:
    """What a client that wants a WebSocket has asked for, as it stood in its request."""
    return str(app_state.get("target", ""))


def guest_of(app_state: dict[str, Any]) -> Guest | None:
    guest = app_state.get("guest")
    return guest if isinstance(guest, Guest) else None
