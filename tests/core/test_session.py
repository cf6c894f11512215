"""Who is attached, who sizes the terminal, whose keys are taken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Appearance, Attached, ControlChanged, Detached, InputAck, Resized

from ptyd.core.log.log_layout import HOLD_SLOTS
from ptyd.core.screen.output_signals import OutputSignal
from ptyd.core.session import Session
from ptyd.core.viewing.attachment import Attachment
from tests.core.fake_engine import FakeScreen, screen_of
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log
from tests.core.world import (
    Client,
    MemoryLog,
    attach,
    end_program,
    make_session,
    take_messages,
    terminal_of,
    write_output,
)

ALICE, BOB, CAROL = "alice-0123456789", "bob-0123456789ab", "carol-0123456789"


def control_told(attachment: Attachment) -> list[tuple[str | None, bool]]:
    messages = take_messages(attachment)
    return [(message.controller, message.yours) for message in messages if isinstance(message, ControlChanged)]


# --- control


def test_first_to_come_controls() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, cols=100, rows=30)
    assert session.controller is alice
    assert terminal_of(session).sizes == [(100, 30)]
    attached = take_messages(alice)[0]
    assert isinstance(attached, Attached)
    assert (attached.controller, attached.yours) == (ALICE, True)


def test_an_observer_does_not() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, role="observe", cols=100, rows=30)
    attached = take_messages(alice)[0]
    assert isinstance(attached, Attached)
    assert (attached.controller, attached.yours) == (None, False)
    assert terminal_of(session).sizes == []


def test_second_does_not() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, cols=200, rows=50)
    assert session.controller is alice
    assert (session.cols, session.rows) == (80, 24)
    attached = take_messages(bob)[0]
    assert isinstance(attached, Attached)
    assert (attached.controller, attached.yours, attached.cols) == (ALICE, False, 80)


def test_typing_takes_control_with_the_size_last_told() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, cols=200, rows=50)
    session.claim_size(bob, 150, 40)
    for one in (alice, bob):
        take_messages(one)
    session.take_input(bob, 1, b"k")
    assert session.controller is bob
    assert (session.cols, session.rows) == (150, 40)
    assert take_messages(alice) == [ControlChanged(1, BOB, False), Resized(1, 0, 150, 40)]
    assert take_messages(bob) == [ControlChanged(1, BOB, True), Resized(1, 0, 150, 40)]


def test_taking_control() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.take_control(bob, 132, 43)
    assert (session.controller_id, session.cols, session.rows) == (BOB, 132, 43)
    assert control_told(alice) == [(BOB, False)]
    assert control_told(bob) == [(BOB, True)]


def test_an_observer_cannot_take_control() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, role="observe")
    session.take_control(bob, 132, 43)
    assert session.controller is alice
    assert terminal_of(session).sizes == []


def test_only_the_controllers_size_counts() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.claim_size(bob, 132, 43)
    assert terminal_of(session).sizes == []
    session.claim_size(alice, 90, 20)
    session.claim_size(alice, 90, 20)
    assert terminal_of(session).sizes == [(90, 20)]


def test_heir_is_the_newest_other_controller() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, cols=200, rows=50)
    carol = attach(session, client_id=CAROL, role="observe")
    session.leave(alice)
    assert session.controller is bob
    assert (session.cols, session.rows) == (200, 50)
    assert control_told(carol) == [(BOB, False)]
    session.leave(bob)
    assert session.controller is None
    assert (session.cols, session.rows) == (200, 50)
    assert control_told(carol) == [(None, False)]


def test_leaving_of_another_changes_nothing() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.leave(bob)
    assert session.controller is alice
    assert bob.closed
    assert control_told(alice) == []


def test_size_by_request() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    take_messages(alice)
    session.set_size(50, 10)
    assert take_messages(alice) == [Resized(1, 0, 50, 10)]
    assert session.controller is alice


def test_who_comes_back_has_control_again() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, cols=100, rows=30)
    bob = attach(session, client_id=BOB, cols=40, rows=20)
    session.leave(alice, may_return=True)
    assert session.controller is bob
    alice = attach(session, client_id=ALICE, cols=100, rows=30)
    assert session.controller is alice
    assert (session.cols, session.rows) == (100, 30)


def test_who_comes_back_behind_a_daemon_has_control_again() -> None:
    log = make_log()
    attach(make_session(log), client_id=ALICE, cols=100, rows=30)
    session = make_session(log)  # the next daemon's
    bob = attach(session, client_id=BOB, cols=40, rows=20)
    assert session.controller is bob
    alice = attach(session, client_id=ALICE, cols=100, rows=30)
    assert session.controller is alice


def test_who_comes_back_does_not_take_control_from_who_types() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.leave(alice, may_return=True)
    session.take_input(bob, 1, b"x")
    attach(session, client_id=ALICE)
    assert session.controller is bob


def test_who_left_for_good_does_not_take_control_again() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.leave(alice)
    attach(session, client_id=ALICE)
    assert session.controller is bob


def test_an_ended_program_is_not_sized() -> None:
    session = make_session()
    end_program(session)
    session.set_size(50, 10)
    assert (session.cols, session.rows) == (80, 24)
    assert terminal_of(session).sizes == []


def test_changes_are_told() -> None:
    told: list[str] = []
    session = make_session(on_change=told.append)
    alice = attach(session, client_id=ALICE, cols=100)
    assert told == ["updated", "resized"]
    session.leave(alice)
    assert told == ["updated", "resized", "updated"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["attach", "observe", "leave", "type", "take", "claim"]), st.integers(0, 5)),
        max_size=40,
    )
)
@settings(max_examples=100, deadline=None)
def test_there_is_one_controller_and_everybody_knows(steps: list[tuple[str, int]]) -> None:
    session = make_session()
    present: dict[int, Attachment] = {}
    known: dict[int, tuple[str | None, bool]] = {}
    for number, (step, who) in enumerate(steps, 2):
        one = present.get(who)
        if step in ("attach", "observe") and one is None:
            role = "control" if step == "attach" else "observe"
            present[who] = attach(session, who + 1, f"client-{who:010}", role=role, cols=10 + who, rows=10)
        elif one is None:
            continue
        elif step == "leave":
            session.leave(present.pop(who))
            known.pop(who)
        elif step == "type" and one.role == "control":
            session.take_input(one, number, b"k")
        elif step == "take":
            session.take_control(one, 10 + who, 10)
        elif step == "claim":
            session.claim_size(one, 10 + who, 10)
        for index, attachment in present.items():
            for message in take_messages(attachment):
                if isinstance(message, Attached | ControlChanged):
                    known[index] = (message.controller, message.yours)
        controllers = [attachment for attachment in present.values() if attachment.role == "control"]
        assert (session.controller in controllers) if controllers else session.controller is None
        for index, attachment in present.items():
            assert known[index] == (session.controller_id, session.controller is attachment)
        if session.controller is not None:
            assert (session.cols, session.rows) == (session.controller.cols, session.controller.rows)


# --- locked


def test_typing_into_a_locked_session_does_not_take_control() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, cols=200)
    take_messages(bob)
    session.set_locked(True)
    session.set_locked(True)
    assert take_messages(bob) == [ControlChanged(1, ALICE, False, True)]
    session.take_input(bob, 1, b"k")
    assert session.controller is alice
    assert terminal_of(session).written == [(bob, 1, b"k")]
    session.take_control(bob, 200, 50)
    assert session.controller is bob
    assert session.log.is_locked
    session.set_locked(False)
    session.take_input(alice, 1, b"k")
    assert session.controller is alice
    assert not session.log.is_locked


# --- who looks


def test_a_hidden_controller_lends_control_and_gets_it_back() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, cols=100, rows=30)
    bob = attach(session, client_id=BOB, cols=40, rows=20)
    session.set_hidden(alice, True)
    assert (session.controller, session.cols) == (bob, 40)
    session.set_hidden(alice, False)
    assert (session.controller, session.cols) == (alice, 100)


def test_a_hidden_controller_does_not_get_back_from_who_typed() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    session.set_hidden(alice, True)
    session.take_input(bob, 1, b"k")
    session.set_hidden(alice, False)
    assert session.controller is bob


def test_who_comes_to_a_hidden_controller_is_lent_control() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, hidden=True)
    assert session.controller is alice
    attach(session, client_id=CAROL, hidden=True)
    assert session.controller is alice
    bob = attach(session, client_id=BOB)
    assert session.controller is bob


def test_a_hidden_controller_keeps_it_where_nobody_looks() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB, hidden=True)
    attach(session, client_id=CAROL, role="observe")
    session.set_hidden(alice, True)
    assert session.controller is alice
    session.set_hidden(bob, False)
    assert session.controller is bob


def test_the_heir_is_one_that_somebody_looks_at() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    attach(session, client_id=CAROL, hidden=True)
    session.leave(alice)
    assert session.controller is bob


def test_who_leaves_with_lent_control_does_not_give_it_away() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE)
    carol = attach(session, client_id=CAROL)
    bob = attach(session, client_id=BOB)
    session.set_hidden(alice, True)
    assert session.controller is bob
    session.leave(bob)
    assert session.controller is carol
    session.set_hidden(alice, False)
    assert session.controller is alice


def test_the_last_to_leave_with_lent_control_does_not_give_it_away() -> None:
    session = make_session()
    session.leave(attach(session, client_id=ALICE), may_return=True)
    bob = attach(session, client_id=BOB)
    session.leave(bob)
    bob = attach(session, client_id=BOB)
    assert session.controller is bob
    alice = attach(session, client_id=ALICE)
    assert session.controller is alice


# --- the engine


def test_the_controllers_appearance_is_shown() -> None:
    session = make_session(screen=FakeScreen())
    alice = attach(session, client_id=ALICE)
    bob = attach(session, client_id=BOB)
    light, dark = Appearance(1, dark=False), Appearance(1, dark=True)
    session.set_appearance(bob, dark)
    assert screen_of(session).shown == []
    session.set_appearance(alice, light)
    assert screen_of(session).shown == [light]
    session.take_control(bob, 80, 24)
    assert screen_of(session).shown == [light, dark]


def test_the_engine_is_told_of_output_and_sizes() -> None:
    session = make_session(screen=FakeScreen())
    write_output(session, b"x")
    session.note_output(1001.0, 0, 1.0)
    session.set_size(90, 20)
    assert screen_of(session).noted == 2
    assert session.info().title == "fake"


def test_pieces_are_looked_at_before_anybody_is_told() -> None:
    session = make_session(screen=FakeScreen())
    alice = attach(session, client_id=ALICE)
    signals: list[OutputSignal] = []
    session.on_signals = signals.extend
    client = alice.outlet
    assert isinstance(client, Client)
    woken = len(client.woken)
    write_output(session, b"a\x1b]0;bu")
    session.look_at_output(0, 1.0)
    write_output(session, b"ild\x07\x1b[?2026h")
    session.look_at_output(7, 1.0)
    assert (len(client.woken), screen_of(session).noted) == (woken, 0)
    write_output(session, b"b")
    session.note_output(1001.0, 19, 1.0)
    assert (len(client.woken), screen_of(session).noted) == (woken + 1, 1)
    assert screen_of(session).looked_at == b"a\x1b]0;build\x07\x1b[?2026hb"
    assert signals == [OutputSignal("title", "build")]
    assert session.frames.open_at == 11


def test_an_ended_sessions_log_is_shelved_when_the_engine_has_let_go() -> None:
    session = make_session(screen=FakeScreen())
    end_program(session)
    session.shelve_unused_log()
    assert isinstance(session.log_file, MemoryLog)
    assert not session.log_file.is_shelved
    screen_of(session).let_go_of[0]()
    assert session.log_file.is_shelved


# --- input


def test_keys_go_to_the_terminal() -> None:
    session = make_session()
    alice = attach(session)
    session.take_input(alice, 1, b"ls\r")
    assert terminal_of(session).written == [(alice, 1, b"ls\r")]


def test_an_observer_may_not_type() -> None:
    session = make_session()
    bob = attach(session, role="observe")
    session.take_input(bob, 1, b"x")
    session.take_input(bob, 2, b"x")
    messages = take_messages(bob)
    assert [message.code for message in messages if isinstance(message, Detached)] == ["not_allowed"]
    assert terminal_of(session).written == []


def test_a_key_taken_before_is_acknowledged_and_dropped() -> None:
    session = make_session()
    alice = attach(session)
    session.inputs.announce(alice.key, 5, 0)
    session.inputs.settle(taken=True)
    take_messages(alice)
    session.take_input(alice, 4, b"again")
    assert take_messages(alice) == [InputAck(1, 4)]
    assert terminal_of(session).written == []


def test_a_program_that_reads_nothing() -> None:
    session = make_session()
    alice = attach(session)
    take_messages(alice)
    pieces = limits.MAX_UNACKED_INPUT_BYTES // limits.MAX_INPUT_BYTES
    for seq in range(1, pieces + 1):
        session.take_input(alice, seq, bytes(limits.MAX_INPUT_BYTES))
    assert take_messages(alice) == []
    for seq in range(pieces + 1, pieces + 4):
        session.take_input(alice, seq, b"x")
    messages = take_messages(alice)
    assert [message.code for message in messages if isinstance(message, Detached)] == ["input_overflow"]
    assert len(terminal_of(session).written) == pieces


def test_whoever_leaves_takes_the_waiting_keys_along() -> None:
    session = make_session()
    alice = attach(session)
    session.leave(alice)
    assert terminal_of(session).left == [alice]


# --- lossless


def test_lossless_makes_the_program_wait() -> None:
    session = make_session()
    alice = attach(session, lossless=True)
    done = append(session.log, bytes(3 * SMALL_CAPACITY_BYTES))
    assert done < 2 * SMALL_CAPACITY_BYTES
    session.acknowledge(alice, done)
    assert terminal_of(session).resumed == 2  # once for the Attach, once for the Ack
    assert session.log.room > 0


def test_coming_back_further_on_makes_room() -> None:
    """What the client says that it has, it has acknowledged: the program must not wait for an Ack that never comes."""
    session = make_session()
    alice = attach(session, lossless=True, window=limits.MAX_WINDOW_BYTES)
    done = append(session.log, bytes(3 * SMALL_CAPACITY_BYTES))
    assert session.log.room == 0
    session.leave(alice)
    before = terminal_of(session).resumed
    attach(session, lossless=True, epoch=7, offset=done)
    assert session.log.room > 0
    assert terminal_of(session).resumed > before


@pytest.mark.parametrize("place", [{"epoch": 8, "offset": 0}, {"epoch": 7, "offset": 6}, {"epoch": 7, "offset": 3}])
def test_lossless_is_refused_what_cannot_be_had(place: dict[str, int]) -> None:
    session = make_session()
    if place["offset"] == 3:
        write_output(session, bytes(3 * SMALL_CAPACITY_BYTES))
    else:
        write_output(session, b"hello")
    with pytest.raises(Refusal) as caught:
        attach(session, lossless=True, **place)
    assert caught.value.code is ErrorCode.OUTPUT_LOST
    assert session.attachments == []
    assert list(session.log.hold_keys()) == []
    assert session.controller is None


def test_no_place_for_another_hold() -> None:
    session = make_session()
    for channel in range(1, HOLD_SLOTS + 1):
        attach(session, channel=channel, lossless=True)
    with pytest.raises(Refusal, match="build") as caught:
        attach(session, channel=HOLD_SLOTS + 1, lossless=True)
    assert caught.value.code is ErrorCode.TOO_MANY_CLIENTS
    assert len(session.attachments) == HOLD_SLOTS


def test_an_ended_hold_does_not_come_back() -> None:
    """Its client was told so; an Ack that crossed must not make the program wait again, with nobody to end it."""
    session = make_session()
    alice = attach(session, lossless=True)
    write_output(session, bytes(1000))
    session.log.drop_hold(alice.key)
    alice.end(ErrorCode.HOLD_ENDED, "too slow")
    session.acknowledge(alice, 500)
    assert list(session.log.hold_keys()) == []


def test_a_viewer_holds_nothing() -> None:
    session = make_session()
    alice = attach(session)
    write_output(session, bytes(1000))
    session.acknowledge(alice, 500)
    assert list(session.log.hold_keys()) == []
    assert alice.acked == 500


# --- the rest


def test_info() -> None:
    session = make_session()
    write_output(session, b"hello")
    attach(session, client_id=ALICE)
    info = session.info()
    assert (info.state, info.clients, info.controller, info.epoch, info.log_start, info.log_head) == (
        *("running", 1, ALICE),
        *(7, 0, 5),
    )
    end_program(session, code=None, signal=15)
    info = session.info()
    assert (info.state, info.exit_code, info.exit_signal, info.exited_at) == ("exited", None, 15, 2000.0)


def test_it_runs_until_its_output_is_read() -> None:
    session = make_session()
    end_program(session)
    session.drained = False
    assert session.info().state == "running"


def test_client_infos() -> None:
    session = make_session()
    alice = attach(session, client_id=ALICE, lossless=True, window=5000)
    write_output(session, bytes(10))
    take_messages(alice)
    session.acknowledge(alice, 4)
    (info,) = session.client_infos()
    assert (info.client, info.client_id, info.lossless, info.sent, info.acked, info.window) == (
        *("test/1", ALICE, True),
        *(10, 4, 5000),
    )


def test_detach_all() -> None:
    session = make_session()
    everybody = [attach(session, channel=channel) for channel in (1, 2, 3)]
    session.detach_all(ErrorCode.DETACHED, "all of you")
    for one in everybody:
        assert isinstance(take_messages(one)[-1], Detached)


@pytest.mark.parametrize(
    ("ended", "attached", "shelved"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_only_a_log_that_nobody_needs_is_shelved(ended: bool, attached: bool, shelved: bool) -> None:
    session: Session = make_session()
    if attached:
        attach(session)
    if ended:
        end_program(session)
    session.shelve_unused_log()
    assert isinstance(session.log_file, MemoryLog)
    assert session.log_file.is_shelved is shelved
