"""Under systemd: what it hands us (sockets), and what it wants to hear (READY, STATUS, WATCHDOG), without its library.

See sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3). Where there is no systemd, nothing happens.
"""

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

FIRST_LISTEN_FD: Final = 3
MICROSECONDS: Final = 1_000_000
TELL_SECONDS: Final = 1.0
VARIABLES: Final = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ServiceManager:
    """Takes what concerns this process out of ``environ``, so that daemon and children do not take it for theirs."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        told = {name: environ.pop(name, "") for name in VARIABLES}
        self.listen_fds = _find_listen_fds(told)
        """Inherited sockets, which are ours from now on."""
        self.watchdog_seconds = _find_watchdog_seconds(told)
        """It wants to hear from us that often; 0: it does not care."""
        self._address = _find_address(told["NOTIFY_SOCKET"])

    @property
    def is_told(self) -> bool:
        """There is somebody to be told."""
        return self._address is not None

    def tell_ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def tell_reloading(self, status: str) -> None:
        """The daemon makes way for another; ``tell_ready`` follows."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS={status}")

    def tell_status(self, status: str) -> None:
        self._tell(f"STATUS={status}")

    def tell_stopping(self) -> None:
        self._tell("STOPPING=1\nSTATUS=ending the sessions")

    def tell_alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, text: str) -> None:
        if self._address is None:
            return
        # Whoever does not listen has no use for it.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(TELL_SECONDS)  # a queue of ten is soon full
            sock.sendto(text.encode(), self._address)


def name_socket(fd: int) -> str | None:
    """The name under which a listening socket is held for the daemon; None: it is of no kind that it serves."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        if sock.type != socket.SOCK_STREAM:
            return None
        if sock.family == socket.AF_UNIX:
            return f"unix:{sock.getsockname()}"
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            host, port = sock.getsockname()[:2]
            return f"tcp:{host}:{port}"
    return None


def _find_listen_fds(told: dict[str, str]) -> list[int]:
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdecimal():
        return []
    return list(range(FIRST_LISTEN_FD, FIRST_LISTEN_FD + int(told["LISTEN_FDS"])))


def _find_watchdog_seconds(told: dict[str, str]) -> float:
    if told["WATCHDOG_PID"] not in ("", str(os.getpid())) or not told["WATCHDOG_USEC"].isdecimal():
        return 0.0
    return int(told["WATCHDOG_USEC"]) / MICROSECONDS / 2


def _find_address(path: str) -> str | None:
    """A name beginning with @ is an abstract one."""
    if not path:
        return None
    return "\0" + path[1:] if path.startswith("@") else path
