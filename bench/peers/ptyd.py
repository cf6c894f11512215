"""ptyd by the client that the other WebSocket peers have too: lossless, as programs attach."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from bench.peers.base import DEFAULT_SIZE, Peer, Size, Terminal
from bench.peers.ptyd_client import PROGRAM_WINDOW_BYTES, PtydTerminal
from bench.peers.ptyd_server import running_ptyd


class Ptyd(Peer):
    name: ClassVar[str] = "ptyd"

    def install(self) -> None:
        pass  # it is what runs us

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        with running_ptyd() as server:
            yield str(server.socket_path)

    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        terminal = await PtydTerminal.connect(Path(address))
        session = await terminal.create(argv, size)
        await terminal.attach(session, "control", lossless=True, window=PROGRAM_WINDOW_BYTES, size=size)
        return terminal
