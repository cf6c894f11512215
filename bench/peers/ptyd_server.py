"""A private ptyd: keeper and daemon with their defaults, in a directory of their own."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ptyd_sdk import Connection, connect

from bench.peers.base import Unavailable
from bench.peers.server_process import END_TIMEOUT_SECONDS, make_place

LOG_END_CHARS = 4000
COMMAND = str(Path(sys.executable).with_name("ptyd"))


@dataclass(frozen=True)
class PtydServer:
    """``env`` is what its command line is to be run with."""

    runtime_dir: Path
    env: dict[str, str]
    keeper_pid: int

    @property
    def socket_path(self) -> Path:
        return self.runtime_dir / "ptyd.sock"

    def connect(self) -> connect:
        """A connection by the SDK, for what is not measured."""
        return connect(f"unix://{self.socket_path}")


@contextlib.contextmanager
def running_ptyd(options: Mapping[str, str] | None = None) -> Iterator[PtydServer]:
    """Start keeper and daemon with ``options`` (variables ``PTYD_...``) or their defaults; in the end, end them and all
    sessions.

    Raises:
        Unavailable: it does not start.
    """
    with make_place() as place:
        (place / "home").mkdir()
        env = {**make_environment(place), **(options or {})}
        keeper = start_keeper(place / "run", env)
        server = PtydServer(place / "run", env, keeper.pid)
        try:
            yield server
        except BaseException:
            sys.stderr.write(read_log_end(server))
            raise
        finally:
            asyncio.run(shut_down(server))
            keeper.wait(END_TIMEOUT_SECONDS)


def make_environment(place: Path) -> dict[str, str]:
    """Nothing of the user's own settings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(place / "home"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PTYD_DIR": str(place / "run"),
    }


def start_keeper(runtime_dir: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    ready_read, ready_write = os.pipe()
    try:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "ptyd.keeper", str(runtime_dir), "--ready-fd", str(ready_write)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[ready_write],
            start_new_session=True,
            cwd="/",
        )
        os.close(ready_write)
        word = os.read(ready_read, 1024).strip()  # the keeper writes it once its daemon serves, or ends
    finally:
        os.close(ready_read)
    if word != b"ready":
        keeper.kill()
        keeper.wait()
        raise Unavailable(f"ptyd did not start: {word.decode() or 'its keeper ended'}")
    return keeper


def read_log_end(server: PtydServer) -> str:
    """The daemon's last words, for a run that failed."""
    log = server.runtime_dir / "daemon.log"
    return log.read_text()[-LOG_END_CHARS:] if log.exists() else ""


async def shut_down(server: PtydServer) -> None:
    async with server.connect() as ptyd:
        await ptyd.shutdown(kill_sessions=True)


async def end_session(ptyd: Connection, session_id: str) -> None:
    """Kill a session's program at once."""
    await (await ptyd.get(session_id)).kill(grace_seconds=0)
