"""A daemon with an engine, as far as `ptyd attach` can tell: it sends the screens that a test gives it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ptyd_protocol import limits
from ptyd_protocol.codec import encode
from ptyd_protocol.messages import Attach, Attached, ClientMessage, Live, Reply, Snapshot

from tests.sdk.scripted_daemon import (
    EPOCH,
    SESSION_ID,
    Channel,
    ScriptedConnection,
    ScriptedDaemon,
    serve,
    session_map,
)
from tests.support.waiting import stretch_deadline

Result = TypeVar("Result")
STEP_DEADLINE_SECONDS = 20.0


@dataclass
class ScreenDaemon(ScriptedDaemon):
    screen: bytes = b""
    """Sent to whoever attaches."""
    size: tuple[int, int] = (80, 24)
    part_bytes: int = limits.MAX_OUTPUT_BYTES
    answers_questions: bool = True
    said: list[ClientMessage] = field(default_factory=list)
    """All that clients have said."""

    def resynchronise(self, screen: bytes) -> None:
        """The viewer has fallen behind: it gets ``screen``."""
        self.screen = screen
        for connection in self.connections:
            assert isinstance(connection, ScreenConnection)
            connection.send_screens()


class ScreenConnection(ScriptedConnection):
    _daemon: ScreenDaemon

    def _act_on(self, message: ClientMessage) -> None:
        self._daemon.said.append(message)
        super()._act_on(message)

    def _attach(self, message: Attach) -> None:
        daemon, number, offset = self._daemon, message.channel, len(self._daemon.log)
        self._channels[number] = Channel(offset, offset, message.window, offset, is_live=True)
        self.send(
            Attached(
                number,
                SESSION_ID,
                "s",
                EPOCH,
                "snapshot",
                offset,
                *daemon.size,
                None,
                message.role == "control",
                daemon.last_seq,
                daemon.answers_questions,
            )
        )
        self.send_screens()
        self.send(Live(number, offset))

    def send_screens(self) -> None:
        daemon = self._daemon
        for number, channel in self._channels.items():
            channel.sent = channel.acked = len(daemon.log)
            starts = range(0, len(daemon.screen), daemon.part_bytes) or range(1)
            for start in starts:
                data = daemon.screen[start : start + daemon.part_bytes]
                has_more = start != starts[-1]
                self.send(Snapshot(number, channel.sent, *daemon.size, data, "screen", has_more))


class ScreenDaemonThread:
    """``daemon`` is served in a thread: touch it with ``do`` only."""

    def __init__(self, daemon: ScreenDaemon, loop: asyncio.AbstractEventLoop) -> None:
        self._daemon = daemon
        self._loop = loop

    def do(self, call: Callable[[ScreenDaemon], Result]) -> Result:
        async def run() -> Result:
            return call(self._daemon)

        running = asyncio.run_coroutine_threadsafe(run(), self._loop)
        return running.result(stretch_deadline(STEP_DEADLINE_SECONDS))


async def _enter(inner: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A single request by POST is answered here (only "get" is asked that way); the rest goes to the WebSockets."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            body = encode(Reply(1, session_map()))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
            await writer.drain()
        else:
            inner_reader, inner_writer = await asyncio.open_unix_connection(str(inner))
            inner_writer.write(head)
            await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))
    writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextlib.contextmanager
def serve_in_thread(daemon: ScreenDaemon, directory: Path) -> Iterator[ScreenDaemonThread]:
    """``daemon`` on the socket in ``directory`` while inside."""
    daemon.connection_type = ScreenConnection
    daemon.answers["get"] = lambda request: session_map()  # asked once more over the attachment's own connection
    loop = asyncio.new_event_loop()
    started = threading.Event()
    over = asyncio.Event()

    async def run() -> None:
        inner = directory / "inner"
        inner.mkdir()
        async with serve(daemon, inner):
            door = await asyncio.start_unix_server(
                lambda reader, writer: _enter(inner / "ptyd.sock", reader, writer), str(directory / "ptyd.sock")
            )
            async with door:
                started.set()
                await over.wait()
                daemon.connections.clear()
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="scripted-daemon")
    thread.start()
    try:
        assert started.wait(stretch_deadline(STEP_DEADLINE_SECONDS))
        yield ScreenDaemonThread(daemon, loop)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
