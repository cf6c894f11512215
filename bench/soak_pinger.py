"""Asks a daemon for a Pong, again and again, from a process of its own: what is waited for is the daemon's loop.

``python -m bench.soak_pinger SOCKET``; when its input ends it prints the times it waited, in milliseconds, as JSON.
"""

import json
import select
import sys
import time
from pathlib import Path

from ptyd_protocol.messages import Ping
from websockets.frames import Opcode

from tests.daemon.raw_peer import RawPeer

INTERVAL_SECONDS = 0.05


def main() -> None:
    peer = RawPeer(Path(sys.argv[1]))
    peer.hello()
    waits: list[float] = []
    while not select.select([sys.stdin], [], [], INTERVAL_SECONDS)[0]:
        begun = time.perf_counter()
        peer.send(Ping(1))
        while peer.receive().opcode is not Opcode.BINARY:
            pass
        waits.append((time.perf_counter() - begun) * 1000)
    print(json.dumps(waits))


if __name__ == "__main__":
    main()
