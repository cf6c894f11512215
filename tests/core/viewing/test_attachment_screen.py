"""A viewer of a session that has an engine: it begins with the screen, and is given it anew when it falls behind."""

from collections import deque

import pytest
from ptyd_protocol.errors import ErrorCode
from ptyd_protocol.limits import DEFAULT_SCROLLBACK_LINES, MAX_OUTPUT_BYTES, MIN_WINDOW_BYTES
from ptyd_protocol.messages import (
    Attach,
    Attached,
    ControlChanged,
    DaemonMessage,
    Detached,
    InputAck,
    Live,
    Output,
    Snapshot,
)

from ptyd.core.session import Session
from ptyd.core.viewing.attachment import RESYNC_SECONDS, Attachment
from ptyd.core.viewing.frames import BEGIN, END, MAX_FRAME_SECONDS
from ptyd.core.viewing.pace import FIRST_ALLOWED_BYTES
from tests.core.fake_engine import FakeScreen, screen_of
from tests.core.memory import SMALL_CAPACITY_BYTES
from tests.core.world import (
    CLIENT_ID,
    SESSION_ID,
    Client,
    attach,
    end_program,
    make_session,
    take_messages,
    write_output,
)


def kinds(messages: list[DaemonMessage]) -> list[type[DaemonMessage]]:
    return [type(message) for message in messages]


def make_watched() -> Session:
    return make_session(screen=FakeScreen())


def attach_live(session: Session, data: bytes = b"screen", now: float = 0.0) -> Attachment:
    """A viewer that has its screen and has consumed it."""
    viewer = attach(session)
    screen_of(session).give(session, data)
    take_messages(viewer, now)
    session.acknowledge(viewer, viewer.cursor)
    return viewer


def make_slow(session: Session) -> Attachment:
    """A viewer whose link was found to take 4 KiB a second."""
    viewer = attach_live(session)
    write_output(session, bytes(FIRST_ALLOWED_BYTES))
    take_messages(viewer, now=10.0)
    session.acknowledge(viewer, viewer.cursor)
    take_messages(viewer, now=14.0)
    assert viewer.allowed_bytes == MIN_WINDOW_BYTES
    return viewer


# --- the beginning


def test_it_begins_with_the_screen() -> None:
    session = make_watched()
    write_output(session, b"old")
    viewer = attach(session)
    assert take_messages(viewer) == []
    assert viewer.waits_until() is None
    write_output(session, b"newer")
    screen_of(session).give(session, b"the screen")
    write_output(session, b"after")
    attached, *rest = take_messages(viewer)
    assert isinstance(attached, Attached)
    assert (attached.mode, attached.offset, attached.answers) == ("snapshot", 8, True)
    assert rest == [Snapshot(1, 8, 80, 24, b"the screen", "screen", False), Live(1, 8), Output(1, 8, b"after")]


def test_history_or_a_place_needs_no_screen() -> None:
    session = make_watched()
    write_output(session, b"old")
    for more in ({"history": 100}, {"epoch": 7, "offset": 1}, {"lossless": True}):
        assert kinds(take_messages(attach(session, **more))) == [Attached, Output, Live]
    assert screen_of(session).asked == []


def test_an_offset_that_is_gone_gives_the_screen() -> None:
    session = make_watched()
    attach(session, epoch=8, offset=0, scrollback=50)
    assert [scrollback for scrollback, _ in screen_of(session).asked] == [50]


def test_what_comes_before_attached_is_in_it() -> None:
    session = make_watched()
    viewer = attach(session, client_id="client-0000000001")
    attach(session, 2, client_id="client-0000000002")
    session.take_control(session.attachments[1], 90, 30)
    viewer.acknowledge_input(4)
    assert take_messages(viewer) == []
    screen_of(session).give(session, b"")
    attached, *rest = take_messages(viewer)
    assert isinstance(attached, Attached)
    assert (attached.controller, attached.yours, attached.cols) == ("client-0000000002", False, 90)
    assert kinds(rest) == [Snapshot, Live]


def test_nothing_but_detached_comes_before_attached() -> None:
    session = make_watched()
    viewer = attach(session)
    viewer.acknowledge_input(1)
    viewer.tell_control()
    viewer.end(ErrorCode.DETACHED, "go")
    assert take_messages(viewer) == [Detached(1, "detached", "go")]
    screen_of(session).give(session, b"too late")
    assert take_messages(viewer) == []


def test_a_screen_for_who_has_left() -> None:
    session = make_watched()
    viewer = attach(session)
    session.leave(viewer)
    screen_of(session).give(session, b"too late")
    assert viewer.next_message(0.0) is None


def test_parts_follow_each_other_with_nothing_between() -> None:
    session = make_watched()
    viewer = attach(session)
    data = bytes(index % 251 for index in range(2 * MAX_OUTPUT_BYTES + 5))
    screen_of(session).give(session, data)
    assert isinstance(viewer.next_message(0.0), Attached)
    first = viewer.next_message(0.0)
    viewer.acknowledge_input(1)
    viewer.tell_control()
    write_output(session, b"more")
    second, third, *rest = take_messages(viewer)
    parts = [first, second, third]
    assert all(isinstance(part, Snapshot) for part in parts)
    assert b"".join(part.data for part in parts if isinstance(part, Snapshot)) == data
    assert [part.more for part in parts if isinstance(part, Snapshot)] == [True, True, False]
    assert kinds(rest) == [InputAck, ControlChanged, Live]  # and no credit for output


def test_the_end_waits_for_the_last_part() -> None:
    session = make_watched()
    viewer = attach(session)
    screen_of(session).give(session, bytes(MAX_OUTPUT_BYTES + 1))
    viewer.next_message(0.0)
    viewer.next_message(0.0)
    viewer.end(ErrorCode.DETACHED, "go")
    assert kinds(take_messages(viewer)) == [Snapshot, Detached]


def test_without_an_engine_any_more_the_log_has_to_do() -> None:
    session = make_watched()
    write_output(session, b"old")
    viewer = attach(session)
    screen_of(session).fail(session)
    attached, *rest = take_messages(viewer)
    assert isinstance(attached, Attached)
    assert (attached.mode, attached.answers) == ("exact", False)
    assert rest == [Output(1, 0, b"old"), Live(1, 3)]


def test_an_ended_session_shows_its_last_screen() -> None:
    session = make_watched()
    write_output(session, b"bye")
    end_program(session)
    viewer = attach(session)
    screen_of(session).give(session, b"bye")
    assert [kind.__name__ for kind in kinds(take_messages(viewer))] == ["Attached", "Snapshot", "Live", "Exited"]


# --- credit


def test_a_screen_costs_credit_until_it_is_consumed() -> None:
    session = make_watched()
    write_output(session, b"old")
    viewer = attach(session)
    screen_of(session).give(session, bytes(FIRST_ALLOWED_BYTES))
    write_output(session, b"new")
    assert kinds(take_messages(viewer)) == [Attached, Snapshot, Live]
    assert session.client_infos()[0].unacked == FIRST_ALLOWED_BYTES
    session.acknowledge(viewer, 2)  # of something before
    assert take_messages(viewer) == []
    session.acknowledge(viewer, 3)
    assert take_messages(viewer) == [Output(1, 3, b"new")]


def test_what_is_not_sent_yet_is_held() -> None:
    session = make_watched()
    viewer = attach(session)
    screen_of(session).give(session, bytes(1000))
    assert session.client_infos()[0].held == 1000
    take_messages(viewer)
    assert session.client_infos()[0].held == 0


def test_a_screen_says_nothing_about_a_link_before_it_is_acknowledged() -> None:
    session = make_watched()
    viewer = make_slow(session)
    allowed = viewer.allowed_bytes
    write_output(session, bytes(100_000))
    take_messages(viewer, now=20.0)
    screen_of(session).give(session, bytes(5000))
    take_messages(viewer, now=20.0)
    assert viewer.allowed_bytes == allowed


# --- falling behind


def test_an_overrun_viewer_is_given_the_screen() -> None:
    session = make_watched()
    viewer = attach_live(session)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    assert take_messages(viewer, now=1.0) == []
    write_output(session, b"last words")
    screen_of(session).give(session, b"the screen")
    assert take_messages(viewer, now=1.0) == [Snapshot(1, session.log.head, 80, 24, b"the screen", "screen", False)]
    assert viewer.resyncs == 1


def test_a_slow_viewer_is_given_the_screen_without_scrollback() -> None:
    session = make_watched()
    viewer = make_slow(session)
    write_output(session, bytes(100_000))
    assert not [message for message in take_messages(viewer, now=20.0) if isinstance(message, Output)]
    assert [scrollback for scrollback, _ in screen_of(session).asked] == [0]
    assert session.log.oldest == 0  # nothing was lost: it would only have seen the past


def test_a_viewer_that_has_not_consumed_its_screen_is_given_no_other() -> None:
    session = make_watched()
    viewer = attach_live(session)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    take_messages(viewer, now=1.0)
    screen_of(session).give(session, bytes(FIRST_ALLOWED_BYTES))
    take_messages(viewer, now=1.0)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    assert take_messages(viewer, now=9.0) == []
    assert viewer.waits_until() is None
    assert screen_of(session).asked == []
    session.acknowledge(viewer, viewer.cursor)
    take_messages(viewer, now=9.0)
    assert len(screen_of(session).asked) == 1


def test_screens_come_at_most_every_resync_seconds() -> None:
    session = make_watched()
    viewer = attach_live(session)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    take_messages(viewer, now=1.0)
    screen_of(session).give(session, b"one")
    take_messages(viewer, now=1.0)
    session.acknowledge(viewer, viewer.cursor)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    take_messages(viewer, now=1.1)
    assert screen_of(session).asked == []
    due = viewer.waits_until()
    assert due == pytest.approx(1.0 + RESYNC_SECONDS)
    take_messages(viewer, now=due)
    assert len(screen_of(session).asked) == 1


def test_lossless_is_never_given_a_screen() -> None:
    session = make_watched()
    program = attach(session, lossless=True)
    take_messages(program)
    session.log.drop_hold(program.key)
    write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    assert kinds(take_messages(program, now=1.0)) == [Detached]
    assert screen_of(session).asked == []


def test_the_engine_fails_while_the_screen_is_awaited() -> None:
    session = make_watched()
    viewer = attach_live(session)
    write_output(session, b"line\n" * SMALL_CAPACITY_BYTES)
    take_messages(viewer, now=1.0)
    screen_of(session).fail(session)
    snapshot, *rest = take_messages(viewer, now=1.0)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.kind, snapshot.data) == ("tail", b"")
    assert set(kinds(rest)) == {Output}


@pytest.mark.parametrize("rate", [3_000, 50_000, 10**9])
def test_at_rest_it_ends_on_the_exact_screen(rate: int) -> None:
    """The screen is here the whole output: what the client has got must be all of it, whatever way it came."""
    session = make_watched()
    viewer = attach_live(session, b"")
    screen, shown, written, now = screen_of(session), b"", b"", 1.0
    on_its_way: deque[tuple[int, int]] = deque()  # (bytes, what to acknowledge when the link has taken them)
    taken = 0.0
    for turn in range(400):
        now += 0.05
        if turn < 60:
            piece = b"%06d\n" % turn * 1500
            write_output(session, piece)
            written += piece
        if screen.asked:
            screen.give(session, written[-2000:])
        for message in take_messages(viewer, now):
            if isinstance(message, Snapshot):
                shown = message.data
                on_its_way.append((len(message.data), message.offset))
            elif isinstance(message, Output):
                shown += message.data
                on_its_way.append((len(message.data), message.offset + len(message.data)))
        taken = taken + rate * 0.05 if on_its_way else 0.0
        while on_its_way and on_its_way[0][0] <= taken:
            length, offset = on_its_way.popleft()
            taken -= length
            session.acknowledge(viewer, offset)
    assert viewer.cursor == session.log.head
    assert viewer.unacked_bytes == 0
    assert shown.endswith(written[-2000:])


# --- frames


def test_a_frame_is_kept_together() -> None:
    session = make_watched()
    viewer = attach_live(session)

    def note(data: bytes, now: float) -> None:
        offset = session.log.head
        write_output(session, data)
        session.note_output(1000.0, offset, now)

    note(b"before" + BEGIN + b"half", 1.0)
    assert take_messages(viewer, now=1.0) == [Output(1, 0, b"before")]
    assert viewer.waits_until() == 1.0 + MAX_FRAME_SECONDS
    note(b"whole" + END, 1.01)
    assert take_messages(viewer, now=1.01) == [Output(1, 6, BEGIN + b"halfwhole" + END)]
    note(BEGIN + b"slow", 2.0)
    assert take_messages(viewer, now=2.0) == []
    assert take_messages(viewer, now=2.0 + MAX_FRAME_SECONDS) == [Output(1, 31, BEGIN + b"slow")]


def test_an_ended_program_finishes_no_frame() -> None:
    session = make_watched()
    viewer = attach_live(session)
    write_output(session, BEGIN + b"half")
    session.note_output(1000.0, 0, 1.0)
    assert take_messages(viewer, now=1.0) == []
    end_program(session)
    assert [kind.__name__ for kind in kinds(take_messages(viewer, now=1.0))] == ["Output", "Exited"]


# --- the lines above the screen


def attach_from_afar(session: Session) -> Attachment:
    """A viewer on TCP, which asks for the default of lines above the screen."""
    outlet = Client()
    outlet.is_local = False
    return session.attach(Attach(1, SESSION_ID, "control", 80, 24), "test/1", CLIENT_ID, outlet)


def consume_screen(session: Session, viewer: Attachment, data: bytes, sent_at: float, seconds: float) -> int:
    """Give it ``data`` as its screen, which it consumes in ``seconds``; returns the lines it was asked for with."""
    lines, _ = screen_of(session).asked[0]
    screen_of(session).give(session, data)
    take_messages(viewer, now=sent_at)
    session.acknowledge(viewer, viewer.cursor)
    take_messages(viewer, now=sent_at + seconds)
    return lines


def test_on_the_same_machine_they_come_with_the_screen() -> None:
    session = make_watched()
    attach(session)
    assert [lines for lines, _ in screen_of(session).asked] == [DEFAULT_SCROLLBACK_LINES]


@pytest.mark.parametrize("data", [b"$ ", bytes(80 * 24)], ids=["short lines", "long lines"])
def test_from_afar_they_follow_when_the_link_has_shown_what_it_carries(data: bytes) -> None:
    session = make_watched()
    viewer = attach_from_afar(session)
    assert consume_screen(session, viewer, data, 10.0, 0.001) == 0
    assert consume_screen(session, viewer, 80 * data, 11.0, 0.01) == DEFAULT_SCROLLBACK_LINES
    assert screen_of(session).asked == []
    assert viewer.resyncs == 0


def test_over_a_slow_link_come_as_many_as_it_carries_in_a_second() -> None:
    session = make_watched()
    viewer = attach_from_afar(session)
    assert consume_screen(session, viewer, bytes(2400), 10.0, 0.25) == 0  # 9,600 bytes a second, 100 a line
    assert consume_screen(session, viewer, bytes(12_000), 11.0, 1.25) == 96
    assert screen_of(session).asked == []  # the link carries no more


def test_they_do_not_follow_while_there_is_output_to_send() -> None:
    session = make_watched()
    viewer = attach_from_afar(session)
    screen_of(session).give(session, b"screen")
    take_messages(viewer, now=10.0)
    write_output(session, bytes(100))
    take_messages(viewer, now=10.001)
    assert screen_of(session).asked == []
