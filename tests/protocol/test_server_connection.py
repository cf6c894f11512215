"""The daemon's end of a connection under any sequence of messages: each is accepted, or it is a ProtocolError."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import encode
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    Detach,
    Detached,
    Exited,
    Failure,
    Hello,
    Input,
    Output,
    Ping,
    Reply,
    Request,
    Resize,
    Snapshot,
    TakeControl,
    Visibility,
    Welcome,
)
from ptyd_protocol.server_connection import ServerConnection

from tests.protocol.strategies import CLIENT_MESSAGES, build_message

HELLO = Hello([1], "test", "client-0123456789")
CODES = {CloseCode.BAD_MESSAGE, CloseCode.TOO_BIG, CloseCode.UNSUPPORTED_VERSION}
CHANNELS = st.integers(1, 4)


def receive(connection: ServerConnection, data: bytes) -> bool:
    """Whether the message was lawful."""
    try:
        connection.receive(data)
    except ProtocolError as error:
        assert error.close_code in CODES
        assert error.reason
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(st.one_of([build_message(cls) for cls in CLIENT_MESSAGES]), max_size=12))
def test_any_messages(hello: bool, messages: list[Any]) -> None:
    connection = ServerConnection()
    if hello:
        assert receive(connection, encode(HELLO))
        connection.send(Welcome(1, "test", "owner", {}, 15))
    for message in messages:
        if not receive(connection, encode(message)):
            return


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes(parts: list[bytes]) -> None:
    connection = ServerConnection()
    receive(connection, encode(HELLO))
    for part in parts:
        receive(connection, part)


class Model:
    """What PROTOCOL.md says of one channel."""

    def __init__(self) -> None:
        self.is_open = False
        self.sent = 0
        self.next_seq = 1


class ConnectionMachine(RuleBasedStateMachine):
    """A client that does anything, lawful and not, and a daemon that answers lawfully. What is judged to be a violation
    must be one by PROTOCOL.md 4.1, and the other way round. A violation does not change the state, so it goes on."""

    @initialize()
    def begin(self) -> None:
        self.connection = ServerConnection()
        self.channels: dict[int, Model] = {}
        self.pending: set[int] = set()
        self.highest = 0
        assert receive(self.connection, encode(HELLO))
        self.connection.send(Welcome(1, "test", "owner", {}, 15))

    def check(self, message: Any, is_lawful: bool) -> None:
        assert receive(self.connection, encode(message)) is is_lawful, message

    # --- the client

    @rule()
    def hello_again(self) -> None:
        self.check(HELLO, False)

    @rule(nonce=st.integers(0, limits.MAX_SEQ))
    def ping(self, nonce: int) -> None:
        self.check(Ping(nonce), True)

    @rule(request_id=st.integers(1, 3))
    def request(self, request_id: int) -> None:
        self.check(Request(request_id, "list"), request_id not in self.pending)
        self.pending.add(request_id)

    @rule(number=CHANNELS, epoch=st.sampled_from([None, 3]), offset=st.sampled_from([None, 100]))
    def attach(self, number: int, epoch: int | None, offset: int | None) -> None:
        is_lawful = number not in self.channels and (epoch is None) == (offset is None)
        self.check(Attach(number, "", "control", 80, 24, epoch, offset), is_lawful)
        if is_lawful:
            self.channels[number] = Model()
            self.highest = max(self.highest, number)

    @rule(number=CHANNELS, seq=st.integers(-2, 2))
    def input(self, number: int, seq: int) -> None:
        channel = self.channels.get(number)
        seq = max(1, seq + (channel.next_seq if channel else 1))
        self.check(Input(number, seq, b"x"), self.allows(number) and (channel is None or seq <= channel.next_seq))
        if channel is not None and channel.is_open and seq == channel.next_seq:
            channel.next_seq += 1

    @rule(number=CHANNELS, further=st.integers(-50, 3))
    def ack(self, number: int, further: int) -> None:
        channel = self.channels.get(number)
        offset = max(0, further + (channel.sent if channel else 0))
        self.check(Ack(number, offset), self.allows(number) and (channel is None or offset <= channel.sent))

    @rule(number=CHANNELS, kind=st.sampled_from([Resize, TakeControl]))
    def size(self, number: int, kind: type[Resize | TakeControl]) -> None:
        self.check(kind(number, 80, 24), self.allows(number))

    @rule(number=CHANNELS, looks=st.booleans())
    def show(self, number: int, looks: bool) -> None:
        self.check(Appearance(number) if looks else Visibility(number, True), self.allows(number))

    @rule(number=CHANNELS)
    def detach(self, number: int) -> None:
        self.check(Detach(number), number in self.channels or number <= self.highest)

    def allows(self, number: int) -> bool:
        """Whether anything but Attach and Detach may be said on this channel."""
        channel = self.channels.get(number)
        return number <= self.highest if channel is None else channel.is_open

    # --- the daemon

    @precondition(lambda self: self.pending)
    @rule(fails=st.booleans())
    def answer(self, fails: bool) -> None:
        request_id = self.pending.pop()
        self.connection.send(Failure(request_id, "internal", "") if fails else Reply(request_id))

    @rule(number=CHANNELS, offset=st.integers(0, 1000), seq=st.integers(0, 5))
    def attached(self, number: int, offset: int, seq: int) -> None:
        channel = self.channels.get(number)
        if channel is not None and not channel.is_open:
            self.connection.send(Attached(number, "1a2b3c4d", "build", 3, "exact", offset, 80, 24, None, False, seq))
            channel.is_open, channel.sent, channel.next_seq = True, offset, seq + 1

    @rule(number=CHANNELS, length=st.integers(0, 100), skip=st.booleans())
    def output(self, number: int, length: int, skip: bool) -> None:
        channel = self.channels.get(number)
        if channel is None or not channel.is_open:
            return
        if skip:
            channel.sent += 5000
            self.connection.send(Snapshot(number, channel.sent, 80, 24, b"x", "screen", True))
            self.connection.send(Snapshot(number, channel.sent, 80, 24, b"x", "screen"))
        self.connection.send(Output(number, channel.sent, bytes(length)))
        channel.sent += length

    @rule(number=CHANNELS, exits=st.booleans())
    def end(self, number: int, exits: bool) -> None:
        channel = self.channels.get(number)
        if channel is not None and (channel.is_open or not exits):
            self.connection.send(Exited(number, channel.sent, 0) if exits else Detached(number, "detached", ""))
            del self.channels[number]


TestConnectionMachine = ConnectionMachine.TestCase
TestConnectionMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
