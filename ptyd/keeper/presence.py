"""The keeper's place in the file system: its lock, its socket and its log, made anew where somebody has removed them.

A cleaner of temporary files, or a hasty ``rm -r``, must not make living sessions unreachable.
"""

import logging
import os
import socket
from pathlib import Path
from typing import Final

from ptyd.keeper.lock import take_lock
from ptyd.keeper.logs import open_log
from ptyd.keeper.process import redirect_stdio
from ptyd.keeper.runtime_dir import RuntimeDirError, prepare_runtime_dir
from ptyd.keeper.wire import SOCKET_NAME

LOCK_NAME: Final = "keeper.lock"
KEEPER_LOG_NAME: Final = "keeper.log"
LISTEN_BACKLOG: Final = 16

logger = logging.getLogger(__name__)


class Presence:
    """Owns the lock and knows which socket file is ours.

    Args:
        lock_fd: of ``take_lock``.
        has_log: standard error is ``keeper.log`` (and not somebody's terminal).
    """

    def __init__(self, runtime_dir: Path, lock_fd: int, has_log: bool) -> None:
        self._directory = runtime_dir
        self._lock_fd = lock_fd
        self._has_log = has_log
        self._socket_path = runtime_dir / SOCKET_NAME
        self._socket_id: tuple[int, int] | None = None
        self._complaint = ""

    def listen(self) -> socket.socket:
        """The keeper's socket. We hold the lock, so one that is there already belongs to nobody."""
        path = self._socket_path
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(LISTEN_BACKLOG)
        self._socket_id = _identify(path)
        return listener

    def restore(self) -> socket.socket | None:
        """Where something of it is gone, make it anew: the new socket. None: all is there, or it cannot be had (yet).

        While ours was gone another keeper may have taken the place. Then it has it, and we go on for our sessions."""
        if self._is_intact():
            return None
        try:
            prepare_runtime_dir(self._directory)
            self._take_lock_again()
            listener = self.listen()
        except (OSError, RuntimeDirError) as error:
            self._complain(f"{self._directory} was removed and cannot be made anew: {error}")
            return None
        self._reopen_log()
        logger.warning("%s was removed, at least in part; it was made anew", self._directory)
        self._complaint = ""
        return listener

    def remove_socket(self) -> None:
        """At the end, before the lock goes with the process: afterwards the name may be another keeper's."""
        if self._socket_id is not None and _identify(self._socket_path) == self._socket_id:
            self._socket_path.unlink(missing_ok=True)

    def _is_intact(self) -> bool:
        status = os.fstat(self._lock_fd)
        has_lock = _identify(self._directory / LOCK_NAME) == (status.st_dev, status.st_ino)
        return has_lock and _identify(self._socket_path) == self._socket_id

    def _take_lock_again(self) -> None:
        status = os.fstat(self._lock_fd)
        if _identify(self._directory / LOCK_NAME) == (status.st_dev, status.st_ino):
            return
        lock_fd = take_lock(self._directory / LOCK_NAME)
        if lock_fd is None:
            raise RuntimeDirError("another keeper has taken its place; this one's sessions can no longer be reached")
        os.close(self._lock_fd)
        self._lock_fd = lock_fd

    def _reopen_log(self) -> None:
        if self._has_log:
            log_fd = open_log(self._directory / KEEPER_LOG_NAME)
            redirect_stdio(log_fd)
            os.close(log_fd)

    def _complain(self, text: str) -> None:
        """Once, and not at every look."""
        if text != self._complaint:
            self._complaint = text
            logger.error("%s", text)


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
