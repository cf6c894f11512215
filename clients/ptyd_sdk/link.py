"""The connection to the daemon as the rest of the SDK sees it: it is there, or it is coming back.

One task reads; everything else is done in the caller's turn. Sending never waits: what can be on its way is bounded
by the protocol (un-acknowledged input, credit), so the socket's buffer is too.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec import Struct
from ptyd_protocol import limits
from ptyd_protocol.backoff import Backoff, may_come_back, may_come_back_at_once
from ptyd_protocol.client_channel import ClientChannel
from ptyd_protocol.client_connection import ClientConnection, ClientState
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_result, params_to_map
from ptyd_protocol.errors import ProtocolError, Refusal
from ptyd_protocol.messages import Attach, DaemonMessage, Event, Failure, Output, Pong, Reply, Welcome
from ptyd_protocol.methods import NoParams
from websockets.asyncio.client import ClientConnection as WebSocket
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed

from ptyd_sdk.address import Address
from ptyd_sdk.background import start_task
from ptyd_sdk.errors import (
    ConnectionLost,
    DaemonUnreachable,
    NotAuthenticated,
    NotTrusted,
    PtydError,
    make_failure,
)
from ptyd_sdk.transport import Refused, explain_close, find_close_code, open_websocket

LinkState = Literal["connecting", "open", "reconnecting", "closed"]

logger = logging.getLogger("ptyd_sdk")


class Receiver(Protocol):
    """Who uses a channel."""

    def deliver(self, message: DaemonMessage) -> None:
        """A message for the channel; it comes from within the reading task, so this must be quick."""

    def change_state(self, state: LinkState, reason: str) -> None:
        """The connection broke, is back, or is gone for good."""

    def lose(self, error: Exception | None) -> None:
        """Nothing will come any more: the connection is gone for good (an error), or while detaching (None)."""


class _Answer(Struct, frozen=True):
    method: str
    on_result: Callable[[Any], None]
    on_error: Callable[[Exception], None]


class Link:
    """``reconnect``: False, True for ever, or for how many seconds to try."""

    def __init__(self, machine: ClientConnection, address: Address, token: str | None, reconnect: bool | float) -> None:
        self.state: LinkState = "connecting"
        self.error: PtydError | None = None
        self.on_event: Callable[[Event], None] = lambda event: None
        self.on_open: list[Callable[[], None]] = []
        self.on_closed: list[Callable[[Exception], None]] = []
        self._machine = machine
        self._address = address
        self._token = token
        self._patience_seconds = float("inf") if reconnect is True else float(reconnect)
        self._websocket: WebSocket | None = None
        self._answers: dict[int, _Answer] = {}
        self._receivers: dict[int, Receiver] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self._connections = 0
        self._changed = asyncio.Event()

    @property
    def welcome(self) -> Welcome | None:
        """What the daemon said of itself and of this client when the last connection began."""
        return self._machine.welcome

    @property
    def is_local(self) -> bool:
        """Whether the daemon is on this machine, and ours."""
        return self._address.path is not None

    # --- what the rest of the SDK asks -----------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, and stay connected until ``close``.

        Raises:
            DaemonUnreachable, NotAuthenticated, NotTrusted: it cannot be done.
        """
        websocket = await self._connect()
        self._task = start_task(self._stay_connected(websocket), "ptyd connection")

    async def close(self) -> None:
        """End the connection, its channels and whatever waits for it."""
        self._is_closing = True
        for number in list(self._receivers):
            self._machine.detach_channel(number)
        self.flush()
        if self._websocket is not None:
            await self._websocket.close(CloseCode.DONE)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._end(ConnectionLost("this connection was closed"))

    def flush(self) -> None:
        """Send what the state machine has to say."""
        due = self._machine.data_to_send()
        if self._websocket is not None:
            for data in due:
                broadcast([self._websocket], data)

    async def request(self, method: str, params: Struct) -> Any:
        """Ask, and wait for the typed result, over broken connections where that is safe.

        Raises:
            RequestFailed: the daemon refused.
            ConnectionLost: whether it was done is unknown, or the connection is gone for good.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def resolve(result: Any) -> None:
            if not future.done():
                future.set_result(result)

        def fail(error: Exception) -> None:
            if not future.done():
                future.set_exception(error)

        request_id = self.post_request(method, params, resolve, fail)
        try:
            return await future
        finally:
            self._forget_answer(request_id)

    def post_request(
        self,
        method: str,
        params: Struct,
        on_result: Callable[[Any], None],
        on_error: Callable[[Exception], None],
    ) -> int:
        """Ask; one of the functions is called in the very turn in which the answer comes. Returns the request's id.

        Raises:
            ConnectionLost: the connection is gone for good.
        """
        self.check_usable()
        request_id = self._machine.send_request(method, params_to_map(params))
        self._answers[request_id] = _Answer(method, on_result, on_error)
        self.flush()
        return request_id

    def _forget_answer(self, request_id: int) -> None:
        if self._answers.pop(request_id, None) is not None:
            self._machine.abandon_request(request_id)

    def open_channel(self, request: Attach, receiver: Receiver) -> ClientChannel:
        """Attach; ``receiver`` gets whatever comes for the channel.

        Raises:
            RequestFailed: too many channels.
            ConnectionLost: the connection is gone for good.
        """
        self.check_usable()
        try:
            channel = self._machine.open_channel(request)
        except Refusal as refusal:
            raise make_failure(refusal.code, refusal.message) from refusal
        self._receivers[channel.number] = receiver
        self.flush()
        return channel

    def close_channel(self, channel: ClientChannel) -> None:
        """Detach; the receiver gets Detached, or ``lose`` where there is nobody to say so."""
        channel.detach()
        self.flush()
        if channel.is_closed:
            self._lose_channel(channel.number, None)

    async def request_restart(self) -> None:
        """Ask for another daemon; done once this connection is back (or, without ``reconnect``, gone)."""
        connections = self._connections
        await self.request("restart", NoParams())
        while self._connections == connections and self.error is None:
            self._changed.clear()
            await self._changed.wait()

    def check_usable(self) -> None:
        """Raise the error that ended the connection, if it has ended."""
        if self.error is not None:
            raise ConnectionLost(str(self.error)) from self.error

    # --- connecting --------------------------------------------------------------------------------------------------

    async def _connect(self) -> WebSocket:
        websocket = await open_websocket(self._address, self._token)
        self._machine.begin()
        self._websocket = websocket
        try:
            await self._wait_for_welcome(websocket)
        except (ConnectionClosed, ProtocolError, TimeoutError) as error:
            raise self._explain_failed_hello(error) from error
        finally:
            if self._machine.state is not ClientState.OPEN:
                self._websocket = None
                self._machine.interrupt()
                websocket.transport.abort()
        self.state = "open"
        self._connections += 1
        self._changed.set()
        for receiver in list(self._receivers.values()):
            receiver.change_state("open", "")
        for call in self.on_open:
            call()
        return websocket

    async def _wait_for_welcome(self, websocket: WebSocket) -> None:
        self.flush()
        async with asyncio.timeout(limits.HELLO_TIMEOUT_SECONDS):
            while self._machine.state is not ClientState.OPEN:
                self._dispatch(await websocket.recv(decode=False))
        self.flush()

    def _explain_failed_hello(self, error: ConnectionClosed | ProtocolError | TimeoutError) -> PtydError:
        match error:
            case ConnectionClosed():
                return self._explain_close(*find_close_code(error))
            case ProtocolError():
                return Refused(f"the daemon at {self._address} broke the protocol: {error}")
            case _:
                return DaemonUnreachable(f"the daemon at {self._address} does not answer Hello")

    def _explain_close(self, code: int, reason: str) -> PtydError:
        text = f"the daemon at {self._address} ended the connection: {explain_close(code, reason)}"
        if code == CloseCode.UNAUTHENTICATED:
            return NotAuthenticated(text)
        return DaemonUnreachable(text) if may_come_back(code) else Refused(text)

    async def _stay_connected(self, websocket: WebSocket) -> None:
        try:
            await self._read_and_reconnect(websocket)
        except Exception as error:
            # A mistake of ours: whoever waits must not wait for ever.
            self._end(ConnectionLost(f"the SDK failed: {error!r}"))
            raise

    async def _read_and_reconnect(self, websocket: WebSocket | None) -> None:
        while websocket is not None:
            code, reason = await self._read_until_closed(websocket)
            self._websocket = None
            if self._is_closing:
                return
            self._interrupt(explain_close(code, reason))
            if not may_come_back(code) or not self._patience_seconds:
                self._end(self._explain_close(code, reason))
                return
            websocket = await self._reconnect(at_once=may_come_back_at_once(code))

    async def _reconnect(self, at_once: bool) -> WebSocket | None:
        """The next connection; None once it makes no sense to go on."""
        backoff = Backoff()
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience_seconds
        if not at_once:
            await asyncio.sleep(backoff.next_delay(random.random()))
        while True:
            try:
                return await self._connect()
            except (Refused, NotAuthenticated, NotTrusted) as error:
                self._end(error)
                return None
            except DaemonUnreachable as error:
                logger.debug("cannot connect yet: %s", error)
                if clock() >= deadline:
                    self._end(error)
                    return None
            await asyncio.sleep(min(backoff.next_delay(random.random()), max(0.0, deadline - clock())))

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _read_until_closed(self, websocket: WebSocket) -> tuple[int, str]:
        """Handle what comes until nothing can come any more; returns the close code and its reason."""
        try:
            while True:
                self._dispatch(await websocket.recv(decode=False))
        except ConnectionClosed as closed:
            return find_close_code(closed)
        except ProtocolError as error:
            logger.error("the daemon at %s broke the protocol: %s", self._address, error)
            await websocket.close(error.close_code, error.reason[:100])
            return error.close_code, error.reason

    def _dispatch(self, data: bytes) -> None:
        message = self._machine.receive(data)
        if not isinstance(message, Output):
            self.flush()  # Attached is answered with the input that has to be sent again
        match message:
            case None | Welcome() | Pong():
                pass
            case Reply(id=request_id):
                self._resolve(self._answers.pop(request_id), message.result)
            case Failure(id=request_id):
                self._answers.pop(request_id).on_error(make_failure(message.code, message.message))
            case Event():
                self.on_event(message)
            case _:
                number = message.channel
                if (receiver := self._receivers.get(number)) is not None:
                    receiver.deliver(message)
                    if not self._machine.has_channel(number):
                        del self._receivers[number]

    def _resolve(self, answer: _Answer, result: Any) -> None:
        try:
            typed = decode_result(answer.method, result)
        except ProtocolError as error:
            answer.on_error(ConnectionLost(str(error)))
        else:
            answer.on_result(typed)

    # --- the end of a connection, and of all --------------------------------------------------------------------------

    def _interrupt(self, reason: str) -> None:
        loss = self._machine.interrupt()
        self.state = "reconnecting"
        for request_id in loss.requests:
            answer = self._answers.pop(request_id)
            answer.on_error(ConnectionLost(f"the connection broke before {answer.method!r} was answered: {reason}"))
        for number in loss.channels:
            self._lose_channel(number, None)
        for receiver in list(self._receivers.values()):
            receiver.change_state("reconnecting", reason)

    def _end(self, error: PtydError) -> None:
        if self.error is not None:
            return
        self.error = error
        self.state = "closed"
        self._changed.set()
        lost = error if isinstance(error, ConnectionLost) else ConnectionLost(str(error))
        for answer in [*self._answers.values()]:
            answer.on_error(lost)
        self._answers.clear()
        for number in list(self._receivers):
            self._receivers[number].change_state("closed", str(error))
            self._lose_channel(number, lost)
        for call in self.on_closed:
            call(lost)

    def _lose_channel(self, number: int, error: Exception | None) -> None:
        receiver = self._receivers.pop(number, None)
        if receiver is not None:
            receiver.lose(error)
