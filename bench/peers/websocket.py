"""The client's socket: the same for all peers that speak WebSocket, so that the client is not the difference."""

from collections.abc import Sequence
from pathlib import Path

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.peers.base import OutputEnded

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_QUEUED_MESSAGES = 64
CLOSE_TIMEOUT_SECONDS = 2


async def open_socket(path: Path, target: str, subprotocols: Sequence[str] = ()) -> ClientConnection:
    """A WebSocket to ``target`` (``/ws?...``) on a Unix socket, without compression."""
    return await unix_connect(
        str(path),
        f"ws://localhost{target}",
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        max_queue=MAX_QUEUED_MESSAGES,
        ping_interval=None,
        close_timeout=CLOSE_TIMEOUT_SECONDS,
    )


async def receive_message(socket: ClientConnection) -> bytes:
    """The next message, text or binary, as bytes.

    Raises:
        OutputEnded: the server has closed.
    """
    try:
        return await socket.recv(decode=False)
    except ConnectionClosed as closed:
        raise OutputEnded(str(closed)) from closed
