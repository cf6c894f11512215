"""PROTOCOL.md is enough: a client that has nothing of ours, against the real daemon."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import unix_connect

from tests.protocol import stranger as wire
from tests.protocol.stranger import Stranger, connect_stranger
from tests.protocol.vector_files import list_message_files, load_vectors
from tests.support.daemon import PtydUnderTest, running_ptyd

Connect = Callable[[], Stranger]


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


@pytest.fixture
def connect(ptyd: PtydUnderTest) -> Iterator[Connect]:
    """Opens connections before Hello; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(connect_stranger(ptyd.sock_path))


@pytest.fixture
def client(connect: Connect) -> Stranger:
    client = connect()
    client.hello(make_client_id())
    return client


@pytest.fixture
def session(client: Stranger) -> Iterator[str]:
    """The id of a session that echoes its input."""
    info = client.request("create", argv=["cat"], cwd="/", name=f"echo-{secrets.token_hex(4)}")
    yield info["id"]
    with contextlib.suppress(LookupError):
        client.request("kill", session=info["id"], grace_seconds=1)


def make_client_id() -> str:
    return secrets.token_hex(12)


def attach(client: Stranger, channel: int, session: str, *more: Any) -> list[Any]:
    client.send(wire.ATTACH, channel, session, "control", 80, 24, *more)
    return client.receive_code(wire.ATTACHED)


# --- what works


def test_welcome(connect: Connect) -> None:
    code, version, _, _, limits, heartbeat_seconds, *_ = connect().hello(make_client_id())
    assert (code, version, heartbeat_seconds) == (wire.WELCOME, 1, 15)
    assert limits == limits | {
        "max_client_message_bytes": 1_048_576,
        "max_output_bytes": 262_144,
        "max_input_bytes": 16_384,
        "max_unacked_input_bytes": 262_144,
        "max_channels": 64,
        "max_cols": 1000,
        "max_rows": 1000,
        "hold_grace_seconds": 10,
        "hold_stall_seconds": 60,
    }


def test_attach_type_detach(client: Stranger, session: str) -> None:
    attached = attach(client, 1, session)
    assert attached[1:3] == [1, session]
    assert attached[5:9] == ["snapshot", 0, 80, 24]
    client.receive_code(wire.SNAPSHOT)
    client.receive_code(wire.LIVE)
    client.send(wire.INPUT, 1, 1, b"hello\r")
    assert client.receive_code(wire.INPUT_ACK) == [wire.INPUT_ACK, 1, 1]
    client.read_output(1, b"hello\r\nhello\r\n")  # the terminal's echo, and cat's
    client.send(wire.INPUT, 1, 2, b"again\r")
    assert client.read_output(1, b"again\r\nagain\r\n") == b"hello\r\nhello\r\nagain\r\nagain\r\n"
    client.send(wire.DETACH, 1)
    assert client.receive_code(wire.DETACHED)[:3] == [wire.DETACHED, 1, "detached"]


def test_come_back_for_exactly_the_missing_bytes(connect: Connect, session: str) -> None:
    client_id = make_client_id()
    first = connect()
    first.hello(client_id)
    epoch = attach(first, 1, session)[4]
    first.send(wire.INPUT, 1, 1, b"one\r")
    before = first.read_output(1, b"one\r\none\r\n")
    second = connect()
    second.hello(client_id)
    assert first.close_code() == 4009
    attached = attach(second, 1, session, epoch, len(before))
    assert (attached[4], attached[5], attached[6]) == (epoch, "exact", len(before))
    assert attached[11] == 1  # input_seq
    second.send(wire.INPUT, 1, 1, b"one\r")  # was taken: acknowledged again and dropped
    assert second.receive_code(wire.INPUT_ACK) == [wire.INPUT_ACK, 1, 1]
    second.send(wire.INPUT, 1, 2, b"two\r")
    assert second.read_output(1, b"two\r\ntwo\r\n") == b"two\r\ntwo\r\n"


def test_credit_is_respected(client: Stranger) -> None:
    """With a window of 4,096 bytes no more than that comes without an Ack."""
    flood = client.request("create", argv=["sh", "-c", "seq 100000; exec cat"], cwd="/")
    client.acknowledges = False
    client.send(wire.ATTACH, 1, flood["id"], "observe", 80, 24, None, None, 4096, True)
    start = client.receive_code(wire.ATTACHED)[6]
    while len(client.output[1]) < 4096:
        client.receive()
    assert len(client.output[1]) == 4096
    client.send(wire.PING, 99)  # answered behind whatever was sent before
    assert client.receive() == [wire.PONG, 99]
    client.send(wire.ACK, 1, start + 1000)
    assert len(client.receive_code(wire.OUTPUT)[3]) <= 1000
    client.send(wire.DETACH, 1)
    client.receive_code(wire.DETACHED)
    client.request("kill", session=flood["id"], grace_seconds=1)


def test_exit_closes_the_channel(client: Stranger) -> None:
    info = client.request("create", argv=["sh", "-c", "printf bye; exit 7"], cwd="/")
    client.send(wire.ATTACH, 3, info["id"], "observe", 80, 24)
    exited = client.receive_code(wire.EXITED)
    assert exited[1:5] == [3, 3, 7, None]
    client.send(wire.ACK, 3, 3)  # crossed: ignored
    client.send(wire.PING, 1)
    assert client.receive_code(wire.PONG) == [wire.PONG, 1]


def test_events(client: Stranger) -> None:
    state = client.request("subscribe")
    first = f"ev-{secrets.token_hex(4)}"
    info = client.request("create", argv=["cat"], cwd="/", name=first)
    client.request("rename", session=info["id"], name=f"{first}-2")
    client.request("resize", session=info["id"], cols=100, rows=30)
    client.request("kill", session=info["id"], grace_seconds=1)
    client.request("kill", session=info["id"])
    client.request("unsubscribe")
    after = client.request("subscribe")["seq"]
    assert [event[1] for event in client.events] == list(range(state["seq"] + 1, after + 1))
    ours = [event for event in client.events if event[3] == info["id"]]
    kinds = [event[2] for event in ours if event[2] not in ("updated", "activity")]
    assert kinds == ["created", "renamed", "resized", "exited", "removed"]
    data = {event[2]: event[4] for event in ours}
    assert data["created"]["name"] == first
    assert data["renamed"]["name"] == f"{first}-2"
    assert (data["resized"]["cols"], data["resized"]["rows"]) == (100, 30)
    assert data["exited"]["state"] == "exited"
    assert data["removed"] == {}


def test_an_observer_may_not_type(client: Stranger, session: str) -> None:
    client.send(wire.ATTACH, 1, session, "observe", 80, 24)
    client.receive_code(wire.ATTACHED)
    client.send(wire.INPUT, 1, 1, b"x")
    assert client.receive_code(wire.DETACHED)[:3] == [wire.DETACHED, 1, "not_allowed"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("fly", {}, "unknown_method"),
        ("create", {"cols": "80"}, "bad_request"),
        ("create", {"argv": ["/does/not/exist"]}, "command_not_found"),
        ("create", {"argv": ["cat"], "cwd": "/does/not/exist"}, "no_such_directory"),
        ("create", {"argv": ["cat"], "name": "-x"}, "bad_name"),
        ("get", {"session": "nobody"}, "no_such_session"),
        ("wait", {"until": "exit", "session": "SESSION", "timeout_seconds": 0.01}, "timeout"),
        ("read_log", {"session": "SESSION", "offset": 9_999_999}, "output_lost"),
        ("signal", {"session": "SESSION", "signal": "NOPE"}, "bad_request"),
    ],
)
def test_refusals(client: Stranger, session: str, method: str, params: dict[str, Any], code: str) -> None:
    if params.get("session") == "SESSION":
        params = params | {"session": session}
    with pytest.raises(LookupError, match=f"^'?{code}'?$"):
        client.request(method, **params)


def test_attach_to_nothing(client: Stranger) -> None:
    client.send(wire.ATTACH, 1, "nobody", "control", 80, 24)
    assert client.receive_code(wire.DETACHED)[:3] == [wire.DETACHED, 1, "no_such_session"]


def test_unknown_codes_are_ignored(client: Stranger) -> None:
    for vector in load_vectors("unknown.json")["client"]:
        client.socket.send(bytes.fromhex(vector["hex"]))
    client.send(wire.PING, 5)
    assert client.receive() == [wire.PONG, 5]


# --- what ends a connection


def test_violations_end_that_connection_and_no_other(
    ptyd: PtydUnderTest, connect: Connect, client: Stranger, session: str
) -> None:
    attach(client, 1, session)
    vectors = [
        vector
        for name in list_message_files()
        if (content := load_vectors(name))["from"] == "client"
        for vector in content["invalid"]
    ] + load_vectors("malformed.json")["client"]
    for vector in vectors:
        with connect_stranger(ptyd.sock_path) as offender:
            offender.hello(make_client_id())
            offender.socket.send(bytes.fromhex(vector["hex"]))
            assert offender.close_code() == vector["close_code"], vector["name"]
    client.send(wire.INPUT, 1, 1, b"still here\r")
    assert client.receive_code(wire.INPUT_ACK) == [wire.INPUT_ACK, 1, 1]
    client.read_output(1, b"still here")
    assert "Traceback" not in (ptyd.runtime_dir / "daemon.log").read_text()


def test_large_messages(ptyd: PtydUnderTest) -> None:
    for vector in load_vectors("large.json")["client"]:
        if vector["close_code"] is None:
            continue
        with connect_stranger(ptyd.sock_path) as offender:
            offender.hello(make_client_id())
            offender.socket.send(bytes.fromhex(vector["prefix"]) + bytes.fromhex(vector["repeat"]) * vector["count"])
            assert offender.close_code() == vector["close_code"], vector["name"]


def test_text_message(client: Stranger) -> None:
    client.socket.send("hello")
    assert client.close_code() == 1003


def test_too_large_a_message(client: Stranger) -> None:
    client.socket.send(bytes(1_048_577))
    assert client.close_code() == 1009


def test_first_message_is_not_hello(connect: Connect) -> None:
    client = connect()
    client.send(wire.PING, 1)
    assert client.close_code() == 1008


def test_no_common_version(connect: Connect) -> None:
    client = connect()
    client.send(wire.HELLO, [999], "stranger/1", make_client_id())
    assert client.close_code() == 4002


def test_second_hello(client: Stranger) -> None:
    client.send(wire.HELLO, [1], "stranger/1", make_client_id())
    assert client.close_code() == 1008


def test_gap_in_input(client: Stranger, session: str, connect: Connect) -> None:
    offender = connect()
    offender.hello(make_client_id())
    attach(offender, 1, session)
    offender.send(wire.INPUT, 1, 2, b"x")
    assert offender.close_code() == 1008


def test_ack_beyond_what_was_sent(session: str, connect: Connect) -> None:
    offender = connect()
    offender.hello(make_client_id())
    attach(offender, 1, session)
    offender.send(wire.ACK, 1, 1_000_000)
    assert offender.close_code() == 1008


# --- the handshake


@pytest.mark.parametrize(
    ("uri", "subprotocol", "origin", "status"),
    [
        ("ws://localhost/ws", None, None, 400),
        ("ws://localhost/other", "ptyd.v1", None, 404),
        ("ws://evil.example/ws", "ptyd.v1", None, 421),
        ("ws://localhost/ws", "ptyd.v1", "http://evil.example", 403),
    ],
)
def test_refused_handshakes(ptyd: PtydUnderTest, uri: str, subprotocol: Any, origin: Any, status: int) -> None:
    offered = [subprotocol] if subprotocol else None
    with pytest.raises(InvalidStatus) as caught:
        unix_connect(str(ptyd.sock_path), uri, subprotocols=offered, origin=origin)
    assert caught.value.response.status_code == status
