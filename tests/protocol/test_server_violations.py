"""PROTOCOL.md 4.1, row by row, against the daemon's end of a connection."""

import pytest
from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import encode
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    ClientMessage,
    DaemonMessage,
    Detach,
    Detached,
    Exited,
    Hello,
    Input,
    Live,
    Output,
    Ping,
    Pong,
    Reply,
    Request,
    Resize,
    Resized,
    Snapshot,
    TakeControl,
    Visibility,
    Welcome,
)
from ptyd_protocol.server_connection import ServerConnection

HELLO = Hello([1], "test", "client-0123456789")
ATTACHED = Attached(5, "1a2b3c4d", "build", 1, "exact", 100, 80, 24, None, False, 0)
OnChannel = Input | Ack | Resize | TakeControl | Visibility | Appearance
ON_CHANNEL: list[type[OnChannel]] = [Input, Ack, Resize, TakeControl, Visibility, Appearance]


def make_attach(channel: int) -> Attach:
    return Attach(channel, "", "control", 80, 24)


def make_message(cls: type[OnChannel], channel: int) -> ClientMessage:
    """The first such message that would be lawful on a channel that is open at offset 100."""
    if cls is Input:
        return Input(channel, 1, b"x")
    if cls is Ack:
        return Ack(channel, 100)
    if cls is Visibility:
        return Visibility(channel, True)
    if cls is Appearance:
        return Appearance(channel)
    return Resize(channel, 80, 24) if cls is Resize else TakeControl(channel, 80, 24)


@pytest.fixture
def fresh() -> ServerConnection:
    return ServerConnection()


@pytest.fixture
def opened(fresh: ServerConnection) -> ServerConnection:
    """Behind Hello and Welcome."""
    fresh.receive(encode(HELLO))
    fresh.send(Welcome(1, "test", "owner", {}, 15))
    return fresh


@pytest.fixture
def attached(opened: ServerConnection) -> ServerConnection:
    """Channel 5 is open at offset 100, and 10 bytes were sent on it."""
    opened.receive(encode(make_attach(5)))
    opened.send(ATTACHED)
    opened.send(Output(5, 100, b"0123456789"))
    return opened


def close_code_of(connection: ServerConnection, message: ClientMessage | bytes) -> CloseCode:
    with pytest.raises(ProtocolError) as caught:
        connection.receive(message if isinstance(message, bytes) else encode(message))
    return caught.value.close_code


# --- violations


def test_message_over_the_limit(opened: ServerConnection) -> None:
    request = Request(1, "create", {"fill": b""})
    room = limits.MAX_CLIENT_MESSAGE_BYTES - len(encode(request)) - 3  # a bin of this size has 3 more in its header
    largest = encode(Request(1, "create", {"fill": b"x" * room}))
    assert len(largest) == limits.MAX_CLIENT_MESSAGE_BYTES
    assert isinstance(opened.receive(largest), Request)
    too_large = encode(Request(2, "create", {"fill": b"x" * (room + 1)}))
    assert close_code_of(opened, too_large) == CloseCode.TOO_BIG


def test_malformed_message(opened: ServerConnection) -> None:
    assert close_code_of(opened, b"\x92\x09") == CloseCode.BAD_MESSAGE


@pytest.mark.parametrize(
    "first",
    [
        Ping(1),
        Request(1, "list"),
        make_attach(1),
        Detach(1),
        b"\x91\x3f",  # an unknown code
    ],
)
def test_first_message_is_not_hello(fresh: ServerConnection, first: ClientMessage | bytes) -> None:
    assert close_code_of(fresh, first) == CloseCode.BAD_MESSAGE


def test_no_common_version(fresh: ServerConnection) -> None:
    hello = Hello([2, 3], "test", "client-0123456789")
    assert close_code_of(fresh, hello) == CloseCode.UNSUPPORTED_VERSION


def test_second_hello(opened: ServerConnection) -> None:
    assert close_code_of(opened, HELLO) == CloseCode.BAD_MESSAGE


def test_second_hello_before_welcome(fresh: ServerConnection) -> None:
    fresh.receive(encode(HELLO))
    assert close_code_of(fresh, HELLO) == CloseCode.BAD_MESSAGE


def test_request_id_in_use(opened: ServerConnection) -> None:
    opened.receive(encode(Request(7, "list")))
    assert close_code_of(opened, Request(7, "get")) == CloseCode.BAD_MESSAGE


def test_attach_while_attaching(opened: ServerConnection) -> None:
    opened.receive(encode(make_attach(5)))
    assert close_code_of(opened, make_attach(5)) == CloseCode.BAD_MESSAGE


def test_attach_while_open(attached: ServerConnection) -> None:
    assert close_code_of(attached, make_attach(5)) == CloseCode.BAD_MESSAGE


def test_too_many_channels(opened: ServerConnection) -> None:
    for channel in range(1, limits.MAX_CHANNELS + 1):
        opened.receive(encode(make_attach(channel)))
    assert close_code_of(opened, make_attach(limits.MAX_CHANNELS + 1)) == CloseCode.BAD_MESSAGE


@pytest.mark.parametrize(("epoch", "offset"), [(1, None), (None, 0)])
def test_half_a_place(opened: ServerConnection, epoch: int | None, offset: int | None) -> None:
    attach = Attach(1, "", "control", 80, 24, epoch, offset)
    assert close_code_of(opened, attach) == CloseCode.BAD_MESSAGE


@pytest.mark.parametrize("cls", ON_CHANNEL)
def test_channel_never_opened(attached: ServerConnection, cls: type[OnChannel]) -> None:
    assert close_code_of(attached, make_message(cls, 6)) == CloseCode.BAD_MESSAGE


def test_detach_of_a_channel_never_opened(attached: ServerConnection) -> None:
    assert close_code_of(attached, Detach(6)) == CloseCode.BAD_MESSAGE


@pytest.mark.parametrize("cls", ON_CHANNEL)
def test_before_attached(opened: ServerConnection, cls: type[OnChannel]) -> None:
    opened.receive(encode(make_attach(5)))
    assert close_code_of(opened, make_message(cls, 5)) == CloseCode.BAD_MESSAGE


def test_ack_beyond_what_was_sent(attached: ServerConnection) -> None:
    assert attached.receive(encode(Ack(5, 110))) == Ack(5, 110)
    assert close_code_of(attached, Ack(5, 111)) == CloseCode.BAD_MESSAGE


def test_gap_in_input(attached: ServerConnection) -> None:
    attached.receive(encode(Input(5, 1, b"x")))
    assert close_code_of(attached, Input(5, 3, b"x")) == CloseCode.BAD_MESSAGE


def test_input_goes_on_where_attached_says(opened: ServerConnection) -> None:
    opened.receive(encode(make_attach(5)))
    opened.send(Attached(5, "1a2b3c4d", "build", 1, "exact", 0, 80, 24, None, False, 41))
    assert opened.receive(encode(Input(5, 42, b"x"))) == Input(5, 42, b"x")
    assert close_code_of(opened, Input(5, 44, b"x")) == CloseCode.BAD_MESSAGE


# --- no violations


@pytest.mark.parametrize("farewell", [Detached(5, "detached", ""), Exited(5, 110, 0)])
@pytest.mark.parametrize("cls", ON_CHANNEL)
def test_crossing_the_end_of_a_channel(
    attached: ServerConnection, cls: type[OnChannel], farewell: Detached | Exited
) -> None:
    attached.send(farewell)
    assert attached.receive(encode(make_message(cls, 5))) is None
    assert attached.receive(encode(Detach(5))) is None


def test_lower_ack_and_input_taken_before_reach_the_session(attached: ServerConnection) -> None:
    """What to do with them, the session knows; they do not end the connection."""
    for message in (Ack(5, 110), Ack(5, 101), Ack(5, 0), Input(5, 1, b"x"), Input(5, 1, b"x")):
        assert attached.receive(encode(message)) == message


def test_ack_from_before_a_snapshot(attached: ServerConnection) -> None:
    attached.send(Snapshot(5, 5000, 80, 24, b""))
    assert attached.receive(encode(Ack(5, 110))) == Ack(5, 110)
    assert attached.receive(encode(Ack(5, 5000))) == Ack(5, 5000)


def test_ack_of_a_screen_at_an_offset_acknowledged_before(attached: ServerConnection) -> None:
    assert attached.receive(encode(Ack(5, 110))) == Ack(5, 110)
    for more in (True, True, False):
        attached.send(Snapshot(5, 110, 80, 24, b"x", "screen", more))
    assert attached.receive(encode(Ack(5, 110))) == Ack(5, 110)
    attached.send(Output(5, 110, b"y"))
    assert attached.receive(encode(Ack(5, 111))) == Ack(5, 111)


@pytest.mark.parametrize(
    "message",
    [
        Output(5, 200, b"x"),
        Live(5, 200),
        Resized(5, 200, 80, 24),
        Snapshot(5, 201, 80, 24, b"x", "screen"),
        Snapshot(5, 200, 81, 24, b"x", "screen"),
    ],
)
def test_the_daemon_may_not_break_a_screen(attached: ServerConnection, message: DaemonMessage) -> None:
    attached.send(Snapshot(5, 200, 80, 24, b"x", "screen", True))
    with pytest.raises(AssertionError):
        attached.send(message)


def test_the_daemon_may_not_go_back(attached: ServerConnection) -> None:
    """The client may have acknowledged what lies behind, and that would be a violation then."""
    with pytest.raises(AssertionError):
        attached.send(Snapshot(5, 109, 80, 24, b"x", "screen"))


@pytest.mark.parametrize("message", [Visibility(5, True), Visibility(5, False), Appearance(5, dark=True)])
def test_what_the_client_looks_like(attached: ServerConnection, message: ClientMessage) -> None:
    assert attached.receive(encode(message)) == message


def test_detach_while_attaching(opened: ServerConnection) -> None:
    opened.receive(encode(make_attach(5)))
    assert opened.receive(encode(Detach(5))) == Detach(5)


def test_request_id_after_its_answer(opened: ServerConnection) -> None:
    opened.receive(encode(Request(7, "list")))
    opened.send(Reply(7, []))
    assert opened.receive(encode(Request(7, "list"))) == Request(7, "list")


def test_messages_right_behind_hello(fresh: ServerConnection) -> None:
    fresh.receive(encode(HELLO))
    assert fresh.receive(encode(Request(1, "list"))) == Request(1, "list")
    assert fresh.receive(encode(Ping(3))) == Ping(3)


@pytest.mark.parametrize("data", [b"\x91\x3f", encode(Pong(1))])
def test_unknown_code(opened: ServerConnection, data: bytes) -> None:
    assert opened.receive(data) is None


def test_channel_number_again_after_its_end(attached: ServerConnection) -> None:
    """The connection allows it; that a client should not, is for its own good."""
    attached.send(Detached(5, "detached", ""))
    assert attached.receive(encode(make_attach(5))) == make_attach(5)
