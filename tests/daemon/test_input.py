"""Keys: each reaches the program once and in order, whatever breaks on the way."""

import contextlib
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol import limits
from ptyd_protocol.messages import Detached, Input, InputAck
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.daemon.client import Client, connected, make_client_id
from tests.daemon.conftest import Connect, Create
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

ECHO = ["sh", "-c", "stty raw -echo; echo ready; exec cat"]
"""Gives back what it is given, byte by byte."""


class Typist:
    """Types numbered keys at a session, and types on wherever a broken connection left off (PROTOCOL.md, 9)."""

    def __init__(self, ptyd: PtydUnderTest, session: str) -> None:
        self.ptyd = ptyd
        self.session = session
        self.client_id = make_client_id()
        self.unacknowledged: dict[int, bytes] = {}
        self.typed = b""
        self.got = b""
        self.epoch: int | None = None
        self.last_seq = 0
        self.resent = 0
        self._stack = contextlib.ExitStack()
        self.client: Client
        self.connect()

    def connect(self) -> None:
        """Until a daemon answers; then attach, and send again what it says was not taken."""
        self._stack.close()
        wait_until(self._try_to_connect, what="a daemon to attach at")

    def _try_to_connect(self) -> bool:
        try:
            self.client = self._stack.enter_context(connected(self.ptyd.sock_path, self.client_id))
            place = {"epoch": self.epoch, "offset": len(self.got)} if self.epoch else {}
            attached = self.client.attach(1, self.session, lossless=True, **place)
            assert attached.offset == len(self.got)
            self.epoch = attached.epoch
            self._drop_acknowledged(attached.input_seq)
            assert list(self.unacknowledged) == list(range(attached.input_seq + 1, self.last_seq + 1))
            for seq, data in self.unacknowledged.items():
                self.client.send(Input(1, seq, data))
                self.resent += 1
        except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
            self._stack.close()
            return False
        return True

    def close(self) -> None:
        self._stack.close()

    def type(self, data: bytes) -> None:
        """Send, and wait only where a channel may have no more on its way."""
        while sum(map(len, self.unacknowledged.values())) + len(data) > limits.MAX_UNACKED_INPUT_BYTES:
            self._receive()
        self.last_seq += 1
        self.unacknowledged[self.last_seq] = data
        self.typed += data
        with contextlib.suppress(ConnectionClosed):
            self.client.send(Input(1, self.last_seq, data))

    def read(self, until: int) -> None:
        """Until so many bytes of output have come and every key is acknowledged, over any number of daemons."""
        while len(self.got) < until or self.unacknowledged:
            self._receive()

    def _receive(self) -> None:
        before = len(self.client.output[1])
        try:
            message = self.client.receive()
        except ConnectionClosed:
            self.connect()
            return
        self.got += bytes(self.client.output[1][before:])
        assert not isinstance(message, Detached), message
        if isinstance(message, InputAck):
            self._drop_acknowledged(message.seq)

    def _drop_acknowledged(self, seq: int) -> None:
        for number in [number for number in self.unacknowledged if number <= seq]:
            del self.unacknowledged[number]


@pytest.fixture
def typist(ptyd: PtydUnderTest, create: Create) -> Iterator[Typist]:
    typist = Typist(ptyd, create(*ECHO)["id"])
    typist.read(until=len("ready\n"))
    yield typist
    typist.close()


def assert_each_once(typist: Typist) -> None:
    wanted = b"ready\n" + typist.typed
    typist.read(until=len(wanted))
    assert typist.got == wanted


def make_keys(count: int, seed: int) -> list[bytes]:
    """Numbered, so that a lost, doubled or displaced one can be told; some are as long as an Input may be."""
    chance = random.Random(seed)
    return [
        b"<%d>" % number + b"k" * chance.choice((0, 0, 0, 1, 50, 2000, limits.MAX_INPUT_BYTES - 10))
        for number in range(count)
    ]


def test_in_order(typist: Typist) -> None:
    for key in make_keys(100, seed=1):
        typist.type(key)
    assert_each_once(typist)
    assert typist.resent == 0


def test_over_broken_connections(typist: Typist) -> None:
    for number, key in enumerate(make_keys(120, seed=2)):
        typist.type(key)
        if number % 12 == 11:
            typist.client.socket.socket.close() if number % 24 == 11 else typist.client.socket.close()
            typist.connect()
    assert_each_once(typist)
    assert typist.resent > 0


@pytest.mark.parametrize("seed", [3, 4])
def test_over_killed_daemons(ptyd: PtydUnderTest, typist: Typist, seed: int) -> None:
    """Killed in the midst of a burst, again and again."""
    chance = random.Random(seed)
    kills = 0
    for number, key in enumerate(make_keys(150, seed)):
        typist.type(key)
        if number % 25 == 24:
            typist.read(until=len(typist.got) + chance.choice((0, 1, 500)))
            for more in make_keys(chance.randint(5, 15), seed + number):
                typist.type(more)
            ptyd.kill_daemon()
            kills += 1
    assert_each_once(typist)
    assert kills == 6


def test_keys_that_wait_for_the_program(ptyd: PtydUnderTest, create: Create, tmp_path: Path) -> None:
    """It reads nothing for two daemons' lives; then it reads every byte, once."""
    gate = tmp_path / "gate"
    keys = make_keys(12, seed=5)
    whole = b"".join(keys)
    reader = f"while [ ! -e {gate} ]; do sleep 0.01; done; head -c {len(whole)} | sha256sum; exec sleep 600"
    typist = Typist(ptyd, create("sh", "-c", f"stty raw -echo; echo ready; {reader}")["id"])
    typist.read(until=len("ready\n"))
    for key in keys[:8]:
        typist.type(key)
    ptyd.kill_daemon()
    typist.connect()
    for key in keys[8:]:
        typist.type(key)
    ptyd.kill_daemon()
    typist.connect()
    assert typist.unacknowledged  # more than the terminal and the pipe hold
    gate.touch()
    digest = hashlib.sha256(whole).hexdigest().encode()
    typist.read(until=len(b"ready\n" + digest + b"  -\n"))
    assert typist.got == b"ready\n" + digest + b"  -\n"
    typist.close()


def test_two_clients_type_at_once(ptyd: PtydUnderTest, create: Create) -> None:
    """Each one's keys in its order, none lost; the daemon is killed under both."""
    session = create(*ECHO)["id"]
    both = [Typist(ptyd, session) for _ in range(2)]
    for typist in both:
        typist.read(until=len("ready\n"))  # before that the kernel echoes, and cat gives it back once more
    for round_number in range(3):
        for number in range(20):
            for name, typist in zip(b"AB", both, strict=True):
                typist.type(b"%c%03d." % (name, round_number * 20 + number))
        ptyd.kill_daemon()
        for typist in both:
            typist.connect()
    length = len("ready\n") + 2 * 60 * len("A000.")
    for typist in both:
        typist.read(until=length)
        tokens = typist.got.removeprefix(b"ready\n").rstrip(b".").split(b".")
        for name in (b"A", b"B"):
            assert [token for token in tokens if token[:1] == name] == [b"%s%03d" % (name, n) for n in range(60)]
        typist.close()


# --- what is not to be delivered


def test_an_input_taken_before_is_acknowledged_again(connect: Connect, create: Create) -> None:
    client = connect()
    client.attach(1, create(*ECHO)["id"])
    client.read_until(1, b"ready\n")
    client.type(1, 1, b"one")
    client.send(Input(1, 1, b"ONE"))
    assert client.wait_for(InputAck).seq == 1
    client.type(1, 2, b"two")
    assert client.read_until(1, b"two") == b"ready\nonetwo"


def test_another_channel_has_numbers_of_its_own(connect: Connect, create: Create) -> None:
    session = create(*ECHO)["id"]
    client = connect()
    client.attach(1, session)
    client.read_until(1, b"ready\n")
    client.type(1, 1, b"a")
    assert client.attach(2, session).input_seq == 0
    client.type(2, 1, b"b")
    client.read_until(1, b"ab")


def test_too_much_that_the_program_does_not_read(connect: Connect, create: Create) -> None:
    """The channel ends, with the reason; the connection and the session do not."""
    client = connect()
    info = create("sh", "-c", "stty raw -echo; echo ready; exec sleep 600")
    client.attach(1, info["id"])
    client.read_until(1, b"ready")
    for seq in range(1, 40):
        client.send(Input(1, seq, bytes(limits.MAX_INPUT_BYTES)))
    detached = client.wait_for(Detached)
    assert (detached.channel, detached.code) == (1, "input_overflow")
    assert str(limits.MAX_UNACKED_INPUT_BYTES) in detached.message
    assert client.request("get", session=info["id"])["state"] == "running"
    client.attach(2, info["id"], role="observe")


def test_keys_of_who_has_gone_do_not_pile_up(ptyd: PtydUnderTest, create: Create) -> None:
    """A client comes back again and again, each time with as much as a channel may have waiting."""
    info = create("sh", "-c", "stty raw -echo; echo ready; exec sleep 600")
    client_id = make_client_id()
    taken = 0
    for _ in range(40):
        with connected(ptyd.sock_path, client_id) as client:
            taken = client.attach(1, info["id"]).input_seq
            for seq in range(taken + 1, taken + 15):
                client.send(Input(1, seq, bytes(limits.MAX_INPUT_BYTES)))
            client.ping()
    status = Path(f"/proc/{ptyd.daemon_pid()}/status").read_text()
    resident = int(status.split("RssAnon:")[1].split()[0]) // 1024
    assert resident < 80  # megabytes; 40 times 230 KB were sent
