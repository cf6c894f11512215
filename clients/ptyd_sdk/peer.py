"""Who listens on a Unix socket: asked of the kernel before anything is said to it."""

import os
import socket
import struct

from ptyd_sdk.errors import DaemonUnreachable

_UCRED = struct.Struct("3i")


def connect_to_own(sock: socket.socket, path: str) -> None:
    """Connect ``sock`` to a socket that a process of this very user listens on.

    The directory is checked before; but where its parent is open to others, it may have been exchanged since.

    Raises:
        DaemonUnreachable: somebody else listens there; nothing has been sent.
        OSError: nobody does.
    """
    sock.connect(path)
    if not hasattr(socket, "SO_PEERCRED"):
        return  # not Linux: the directory's mode has to do
    _, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    if uid != os.geteuid():
        raise DaemonUnreachable(f"what listens at {path} is a program of user {uid}, not yours: nothing was sent to it")
