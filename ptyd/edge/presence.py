"""The daemon's place in the file system: that it is alone there, and whether somebody has removed it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

LOCK_NAME = "daemon.lock"


class AnotherDaemon(Exception):
    """A daemon serves in this directory already; the message is for a person."""


def take_daemon_lock(directory: Path) -> int:
    """Be the only daemon here until this process ends. A daemon outlives a keeper that was killed, and so do its
    sessions; one that a new keeper starts must not take socket and logs away from it.

    Raises:
        AnotherDaemon: there is one. OSError: the file cannot be had.
    """
    fd = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(fd, 20, 0).decode(errors="replace").strip()
        os.close(fd)
        raise AnotherDaemon(
            f"daemon {pid} still serves here, with sessions whose keeper has ended;"
            " `ptyd down --kill-sessions` ends them, then `ptyd up` begins anew"
        ) from None
    with suppress(OSError):  # a full disk: whose lock it is is good to know, not more
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


class Presence:
    """Remembers the socket's file, and looks for it and others."""

    def __init__(self, directory: Path, socket_path: Path) -> None:
        self._directory = directory
        self._socket_path = socket_path
        self._socket_id: tuple[int, int] | None = None

    def note_socket(self) -> None:
        """The socket is there now. Where a service manager made it, its file is not looked at any more once it is
        gone: nobody but that manager can make it anew."""
        self._socket_id = _identify(self._socket_path)

    def is_intact(self) -> bool:
        return self._socket_id is None or _identify(self._socket_path) == self._socket_id

    def remake(self) -> bool:
        """Make the directories anew. False: it cannot be done, or they are somebody else's."""
        try:
            for directory in (self._directory, self._directory / "sessions"):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                status = directory.lstat()
                if status.st_uid != os.geteuid() or directory.is_symlink() or status.st_mode & 0o077:
                    return False
        except OSError:
            return False
        return True


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
