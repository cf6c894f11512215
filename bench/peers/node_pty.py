"""node-pty with ws (what VS Code's terminal stands on): Node.js, output as binary messages."""

import json
import shutil
import subprocess
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

PACKAGES = {"node-pty": "1.1.0", "ws": "8.23.0"}
SERVER = Path(__file__).parent.parent / "servers" / "node_pty_server.js"


class NodePtyTerminal(Terminal):
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, data: bytes) -> None:
        await self._socket.send(data)

    async def receive(self) -> bytes:
        return await receive_message(self._socket)

    async def close(self) -> None:
        await self._socket.close()


class NodePty(Peer):
    name: ClassVar[str] = "node-pty + ws"

    def install(self) -> None:
        if self._directory.exists():
            return
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise Unavailable(f"no {program} on PATH: apt-get install nodejs npm")
        unfinished = self._directory.with_suffix(".new")
        unfinished.mkdir(exist_ok=True)
        # node-pty compiles itself for this machine; npm may run the scripts of named packages only.
        package = {"private": True, "dependencies": PACKAGES, "allowScripts": {"node-pty": True}}
        (unfinished / "package.json").write_text(json.dumps(package))
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=unfinished, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            raise Unavailable(f"npm could not install {PACKAGES} (node-pty needs g++, make and python3)")
        unfinished.rename(self._directory)

    @property
    def _directory(self) -> Path:
        return cache_dir() / "-".join(f"{name}@{version}" for name, version in PACKAGES.items())

    def running(self) -> AbstractContextManager[str]:
        return serving(["node", str(SERVER)], {"NODE_PATH": str(self._directory / "node_modules")})

    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        query = urlencode([("cols", size.cols), ("rows", size.rows), *(("argv", word) for word in argv)])
        return NodePtyTerminal(await open_socket(Path(address), f"/ws?{query}"))
