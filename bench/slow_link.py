"""A slow link: a TCP proxy that passes so many bytes a second each way, and holds next to none."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

PIECE_BYTES = 200
"""Passed on at once, like a small packet."""
BUFFER_BYTES = 4096
"""Asked of the kernel for each of the proxy's buffers, so that bytes wait at their sender, not on the link."""
LOOPBACK = "127.0.0.1"


def open_door() -> socket.socket:
    """A listening socket for ``slow_link``: its port is known before the server is there that it leads to."""
    door = socket.socket()
    shrink_buffers(door)
    door.bind((LOOPBACK, 0))
    door.listen()
    door.setblocking(False)
    return door


def shrink_buffers(sock: socket.socket) -> None:
    """Must come before the connection, which would have agreed on larger ones."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)


@contextlib.asynccontextmanager
async def slow_link(door: socket.socket, port: int, bytes_per_second: float) -> AsyncIterator[None]:
    """Lead who comes to ``door`` to ``port`` of this machine, until the block ends; then all are cut off."""
    async with asyncio.TaskGroup() as tasks:
        accepting = tasks.create_task(_accept(door, port, bytes_per_second))
        try:
            yield
        finally:
            accepting.cancel()


async def _accept(door: socket.socket, port: int, bytes_per_second: float) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        while True:
            client, _ = await loop.sock_accept(door)
            tasks.create_task(_connect(client, port, bytes_per_second))


async def _connect(client: socket.socket, port: int, bytes_per_second: float) -> None:
    with client, socket.socket() as server:
        for sock in (client, server):
            shrink_buffers(sock)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(server, (LOOPBACK, port))
        with contextlib.suppress(OSError):
            async with asyncio.TaskGroup() as tasks:
                both_ways = [
                    tasks.create_task(_carry(source, target, bytes_per_second))
                    for source, target in ((client, server), (server, client))
                ]
                await asyncio.wait(both_ways, return_when=asyncio.FIRST_COMPLETED)
                for way in both_ways:
                    way.cancel()


async def _carry(source: socket.socket, target: socket.socket, bytes_per_second: float) -> None:
    loop = asyncio.get_running_loop()
    free_at = loop.time()
    with contextlib.suppress(OSError):
        while piece := await loop.sock_recv(source, PIECE_BYTES):
            free_at = max(free_at, loop.time()) + len(piece) / bytes_per_second
            await asyncio.sleep(free_at - loop.time())
            await loop.sock_sendall(target, piece)
