"""SIGKILL of the daemon at random moments while output floods: a lossless client gets every byte, once."""

import contextlib
import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol.messages import Detached, Exited, Live
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.daemon.client import Client, connected, make_client_id
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import kill_process, wait_until

MIB = 1024 * 1024
FLOOD_BYTES = 60 * MIB
"""Of each of two sessions at once."""
KILLS = 30


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_HOLD_GRACE_SECONDS="600", PTYD_HOLD_STALL_SECONDS="600") as ptyd:
        yield ptyd


def make_text(seed: int) -> bytes:
    """UTF-8, which never holds the log's guard byte."""
    words = ["ptyd", "naïve", "世界", "\x1b[31mred\x1b[0m", "🚀"]
    lines = [f"{number} {words[number % 5]}\r\n" for number in range(seed, seed + 50_000)]
    block = "".join(lines).encode()
    return (block * (FLOOD_BYTES // len(block) + 1))[:FLOOD_BYTES]


def make_binary(seed: int) -> bytes:
    """Random bytes, with runs of the guard byte in them."""
    chance = random.Random(seed)
    parts = []
    for _ in range(FLOOD_BYTES // 4096):
        guard = bytes([0xFF]) * chance.choice((0, 0, 1, 7, 300))
        parts.append(chance.randbytes(4096 - len(guard) - 1) + guard + b"\x00")
    return b"".join(parts)


class Reader(threading.Thread):
    """A lossless client that comes back whenever its connection breaks."""

    def __init__(self, ptyd: PtydUnderTest, source: Path) -> None:
        super().__init__(daemon=True)
        self.ptyd = ptyd
        self.client_id = make_client_id()
        self.digest = hashlib.sha256()
        self.received = 0
        self.connections = 0
        self.outcome: object = None
        command = f"stty raw -echo; read x; exec cat {source}"
        self.session: str = ptyd.request("create", argv=["sh", "-c", command])["id"]
        self._epoch: int | None = None

    def run(self) -> None:
        try:
            while not isinstance(self.outcome, Exited | Detached):
                with contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):
                    self._read_on_one_connection()
        except BaseException as error:
            self.outcome = error

    def _read_on_one_connection(self) -> None:
        with connected(self.ptyd.sock_path, self.client_id) as client:
            place = {"epoch": self._epoch, "offset": self.received} if self._epoch else {}
            attached = client.attach(1, self.session, lossless=True, role="observe", **place)
            assert attached.offset == self.received
            self._epoch = attached.epoch
            self.connections += 1
            while not isinstance(self.outcome, Exited | Detached):
                self._take(client, client.receive())

    def _take(self, client: Client, message: object) -> None:
        new = client.output[1]
        self.digest.update(new)
        self.received += len(new)
        new.clear()
        if isinstance(message, Exited | Detached):
            self.outcome = message
        assert isinstance(message, Live) or self.received == client.next_offset[1]


def test_every_byte_over_every_kill(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    chance = random.Random(20)
    floods = {"text": make_text(20), "binary": make_binary(20)}
    readers = {}
    for name, data in floods.items():
        source = tmp_path / name
        source.write_bytes(data)
        readers[name] = Reader(ptyd, source)
    for reader in readers.values():
        reader.start()
        wait_until(lambda reader=reader: reader.connections)  # type: ignore[misc]
        ptyd.request("send", session=reader.session, data=b"\n")
    pause = threading.Event()
    kills = 0
    while kills < KILLS and any(reader.is_alive() for reader in readers.values()):
        pid = ptyd.daemon_pid()
        pause.wait(chance.uniform(0.0, 0.12))
        with contextlib.suppress(ProcessLookupError):
            kill_process(pid)
            kills += 1
        ptyd.wait_for_new_daemon(pid)
    for name, reader in readers.items():
        reader.join(90)
        assert isinstance(reader.outcome, Exited), reader.outcome
        assert (reader.outcome.code, reader.outcome.offset) == (0, FLOOD_BYTES)
        assert reader.received == FLOOD_BYTES
        assert reader.digest.digest() == hashlib.sha256(floods[name]).digest(), name
    assert kills >= 5  # while it flooded; each is an experiment of its own
    assert ptyd.request("status")["restarts"] >= kills
