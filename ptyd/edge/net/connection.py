"""One client's connection: messages in, messages out as far as the client's credit and the socket allow."""

import asyncio
import logging
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

from ptyd.core.access.audit import Actor
from ptyd.core.access.principal import Principal
from ptyd.core.viewing.attachment import Attachment
from ptyd.edge import audit
from ptyd.edge.net.office import Office

logger = logging.getLogger("ptyd.connection")

RESIZE_NOTE_SECONDS = 1.0
"""A window that is dragged changes its size many times: the audit has one line of it."""

MAX_UNSENT_BYTES = 32 * limits.MIB
"""Replies and events go out regardless of credit; a client that reads none of them is let go."""


class MessageTransport(Protocol):
    """A WebSocket, seen from above."""

    writable: bool
    is_local: bool
    """The client is on the same machine."""
    address: str
    """Where the client is, for the audit."""

    def send(self, data: bytes) -> None:
        """Send one binary message."""

    def send_output(self, head: bytes, data: memoryview) -> None:
        """Send ``head`` and ``data`` as one binary message; ``data`` is only lent."""

    def unsent_bytes(self) -> int: ...

    def slow_down(self, seconds: float) -> None:
        """Read nothing for so long."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Say goodbye; ``connection.lost`` follows."""


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
        self.actor = Actor(principal.name, "", transport.address, audit.next_connection_number())
        self._resizes: dict[int, tuple[int, asyncio.TimerHandle]] = {}
        """By channel: how many are not in the audit yet."""
        office.enter(self)

    # --- in ---

    def receive(self, data: bytes) -> None:
        """One binary message. What is malformed closes this connection and hurts no other."""
        # As ``audit.acting_as``, which would cost each key a microsecond.
        token = audit.current_actor.set(self.actor)
        try:
            message = self._protocol.receive(data)
            if message is not None:
                self._act_on(message)
        except ProtocolError as error:
            self.close(error.close_code, error.reason)
        except Exception:
            logger.exception("a message could not be handled")
            self.close(CloseCode.INTERNAL, "the daemon failed on a message; see its log")
        finally:
            audit.current_actor.reset(token)

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
                size = attachment.session.cols, attachment.session.rows
                attachment.session.claim_size(attachment, message.cols, message.rows)
                self._note_resize(attachment, size)
            case TakeControl():
                size = attachment.session.cols, attachment.session.rows
                attachment.session.take_control(attachment, message.cols, message.rows)
                self._note_resize(attachment, size)
            case Visibility():
                attachment.session.set_hidden(attachment, message.hidden)
            case Appearance():
                attachment.session.set_appearance(attachment, message)
            case Detach():
                self._send(Detached(message.channel, "detached", "detached"))
                self._release(attachment, may_return=False)

    def _welcome(self, hello: Hello) -> None:
        key = (self.principal.grant_id, hello.client_id)
        older = self._office.by_client_id.get(key)
        if older is not None:
            # Its socket may be long dead; what it had attached is free for this one from here on.
            older.close(CloseCode.TAKEN_OVER, "this client has connected again")
            older.lost()
        self._office.by_client_id[key] = self
        self.actor.client = hello.client
        audit.note("connected", self.principal)
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
        sessions = self.principal.sessions
        self._send(
            Welcome(
                PROTOCOL_VERSION,
                __version__,
                self.principal.name,
                told_limits,
                limits.PING_INTERVAL_SECONDS,
                sorted(self.principal.rights),
                None if sessions is None else next(iter(sessions), ""),
            )
        )

    def _attach(self, request: Attach) -> None:
        hello = self._protocol.hello
        assert hello is not None
        try:
            attachment = self._office.attacher.attach(request, hello.client, hello.client_id, self, self.principal)
        except Refusal as refusal:
            self._office.refusals[refusal.code.value] += 1
            audit.note("refused", self.principal, asked="attach", code=refusal.code.value)
            self._send(Detached(request.channel, refusal.code, refusal.message))
            return
        self._attachments[request.channel] = attachment
        audit.note(
            "attached",
            self.principal,
            attachment.session,
            channel=attachment.channel,
            role=attachment.role,
            lossless=attachment.lossless,
        )
        self._pump(attachment)

    def _begin_answer(self, request: Request) -> None:
        most = self._office.guests.config.max_requests_per_connection
        if self._requests >= most:
            self._office.guests.refusals["requests"] += 1
            message = (
                f"{most} requests wait on this connection already, which is the limit (max_requests_per_connection)"
            )
            self._send(Failure(request.id, ErrorCode.UNAVAILABLE, message))
            return
        wait = self._request_bucket.spend(1, self._loop.time())
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
                self._release(attachment, False, message.code if isinstance(message, Detached) else "exited")
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

    def _release(self, attachment: Attachment, may_return: bool, reason: str = "") -> None:
        del self._attachments[attachment.channel]
        self._note_leaving(attachment, reason or ("connection_lost" if may_return else "detached"))
        timer = self._timers.pop(attachment.channel, None)
        if timer is not None:
            timer.cancel()
        self._office.attacher.leave(attachment, may_return)

    # --- the audit ---

    def note_typed(self) -> None:
        with audit.acting_as(self.actor):
            for attachment in self._attachments.values():
                self._note_typed(attachment)

    def _note_typed(self, attachment: Attachment) -> None:
        typed = attachment.typed.take()
        if typed.messages:
            self._office.gone.typed_messages += typed.messages
            self._office.gone.typed_bytes += typed.bytes
            audit.note(
                "typed",
                self.principal,
                attachment.session,
                channel=attachment.channel,
                messages=typed.messages,
                bytes=typed.bytes,
            )

    def _note_resize(self, attachment: Attachment, before: tuple[int, int]) -> None:
        if (attachment.session.cols, attachment.session.rows) == before:
            return
        count, timer = self._resizes.get(attachment.channel, (0, None))
        if timer is None:
            timer = self._loop.call_later(RESIZE_NOTE_SECONDS, self._note_resizes, attachment)
        self._resizes[attachment.channel] = count + 1, timer

    def _note_resizes(self, attachment: Attachment) -> None:
        count, timer = self._resizes.pop(attachment.channel, (0, None))
        if timer is None:
            return
        timer.cancel()
        session = attachment.session
        with audit.acting_as(self.actor):
            audit.note("resized", self.principal, session, cols=session.cols, rows=session.rows, times=count)

    def _note_leaving(self, attachment: Attachment, reason: str) -> None:
        self._office.gone.sent_bytes += attachment.sent_bytes
        self._office.gone.resyncs += attachment.resyncs
        self._note_resizes(attachment)
        with audit.acting_as(self.actor):
            self._note_typed(attachment)
            audit.note("detached", self.principal, attachment.session, channel=attachment.channel, reason=str(reason))

    def close(self, code: CloseCode, reason: str) -> None:
        if not self._lost:
            self._office.closed_by_us[code.name.lower()] += 1
            self._transport.close(code, reason)

    def expel(self, reason: str) -> None:
        """The credentials are no longer good: nothing of this client stays, not even for a while."""
        self.close(CloseCode.UNAUTHENTICATED, reason)
        self.lost(may_return=False)

    def lost(self, may_return: bool = True) -> None:
        """The socket is gone: its attachments leave; where it ``may_return`` their holds stay for a while."""
        if self._lost:
            return
        self._lost = True
        self._office.leave(self)
        hello = self._protocol.hello
        key = (self.principal.grant_id, hello.client_id if hello else "")
        if self._office.by_client_id.get(key) is self:
            del self._office.by_client_id[key]
        for attachment in list(self._attachments.values()):
            self._release(attachment, may_return=may_return)
        for task in list(self._asking):
            task.cancel()  # nobody hears the answer: to wait on would count as having seen
        self._office.forget_subscriber(self.tell_event)
        if hello is not None:
            with audit.acting_as(self.actor):
                audit.note("disconnected", self.principal)

    @property
    def has_said_hello(self) -> bool:
        return self._protocol.hello is not None
