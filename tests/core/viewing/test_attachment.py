"""One reader of a log: what it is due, in which order, for which credit. Time is passed in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.messages import (
    Attached,
    ControlChanged,
    DaemonMessage,
    Detached,
    Exited,
    InputAck,
    Live,
    Output,
    Resized,
    Snapshot,
)

from ptyd.core.log.replay_log import GUARD_BLOCK_BYTES
from ptyd.core.session import Session
from ptyd.core.viewing.attachment import COALESCE_BYTES, COALESCE_SECONDS, FLOOD_BYTES, VIEWER_TURN_SECONDS
from tests.core.memory import SMALL_CAPACITY_BYTES
from tests.core.world import attach, end_program, make_session, read_all, take_messages, terminal_of, write_output

WINDOW = 65_536


def kinds(messages: list[DaemonMessage]) -> list[type[DaemonMessage]]:
    return [type(message) for message in messages]


def outputs(messages: list[DaemonMessage]) -> bytes:
    return b"".join(message.data for message in messages if isinstance(message, Output))


def first_of(messages: list[DaemonMessage]) -> Attached:
    assert isinstance(messages[0], Attached)
    return messages[0]


def overrun(session: Session) -> None:
    """More output than the log keeps."""
    write_output(session, b"line\n" * (SMALL_CAPACITY_BYTES // 5 * 3))


# --- where it begins


def test_new_session() -> None:
    messages = take_messages(attach(make_session()))
    assert messages == [
        Attached(1, "1a2b3c4d", "build", 7, "exact", 0, 80, 24, "client-0123456789", True, 0),
        Live(1, 0),
    ]


def test_history_reaches_the_start() -> None:
    session = make_session()
    write_output(session, b"hello")
    messages = take_messages(attach(session))
    assert (first_of(messages).mode, first_of(messages).offset) == ("exact", 0)
    assert messages[1:] == [Output(1, 0, b"hello"), Live(1, 5)]


def test_some_history_from_a_safe_boundary() -> None:
    session = make_session()
    write_output(session, b"first line\nsecond line\nthird")
    messages = take_messages(attach(session, history=12))
    assert (first_of(messages).mode, first_of(messages).offset) == ("tail", 23)
    assert outputs(messages) == b"third"


def test_no_history() -> None:
    session = make_session()
    write_output(session, b"old")
    messages = take_messages(attach(session, history=0))
    assert (first_of(messages).mode, first_of(messages).offset) == ("tail", 3)
    assert messages[1:] == [Live(1, 3)]


def test_the_start_is_gone() -> None:
    session = make_session()
    overrun(session)
    attached = first_of(take_messages(attach(session, history=limits.MAX_SEQ)))
    assert attached.mode == "tail"
    assert session.log.oldest <= attached.offset <= session.log.oldest + 5
    assert attached.offset % 5 == 0  # behind a line feed


def test_a_safe_boundary_is_looked_for_across_the_wrap() -> None:
    session = make_session()
    write_output(session, b"x" * (SMALL_CAPACITY_BYTES - 2) + b"xxxx\nnext line")
    attached = first_of(take_messages(attach(session, history=16)))
    assert attached.offset == SMALL_CAPACITY_BYTES + 3


@pytest.mark.parametrize("offset", [0, 3, 5])
def test_exactly_what_is_missing(offset: int) -> None:
    session = make_session()
    write_output(session, b"hello")
    messages = take_messages(attach(session, epoch=7, offset=offset))
    assert (first_of(messages).mode, first_of(messages).offset) == ("exact", offset)
    assert outputs(messages) == b"hello"[offset:]
    assert messages[-1] == Live(1, 5)


@pytest.mark.parametrize("place", [{"epoch": 8, "offset": 2}, {"epoch": 7, "offset": 6}])
def test_an_offset_of_another_log_is_as_none(place: dict[str, int]) -> None:
    session = make_session()
    write_output(session, b"hello")
    assert first_of(take_messages(attach(session, **place))).offset == 0


def test_an_offset_that_is_gone() -> None:
    session = make_session()
    overrun(session)
    attached = first_of(take_messages(attach(session, epoch=7, offset=10, history=100)))
    assert attached.mode == "tail"
    assert session.log.head - 100 <= attached.offset <= session.log.head - 95


# --- order


def test_live_comes_where_the_old_ends() -> None:
    session = make_session()
    write_output(session, b"old")
    attachment = attach(session)
    write_output(session, b"new")
    messages = take_messages(attachment)[1:]
    assert messages == [Output(1, 0, b"old"), Live(1, 3), Output(1, 3, b"new")]


def test_resized_comes_at_its_byte() -> None:
    session = make_session()
    write_output(session, b"narrow")
    session.set_size(120, 40)
    write_output(session, b"wide")
    session.set_size(100, 30)
    messages = take_messages(attach(session, role="observe"))[1:]
    assert messages == [
        Output(1, 0, b"narrow"),
        Resized(1, 6, 120, 40),
        Output(1, 6, b"wide"),
        Resized(1, 10, 100, 30),
        Live(1, 10),
    ]


def test_attached_tells_the_size_at_its_offset() -> None:
    session = make_session()
    write_output(session, b"narrow\n")
    session.set_size(120, 40)
    write_output(session, b"wide")
    for offset, size in ((6, (80, 24)), (7, (120, 40)), (9, (120, 40))):
        messages = take_messages(attach(session, channel=offset, role="observe", epoch=7, offset=offset))
        assert (first_of(messages).cols, first_of(messages).rows) == size


def test_of_several_sizes_without_output_the_last_is_told() -> None:
    session = make_session()
    attachment = attach(session)
    take_messages(attachment)
    for cols in (90, 100, 110):
        session.set_size(cols, 24)
    assert take_messages(attachment) == [Resized(1, 0, 110, 24)]


def test_exited_comes_last() -> None:
    session = make_session()
    attachment = attach(session)
    write_output(session, b"bye")
    end_program(session, code=3)
    messages = take_messages(attachment)[1:]
    assert messages == [Live(1, 0), Output(1, 0, b"bye"), Exited(1, 3, 3, None)]
    assert attachment.closed
    assert session.exit_seen


def test_no_exited_before_the_terminal_is_empty() -> None:
    session = make_session()
    attachment = attach(session)
    end_program(session)
    session.drained = False
    assert kinds(take_messages(attachment)) == [Attached, Live]
    session.drained = True
    assert take_messages(attachment) == [Exited(1, 0, 0, None)]


def test_exited_waits_for_credit() -> None:
    session = make_session()
    attachment = attach(session, window=4096)
    write_output(session, bytes(5000))
    end_program(session)
    assert kinds(take_messages(attachment)) == [Attached, Live, Output]
    assert not session.exit_seen
    attachment.acknowledge(4096)
    assert kinds(take_messages(attachment)) == [Output, Exited]


def test_an_ended_session_is_replayed() -> None:
    session = make_session()
    write_output(session, b"said")
    end_program(session, code=None, signal=9)
    messages = take_messages(attach(session))[1:]
    assert messages == [Output(1, 0, b"said"), Live(1, 4), Exited(1, 4, None, 9)]


def test_the_end_of_a_channel_overtakes_output() -> None:
    session = make_session()
    attachment = attach(session)
    write_output(session, b"not to be seen")
    attachment.end(ErrorCode.DETACHED, "go")
    assert take_messages(attachment)[1:] == [Detached(1, "detached", "go")]
    assert attachment.closed


def test_a_channel_ends_once() -> None:
    session = make_session()
    attachment = attach(session)
    attachment.end(ErrorCode.HOLD_ENDED, "first")
    attachment.end(ErrorCode.SESSION_REMOVED, "second")
    assert take_messages(attachment)[1:] == [Detached(1, "hold_ended", "first")]


# --- credit


def test_window_is_never_passed() -> None:
    session = make_session()
    attachment = attach(session, window=4096)
    write_output(session, bytes(100_000))
    messages = take_messages(attachment)
    assert len(outputs(messages)) == 4096
    assert take_messages(attachment) == []
    attachment.acknowledge(1000)
    assert len(outputs(take_messages(attachment))) == 1000
    attachment.acknowledge(999)  # lower than before: nothing changes
    assert take_messages(attachment) == []


def test_one_output_is_bounded() -> None:
    session = make_session(log=None)
    attachment = attach(session, window=limits.MAX_WINDOW_BYTES, lossless=True)
    write_output(session, bytes(SMALL_CAPACITY_BYTES - GUARD_BLOCK_BYTES))
    sizes = [len(message.data) for message in take_messages(attachment) if isinstance(message, Output)]
    assert sum(sizes) == SMALL_CAPACITY_BYTES - GUARD_BLOCK_BYTES
    assert max(sizes) <= limits.MAX_OUTPUT_BYTES


def test_what_is_not_output_costs_nothing() -> None:
    session = make_session()
    attachment = attach(session, window=4096)
    write_output(session, bytes(5000))
    take_messages(attachment)
    attachment.acknowledge_input(1)
    attachment.tell_control()
    assert kinds(take_messages(attachment)) == [InputAck, ControlChanged]


def test_acknowledged_inputs_are_put_together() -> None:
    attachment = attach(make_session())
    take_messages(attachment)
    for seq in (1, 3, 2):
        attachment.acknowledge_input(seq)
    assert take_messages(attachment) == [InputAck(1, 3)]


# --- viewers that fall behind


def test_overrun_viewer_starts_anew() -> None:
    session = make_session()
    attachment = attach(session, window=WINDOW)
    take_messages(attachment)
    overrun(session)
    session.set_size(90, 20)
    messages = take_messages(attachment, now=1.0)
    snapshot = messages[0]
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.kind, snapshot.data, snapshot.cols, snapshot.rows) == ("tail", b"", 80, 24)
    assert session.log.head - WINDOW // 2 <= snapshot.offset <= session.log.head
    assert snapshot.offset % 5 == 0
    assert attachment.acked == snapshot.offset
    session.acknowledge(attachment, attachment.cursor)
    messages += read_all(session, attachment, now=1.0)
    assert outputs(messages) == session.log.read(snapshot.offset, WINDOW)
    assert messages[-1] == Resized(1, session.log.head, 90, 20)


def test_overrun_by_the_least() -> None:
    """One block of the ring has gone: the cursor is just behind the oldest byte."""
    session = make_session()
    attachment = attach(session, window=WINDOW)
    take_messages(attachment)
    while session.log.oldest == 0:
        write_output(session, b"line\n")
    assert kinds(take_messages(attachment))[0] is Snapshot


def test_overrun_viewer_that_reads_nothing_is_not_waited_for() -> None:
    """It is sent nothing more until it has taken what it was sent."""
    session = make_session()
    attachment = attach(session, window=WINDOW)
    write_output(session, bytes(WINDOW))
    take_messages(attachment)
    overrun(session)
    assert take_messages(attachment) == []
    attachment.acknowledge(WINDOW // 2)
    assert kinds(take_messages(attachment))[0] is Snapshot


def test_acks_from_before_a_snapshot_are_ignored() -> None:
    session = make_session()
    attachment = attach(session, window=WINDOW)
    take_messages(attachment)
    overrun(session)
    take_messages(attachment)
    acked = attachment.acked
    attachment.acknowledge(10)
    assert attachment.acked == acked


def test_overrun_while_replaying() -> None:
    """Live still comes, once."""
    session = make_session()
    write_output(session, bytes(WINDOW * 2))
    attachment = attach(session, window=WINDOW)
    first = take_messages(attachment)
    assert Live not in kinds(first)
    overrun(session)
    attachment.acknowledge(WINDOW)
    messages = take_messages(attachment, now=1.0)
    assert kinds(messages)[:2] == [Snapshot, Live]
    assert kinds(messages).count(Live) == 1


def test_lossless_is_never_given_a_snapshot() -> None:
    """Its hold keeps the log; where that has ended, so has the channel."""
    session = make_session()
    attachment = attach(session, lossless=True)
    take_messages(attachment)
    session.log.drop_hold(attachment.key)
    overrun(session)
    messages = take_messages(attachment)
    assert isinstance(messages[0], Detached)
    assert messages[0].code == "output_lost"


# --- coalescing


def test_an_echo_never_waits() -> None:
    session = make_session()
    attachment = attach(session)
    take_messages(attachment, now=10.0)
    for number in range(50):
        write_output(session, b"k")
        assert take_messages(attachment, now=10.0 + number * 0.001) == [Output(1, number, b"k")]


def test_a_flood_waits_for_company() -> None:
    session = make_session()
    attachment = attach(session)
    write_output(session, bytes(FLOOD_BYTES + 1))
    read_all(session, attachment, now=10.0)
    write_output(session, b"more")
    assert take_messages(attachment, now=10.0) == []
    due = attachment.waits_until()
    assert due == pytest.approx(10.0 + COALESCE_SECONDS)
    assert outputs(take_messages(attachment, now=due)) == b"more"


def test_much_does_not_wait() -> None:
    session = make_session()
    attachment = attach(session, lossless=True)
    write_output(session, bytes(FLOOD_BYTES + 1))
    take_messages(attachment, now=10.0)
    write_output(session, bytes(COALESCE_BYTES))
    assert len(outputs(take_messages(attachment, now=10.0))) == COALESCE_BYTES


def test_viewers_of_a_flood_take_turns() -> None:
    session = make_session()
    viewers = [attach(session, channel) for channel in range(1, 5)]
    program = attach(session, 5, lossless=True)
    for one in [*viewers, program]:
        take_messages(one)
    write_output(session, bytes(FLOOD_BYTES + 1))
    for one in [*viewers, program]:
        assert outputs(read_all(session, one, now=10.0))
    write_output(session, bytes(COALESCE_BYTES))
    assert outputs(take_messages(program, now=10.0))
    turn_at = 10.0 + 5 * VIEWER_TURN_SECONDS
    for viewer in viewers:
        assert not outputs(take_messages(viewer, now=turn_at - 0.001))
        assert viewer.waits_until() == pytest.approx(turn_at)
        assert outputs(take_messages(viewer, now=turn_at))


def test_a_viewer_overrun_between_its_turns_waits_for_the_next() -> None:
    session = make_session()
    viewer = attach(session, 1)
    attach(session, 2)
    take_messages(viewer)
    write_output(session, bytes(FLOOD_BYTES + 1))
    read_all(session, viewer, now=10.0)
    write_output(session, b"line\n" * SMALL_CAPACITY_BYTES)
    assert take_messages(viewer, now=10.0) == []
    turn_at = viewer.waits_until()
    assert turn_at is not None
    again = take_messages(viewer, now=turn_at)
    assert isinstance(again[0], Snapshot)
    assert outputs(again)


def test_the_last_words_do_not_wait() -> None:
    session = make_session()
    attachment = attach(session)
    write_output(session, bytes(FLOOD_BYTES + 1))
    read_all(session, attachment, now=10.0)
    write_output(session, b"end")
    end_program(session)
    assert kinds(take_messages(attachment, now=10.0)) == [Output, Exited]


def test_nothing_to_wait_for() -> None:
    session = make_session()
    attachment = attach(session, window=4096)
    take_messages(attachment)
    assert attachment.waits_until() is None  # all sent
    write_output(session, bytes(5000))
    take_messages(attachment)
    assert attachment.waits_until() is None  # no credit: only an Ack helps


# --- any order of things


class Viewer:
    """Holds the daemon to PROTOCOL.md's sections 5 and 6, as a client sees them."""

    def __init__(self, window: int, lossless: bool) -> None:
        self.window = window
        self.lossless = lossless
        self.sent = self.acked = 0
        self.screen = bytearray()
        self.size = (0, 0)
        self.lives = self.snapshots = 0
        self.ended: DaemonMessage | None = None

    def take(self, message: DaemonMessage) -> None:
        assert self.ended is None
        match message:
            case Attached(offset=offset, cols=cols, rows=rows):
                self.sent = self.acked = self.begin = offset
                self.size = (cols, rows)
            case Output(offset=offset, data=data):
                assert offset == self.sent
                assert 0 < len(data) <= limits.MAX_OUTPUT_BYTES
                self.sent += len(data)
                self.screen += data
                assert self.sent - self.acked <= self.window
            case Resized(offset=offset, cols=cols, rows=rows):
                assert offset == self.sent
                self.size = (cols, rows)
            case Live(offset=offset):
                assert offset == self.sent
                self.lives += 1
            case Snapshot(offset=offset, cols=cols, rows=rows):
                assert not self.lossless
                self.sent = self.acked = self.begin = offset
                self.screen.clear()
                self.size = (cols, rows)
                self.snapshots += 1
            case Exited(offset=offset):
                assert offset == self.sent
                assert self.lives == 1
                self.ended = message
            case ControlChanged():
                pass
            case _:
                raise AssertionError(message)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 60_000)),
        st.tuples(st.just("resize"), st.integers(2, 200)),
        st.tuples(st.just("ack"), st.floats(0, 1)),
        st.tuples(st.just("read"), st.integers(1, 5)),
    ),
    max_size=60,
)


@given(steps=steps, window=st.sampled_from([4096, 50_000, 1_000_000]), lossless=st.booleans(), history=st.booleans())
@settings(max_examples=120, deadline=None)
def test_any_order(steps: list[tuple[str, Any]], window: int, lossless: bool, history: bool) -> None:
    session = make_session()
    write_output(session, bytes(range(256)) * 100)
    attachment = attach(session, window=window, lossless=lossless, history=10**6 if history else 100)
    viewer = Viewer(window, lossless)
    now = 0.0
    for step, value in steps:
        now += 0.001
        if step == "write":
            write_some(session, value)
        elif step == "resize":
            session.set_size(value, 24)
        elif step == "ack":
            viewer.acked = max(viewer.acked, viewer.acked + int((viewer.sent - viewer.acked) * value))
            session.acknowledge(attachment, viewer.acked)
        else:
            for _ in range(value):
                if (message := attachment.next_message(now)) is None:
                    break
                viewer.take(message)
    end_program(session)
    while viewer.ended is None:
        now += 1.0
        message = attachment.next_message(now)
        if message is not None:
            viewer.take(message)
        else:
            assert viewer.acked < viewer.sent, "it waits for nothing"
            viewer.acked = viewer.sent
            session.acknowledge(attachment, viewer.acked)
    assert viewer.sent == session.log.head
    assert viewer.size == (session.cols, session.rows)
    newest = session.log.read(max(session.log.oldest, viewer.begin), SMALL_CAPACITY_BYTES)
    assert bytes(viewer.screen).endswith(newest)
    assert len(viewer.screen) == viewer.sent - viewer.begin


def write_some(session: Session, length: int) -> None:
    """As much as the log has room for: a hold makes the program wait."""
    log = session.log
    while length > 0 and (room := log.room):
        piece = min(length, room)
        views = log.reserve(piece)
        begin = log.head
        position = 0
        for view in views:
            view[:] = bytes((begin + position + index) % 251 for index in range(len(view)))
            position += len(view)
        log.commit(piece)
        length -= piece


def test_resume_after_a_break_is_seamless() -> None:
    """Cut anywhere, come back with the offset: together every byte once."""
    session = make_session()
    data = bytes(range(251)) * 1000
    got = bytearray()
    position = 0
    for channel in range(1, 40):
        write_output(session, data[position : position + 5000])
        position += 5000
        attachment = attach(session, channel=channel, epoch=7, offset=len(got), window=4096, role="observe")
        messages = take_messages(attachment)
        assert first_of(messages).mode == "exact"
        got += outputs(messages)
        session.leave(attachment)
    assert bytes(got) == data[: len(got)]
    assert len(got) == 39 * 4096
    assert terminal_of(session).sizes == []
