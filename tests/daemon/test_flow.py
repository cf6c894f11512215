"""Who reads slowly: a viewer slows nobody, a lossless client slows the program, and neither for ever."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol import limits
from ptyd_protocol.messages import Ack, Attach, Detach, Detached, Output, Request, Snapshot

from tests.daemon.client import Client, connected
from tests.daemon.raw_peer import RawPeer
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

MIB = 1024 * 1024
LOG_BYTES = 512 * 1024
LINES = 700_000
FLOOD = b"".join(b"%d\n" % number for number in range(1, LINES + 1))
"""4.8 MB, nine times what the log holds."""
FLOOD_COMMAND = ["sh", "-c", f"stty raw -echo; echo ready; read x; seq {LINES}; exec sleep 600"]
START = len("ready\n")
"""Where the flood begins."""
END = START + len(FLOOD)


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    # An engine of a few lines: what the daemon keeps for a client is to be seen beside it.
    few = {"PTYD_SCROLLBACK_LINES": "100"}
    with running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES), PTYD_HOLD_GRACE_SECONDS="600", **few) as ptyd:
        yield ptyd


class Flood:
    """A session that writes FLOOD when it is told to."""

    def __init__(self, ptyd: PtydUnderTest) -> None:
        self.ptyd = ptyd
        self.id: str = ptyd.request("create", argv=FLOOD_COMMAND)["id"]
        wait_until(lambda: self.head() == START)

    def begin(self) -> None:
        self.ptyd.request("send", session=self.id, data=b"\n")

    def head(self) -> int:
        return int(self.ptyd.request("get", session=self.id)["log_head"])

    def wait_over(self) -> None:
        """The program has written everything: nobody has kept it waiting."""
        wait_until(lambda: self.head() == END, 60, lambda: f"the end of the flood; {self.head()} bytes have come")

    def wait_log_full(self, held: int) -> None:
        """The log is full behind a hold at ``held``: from here on the program has to wait."""
        settled = held + LOG_BYTES - 2 * 65536
        wait_until(lambda: self.head() >= settled, 60, lambda: f"a full log; {self.head()} bytes have come")

    def assert_held(self, held: int) -> None:
        """No byte from ``held`` on has been overwritten, though there are many more to come."""
        info = self.ptyd.request("get", session=self.id)
        assert info["log_start"] <= held
        assert info["log_head"] <= held + LOG_BYTES < END


@pytest.fixture
def flood(ptyd: PtydUnderTest) -> Iterator[Flood]:
    flood = Flood(ptyd)
    yield flood
    ptyd.request("kill", session=flood.id, grace_seconds=0.2)


@pytest.fixture
def client(ptyd: PtydUnderTest) -> Iterator[Client]:
    with connected(ptyd.sock_path) as client:
        yield client


def read_to_the_end(client: Client, channel: int = 1) -> None:
    while client.next_offset[channel] < END:
        message = client.receive()
        assert not isinstance(message, Detached), message


def is_same(got: bytes | bytearray, wanted: bytes) -> bool:
    """Without a diff of megabytes where they differ."""
    return hashlib.sha256(got).digest() == hashlib.sha256(wanted).digest()


# --- viewers


def test_a_viewer_that_acknowledges_nothing_slows_nobody(ptyd: PtydUnderTest, flood: Flood, client: Client) -> None:
    client.acknowledges = False
    client.attach(1, flood.id, role="observe", window=8192)
    with connected(ptyd.sock_path) as other:
        other.attach(1, flood.id, role="observe", lossless=True)
        flood.begin()
        read_to_the_end(other)
        assert is_same(other.output[1], b"ready\n" + FLOOD)
    client.ping()
    assert len(client.output[1]) == 8192  # its window, and no more
    client.acknowledges = True
    client.acknowledge(1)
    snapshot = client.wait_for(Snapshot)
    assert (snapshot.kind, snapshot.more) == ("screen", False)
    assert b"\x1b" in snapshot.data
    assert str(LINES).encode() in snapshot.data
    assert snapshot.offset == END


def test_a_viewer_that_does_not_read_its_socket(ptyd: PtydUnderTest, flood: Flood) -> None:
    """Not a byte is taken from its socket; what waits for it in the daemon is bounded."""
    with contextlib.closing(RawPeer(ptyd.sock_path, receive_buffer_bytes=4096)) as deaf:
        deaf.hello()
        deaf.send(Attach(1, flood.id, "observe", 80, 24, window=limits.MAX_WINDOW_BYTES))
        wait_until(lambda: ptyd.request("get", session=flood.id)["clients"] == 1)
        before = resident_bytes(ptyd.daemon_pid())
        flood.begin()
        flood.wait_over()
        assert resident_bytes(ptyd.daemon_pid()) - before < 3 * MIB


def test_replies_that_nobody_reads_are_bounded(ptyd: PtydUnderTest, flood: Flood) -> None:
    """They cost no credit; whoever lets too many of them lie is let go."""
    flood.begin()
    flood.wait_over()
    with contextlib.closing(RawPeer(ptyd.sock_path)) as deaf:
        deaf.hello()
        for number in range(1, 200):
            deaf.send(Request(number, "read_log", {"session": flood.id}))
        assert deaf.close_code() == 1013


def resident_bytes(pid: int) -> int:
    """Memory of a process without mapped files."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


# --- lossless


def test_lossless_makes_the_program_wait_and_loses_nothing(flood: Flood, client: Client) -> None:
    client.acknowledges = False
    client.attach(1, flood.id, role="observe", lossless=True, window=65536)
    flood.begin()
    flood.wait_log_full(held=0)
    flood.assert_held(0)
    client.ping()
    assert len(client.output[1]) == 65536
    client.send(Ack(1, 40_000))
    client.wait_for(Output)
    flood.wait_log_full(held=0)
    flood.assert_held(40_000)
    client.acknowledges = True
    client.acknowledge(1)
    read_to_the_end(client)
    assert is_same(client.output[1], b"ready\n" + FLOOD)


def test_a_hold_outlives_its_connection(ptyd: PtydUnderTest, flood: Flood, client: Client) -> None:
    client.attach(1, flood.id, lossless=True)
    client.read_until(1, b"ready\n")
    client.socket.close()
    flood.begin()
    flood.wait_log_full(held=START)
    flood.assert_held(START)
    with connected(ptyd.sock_path, client.client_id) as again:
        attached = again.attach(1, flood.id, lossless=True, epoch=client.epochs[1], offset=START)
        assert (attached.mode, attached.offset) == ("exact", START)
        read_to_the_end(again)
        assert is_same(again.output[1], FLOOD)


def test_a_hold_outlives_the_daemon(ptyd: PtydUnderTest, flood: Flood, client: Client) -> None:
    """Killed before, in and after the flood."""
    client.attach(1, flood.id, lossless=True)
    client.read_until(1, b"ready\n")
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    flood.begin()
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    flood.wait_log_full(held=START)
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    flood.assert_held(START)
    with connected(ptyd.sock_path, client.client_id) as again:
        attached = again.attach(1, flood.id, lossless=True, epoch=client.epochs[1], offset=START)
        assert (attached.mode, attached.offset) == ("exact", START)
        read_to_the_end(again)
        assert is_same(again.output[1], FLOOD)


def test_coming_back_with_everything_lets_the_program_go_on(ptyd: PtydUnderTest, flood: Flood, client: Client) -> None:
    """All that filled the log was received and never acknowledged; after the reconnect no Ack is due either."""
    client.acknowledges = False
    client.attach(1, flood.id, lossless=True, window=limits.MAX_WINDOW_BYTES)
    flood.begin()
    flood.wait_log_full(held=0)
    while client.next_offset[1] < flood.head():
        client.receive()
    client.socket.close()
    with connected(ptyd.sock_path, client.client_id) as again:
        again.attach(1, flood.id, lossless=True, epoch=client.epochs[1], offset=client.next_offset[1])
        read_to_the_end(again)
        assert is_same(client.output[1] + again.output[1], b"ready\n" + FLOOD)


def test_detaching_ends_the_hold_at_once(flood: Flood, client: Client) -> None:
    client.acknowledges = False
    client.attach(1, flood.id, lossless=True)
    flood.begin()
    flood.wait_log_full(held=0)
    client.send(Detach(1))
    assert client.wait_for(Detached).code == "detached"
    flood.wait_over()


def test_shutting_down_with_the_sessions_waits_for_no_client() -> None:
    """Not even for one whose hold keeps the last output from being read."""
    with running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES), PTYD_HOLD_STALL_SECONDS="600") as ptyd:
        flood = Flood(ptyd)
        with connected(ptyd.sock_path) as client:
            client.acknowledges = False
            client.attach(1, flood.id, lossless=True)
            flood.begin()
            flood.wait_log_full(held=0)
            assert client.request("shutdown", kill_sessions=True) == {"sessions_left": 0}
            assert client.wait_close()[0] == 1001
        ptyd.keeper.wait(20)


# --- and their ends


def test_a_client_that_stalls_loses_its_hold() -> None:
    with (
        running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES), PTYD_HOLD_STALL_SECONDS="0.3") as ptyd,
        connected(ptyd.sock_path) as client,
        connected(ptyd.sock_path) as watcher,
    ):
        watcher.request("subscribe")
        flood = Flood(ptyd)
        client.acknowledges = False
        client.attach(1, flood.id, lossless=True, window=65536)
        flood.begin()
        detached = client.wait_for(Detached)
        assert (detached.channel, detached.code) == (1, "hold_ended")
        assert "0.3 s" in detached.message
        event = watcher.wait_event("hold_ended", flood.id)
        assert event.data == {"client_id": client.client_id, "channel": 1, "reason": "stalled"}
        flood.wait_over()
        refused = client.try_attach(2, flood.id, lossless=True, epoch=client.epochs[1], offset=client.next_offset[1])
        assert isinstance(refused, Detached)
        assert refused.code == "output_lost"
        assert str(client.next_offset[1]) in refused.message


def test_a_client_that_stays_away_loses_its_hold() -> None:
    with (
        running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES), PTYD_HOLD_GRACE_SECONDS="0.3") as ptyd,
        connected(ptyd.sock_path) as watcher,
    ):
        watcher.request("subscribe")
        flood = Flood(ptyd)
        with connected(ptyd.sock_path) as client:
            client.attach(1, flood.id, lossless=True)
            client.read_until(1, b"ready\n")
        event = watcher.wait_event("hold_ended", flood.id)
        assert event.data == {"client_id": None, "channel": None, "reason": "grace_expired"}
        flood.begin()
        flood.wait_over()
        with connected(ptyd.sock_path, client.client_id) as again:
            refused = again.try_attach(1, flood.id, lossless=True, epoch=client.epochs[1], offset=START)
            assert isinstance(refused, Detached)
            assert refused.code == "output_lost"


def test_the_grace_time_begins_anew_with_the_daemon() -> None:
    with running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES), PTYD_HOLD_GRACE_SECONDS="1") as ptyd:
        flood = Flood(ptyd)
        with connected(ptyd.sock_path) as client:
            client.attach(1, flood.id, lossless=True)
            client.read_until(1, b"ready\n")
            dead = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(dead)
        with connected(ptyd.sock_path) as watcher:
            watcher.request("subscribe")
            flood.begin()
            assert watcher.wait_event("hold_ended", flood.id).data["reason"] == "grace_expired"
            flood.wait_over()
