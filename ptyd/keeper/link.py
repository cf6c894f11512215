"""One connection on ``keeper.sock``: datagrams with file descriptors, both ways, never blocking."""

import array
import contextlib
import errno
import logging
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ptyd.keeper.loop import Loop, call_guarded
from ptyd.keeper.wire import (
    MAX_DATAGRAM_BYTES,
    MAX_FDS,
    SEND_BUFFER_BYTES,
    Message,
    WireError,
    decode,
    encode,
)

RECEIVE_BYTES: Final = 1024 * 1024
"""Larger than what is accepted, so that a message that is too long can still be refused by its id."""

TRY_AGAIN: Final = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS})
RETRY_SECONDS: Final = 0.05
"""The kernel gives no event for the end of a shortage, so it is asked again."""

OnMessage: TypeAlias = "Callable[[Link, Message, list[int]], None]"
"""Called for each message; descriptors left in the list afterwards are closed."""
OnClosed: TypeAlias = "Callable[[Link], None]"

logger = logging.getLogger(__name__)


class Link:
    """A peer. Sending never blocks: what the kernel does not take waits here."""

    def __init__(self, loop: Loop, sock: socket.socket, on_message: OnMessage, on_closed: OnClosed) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._loop = loop
        self._sock = sock
        self._on_message = on_message
        self._on_closed = on_closed
        self._unsent: deque[tuple[bytes, list[int]]] = deque()
        self.is_open = True
        loop.watch(sock, self.receive)

    def receive(self) -> bool:
        """Take one datagram and hand it on. ``False``: there is none now, or the peer has gone."""
        if not self.is_open:
            return False
        try:
            datagram, ancillary, flags, _ = self._sock.recvmsg(
                RECEIVE_BYTES, socket.CMSG_SPACE(MAX_FDS * array.array("i").itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return False
        except ConnectionResetError:
            # Told once, when the peer died with unread datagrams; what it sent before still waits to be read.
            return True
        except OSError as error:
            logger.warning("keeper socket: %s", error)
            self.close()
            return False
        fds = _take_fds(ancillary)
        try:
            if not datagram:
                self.close()
                return False
            self._hand_on(datagram, flags, fds)
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def drain(self) -> None:
        """Take everything that a dead peer has left behind, then close."""
        while self.receive():
            pass
        self.close()

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send, or keep to be sent. Descriptors are duplicated while kept, the caller may close its own."""
        if not self.is_open:
            return
        datagram = encode(message)
        if not self._unsent and self._send_now(datagram, fds):
            return
        self._unsent.append((datagram, [os.dup(fd) for fd in fds]))
        self._watch_unsent()

    def close(self) -> None:
        if not self.is_open:
            return
        self.is_open = False
        self._loop.unwatch(self._sock)
        self._sock.close()
        for _, fds in self._unsent:
            _close_all(fds)
        self._unsent.clear()
        self._on_closed(self)

    def _hand_on(self, datagram: bytes, flags: int, fds: list[int]) -> None:
        if flags & socket.MSG_TRUNC:
            logger.warning("a datagram of more than %d bytes was dropped", RECEIVE_BYTES)
            return
        try:
            message = decode(datagram)
        except WireError as error:
            logger.warning("a datagram of %d bytes was ignored: %s", len(datagram), error)
            return
        if len(datagram) > MAX_DATAGRAM_BYTES:
            self._refuse_length(message, len(datagram))
            return
        call_guarded(lambda: self._on_message(self, message, fds))

    def _refuse_length(self, message: Message, length: int) -> None:
        text = f"the command with its environment is too long: {length} bytes, at most {MAX_DATAGRAM_BYTES}"
        logger.warning("%s", text)
        if "id" in message:
            self.send({"id": message["id"], "ok": False, "error": "bad_request", "message": text})

    def _send_now(self, datagram: bytes, fds: Sequence[int]) -> bool:
        """Whether it is done with; ``False``: try again later.

        A datagram that cannot be sent is dropped, but the link is not closed here: the peer may be dead and
        have left datagrams that count. The end of the stream, once read, closes it.
        """
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self._sock.sendmsg([datagram], ancillary, socket.MSG_NOSIGNAL)
        except OSError as error:
            if error.errno in TRY_AGAIN:
                return False
            logger.warning("a datagram of %d bytes could not be sent: %s", len(datagram), error)
        return True

    def _send_more(self) -> None:
        while self._unsent:
            datagram, fds = self._unsent[0]
            if not self._send_now(datagram, fds):
                # Writable and yet refused is a shortage, not a full socket: asking at once would spin.
                self._loop.watch(self._sock, self.receive)
                self._loop.call_later(RETRY_SECONDS, self._watch_unsent)
                return
            self._unsent.popleft()
            _close_all(fds)
        if self.is_open:
            self._loop.watch(self._sock, self.receive)

    def _watch_unsent(self) -> None:
        if self.is_open and self._unsent:
            self._loop.watch(self._sock, self.receive, self._send_more)


def peer_credentials(sock: socket.socket) -> tuple[int, int, int]:
    """Process, user and group id of the other end, as the kernel recorded them when it connected."""
    layout = struct.Struct("3i")
    pid, uid, gid = layout.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size))
    return pid, uid, gid


def _take_fds(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return list(fds)


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
