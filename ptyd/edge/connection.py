"""One client's connection: messages in, messages out as far as the client's credit and the socket allow."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    ClientMessage,
    DaemonMessage,
    Detach,
    Detached,
    Event,
    Failure,
    Hello,
    Input,
    Output,
    Ping,
    Pong,
    Request,
    Resize,
    TakeControl,
    Visibility,
    Welcome,
)
from ptyd_protocol.methods import ASKING_METHODS
from ptyd_protocol.server_connection import ServerConnection
from ptyd_protocol.version import PROTOCOL_VERSION, __version__

from ptyd.config import Config
from ptyd.core.access import Principal
from ptyd.core.attachment import Attachment
from ptyd.edge.guests import Guests
from ptyd.edge.requests import Answer, Attacher
from ptyd.edge.tasks import Tasks

logger = logging.getLogger("ptyd.connection")

MAX_UNSENT_BYTES = 32 * limits.MIB
"""Replies and events go out regardless of credit; a client that reads none of them is let go."""


class MessageTransport(Protocol):
    """A WebSocket, seen from above."""

    writable: bool
    is_local: bool
    """The client is on the same machine."""

    def send(self, data: bytes) -> None:
        """Send one binary message."""

    def send_output(self, head: bytes, data: memoryview) -> None:
        """Send ``head`` and ``data`` as one binary message; ``data`` is only lent."""

    def unsent_bytes(self) -> int: ...

    def slow_down(self, seconds: float) -> None:
        """Read nothing for so long."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Say goodbye; ``connection.lost`` follows."""


class Beating(Protocol):
    """A socket with a heartbeat."""

    def beat(self, now: float) -> None: ...


class Office:
    """What all connections share."""

    def __init__(
        self,
        attacher: Attacher,
        answer: Answer,
        forget_subscriber: Callable[[Callable[[Event], None]], None],
        tasks: Tasks,
        hold_seconds: tuple[float, float],
        guests: Guests | None = None,
    ) -> None:
        self.attacher = attacher
        self.forget_subscriber = forget_subscriber
        self.answer = answer
        self.tasks = tasks
        self.hold_seconds = hold_seconds
        """(grace, stall), as Welcome tells them."""
        self.guests = guests if guests is not None else Guests(Config())
        self.refusals = self.guests.refusals
        self.connections: set[Connection] = set()
        self.sockets: set[Beating] = set()
        self.empty = asyncio.Event()
        """There is no connection."""
        self.empty.set()
        self.by_client_id: dict[str, Connection] = {}


class Connection:
    """A client from its first message to its last."""

    takes_events = True

    def __init__(self, transport: MessageTransport, principal: Principal, office: Office) -> None:
        self.principal = principal
        self._transport = transport
        self.is_local = transport.is_local
        self._office = office
        self._loop = asyncio.get_running_loop()
        self._protocol = ServerConnection()
        self._attachments: dict[int, Attachment] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._requests = 0
        """Begun and not yet answered."""
        self._request_bucket = office.guests.make_request_bucket()
        self._lost = False
        office.connections.add(self)
        office.empty.clear()

    # --- in ---

    def receive(self, data: bytes) -> None:
        """One binary message. What is malformed closes this connection and hurts no other."""
        try:
            message = self._protocol.receive(data)
            if message is not None:
                self._act_on(message)
        except ProtocolError as error:
            self.close(error.close_code, error.reason)
        except Exception:
            logger.exception("a message could not be handled")
            self.close(CloseCode.INTERNAL, "the daemon failed on a message; see its log")

    def _act_on(self, message: ClientMessage) -> None:
        match message:
            case Input():
                self._act_on_channel(message)
            case Ack() | Resize() | TakeControl() | Detach() | Visibility() | Appearance():
                self._act_on_channel(message)
            case Request():
                self._begin_answer(message)
            case Attach():
                self._attach(message)
            case Ping():
                self._send(Pong(message.nonce))
            case Hello():
                self._welcome(message)

    def _act_on_channel(self, message: Input | Ack | Resize | TakeControl | Detach | Visibility | Appearance) -> None:
        attachment = self._attachments.get(message.channel)
        if attachment is None:
            return
        match message:
            case Input():
                attachment.session.take_input(attachment, message.seq, message.data)
            case Ack():
                self._office.attacher.acknowledge(attachment, message.offset)
                self._pump(attachment)
            case Resize():
                attachment.session.claim_size(attachment, message.cols, message.rows)
            case TakeControl():
                attachment.session.take_control(attachment, message.cols, message.rows)
            case Visibility():
                attachment.session.set_hidden(attachment, message.hidden)
            case Appearance():
                attachment.session.set_appearance(attachment, message)
            case Detach():
                self._send(Detached(message.channel, "detached", "detached"))
                self._release(attachment, may_return=False)

    def _welcome(self, hello: Hello) -> None:
        older = self._office.by_client_id.get(hello.client_id)
        if older is not None:
            # Its socket may be long dead; what it had attached is free for this one from here on.
            older.close(CloseCode.TAKEN_OVER, "this client has connected again")
            older.lost()
        self._office.by_client_id[hello.client_id] = self
        grace, stall = self._office.hold_seconds
        told_limits = {
            "max_client_message_bytes": limits.MAX_CLIENT_MESSAGE_BYTES,
            "max_output_bytes": limits.MAX_OUTPUT_BYTES,
            "max_input_bytes": limits.MAX_INPUT_BYTES,
            "max_unacked_input_bytes": limits.MAX_UNACKED_INPUT_BYTES,
            "max_channels": limits.MAX_CHANNELS,
            "max_cols": limits.MAX_COLS,
            "max_rows": limits.MAX_ROWS,
            "hold_grace_seconds": int(grace),
            "hold_stall_seconds": int(stall),
        }
        self._send(
            Welcome(PROTOCOL_VERSION, __version__, self.principal.name, told_limits, limits.PING_INTERVAL_SECONDS)
        )

    def _attach(self, request: Attach) -> None:
        hello = self._protocol.hello
        assert hello is not None
        try:
            attachment = self._office.attacher.attach(request, hello.client, hello.client_id, self)
        except Refusal as refusal:
            self._send(Detached(request.channel, refusal.code, refusal.message))
            return
        self._attachments[request.channel] = attachment
        self._pump(attachment)

    def _begin_answer(self, request: Request) -> None:
        most = self._office.guests.config.max_requests_per_connection
        if self._requests >= most:
            self._office.refusals["requests"] += 1
            message = (
                f"{most} requests wait on this connection already, which is the limit (max_requests_per_connection)"
            )
            self._send(Failure(request.id, ErrorCode.UNAVAILABLE, message))
            return
        wait = self._request_bucket.take(1, self._loop.time())
        if wait:
            self._transport.slow_down(wait)
        self._requests += 1
        task = self._office.tasks.start(self._answer(request), f"request {request.method[:40]}")
        if request.method in ASKING_METHODS:
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _answer(self, request: Request) -> None:
        try:
            reply = await self._office.answer(self, request)
        finally:
            self._requests -= 1
        self._send(reply)

    # --- out ---

    def wake(self, attachment: Attachment) -> None:
        """An attachment of ours may have something to send."""
        if self._attachments.get(attachment.channel) is attachment:
            self._pump(attachment)

    def tell_event(self, event: Event) -> None:
        self._send(event)

    def resume(self) -> None:
        """The socket takes more."""
        for attachment in list(self._attachments.values()):
            self._pump(attachment)

    def _pump(self, attachment: Attachment) -> None:
        """Send what is due on one channel, as far as it goes."""
        now = self._loop.time()
        while self._transport.writable and not self._lost:
            message = attachment.next_message(now)
            if message is None:
                self._arm(attachment, now)
                return
            self._send(message)
            if attachment.closed:
                self._release(attachment, may_return=False)
                return

    def _arm(self, attachment: Attachment, now: float) -> None:
        """Ask again later where output waits for company."""
        due = attachment.waits_until()
        if due is not None and due > now and attachment.channel not in self._timers:
            self._timers[attachment.channel] = self._loop.call_at(due, self._pump_later, attachment)

    def _pump_later(self, attachment: Attachment) -> None:
        del self._timers[attachment.channel]
        self._pump(attachment)

    def _send(self, message: DaemonMessage) -> None:
        if self._lost:
            return
        if isinstance(message, Output):
            data = memoryview(message.data)
            self._transport.send_output(self._protocol.begin_output(message.channel, message.offset, len(data)), data)
        else:
            self._transport.send(self._protocol.send(message))
        if not self._transport.writable and self._transport.unsent_bytes() > MAX_UNSENT_BYTES:
            self.close(CloseCode.OVERLOADED, "too much was waiting to be read")

    # --- the end ---

    def _release(self, attachment: Attachment, may_return: bool) -> None:
        del self._attachments[attachment.channel]
        timer = self._timers.pop(attachment.channel, None)
        if timer is not None:
            timer.cancel()
        self._office.attacher.leave(attachment, may_return)

    def close(self, code: CloseCode, reason: str) -> None:
        if not self._lost:
            self._transport.close(code, reason)

    def lost(self) -> None:
        """The socket is gone: its attachments leave, their holds stay for a while."""
        if self._lost:
            return
        self._lost = True
        self._office.connections.discard(self)
        if not self._office.connections:
            self._office.empty.set()
        hello = self._protocol.hello
        if hello is not None and self._office.by_client_id.get(hello.client_id) is self:
            del self._office.by_client_id[hello.client_id]
        for attachment in list(self._attachments.values()):
            self._release(attachment, may_return=True)
        for task in list(self._asking):
            task.cancel()  # nobody hears the answer: to wait on would count as having seen
        self._office.forget_subscriber(self.tell_event)

    @property
    def has_said_hello(self) -> bool:
        return self._protocol.hello is not None
