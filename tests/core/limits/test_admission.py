"""What is let in, and what a refusal says."""

import pytest
from ptyd_protocol.errors import Refusal
from ptyd_protocol.limits import MIB
from ptyd_protocol.session_limits import SessionUsage

from ptyd.core.access.principal import Principal
from ptyd.core.limits.admission import (
    SETTLING_SECONDS,
    Room,
    check_attachments,
    check_count,
    check_room,
    count_attachments,
    promised_memory,
)
from tests.core.world import attach, make_session

PLENTY = Room(ptys_used=3, ptys_max=4096, files_open=30, files_max=1024, memory_available_bytes=8192 * MIB)
FLOOR = 256 * MIB


def refused(room: Room, needed: int = 300 * MIB, promised: int = 0, floor: int = FLOOR) -> Refusal:
    with pytest.raises(Refusal) as caught:
        check_room(room, floor, needed, promised)
    return caught.value


def test_there_is_room() -> None:
    check_room(PLENTY, FLOOR, 300 * MIB, 0)
    check_room(Room(), FLOOR, 300 * MIB, 0)  # a system that says nothing is asked by trying


def test_terminals() -> None:
    refusal = refused(Room(ptys_used=8, ptys_max=8))
    assert (refusal.code, "8 of 8 are in use" in refusal.message) == ("no_ptys", True)
    check_room(Room(ptys_used=7, ptys_max=8), FLOOR, 0, 0)


def test_files() -> None:
    refusal = refused(Room(files_open=81, files_max=100))
    assert refusal.code == "no_resources"
    assert "81 files open of the 100 that it may" in refusal.message
    check_room(Room(files_open=80, files_max=100), FLOOR, 0, 0)


def test_memory() -> None:
    room = Room(memory_available_bytes=555 * MIB)
    refusal = refused(room)
    assert refusal.code == "no_resources"
    assert refusal.message == (
        "555 MiB of memory are available; a session takes 300 MiB at first, and 256 MiB must stay"
        " (memory_floor_bytes); end one with `ptyd kill`"
    )
    check_room(room, FLOOR, 299 * MIB, 0)
    check_room(room, 0, 300 * MIB, 0)  # no floor is wanted


def test_memory_that_is_promised_is_not_there() -> None:
    room = Room(memory_available_bytes=1000 * MIB)
    check_room(room, FLOOR, 300 * MIB, 400 * MIB)
    assert "of which 500 MiB are for sessions just begun" in refused(room, promised=500 * MIB).message


def test_what_is_promised() -> None:
    session = make_session(began_at=100.0)
    assert promised_memory(session, 300, now=101.0) == 300
    session.usage = SessionUsage(memory_bytes=120, cpus=0, processes=1)
    assert promised_memory(session, 300, now=101.0) == 180
    assert promised_memory(session, 100, now=101.0) == 0
    assert promised_memory(session, 300, now=100.0 + SETTLING_SECONDS) == 0


def test_sessions() -> None:
    check_count(2, 3, "max_sessions", "")
    with pytest.raises(Refusal, match=r"3 sessions of ada run already, .*\(max_sessions_per_principal\)") as caught:
        check_count(3, 3, "max_sessions_per_principal", " of ada")
    assert caught.value.code == "too_many_sessions"


def test_attachments() -> None:
    session = make_session()
    for channel in (1, 2):
        attach(session, channel).principal = Principal("ada", frozenset())
    assert (count_attachments([session, session], "ada"), count_attachments([session], "eve")) == (4, 0)
    check_attachments(session, 3, "ada", 4, 5)
    with pytest.raises(Refusal, match="session build has 2 clients") as caught:
        check_attachments(session, 2, "ada", 0, 5)
    assert caught.value.code == "too_many_clients"
    with pytest.raises(Refusal, match=r"ada has 5 attachments, which is the limit \(max_clients_per_principal\)"):
        check_attachments(session, 3, "ada", 5, 5)
