"""tmux, with its client attached in a PTY that is read as fast as it writes."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from ptyprocess import PtyProcess

from bench.peers.base import DEFAULT_SIZE, OutputEnded, Peer, Size, Terminal, Unavailable
from bench.peers.server_process import make_place

READ_BYTES = 64 * 1024
CONFIG = "set -g status off\n"
"""A clock in the status line would be output of tmux's own."""


class PtyTerminal(Terminal):
    """What a command, running in a PTY of ours, shows."""

    def __init__(self, command: Sequence[str], env: dict[str, str], size: Size) -> None:
        self._process = PtyProcess.spawn(list(command), env=env, dimensions=(size.rows, size.cols))
        self._output: asyncio.Queue[bytes] = asyncio.Queue()
        os.set_blocking(self._process.fd, False)
        asyncio.get_running_loop().add_reader(self._process.fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._process.fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # EIO: the command has ended
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._process.fd)
        self._output.put_nowait(data)

    async def send(self, data: bytes) -> None:
        os.write(self._process.fd, data)

    async def receive(self) -> bytes:
        data = await self._output.get()
        if not data:
            raise OutputEnded("the command has ended")
        return data

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.fd)
        self._process.close(force=True)


class TmuxTerminal(PtyTerminal):
    """Ends its session too."""

    def __init__(self, socket: str, session: str, size: Size) -> None:
        super().__init__(["tmux", "-S", socket, "attach", "-t", session], tmux_environment(), size)
        self._kill_command = ["tmux", "-S", socket, "kill-session", "-t", session]

    async def close(self) -> None:
        killing = await asyncio.create_subprocess_exec(*self._kill_command)
        await killing.wait()
        await super().close()


def tmux_environment() -> dict[str, str]:
    """Not inside another tmux, and on a terminal it knows."""
    return {name: value for name, value in os.environ.items() if name != "TMUX"} | {
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }


class Tmux(Peer):
    name: ClassVar[str] = "tmux"
    sends_every_byte: ClassVar[bool] = False

    def install(self) -> None:
        if shutil.which("tmux") is None:
            raise Unavailable("no tmux on PATH: apt-get install tmux")

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        with make_place() as place:
            (place / "tmux.conf").write_text(CONFIG)
            address = str(place / "socket")
            try:
                yield address
            finally:
                subprocess.run(["tmux", "-S", address, "kill-server"], stderr=subprocess.DEVNULL, check=False)

    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        return TmuxTerminal(address, start_session(address, argv, size), size)


def start_session(address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> str:
    """Start ``argv`` in a detached session, and the server with the first; the session's id."""
    command = ["tmux", "-S", address, "-f", str(Path(address).with_name("tmux.conf"))]
    command += [
        "new-session",
        "-d",
        "-P",
        "-F",
        "#{session_id}",
        "-x",
        str(size.cols),
        "-y",
        str(size.rows),
        "--",
        *argv,
    ]
    return subprocess.run(command, env=tmux_environment(), stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
