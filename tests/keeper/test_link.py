"""Who may talk to a keeper, and that no talk can hurt it."""

import json
import os
import socket
from pathlib import Path

import pytest

from ptyd.keeper.keeper import Keeper
from ptyd.keeper.loop import Loop
from ptyd.keeper.presence import Presence
from ptyd.keeper.service_manager import ServiceManager
from tests.keeper.harness import FakeDaemon, KeeperHarness, KeeperProcess

GARBAGE = [
    b"\0",
    b"not json",
    b"[]",
    b"7",
    b'"hello"',
    b"\xff\xfe",
    b"{" * 5000,
    b"[" * 100_000,
    b'{"op":',
    b"{}",
    b'{"op":7}',
    b'{"op":null}',
    b'{"op":["spawn"]}',
    b'{"op":"no such"}',
    b'{"id":1}',
]

WRONG_OPS: list[dict[str, object]] = [
    {"op": "record"},
    {"op": "record", "session": "none", "record": {}},
    {"op": "record", "session": [], "record": 7},
    {"op": "forget"},
    {"op": "forget", "session": {}},
    {"op": "forget", "session": "none"},
    {"op": "hold"},
    {"op": "hold", "name": 7},
    {"op": "release", "name": []},
    {"op": "hello", "pid": 1},
    {"op": "start"},
    {"op": "spawn"},
]


@pytest.mark.parametrize("datagram", GARBAGE, ids=lambda datagram: repr(datagram[:20]))
def test_garbage_from_a_stranger(harness: KeeperHarness, daemon: FakeDaemon, datagram: bytes) -> None:
    stranger = harness.connect()
    stranger.send_bytes(datagram)
    stranger.close()
    assert daemon.run("after", ["echo", "fine"]) == "fine\r\n"


def test_garbage_from_the_daemon(daemon: FakeDaemon) -> None:
    for datagram in GARBAGE:
        daemon.send_bytes(datagram)
    for message in WRONG_OPS:
        daemon.send(message)
    assert daemon.run("after", ["echo", "fine"]) == "fine\r\n"


def test_garbage_with_descriptors_leaves_none(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    daemon.synchronize()
    before = keeper.count_fds()
    for datagram in GARBAGE:
        daemon.send_bytes(datagram, [0, 1, 2])
    daemon.send({"op": "hold", "name": "one"}, [0, 1, 2, 0])
    daemon.send({"op": "release", "name": "one"})
    stranger = harness.connect()
    stranger.send({"op": "start"}, [0, 1])
    assert stranger.receive()[0]["ok"] is True
    stranger.send_bytes(b"bye", [0])
    stranger.send({"op": "nonsense"}, [0])
    assert stranger.has_ended()
    daemon.synchronize()
    assert keeper.count_fds() == before


def test_stranger_may_not_act_as_the_daemon(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    daemon.spawn("a", ["cat"])
    for op in ("spawn", "forget", "stop", "hold", "ready", "restarting"):
        stranger = harness.connect()
        stranger.send({"op": op, "session": "a", "kill": True})
        assert stranger.has_ended()
    assert daemon.run("after", ["echo", "fine"]) == "fine\r\n"


def test_second_daemon_is_refused(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    second = harness.connect()
    second.send({"op": "hello", "pid": os.getpid()})
    assert second.receive()[0] == {"event": "refused"}
    assert second.has_ended()
    assert daemon.run("after", ["echo", "fine"]) == "fine\r\n"


def test_datagram_longer_than_any_buffer(daemon: FakeDaemon) -> None:
    daemon.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    too_long = json.dumps({"op": "record", "session": "a", "record": {"x": "y" * 300_000}}).encode()
    daemon.send_bytes(too_long)
    assert daemon.run("after", ["echo", "fine"]) == "fine\r\n"


def test_long_record_comes_back_whole(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    record = {"text": "ü\x1b\udcff" * 20_000}
    daemon.spawn("a", ["cat"])
    daemon.send({"op": "record", "session": "a", "record": {}})
    datagram = json.dumps({"op": "record", "session": "a", "record": record}, ensure_ascii=False)
    daemon.send_bytes(datagram.encode("utf-8", "surrogatepass"))
    daemon.synchronize()
    daemon.kill()
    successor = harness.accept_daemon()
    successor.say_hello()
    assert successor.sessions["a"].record == record


def test_more_connections_than_it_takes(harness: KeeperHarness, daemon: FakeDaemon) -> None:
    idle = [harness.connect() for _ in range(40)]
    daemon.synchronize()
    assert idle[-1].has_ended()
    daemon.kill()
    daemon = harness.accept_daemon()
    daemon.say_hello()
    daemon.say_ready()
    for link in idle:
        link.close()
    daemon.synchronize()
    starter = harness.connect()
    starter.send({"op": "start"})
    assert starter.receive()[0]["ok"] is True


def test_other_users_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keeper.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        keeper = Keeper(
            Loop(),
            Presence(tmp_path, -1, has_log=False),
            ServiceManager({}),
            listener,
            ["false"],
            tmp_path / "daemon.log",
            nofile_soft=1024,
        )
        for owner, is_refused in ((os.geteuid(), False), (os.geteuid() + 1, True)):
            monkeypatch.setattr(os, "geteuid", lambda owner=owner: owner)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.connect(str(path))
                keeper._accept()
                client.setblocking(False)
                assert is_closed(client) == is_refused


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def test_daemon_that_does_not_read_costs_nothing_but_its_own_news(
    harness: KeeperHarness, serving: tuple[KeeperProcess, FakeDaemon]
) -> None:
    keeper, daemon = serving
    count = 400
    daemon.sock.settimeout(None)
    # The relay passes these on while the test reads none of the replies: both sockets' buffers fill up.
    padding = {"X": "x" * 2000}
    for number in range(count):
        daemon.send({"op": "spawn", "id": number, "session": "", "argv": [], "env": padding})
    link = harness.connect()
    link.send({"op": "start"})
    assert link.receive()[0]["ok"] is True, "others are served meanwhile"
    answered = [daemon.receive()[0]["id"] for _ in range(count)]
    assert answered == list(range(count))
    assert keeper.process.poll() is None
