"""The client's state machine, message by message."""

import pytest
from ptyd_protocol import limits
from ptyd_protocol.backoff import Backoff, may_come_back, may_come_back_at_once
from ptyd_protocol.client_channel import ChannelState, ClientChannel
from ptyd_protocol.client_connection import IDEMPOTENT_METHODS, ClientConnection, ClientState
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_client_message, encode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    Attached,
    ClientMessage,
    ControlChanged,
    DaemonMessage,
    Detach,
    Detached,
    Event,
    Exited,
    Failure,
    Hello,
    Input,
    InputAck,
    Live,
    Output,
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
from ptyd_protocol.methods import METHODS

CLIENT_ID = "client-0123456789"
WELCOME = Welcome(1, "ptyd/0", "owner", {}, 15)


class Peer:
    """A client under test and what it said."""

    def __init__(self) -> None:
        self.client = ClientConnection("test/1", CLIENT_ID)

    def sent(self) -> list[ClientMessage]:
        messages = [decode_client_message(data) for data in self.client.data_to_send()]
        return [message for message in messages if message is not None]

    def hear(self, *messages: DaemonMessage) -> list[DaemonMessage | None]:
        return [self.client.receive(encode(message)) for message in messages]

    def open(self) -> list[ClientMessage]:
        """A new connection up to Welcome; what the client then says."""
        self.client.begin()
        assert self.sent() == [Hello([1], "test/1", CLIENT_ID)]
        self.hear(WELCOME)
        return self.sent()

    def attach(self, window: int = limits.DEFAULT_WINDOW_BYTES, lossless: bool = True) -> ClientChannel:
        """An open channel at byte 100 of epoch 3."""
        channel = self.client.open_channel(
            Attach(99, "build", "control", 80, 24, window=window, lossless=lossless, history=0)
        )
        self.sent()
        self.hear(attached(channel, 100))
        return channel


def attached(channel: ClientChannel, offset: int, input_seq: int = 0, epoch: int = 3) -> Attached:
    return Attached(channel.number, "1a2b3c4d", "build", epoch, "exact", offset, 80, 24, None, False, input_seq)


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    peer.open()
    return peer


# --- the connection -------------------------------------------------------------------------------------


def test_hello_comes_first_and_the_rest_behind_welcome() -> None:
    peer = Peer()
    peer.client.send_request("list", {})
    peer.client.open_channel(Attach(1, "", "observe", 80, 24))
    peer.client.begin()
    assert peer.sent() == [Hello([1], "test/1", CLIENT_ID)]
    assert peer.client.state is ClientState.AWAIT_WELCOME
    assert peer.hear(WELCOME) == [WELCOME]
    assert [type(message) for message in peer.sent()] == [Request, Attach]
    assert peer.client.state is ClientState.OPEN


@pytest.mark.parametrize("first", [Reply(1), Output(1, 0, b"x"), Event(1, "created", "s", {})])
def test_anything_before_welcome_is_a_violation(first: DaemonMessage) -> None:
    peer = Peer()
    peer.client.send_request("list", {})
    peer.client.open_channel(Attach(1, "", "observe", 80, 24))
    peer.client.begin()
    with pytest.raises(ProtocolError) as caught:
        peer.hear(first)
    assert caught.value.close_code is CloseCode.BAD_MESSAGE


def test_a_version_that_was_not_offered_is_refused() -> None:
    peer = Peer()
    peer.client.begin()
    with pytest.raises(ProtocolError) as caught:
        peer.hear(Welcome(2, "ptyd/9", "owner", {}, 15))
    assert caught.value.close_code is CloseCode.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    "message", [WELCOME, Reply(7), Failure(7, "internal", ""), Output(7, 0, b"x"), Live(7, 0), InputAck(7, 1)]
)
def test_what_nobody_asked_for_is_a_violation(peer: Peer, message: DaemonMessage) -> None:
    with pytest.raises(ProtocolError):
        peer.hear(message)


def test_unknown_codes_and_pongs_are_ignored(peer: Peer) -> None:
    assert peer.client.receive(b"\x92\x63\x01") is None
    assert peer.hear(Pong(1)) == [None]


# --- requests -------------------------------------------------------------------------------------------


def test_each_request_is_answered_once(peer: Peer) -> None:
    first = peer.client.send_request("list", {})
    second = peer.client.send_request("get", {"session": "x"})
    assert peer.sent() == [Request(first, "list"), Request(second, "get", {"session": "x"})]
    failure = Failure(second, "no_such_session", "no")
    assert peer.hear(failure, Reply(first, [])) == [failure, Reply(first, [])]
    with pytest.raises(ProtocolError):
        peer.hear(Reply(first, []))


def test_a_break_fails_what_may_not_be_asked_twice(peer: Peer) -> None:
    ids = {method: peer.client.send_request(method, {}) for method in METHODS}
    peer.sent()
    loss = peer.client.interrupt()
    assert loss.requests == [ids[method] for method in METHODS if method not in IDEMPOTENT_METHODS]
    assert [message.id for message in peer.open() if isinstance(message, Request)] == [
        ids[method] for method in METHODS if method in IDEMPOTENT_METHODS
    ]


def test_a_request_that_was_never_sent_survives_breaks() -> None:
    peer = Peer()
    request_id = peer.client.send_request("create", {})
    assert peer.client.interrupt().requests == []
    assert peer.open() == [Request(request_id, "create")]
    assert peer.client.interrupt().requests == [request_id]


def test_an_abandoned_request_is_forgotten(peer: Peer) -> None:
    request_id = peer.client.send_request("wait", {})
    peer.client.abandon_request(request_id)
    assert peer.hear(Reply(request_id, {})) == [None]
    lost = peer.client.send_request("wait", {})
    peer.client.abandon_request(lost)
    assert peer.client.interrupt().requests == []
    assert peer.open() == []


# --- output ---------------------------------------------------------------------------------------------


def test_channels_are_numbered_by_the_connection(peer: Peer) -> None:
    first = peer.attach()
    second = peer.attach()
    first.detach()
    peer.hear(Detached(first.number, "detached", ""))
    assert [first.number, second.number, peer.attach().number] == [1, 2, 3]


def test_output_is_handed_on_without_overlap(peer: Peer) -> None:
    channel = peer.attach()
    assert peer.hear(Output(1, 100, b"abcd"), Output(1, 102, b"cdef"), Output(1, 100, b"abc")) == [
        Output(1, 100, b"abcd"),
        Output(1, 104, b"ef"),
        None,
    ]
    assert channel.received == 106


def test_a_gap_in_the_output_is_a_violation(peer: Peer) -> None:
    peer.attach()
    with pytest.raises(ProtocolError, match="101 came where 100 was due"):
        peer.hear(Output(1, 101, b"x"))


def test_a_snapshot_moves_a_viewer_and_violates_lossless(peer: Peer) -> None:
    viewer = peer.attach(lossless=False)
    peer.hear(Output(1, 100, b"abcd"), Snapshot(1, 5000, 80, 24, b""), Output(1, 5000, b"x"))
    assert viewer.received == 5001
    peer.attach(lossless=True)
    with pytest.raises(ProtocolError):
        peer.hear(Snapshot(2, 5000, 80, 24, b""))


def screen(offset: int, data: bytes, more: bool = False, cols: int = 80) -> Snapshot:
    return Snapshot(1, offset, cols, 24, data, "screen", more)


def attach_to_screen(peer: Peer, offset: int = 100) -> ClientChannel:
    """A viewer behind Attached, which promised a Snapshot."""
    channel = peer.client.open_channel(Attach(99, "build", "control", 80, 24))
    peer.sent()
    peer.hear(Attached(1, "1a2b3c4d", "build", 3, "snapshot", offset, 80, 24, None, False, 0, True, True))
    return channel


def test_a_screen_in_parts_is_handed_on_whole(peer: Peer) -> None:
    channel = attach_to_screen(peer)
    channel.write(b"k")
    told = peer.hear(screen(100, b"a", True), InputAck(1, 1), screen(100, b"b", True), screen(100, b"c"), Live(1, 100))
    assert told == [None, InputAck(1, 1), None, screen(100, b"abc"), Live(1, 100)]
    assert (channel.received, channel.pending_snapshot) == (100, 100)
    assert (channel.answers, channel.is_locked) == (True, True)
    peer.hear(ControlChanged(1, None, False))
    assert not channel.is_locked


def test_a_screen_is_acknowledged_once_and_always(peer: Peer) -> None:
    channel = attach_to_screen(peer)
    for _ in range(2):
        peer.hear(screen(100, b"a", True), screen(100, b"b"))
        channel.consume(100)  # of the output before, which says nothing of the screen
        assert peer.sent() == []
        channel.consume_snapshot()
        channel.consume_snapshot()
        assert peer.sent() == [Ack(1, 100)]


def test_output_behind_a_screen_acknowledges_both(peer: Peer) -> None:
    channel = attach_to_screen(peer)
    peer.hear(screen(100, b"a"), Output(1, 100, b"x"))
    channel.consume(101)
    assert peer.sent() == [Ack(1, 100), Ack(1, 101)]


def test_what_was_consumed_before_a_jump_means_nothing_behind_it(peer: Peer) -> None:
    channel = peer.attach(lossless=False)
    before = channel.generation
    peer.hear(Output(1, 100, bytes(1000)), screen(5000, b"a"))
    first = channel.generation
    peer.hear(screen(6000, b"b"), Output(1, 6000, b"x"))
    channel.consume(1100, before)
    channel.consume_snapshot(first)
    channel.consume(5000, first)
    assert peer.sent() == []
    channel.consume_snapshot(channel.generation)
    channel.consume(6001, channel.generation)
    assert peer.sent() == [Ack(1, 6000), Ack(1, 6001)]


@pytest.mark.parametrize(
    "message",
    [
        screen(101, b"b"),
        screen(100, b"b", cols=81),
        Snapshot(1, 100, 80, 24, b"", "tail"),
        Output(1, 100, b"x"),
        Resized(1, 100, 90, 24),
        Live(1, 100),
        Exited(1, 100, 0),
    ],
)
def test_nothing_else_comes_between_the_parts_of_a_screen(peer: Peer, message: DaemonMessage) -> None:
    attach_to_screen(peer)
    peer.hear(screen(100, b"a", True))
    with pytest.raises(ProtocolError, match="Snapshot"):
        peer.hear(message)


@pytest.mark.parametrize("message", [Output(1, 100, b"x"), Resized(1, 100, 90, 24), Live(1, 100), Exited(1, 100, 0)])
def test_a_promised_screen_comes_first(peer: Peer, message: DaemonMessage) -> None:
    attach_to_screen(peer)
    with pytest.raises(ProtocolError, match="where a Snapshot was due"):
        peer.hear(message)


def test_a_screen_is_no_lossless_answer(peer: Peer) -> None:
    peer.client.open_channel(Attach(1, "", "control", 80, 24, lossless=True))
    with pytest.raises(ProtocolError):
        peer.hear(Attached(1, "1a2b3c4d", "build", 3, "snapshot", 100, 80, 24, None, False, 0))


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_a_screen_that_came_in_part_is_asked_for_anew(peer: Peer, parts: int) -> None:
    channel = attach_to_screen(peer)
    peer.hear(*[screen(100, b"a", True)] * parts)
    peer.client.interrupt()
    (again,) = peer.open()
    assert isinstance(again, Attach) and (again.epoch, again.offset) == (None, None)
    # The next daemon may have no engine, and begin far before.
    assert peer.hear(attached(channel, 20), Output(1, 20, b"x")) == [attached(channel, 20), Output(1, 20, b"x")]
    channel.consume(21)
    assert peer.sent() == [Ack(1, 21)]


def test_a_resync_that_came_in_part_is_asked_for_anew(peer: Peer) -> None:
    peer.attach(lossless=False)
    peer.hear(Output(1, 100, b"abc"), screen(5000, b"a", True))
    peer.client.interrupt()
    (again,) = peer.open()
    assert isinstance(again, Attach) and (again.epoch, again.offset) == (None, None)


def test_a_screen_that_came_whole_is_gone_on_from_and_owed_no_more(peer: Peer) -> None:
    channel = attach_to_screen(peer)
    peer.hear(screen(100, b"a"))
    peer.client.interrupt()
    (again,) = peer.open()
    assert isinstance(again, Attach) and (again.epoch, again.offset) == (3, 100)
    peer.hear(attached(channel, 100))
    channel.consume_snapshot()
    assert peer.sent() == []


def test_acknowledges_each_quarter_of_the_window_and_the_last_byte(peer: Peer) -> None:
    channel = peer.attach(window=4096)
    peer.hear(Output(1, 100, bytes(2000)))
    channel.consume(100 + 1023)
    assert peer.sent() == []
    channel.consume(100 + 1024)
    assert peer.sent() == [Ack(1, 1124)]
    channel.consume(1500)
    assert peer.sent() == []
    channel.consume(2100)
    assert peer.sent() == [Ack(1, 2100)]
    channel.consume(2100)
    assert peer.sent() == []


def test_a_channel_goes_on_behind_the_last_byte_received(peer: Peer) -> None:
    channel = peer.attach(window=8192)
    peer.hear(Output(1, 100, bytes(1000)))
    peer.client.interrupt()
    channel.consume(600)
    assert peer.open() == [
        Attach(1, "1a2b3c4d", "control", 80, 24, epoch=3, offset=1100, window=8192, lossless=True, history=0)
    ]
    peer.hear(attached(channel, 1100))
    channel.consume(1100)
    assert peer.sent() == []  # the daemon counts everything before Attached as acknowledged


def test_memory_stays_bounded_over_breaks_while_nobody_consumes(peer: Peer) -> None:
    channel = peer.attach(window=8192)
    windows = []
    for _ in range(4):
        assert channel.received is not None
        received = channel.received
        peer.hear(Output(1, received, bytes(windows[-1] if windows else 8192)))
        peer.client.interrupt()
        (again,) = peer.open()
        assert isinstance(again, Attach)
        windows.append(again.window)
        peer.hear(attached(channel, channel.received))
    assert windows == [8192, 4096, 4096, 4096]


def test_another_place_than_asked_for_counts_from_there(peer: Peer) -> None:
    channel = peer.attach(lossless=False)
    peer.client.interrupt()
    peer.open()
    peer.hear(attached(channel, 7000, epoch=4), Output(1, 7000, b"x"))
    assert (channel.epoch, channel.received) == (4, 7001)
    channel.consume(7001)
    assert peer.sent() == [Ack(1, 7001)]


def test_the_end_closes_the_channel_and_late_messages_are_ignored(peer: Peer) -> None:
    channel = peer.attach()
    assert peer.hear(Exited(1, 100, 0)) == [Exited(1, 100, 0)]
    assert channel.is_closed and not peer.client.has_channel(1)
    assert peer.hear(Output(1, 100, b"late"), InputAck(1, 9)) == [None, None]
    channel.consume(100)
    channel.resize(90, 30)
    channel.detach()
    assert peer.sent() == []


def test_nothing_comes_before_attached(peer: Peer) -> None:
    peer.client.open_channel(Attach(1, "", "control", 80, 24))
    with pytest.raises(ProtocolError, match="Live while attaching"):
        peer.hear(Live(1, 0))


def test_no_more_channels_than_the_daemon_takes() -> None:
    peer = Peer()
    peer.client.begin()
    peer.hear(Welcome(1, "ptyd", "owner", {"max_channels": 2}, 15))
    peer.attach()
    second = peer.attach()
    with pytest.raises(Refusal) as caught:
        peer.attach()
    assert caught.value.code is ErrorCode.TOO_MANY_CLIENTS
    peer.hear(Detached(second.number, "session_removed", ""))
    peer.attach()


# --- input ----------------------------------------------------------------------------------------------


def test_input_is_numbered_and_cut_to_what_the_wire_takes(peer: Peer) -> None:
    channel = peer.attach()
    data = bytes(range(256)) * 160
    assert channel.write(data) == len(data)
    pieces = [message for message in peer.sent() if isinstance(message, Input)]
    assert [piece.seq for piece in pieces] == [1, 2, 3]
    assert b"".join(piece.data for piece in pieces) == data
    assert max(len(piece.data) for piece in pieces) == limits.MAX_INPUT_BYTES


def test_no_more_input_than_may_be_unacknowledged(peer: Peer) -> None:
    channel = peer.attach()
    assert channel.write(bytes(limits.MAX_UNACKED_INPUT_BYTES + 5)) == limits.MAX_UNACKED_INPUT_BYTES
    assert channel.write(b"x") == 0
    peer.hear(InputAck(1, 2))
    assert channel.write(bytes(limits.MAX_UNACKED_INPUT_BYTES)) == 2 * limits.MAX_INPUT_BYTES


def test_only_what_the_daemon_has_not_taken_is_sent_again(peer: Peer) -> None:
    channel = peer.attach()
    for key in b"abcd":
        channel.write(bytes([key]))
    peer.hear(InputAck(1, 1))
    peer.client.interrupt()
    channel.write(b"e")
    assert [type(message) for message in peer.open()] == [Attach]
    peer.hear(attached(channel, 100, input_seq=3))
    assert peer.sent() == [Input(1, 4, b"d"), Input(1, 5, b"e")]
    peer.hear(InputAck(1, 5))
    assert channel.input.is_empty


def test_an_acknowledgement_of_what_was_never_sent_is_a_violation(peer: Peer) -> None:
    channel = peer.attach()
    channel.write(b"a")
    with pytest.raises(ProtocolError):
        peer.hear(InputAck(1, 2))


def test_numbers_go_on_where_an_earlier_life_of_the_client_ended() -> None:
    peer = Peer()
    peer.open()
    channel = peer.client.open_channel(Attach(1, "", "control", 80, 24))
    channel.write(b"early")
    peer.sent()
    peer.hear(attached(channel, 0, input_seq=41))
    channel.write(b"later")
    assert peer.sent() == [Input(1, 42, b"early"), Input(1, 43, b"later")]


def test_a_daemon_that_has_forgotten_starts_anew_where_nothing_is_in_doubt(peer: Peer) -> None:
    channel = peer.attach()
    channel.write(b"a")
    peer.hear(InputAck(1, 1))
    peer.client.interrupt()
    peer.open()
    peer.hear(attached(channel, 100, input_seq=0))
    channel.write(b"b")
    assert peer.sent() == [Input(1, 1, b"b")]


def test_input_in_doubt_is_never_typed_twice(peer: Peer) -> None:
    channel = peer.attach()
    channel.write(b"a")
    peer.hear(InputAck(1, 1))
    channel.write(b"rm -r x\r")
    peer.client.interrupt()
    peer.open()
    (told,) = peer.hear(attached(channel, 100, input_seq=0))
    assert isinstance(told, Detached) and told.code == ErrorCode.INTERNAL
    assert peer.sent() == [Detach(1)]


# --- size, control, leaving -----------------------------------------------------------------------------


def test_a_size_told_too_early_is_told_behind_attached(peer: Peer) -> None:
    channel = peer.client.open_channel(Attach(1, "", "control", 80, 24))
    peer.sent()
    channel.resize(100, 30)
    channel.take_control()
    assert peer.sent() == []
    peer.hear(attached(channel, 0))
    assert peer.sent() == [Resize(1, 100, 30), TakeControl(1, 100, 30)]
    peer.client.interrupt()
    channel.resize(120, 40)
    (again,) = peer.open()
    assert isinstance(again, Attach) and (again.cols, again.rows) == (120, 40)
    peer.hear(attached(channel, 0))
    assert peer.sent() == []


def test_visibility_appearance_and_depth_are_told_again(peer: Peer) -> None:
    channel = peer.client.open_channel(Attach(1, "", "control", 80, 24, scrollback=7))
    (first,) = peer.sent()
    assert isinstance(first, Attach) and (first.scrollback, first.hidden) == (7, False)
    appearance = Appearance(1, background=0x102030, palette=[1, 2], dark=True)
    channel.set_hidden(True)
    channel.set_appearance(Appearance(77, background=0x102030, palette=[1, 2], dark=True))
    channel.set_scrollback(10_000)
    assert peer.sent() == []
    peer.hear(attached(channel, 0))
    assert peer.sent() == [appearance, Visibility(1, True)]
    channel.set_hidden(True)
    channel.set_hidden(False)
    assert peer.sent() == [Visibility(1, False)]
    peer.client.interrupt()
    channel.set_hidden(True)
    (again,) = peer.open()
    assert isinstance(again, Attach) and (again.scrollback, again.hidden) == (10_000, True)
    peer.hear(attached(channel, 0))
    assert peer.sent() == [appearance]


def test_knows_whether_it_is_in_control(peer: Peer) -> None:
    channel = peer.attach()
    assert not channel.has_control
    peer.hear(ControlChanged(1, CLIENT_ID, True))
    assert channel.has_control
    peer.hear(ControlChanged(1, "other", False))
    assert not channel.has_control


def test_leaving_while_connected_waits_for_detached(peer: Peer) -> None:
    channel = peer.attach()
    channel.detach()
    channel.detach()
    assert peer.sent() == [Detach(1)]
    assert peer.hear(Output(1, 100, b"crossed"), Detached(1, "detached", "")) == [None, Detached(1, "detached", "")]
    assert channel.is_closed


def test_leaving_while_disconnected_is_done_at_once(peer: Peer) -> None:
    channel = peer.attach()
    other = peer.attach()
    peer.client.interrupt()
    channel.detach()
    assert channel.is_closed
    assert [message.channel for message in peer.open() if isinstance(message, Attach)] == [other.number]


def test_a_break_while_leaving_ends_the_channel(peer: Peer) -> None:
    channel = peer.attach()
    channel.detach()
    assert peer.client.interrupt().channels == [1]
    assert channel.state is ChannelState.CLOSED
    assert peer.open() == []


# --- coming back ----------------------------------------------------------------------------------------


def test_delays_double_up_to_the_maximum_with_jitter() -> None:
    backoff = Backoff()
    assert [backoff.next_delay(0) for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert Backoff().next_delay(0.5) == 0.25 * 1.25


def test_which_close_codes_may_be_followed_by_another_attempt() -> None:
    coming_back = {code for code in range(1000, 5000) if may_come_back(code)}
    assert coming_back == {1001, 1005, 1006, 1011, 1012, 1013}
    assert may_come_back_at_once(1012) and not may_come_back_at_once(1006)
