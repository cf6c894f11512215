"""A bare client of ptyd: messages on the shared WebSocket client, no SDK. What the other peers' clients do, and the
acknowledgements that PROTOCOL.md asks for."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from ptyd_protocol import PROTOCOL_VERSION, SUBPROTOCOL, limits
from ptyd_protocol.capture import CaptureParams, CaptureResult
from ptyd_protocol.codec import decode_daemon_message, decode_result, encode, params_to_map
from ptyd_protocol.daemon import StatusResult
from ptyd_protocol.messages import (
    Ack,
    Attach,
    Attached,
    ClientMessage,
    DaemonMessage,
    Detached,
    Exited,
    Failure,
    Hello,
    Input,
    Output,
    Reply,
    Request,
    Role,
    Snapshot,
    Welcome,
)
from ptyd_protocol.sessions import CreateParams, KillParams, SessionInfo
from websockets.asyncio.client import ClientConnection

from bench.peers.base import DEFAULT_SIZE, EngineGone, OutputEnded, Size, Terminal
from bench.peers.websocket import open_socket, receive_message

CHANNEL = 1
PROGRAM_WINDOW_BYTES = limits.MIB
"""What the SDK asks for."""

T = TypeVar("T")


class PtydTerminal(Terminal):
    """One connection with one attachment."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.snapshots = 0
        """How often the daemon has sent us the screen, instead of the output that led to it."""
        self._owned_session = ""
        self._window = 0
        self._acked = 0
        self._input_seq = 0

    @classmethod
    async def connect(cls, path: Path) -> "PtydTerminal":
        terminal = cls(await open_socket(path, "/ws", [SUBPROTOCOL]))
        await terminal._post(Hello([PROTOCOL_VERSION], "bench", secrets.token_urlsafe(24)))
        await terminal._expect(Welcome)
        return terminal

    async def create(self, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> str:
        """Start a session, which ends when we close; its id."""
        params = CreateParams(argv=list(argv), cwd="/", cols=size.cols, rows=size.rows)
        await self._post(Request(1, "create", params_to_map(params)))
        info: SessionInfo = decode_result("create", (await self._expect(Reply)).result)
        self._owned_session = info.id
        return info.id

    async def attach(self, session: str, role: Role, *, lossless: bool, window: int, size: Size = DEFAULT_SIZE) -> None:
        """Lossless: from the first byte of the log on. Else: from the present screen on."""
        self._window = window
        history = limits.MAX_SEQ if lossless else None
        await self._post(
            Attach(CHANNEL, session, role, size.cols, size.rows, window=window, lossless=lossless, history=history)
        )
        self._acked = (await self._expect(Attached)).offset

    async def send(self, data: bytes) -> None:
        self._input_seq += 1
        await self._post(Input(CHANNEL, self._input_seq, data))

    async def receive(self) -> bytes:
        while True:
            match await self._receive_message():
                case Output(offset=offset, data=data):
                    await self._acknowledge(offset + len(data))
                    return data
                case Snapshot(offset=offset, more=False):
                    self.snapshots += 1
                    self._acked = offset
                    await self._post(Ack(CHANNEL, offset))  # of all its parts
                case Exited() | Detached() as end:
                    raise OutputEnded(str(end))
                case _:
                    pass

    async def _acknowledge(self, offset: int) -> None:
        if offset - self._acked >= self._window // limits.ACK_FRACTION:
            self._acked = offset
            await self._post(Ack(CHANNEL, offset))

    async def close(self) -> None:
        if self._owned_session:
            await self._check_engine(self._owned_session)
            params = KillParams(session=self._owned_session, grace_seconds=0)
            await self._post(Request(4, "kill", params_to_map(params)))
            await self._expect(Reply)
        await self.socket.close()

    async def _check_engine(self, session: str) -> None:
        """Make sure that the daemon has kept the screen all along, if it can; waits until the engine has read all.

        Raises:
            EngineGone
        """
        await self._post(Request(2, "status"))
        status: StatusResult = decode_result("status", (await self._expect(Reply)).result)
        await self._post(Request(3, "capture", params_to_map(CaptureParams(session=session))))
        capture: CaptureResult = decode_result("capture", (await self._expect(Reply)).result)
        if status.engine != "none" and capture.source != "screen":
            raise EngineGone(f"the session has lost its engine ({status.engine})")

    async def _expect(self, kind: type[T]) -> T:
        """The next message of this kind; others are passed over."""
        while True:
            message = await self._receive_message()
            if isinstance(message, kind):
                return message
            if isinstance(message, Failure | Detached):
                raise OutputEnded(f"{message.code}: {message.message}")

    async def _receive_message(self) -> DaemonMessage | None:
        return decode_daemon_message(await receive_message(self.socket))

    async def _post(self, message: ClientMessage) -> None:
        await self.socket.send(encode(message))
