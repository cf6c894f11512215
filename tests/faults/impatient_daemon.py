"""The daemon with heartbeats of a second, so that a test need not stop a client for a minute."""

from functools import partial

from ptyd_protocol import limits

from ptyd import daemon
from ptyd.edge.net.websocket import beat_sockets

if __name__ == "__main__":
    limits.PING_INTERVAL_SECONDS = 1  # type: ignore[misc]
    limits.DEAD_AFTER_SECONDS = 2  # type: ignore[misc]
    daemon.beat_sockets = partial(beat_sockets, interval_seconds=0.1)
    daemon.main()
