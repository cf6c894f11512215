"""Starts the daemon where none runs, by way of its keeper."""

import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Final

from ptyd_sdk import discovery
from ptyd_sdk.errors import DaemonUnreachable
from ptyd_sdk.peer import connect_to_own

START_TIMEOUT_SECONDS: Final = 20.0
"""A loaded machine may take some seconds to start two Python programs."""

KEEPER_RETRY_SECONDS: Final = 0.02
"""Another starter's keeper has its lock and will listen in a moment."""

MAX_ANSWER_BYTES: Final = 64 * 1024
SESSION_MARKS: Final = frozenset({"PTYD", "PTYD_SESSION", "PTYD_SOCKET"})
RESET_SIGNALS: Final = frozenset(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}


class _NoKeeper(Exception):
    """Nobody listens on the keeper's socket, or it was just about to end."""


def ensure_daemon(
    directory: Path | None = None,
    *,
    daemon_args: list[str] | None = None,
    timeout: float = START_TIMEOUT_SECONDS,
) -> int:
    """Return the pid of a daemon that serves ``directory``; start keeper and daemon where they do not run.

    ``daemon_args`` are handed to a keeper that is started here; one that runs already keeps its own.

    Raises:
        DaemonUnreachable: it could not be started; the message says why.
    """
    directory = directory or discovery.runtime_dir()
    deadline = time.monotonic() + timeout
    while True:
        try:
            return _ask_keeper_to_start(directory, deadline)
        except _NoKeeper as error:
            if time.monotonic() > deadline:
                raise DaemonUnreachable(f"ptyd's keeper does not answer in {directory}") from error
        if not _start_keeper(directory, daemon_args or [], deadline):
            time.sleep(KEEPER_RETRY_SECONDS)


def _ask_keeper_to_start(directory: Path, deadline: float) -> int:
    """The pid of the daemon, once it serves.

    Raises:
        _NoKeeper: nobody to ask.
        DaemonUnreachable: the keeper could not start a daemon.
    """
    if not directory.exists():
        raise _NoKeeper
    discovery.check_runtime_dir(directory)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(max(deadline - time.monotonic(), KEEPER_RETRY_SECONDS))
        try:
            connect_to_own(link, str(discovery.keeper_socket_path(directory)))
            link.send(b'{"op":"start"}')
            answer = json.loads(link.recv(MAX_ANSWER_BYTES) or b"null")
        except TimeoutError as error:
            raise DaemonUnreachable("ptyd's keeper runs, but its daemon is not ready in time") from error
        except OSError as error:
            raise _NoKeeper from error
    if answer is None:
        raise _NoKeeper
    if not answer.get("ok"):
        raise DaemonUnreachable(f"the daemon did not start: {answer.get('message')}")
    return int(answer["daemon_pid"])


def _start_keeper(directory: Path, daemon_args: list[str], deadline: float) -> bool:
    """Start a keeper and wait until its daemon is ready (True), or it finds that another keeper runs (False).

    Raises:
        DaemonUnreachable: the keeper says that it cannot.
    """
    ready_read, ready_write = os.pipe()
    try:
        try:
            _spawn_keeper(directory, daemon_args, ready_write)
        finally:
            os.close(ready_write)
        word = _read_line(ready_read, deadline)
    finally:
        os.close(ready_read)
    if word not in ("ready", "running"):
        raise DaemonUnreachable(word or f"ptyd's keeper ended at its start; see {directory / 'keeper.log'}")
    return word == "ready"


def _spawn_keeper(directory: Path, daemon_args: list[str], ready_fd: int) -> None:
    """A process of its own session, with default signals: nothing of our terminal reaches it."""
    command = [sys.executable, "-m", "ptyd.keeper", str(directory), "--ready-fd", str(ready_fd)]
    os.set_inheritable(ready_fd, True)
    os.posix_spawn(
        sys.executable,
        command + [f"--daemon-arg={argument}" for argument in daemon_args],
        # Started from inside a session, the keeper must not carry that session's marks: it would end with it.
        {name: value for name, value in os.environ.items() if name not in SESSION_MARKS},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=RESET_SIGNALS,
    )


def _read_line(fd: int, deadline: float) -> str:
    """What the keeper says before it closes the pipe.

    Raises:
        DaemonUnreachable: it says nothing in time.
    """
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    text = b""
    while not text.endswith(b"\n"):
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise DaemonUnreachable("ptyd's keeper was started, but its daemon is not ready in time")
        part = os.read(fd, MAX_ANSWER_BYTES)
        if not part:
            break
        text += part
    return text.decode(errors="replace").strip()
