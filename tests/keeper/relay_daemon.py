"""Stands in for the daemon: passes every datagram between the keeper and the test, descriptors and all.

The keeper starts it as ``relay_daemon.py RUNTIME_DIR``. It connects to ``keeper.sock`` and to the test's
``control.sock``, tells the test its process id, and is from then on as much of a daemon as the test is.
"""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

MAX_BYTES = 1024 * 1024
MAX_FDS = 8
LOSE_LINK = b"lose the link"
"""From the test: close the link to the keeper, as a daemon with a bug might, and live on."""


def main(runtime_dir: Path) -> None:
    keeper = connect(runtime_dir / "keeper.sock")
    test = connect(runtime_dir / "control.sock")
    test.send(json.dumps({"pid": os.getpid(), "arguments": sys.argv[2:]}).encode())
    while True:
        for source in select.select([keeper, test], [], [])[0]:
            if not pass_on(source, test if source is keeper else keeper):
                return


def connect(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_BYTES)
    sock.connect(str(path))
    return sock


def wait_for_the_end() -> NoReturn:
    while True:
        signal.pause()


def pass_on(source: socket.socket, target: socket.socket) -> bool:
    """``False`` at the end of the stream."""
    datagram, fds, _, _ = socket.recv_fds(source, MAX_BYTES, MAX_FDS)
    if datagram == LOSE_LINK:
        target.close()
        wait_for_the_end()
    if datagram:
        socket.send_fds(target, [datagram], fds)
    for fd in fds:
        os.close(fd)
    return bool(datagram)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
