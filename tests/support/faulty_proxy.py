"""A proxy between clients and a daemon whose connections break: they are cut, half-closed, stalled and slowed down.

What happens is counted in bytes, not in seconds: a fault strikes when so many bytes have been carried, in the middle of
whatever is on its way. Bytes are lost with their connection, but never reordered, altered or doubled.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

READ_BYTES = 64 * 1024
MAX_HELD_SECONDS = 0.15
"""For so long a stall or a slow line holds bytes back, at most: a fault, not a time that anybody waits for."""

FaultKind = Literal["cut", "half-close", "stall", "delay"]
Place = Path | tuple[str, int]
"""A Unix socket's path, or host and port."""


@dataclass(frozen=True)
class Fault:
    """Strikes a connection ``after_bytes`` more bytes, of both directions together.

    cut: both ends are dropped, and what was on its way. half-close: the byte's receiver is told that nothing more will
    come, the other direction goes on. stall: nothing is carried for ``seconds``, then everything. delay: from here on
    each piece arrives ``seconds`` late.
    """

    kind: FaultKind
    after_bytes: int
    seconds: float = 0.0

    @property
    def ends_connection(self) -> bool:
        return self.kind in ("cut", "half-close")


def make_cuts(budgets: Iterator[int]) -> Iterator[Fault]:
    """Each connection carries the next of ``budgets`` bytes."""
    for budget in budgets:
        yield Fault("cut", budget)


def draw_faults(seed: int, most_bytes: int) -> Iterator[Fault]:
    """Faults at random without end. Some strike within the handshake, others after up to ``most_bytes``."""
    chance = random.Random(seed)
    while True:
        kind: FaultKind = chance.choices(("cut", "half-close", "stall", "delay"), (8, 3, 4, 2))[0]
        # Seldom within the handshake: after several failed ones a client waits for ten seconds.
        after_bytes = chance.randint(1, 600) if chance.random() < 0.15 else chance.randint(600, most_bytes)
        yield Fault(kind, after_bytes, chance.uniform(0.0, MAX_HELD_SECONDS / (1 if kind == "stall" else 10)))


class FaultyProxy:
    """Connections take the next of ``faults``, one after the other, until one ends them. Behind the last fault, or when
    so many connections have been ended (``most_cuts``), and before ``arm`` where the proxy begins ``disarmed``,
    everything is carried faithfully."""

    def __init__(
        self, upstream: Place, faults: Iterator[Fault], most_cuts: int | None = None, disarmed: bool = False
    ) -> None:
        self.struck: Counter[FaultKind] = Counter()
        self.connections = 0
        self.carried = 0
        """Bytes, of all connections."""
        self.is_spent = False
        """There are no faults any more."""
        self._most_cuts = most_cuts
        self.upstream = upstream
        self.port = 0
        """Where it listens, if by TCP."""
        self._faults = faults
        self._disarmed = disarmed
        self._open: set[_Carriage] = set()

    @property
    def cuts(self) -> int:
        """How many connections the proxy has ended."""
        return self.struck["cut"] + self.struck["half-close"]

    def arm(self) -> None:
        """From now on faults strike, those of open connections too."""
        self._disarmed = False
        for carriage in self._open:
            carriage.next_fault()

    def next_fault(self) -> Fault | None:
        if self._disarmed:
            return None
        fault = None if self.is_spent else next(self._faults, None)
        self.is_spent = fault is None
        return fault

    def note_struck(self, kind: FaultKind) -> None:
        self.struck[kind] += 1
        self.is_spent = self.is_spent or self.cuts == self._most_cuts

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await open_place(self.upstream)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        carriage = _Carriage(self, [writer, up_writer])
        self._open.add(carriage)
        try:
            await carriage.run(reader, up_reader)
        finally:
            self._open.discard(carriage)

    def drop_all(self) -> None:
        for carriage in list(self._open):
            carriage.drop()


class _Carriage:
    """One connection: towards the client by the first writer, towards the daemon by the second."""

    def __init__(self, proxy: FaultyProxy, writers: list[asyncio.StreamWriter]) -> None:
        self._proxy = proxy
        self._writers = writers
        self._flows = asyncio.Event()
        self._flows.set()
        self._seconds_late = 0.0
        self._deaf: set[asyncio.StreamWriter] = set()
        """Has been told that nothing more will come."""
        self._left = 0
        self._fault: Fault | None = None
        self.next_fault()

    def next_fault(self) -> None:
        fault = self._proxy.next_fault()
        self._left = fault.after_bytes if fault is not None else 0
        self._fault = fault

    async def run(self, from_client: asyncio.StreamReader, from_daemon: asyncio.StreamReader) -> None:
        to_client, to_daemon = self._writers
        copies = [
            asyncio.ensure_future(self._copy(from_client, to_daemon)),  # noqa: TID251 - not of the daemon
            asyncio.ensure_future(self._copy(from_daemon, to_client)),  # noqa: TID251
        ]
        try:
            # Either side's end is the connection's, once what came before has been carried.
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for copy in copies:
                copy.cancel()
            await asyncio.gather(*copies, return_exceptions=True)
            for writer in self._writers:
                writer.close()

    def drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                while data:
                    await self._flows.wait()
                    if self._seconds_late:
                        await asyncio.sleep(self._seconds_late)
                    piece = data if self._fault is None or self._proxy.is_spent else data[: self._left]
                    data = data[len(piece) :]
                    self._left -= len(piece)
                    self._proxy.carried += len(piece)
                    if writer not in self._deaf:
                        writer.write(piece)
                        await writer.drain()
                    if self._fault is not None and self._left <= 0 and not self._proxy.is_spent:
                        self._strike(self._fault, writer)
                    if writer.transport.is_closing() and writer not in self._deaf:
                        return

    def _strike(self, fault: Fault, writer: asyncio.StreamWriter) -> None:
        self._proxy.note_struck(fault.kind)
        match fault.kind:
            case "cut":
                self._fault = None
                self.drop()
                return
            case "half-close":
                self._fault = None
                self._deaf.add(writer)
                writer.write_eof()
                return
            case "stall":
                self._flows.clear()
                asyncio.get_running_loop().call_later(fault.seconds, self._flows.set)
            case "delay":
                self._seconds_late = fault.seconds
        self.next_fault()


async def open_place(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, Path):
        return await asyncio.open_unix_connection(str(place))
    return await asyncio.open_connection(*place)


@contextlib.asynccontextmanager
async def faulty(
    upstream: Place, listen: Place, faults: Iterator[Fault], most_cuts: int | None = None, disarmed: bool = False
) -> AsyncIterator[FaultyProxy]:
    """The proxy, listening at ``listen``, on the running loop."""
    proxy = FaultyProxy(upstream, faults, most_cuts, disarmed)
    if isinstance(listen, Path):
        server = await asyncio.start_unix_server(proxy.handle, str(listen))
    else:
        server = await asyncio.start_server(proxy.handle, *listen)
        proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.drop_all()


@contextlib.contextmanager
def faulty_proxy(
    upstream: Place, listen: Place, faults: Iterator[Fault], most_cuts: int | None = None, disarmed: bool = False
) -> Iterator[FaultyProxy]:
    """The proxy, on a loop and in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="faulty proxy")
    thread.start()
    manager = faulty(upstream, listen, faults, most_cuts, disarmed)
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result()
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
