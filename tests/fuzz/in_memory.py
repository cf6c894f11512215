"""The daemon's own parts around a session in memory: nothing is simulated but sockets, files and programs."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine, Iterator
from typing import Any, cast

from ptyd_protocol import codec
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach, Failure, Reply, Request

from ptyd.core.access.principal import Principal
from ptyd.core.events import EventHub
from ptyd.core.session import Session
from ptyd.core.viewing.attachment import Attachment, Outlet
from ptyd.edge.net.office import Office
from tests.core.memory import append
from tests.core.world import SESSION_ID, make_session
from tests.fuzz.target import Finding


class ErrorTrap(logging.Handler):
    """Whatever the daemon catches and logs as an error of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.caught: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.caught.append(record.exc_info[1])

    def check(self) -> None:
        """Raises Finding where something was caught."""
        if self.caught:
            error = self.caught[0]
            self.caught.clear()
            raise Finding(f"the daemon failed: {error!r}") from error


TRAP = ErrorTrap()


@contextlib.contextmanager
def trapped_errors() -> Iterator[None]:
    """Errors that are logged are findings. Warnings, of which there are millions, are not made at all."""
    loggers = [logging.getLogger(name) for name in ("ptyd", "uvicorn.error", "asyncio")]
    before = [(logger.propagate, logger.level) for logger in loggers]
    TRAP.caught.clear()
    for logger in loggers:
        logger.propagate = False
        logger.setLevel(logging.ERROR)
        logger.addHandler(TRAP)
    try:
        yield
    finally:
        for logger, (propagate, level) in zip(loggers, before, strict=True):
            logger.propagate = propagate
            logger.setLevel(level)
            logger.removeHandler(TRAP)


class StepTasks:
    """Runs each task as far as it goes without waiting, then ends it."""

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> Any:
        try:
            coroutine.send(None)
        except StopIteration:
            pass
        else:
            coroutine.close()
        return _EndedTask()


class _EndedTask:
    def add_done_callback(self, callback: Any) -> None:
        callback(self)

    def cancel(self) -> None:
        pass


class MemoryAttacher:
    """Attaches to the one session there is (edge/net/requests.py's Attacher)."""

    def __init__(self) -> None:
        self.session: Session = make_session()

    def attach(self, request: Attach, client: str, client_id: str, outlet: Outlet, principal: Principal) -> Attachment:
        if request.session not in ("", SESSION_ID, "build"):
            raise Refusal(ErrorCode.NO_SUCH_SESSION, "no such session")
        return self.session.attach(request, client, client_id, outlet, principal)

    def leave(self, attachment: Attachment, may_return: bool) -> None:
        self.session.leave(attachment, may_return=may_return)

    def acknowledge(self, attachment: Attachment, offset: int) -> None:
        self.session.acknowledge(attachment, offset)


async def answer_by_params(caller: Any, request: Request) -> Reply | Failure:
    """A service that only looks at what it is asked."""
    try:
        codec.decode_params(request.method, request.params)
    except Refusal as refusal:
        return Failure(request.id, refusal.code, refusal.message)
    return Reply(request.id, None)


class World:
    """A session and an office, anew for each case, on a loop that never runs: time does not pass."""

    def __init__(self) -> None:
        self.attacher = MemoryAttacher()
        self.events = EventHub()
        self.office = make_office(self.attacher, self.events)

    def write_output(self, data: bytes) -> None:
        append(self.attacher.session.log, data)
        self.attacher.session.note_output(1000.0, self.attacher.session.log.head, 1.0)

    def check_empty(self) -> None:
        """After the last connection has gone, nothing of it is left."""
        office = self.office
        if office.connections or office.sockets or office.by_client_id or self.attacher.session.attachments:
            raise Finding("a connection that has gone is still in the books")


def make_office(attacher: MemoryAttacher, events: EventHub) -> Office:
    return Office(attacher, answer_by_params, events.unsubscribe, cast(Any, StepTasks()), (10.0, 60.0))


class MessageSink:
    """The transport of a Connection, which takes everything."""

    writable = True
    is_local = False
    address = ""

    def __init__(self) -> None:
        self.closed_with: CloseCode | None = None
        self.sent = 0

    def send(self, data: bytes) -> None:
        self.sent += 1
        message = codec.decode_daemon_message(data)
        if message is None:
            raise Finding("the daemon sent what it does not know itself")

    def send_output(self, head: bytes, data: memoryview) -> None:
        self.send(head + data)

    def unsent_bytes(self) -> int:
        return 0

    def slow_down(self, seconds: float) -> None:
        pass

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed_with = self.closed_with or code
        if not reason:
            raise Finding("closed without a reason")


_SOCKET, _OTHER_END = socket.socketpair()
_SOCKET.setblocking(False)


class ByteSink:
    """The transport of a socket, which takes everything and keeps what it was given."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_ended = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _SOCKET if name == "socket" else default

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, parts: list[bytes]) -> None:
        self.written += b"".join(parts)

    def close(self) -> None:
        self.is_ended = True

    def abort(self) -> None:
        self.is_ended = True

    def write_eof(self) -> None:
        self.is_ended = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self.is_ended

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int = 0, low: int = 0) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


def drain_output() -> None:
    """Throw away what was written past the transport."""
    _OTHER_END.setblocking(False)
    try:
        while _OTHER_END.recv(1 << 20):
            pass
    except BlockingIOError:
        pass


LOOP = asyncio.new_event_loop()


class LoopInHand:
    """``get_running_loop`` finds LOOP inside, and nothing runs."""

    def __enter__(self) -> None:
        asyncio._set_running_loop(LOOP)

    def __exit__(self, *error: object) -> None:
        asyncio._set_running_loop(None)
