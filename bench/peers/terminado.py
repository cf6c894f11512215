"""terminado (Jupyter's terminals): Tornado, JSON text messages."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection

from bench.cache import cache_dir
from bench.peers.base import DEFAULT_SIZE, Peer, Size, Terminal, Unavailable
from bench.peers.server_process import serving
from bench.peers.websocket import open_socket, receive_message

REQUIREMENTS = ("terminado==0.18.1", "tornado==6.6.1")
SERVER = Path(__file__).parent.parent / "servers" / "terminado_server.py"


class TerminadoTerminal(Terminal):
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, data: bytes) -> None:
        await self._socket.send(json.dumps(["stdin", data.decode()]))

    async def resize(self, size: Size) -> None:
        await self._socket.send(json.dumps(["set_size", size.rows, size.cols]))

    async def receive(self) -> bytes:
        while True:
            kind, *content = json.loads(await receive_message(self._socket))
            if kind == "stdout" and content[0]:
                text: str = content[0]
                return text.encode()

    async def close(self) -> None:
        await self._socket.close()


class Terminado(Peer):
    name: ClassVar[str] = "terminado"

    def install(self) -> None:
        if self._packages.exists():
            return
        unfinished = self._packages.with_suffix(".new")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--upgrade",
            "--target",
            str(unfinished),
            *REQUIREMENTS,
        ]
        if subprocess.run(command, check=False).returncode != 0:
            raise Unavailable(f"pip could not install {' '.join(REQUIREMENTS)}")
        unfinished.rename(self._packages)

    @property
    def _packages(self) -> Path:
        return cache_dir() / "-".join(REQUIREMENTS)

    def running(self) -> AbstractContextManager[str]:
        return serving([sys.executable, str(SERVER)], {"PYTHONPATH": os.fspath(self._packages)})

    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        query = urlencode([("argv", word) for word in argv])
        terminal = TerminadoTerminal(await open_socket(Path(address), f"/ws?{query}"))
        await terminal.resize(size)
        return terminal
