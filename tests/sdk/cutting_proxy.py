"""A proxy between a client and a daemon's Unix socket that cuts connections after so many bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

READ_BYTES = 64 * 1024


class CuttingProxy:
    """Each connection may carry the next of ``budgets`` bytes towards the client; then it is cut, in the middle of
    whatever is on its way in both directions. The last connection, behind all budgets, is left alone."""

    def __init__(self, upstream: Path, budgets: Iterator[int]) -> None:
        self.cuts = 0
        self._upstream = upstream
        self._budgets = budgets

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        budget = next(self._budgets, None)
        up_reader, up_writer = await asyncio.open_unix_connection(str(self._upstream))
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(
                self._copy_up(reader, up_writer), self._copy_down_and_cut(up_reader, writer, up_writer, budget)
            )

    async def _copy_down_and_cut(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_writer: asyncio.StreamWriter,
        budget: int | None,
    ) -> None:
        try:
            await self._copy_down(reader, writer, budget)
        finally:
            writer.transport.abort()  # which ends the other direction too
            up_writer.transport.abort()

    async def _copy_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _copy_down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None) -> None:
        while data := await reader.read(READ_BYTES):
            if budget is not None and len(data) >= budget:
                writer.write(data[:budget])
                await writer.drain()
                self.cuts += 1
                return
            budget = None if budget is None else budget - len(data)
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def cutting(upstream: Path, path: Path, budgets: Iterator[int]) -> AsyncIterator[CuttingProxy]:
    """The proxy, listening at ``path``."""
    proxy = CuttingProxy(upstream, budgets)
    server = await asyncio.start_unix_server(proxy.handle, str(path))
    try:
        yield proxy
    finally:
        server.close()
