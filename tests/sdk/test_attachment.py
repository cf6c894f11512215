"""Attachments: every byte once, every key once, whatever happens to the connection."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from ptyd_protocol import limits
from ptyd_protocol.capture import Cell, CellRow, Style
from ptyd_protocol.messages import Appearance, Attached, Detached, Exited, Live, Output, Snapshot, Visibility
from ptyd_sdk import (
    Attachment,
    AttachmentEnded,
    AttachmentEvent,
    BadRequest,
    BytesLost,
    CellGrid,
    Connection,
    ConnectionLost,
    ConnectionState,
    ExitStatus,
    NoSuchSession,
    Screen,
    Session,
    TooManyClients,
    Unavailable,
    connect,
)

from tests.sdk.scripted_daemon import SESSION_ID, ScriptedDaemon, session_info, session_map
from tests.support.faulty_proxy import FaultyProxy, faulty, make_cuts
from tests.support.waiting import wait_until_async


def open_session(ptyd: Connection) -> Session:
    return Session(ptyd._link, session_info())


@contextlib.asynccontextmanager
async def attached(**options: object) -> AsyncIterator[Attachment]:
    async with connect() as ptyd, open_session(ptyd).attach(**options) as term:  # type: ignore[arg-type]
        yield term


async def read_all(term: Attachment) -> bytes:
    return b"".join([chunk async for chunk in term])


async def test_reads_to_the_end_of_the_program(daemon: ScriptedDaemon) -> None:
    daemon.print(b"before ")
    async with attached() as term:
        daemon.print(b"after")
        daemon.exit(3)
        assert await read_all(term) == b"before after"
        assert term.exit_status == ExitStatus(3, None)
        assert (term.epoch, term.offset) == (3, 12)
        assert await read_all(term) == b""


async def test_the_wire_carries_what_attach_was_asked_for(daemon: ScriptedDaemon) -> None:
    daemon.log = bytearray(100)
    async with connect() as ptyd:
        session = open_session(ptyd)
        async with session.attach(), session.attach("observe", 100, 30, history=7, window=8192, lossless=False):
            pass
        async with session.attach(epoch=3, offset=42) as term:
            assert term.offset == 42
    first, second, third = daemon.attaches
    assert (first.role, first.cols, first.rows, first.lossless, first.history) == (
        "control",
        80,
        24,
        True,
        limits.MAX_SEQ,
    )
    assert (first.session, first.window, first.epoch, first.offset) == (SESSION_ID, limits.MIB, None, None)
    assert (second.role, second.cols, second.rows, second.history) == ("observe", 100, 30, 7)
    assert (second.window, second.lossless) == (8192, False)
    assert (third.epoch, third.offset) == (3, 42)


@pytest.mark.parametrize(
    "bad",
    [
        *({"role": "king"}, {"cols": 1}, {"window": 1}, {"epoch": 3}, {"offset": 3}),
        *({"scrollback": 5}, {"scrollback": -1, "lossless": False}),
    ],
)
async def test_nonsense_is_refused_before_it_is_sent(daemon: ScriptedDaemon, bad: dict[str, object]) -> None:
    async with connect() as ptyd:
        with pytest.raises(BadRequest):
            open_session(ptyd).attach(**bad)  # type: ignore[arg-type]
    assert daemon.attaches == []


# --- every byte once -----------------------------------------------------------------------------------------------


def random_budgets(seed: int, count: int) -> Iterator[int]:
    randomness = random.Random(seed)
    for _ in range(count):
        # Some connections break in the handshake or in Welcome, others in the middle of an Output.
        yield randomness.choice((randomness.randint(1, 400), randomness.randint(400, 60_000)))


@contextlib.asynccontextmanager
async def cut_connections(daemon: ScriptedDaemon, directory: Path, seed: int) -> AsyncIterator[FaultyProxy]:
    """Inside, connections to this user's daemon are cut again and again. The first, whole, one lets connect()
    succeed, which does not retry."""
    (directory / "ptyd.sock").rename(directory / "real.sock")
    budgets = iter([3000, *random_budgets(seed, 12)])
    async with faulty(directory / "real.sock", directory / "ptyd.sock", make_cuts(budgets)) as proxy:
        yield proxy


@pytest.mark.parametrize("seed", range(6))
async def test_every_byte_once_though_connections_are_cut_anywhere(
    daemon: ScriptedDaemon, runtime_dir: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECONNECT_FIRST_SECONDS", 0.001)
    monkeypatch.setattr(limits, "RECONNECT_MAX_SECONDS", 0.001)
    daemon.log = bytearray(random.Random(seed).randbytes(1_000_000))
    daemon.exit_code = 0
    daemon.repeats_bytes = 100 if seed % 2 else 0
    async with cut_connections(daemon, runtime_dir, seed) as proxy, attached(window=32 * 1024) as term:
        assert await read_all(term) == daemon.log
        assert term.exit_status == ExitStatus(0, None)
    assert proxy.cuts == 13


@pytest.mark.parametrize("seed", range(6))
async def test_every_key_once_though_connections_are_cut_and_acknowledgements_lost(
    daemon: ScriptedDaemon, runtime_dir: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECONNECT_FIRST_SECONDS", 0.001)
    monkeypatch.setattr(limits, "RECONNECT_MAX_SECONDS", 0.001)
    randomness = random.Random(seed)
    typed = bytearray()
    async with cut_connections(daemon, runtime_dir, seed) as proxy, attached(window=32 * 1024) as term:
        while proxy.cuts < 13:
            daemon.loses_input_acks = randomness.random() < 0.5
            daemon.print(bytes(20_000))  # something for the proxy to count
            data = randomness.randbytes(randomness.choice((1, 1, 100, 20_000)))
            await term.write(data)
            typed += data
            await anext(aiter(term))
        daemon.loses_input_acks = False
        await daemon.break_connections()
        await term.drain_input()
    assert daemon.taken == typed


async def test_lost_bytes_are_an_error_never_a_gap(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    async with attached() as term:
        chunks = aiter(term)
        assert await anext(chunks) == b"0123456789"
        daemon.log += b"abcdef"
        daemon.forgets_bytes = 3
        await daemon.break_connections()
        with pytest.raises(BytesLost, match=r"byte 13 .* byte 10"):
            await anext(chunks)


async def test_a_viewer_is_handed_what_there_is(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    async with attached(lossless=False) as term:
        chunks = aiter(term)
        assert await anext(chunks) == b"0123456789"
        daemon.log += b"abcdef"
        daemon.forgets_bytes = 3
        await daemon.break_connections()
        assert await anext(chunks) == b"def"
        assert term.offset == 16


@pytest.mark.parametrize(("code", "error"), [("output_lost", BytesLost), ("hold_ended", BytesLost)])
async def test_the_daemons_word_for_lost_bytes(daemon: ScriptedDaemon, code: str, error: type[Exception]) -> None:
    daemon.print(b"some")
    daemon.detach_with = Detached(1, code, "too slow")
    async with attached() as term:
        with pytest.raises(error, match="too slow"):
            await read_all(term)
        with pytest.raises(error):
            await term.write(b"x")


async def test_being_detached_ends_the_iteration_and_the_writing(daemon: ScriptedDaemon) -> None:
    daemon.print(b"some")
    daemon.detach_with = Detached(1, "detached", "")
    async with attached() as term:
        assert await read_all(term) == b"some"
        assert term.exit_status is None
        with pytest.raises(AttachmentEnded):
            await term.write(b"x")


@pytest.mark.parametrize(
    ("code", "error"),
    [("no_such_session", NoSuchSession), ("too_many_clients", TooManyClients), ("output_lost", BytesLost)],
)
async def test_a_refused_attachment_says_why(daemon: ScriptedDaemon, code: str, error: type[Exception]) -> None:
    daemon.refuse_with = Detached(1, code, "not here")
    with pytest.raises(error, match="not here"):
        async with attached():
            pass


# --- the screen -------------------------------------------------------------------------------------------------------


async def test_a_viewer_begins_with_the_screen_whole(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    daemon.screen = b"\x1b[Hthe screen"
    async with attached(lossless=False, scrollback=50, hidden=True) as term:
        chunks = aiter(term)
        screen = await anext(chunks)
        assert isinstance(screen, Screen)
        assert (screen, screen.cols, screen.rows, screen.offset) == (daemon.screen, 90, 25, 10)
        assert (term.offset, term.answers, term.is_locked, term.is_hidden) == (10, True, True, True)
        daemon.print(b"more")
        assert await anext(chunks) == b"more"
    (asked,) = daemon.attaches
    assert (asked.history, asked.scrollback, asked.hidden, asked.lossless) == (None, 50, True, False)


async def test_a_screen_is_acknowledged_when_it_was_taken_though_its_offset_was_before(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    daemon.screen = b"the screen"
    async with attached(lossless=False) as term:
        chunks = aiter(term)
        await anext(chunks)
        assert daemon.acks == []
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(anext_of(chunks))
            await wait_until_async(lambda: daemon.acks == [10])
            daemon.resync()
            assert isinstance(await reading, Screen)
        daemon.print(b"!")
        assert await anext(chunks) == b"!"
        await wait_until_async(lambda: daemon.acks == [10, 10])


async def anext_of(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks)


async def test_a_viewer_overrun_without_a_screen_gets_an_empty_one(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    async with attached(lossless=False) as term:
        chunks = aiter(term)
        assert await anext(chunks) == b"0123456789"
        daemon.log += b"lost"
        daemon.resync()
        screen = await anext(chunks)
        assert isinstance(screen, Screen) and screen == b"" and screen.offset == 14
        daemon.print(b"new")
        assert await anext(chunks) == b"new"


async def test_output_from_before_a_screen_is_not_acknowledged_behind_it(daemon: ScriptedDaemon) -> None:
    daemon.print(b"0123456789")
    daemon.screen = b"the screen"
    daemon.answers["unsubscribe"] = lambda request: None
    async with connect() as ptyd, open_session(ptyd).attach(lossless=False, history=100) as term:
        chunks = aiter(term)
        assert await anext(chunks) == b"0123456789"
        daemon.log += b"lost"
        daemon.resync()
        await ptyd.request("unsubscribe")  # what was sent before its answer has arrived
        assert isinstance(await anext(chunks), Screen)
        daemon.print(b"x")
        assert await anext(chunks) == b"x"
        await wait_until_async(lambda: daemon.acks == [14])


async def test_events_hand_out_a_snapshot_whole(daemon: ScriptedDaemon) -> None:
    daemon.screen = bytes(range(256)) * 2000
    daemon.screen_parts = 4
    async with attached(lossless=False) as term:
        events = term.events()
        assert isinstance(await anext(events), Attached)
        snapshot = await anext(events)
        assert isinstance(snapshot, Snapshot)
        assert (snapshot.data, snapshot.kind, snapshot.more) == (daemon.screen, "screen", False)


async def test_visibility_and_appearance_are_told_and_told_again(daemon: ScriptedDaemon) -> None:
    async with attached(lossless=False) as term:
        term.set_hidden(True)
        term.set_appearance(background=0x102030, palette=[1, 2], cell_width=9, dark=True)
        appearance = Appearance(1, background=0x102030, palette=[1, 2], cell_width=9, dark=True)
        await wait_until_async(lambda: daemon.told == [Visibility(1, True), appearance])
        await daemon.break_connections()
        await wait_until_async(lambda: daemon.told[2:] == [appearance])
        assert [attach.hidden for attach in daemon.attaches] == [False, True]
        with pytest.raises(BadRequest):
            term.set_appearance(foreground=0x1000000)


async def test_lock(daemon: ScriptedDaemon) -> None:
    daemon.answers["lock"] = lambda request: session_map(locked=request.params["locked"])
    async with connect() as ptyd:
        session = open_session(ptyd)
        await session.lock()
        assert session.info.locked
        async with session.attach() as term:
            await term.lock(False)
    assert [request.params for request in daemon.requests] == [
        {"session": SESSION_ID, "locked": True},
        {"session": SESSION_ID, "locked": False},
    ]


async def test_capture_gives_text_or_cells(daemon: ScriptedDaemon) -> None:
    grid = CellGrid(
        cols=2,
        rows=[CellRow(cells=[Cell(text="x")])],
        scrollback=0,
        styles=[Style()],
        cursor_col=1,
        cursor_row=0,
        cursor_visible=True,
        alternate=False,
        title="",
    )
    results: dict[str, dict[str, object]] = {
        "vt": {"text": "\x1b[1mx", "source": "screen"},
        "cells": {"text": "", "source": "screen", "grid": msgspec.to_builtins(grid)},
    }
    daemon.answers["capture"] = lambda request: results[request.params["format"]]
    async with connect() as ptyd:
        session = open_session(ptyd)
        assert await session.capture(7, format="vt", join=True) == "\x1b[1mx"
        assert await session.capture(format="cells") == grid
        results["cells"] = {"text": "x", "source": "log"}
        with pytest.raises(Unavailable):
            await session.capture(format="cells")
    first = {"session": SESSION_ID, "scrollback": 7, "format": "vt", "join": True}
    assert daemon.requests[0].params == first


# --- consumption -----------------------------------------------------------------------------------------------------


async def test_acknowledges_what_was_consumed_not_what_was_received(daemon: ScriptedDaemon) -> None:
    daemon.print(bytes(40_000))
    async with attached(window=64 * 1024) as term:
        chunks = aiter(term)
        assert len(await anext(chunks)) == 40_000
        daemon.print(b"more")
        assert daemon.acked == 0
        assert await anext(chunks) == b"more"
        await wait_until_async(lambda: daemon.acked == 40_000)
        daemon.print(b"!")
        await anext(chunks)
        await wait_until_async(lambda: daemon.acked == 40_004)


async def test_a_reader_that_stops_is_sent_no_more_than_its_window(daemon: ScriptedDaemon) -> None:
    daemon.print(bytes(1_000_000))
    daemon.answers["unsubscribe"] = lambda request: None
    async with connect() as ptyd, open_session(ptyd).attach(window=64 * 1024) as term:
        await ptyd.request("unsubscribe")  # what was sent before its answer has arrived
        assert waiting_bytes(term) == 64 * 1024


def waiting_bytes(term: Attachment) -> int:
    return sum(len(event.data) for event, _ in term._mailbox._items if isinstance(event, Output))


async def test_two_readers_of_one_attachment_are_a_mistake(daemon: ScriptedDaemon) -> None:
    async with attached() as term:
        chunks = aiter(term)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(read_all(term))
            await wait_until_async(lambda: term._mailbox._waiter is not None)
            with pytest.raises(RuntimeError, match="two coroutines"):
                await anext(chunks)
            daemon.exit(0)
        assert first.result() == b""


# --- input -----------------------------------------------------------------------------------------------------------


async def test_writing_waits_while_too_much_is_on_its_way(daemon: ScriptedDaemon) -> None:
    daemon.loses_input_acks = True
    async with attached() as term:
        await term.write(bytes(limits.MAX_UNACKED_INPUT_BYTES))
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(term.write(b"one more"))
            await wait_until_async(lambda: len(daemon.taken) == limits.MAX_UNACKED_INPUT_BYTES)
            assert not writing.done()
            daemon.loses_input_acks = False
            await daemon.break_connections()
        await term.drain_input()
    assert daemon.taken == bytes(limits.MAX_UNACKED_INPUT_BYTES) + b"one more"


async def test_long_writes_do_not_mix(daemon: ScriptedDaemon) -> None:
    size = 2 * limits.MAX_UNACKED_INPUT_BYTES
    async with attached() as term:
        await asyncio.gather(*(term.write(bytes([letter]) * size) for letter in b"abc"))
        await term.drain_input()
    assert daemon.taken == b"a" * size + b"b" * size + b"c" * size


async def test_what_was_written_reaches_the_program_before_leaving(daemon: ScriptedDaemon) -> None:
    async with attached() as term:
        await term.write(b"last words")
    assert daemon.taken == b"last words"


async def test_only_bytes_can_be_written(daemon: ScriptedDaemon) -> None:
    async with attached() as term:
        with pytest.raises(TypeError):
            await term.write("text")  # type: ignore[arg-type]


async def test_waiting_for_input_ends_with_the_program(daemon: ScriptedDaemon) -> None:
    daemon.loses_input_acks = True
    async with attached() as term:
        await term.write(b"x")
        daemon.exit(0)
        with pytest.raises(AttachmentEnded):
            await term.drain_input()


# --- what a terminal sees -------------------------------------------------------------------------------------------


async def test_events_tell_everything_in_order(daemon: ScriptedDaemon) -> None:
    daemon.print(b"one")
    seen: list[AttachmentEvent] = []
    async with attached() as term:
        async for event in term.events():
            seen.append(event)
            match event:
                case Live(offset=3):
                    await daemon.break_connections()
                case ConnectionState(state="open"):
                    daemon.exit_code = 4
                    daemon.print(b"two")
                case _:
                    pass
    kinds = [type(event) for event in seen]
    assert kinds == [
        *(Attached, Output, Live),
        *(ConnectionState, ConnectionState),
        *(Attached, Live, Output),
        Exited,
    ] or kinds == [
        *(Attached, Output, Live),
        *(ConnectionState, ConnectionState),
        *(Attached, Output, Live),
        Exited,
    ]
    assert [event.state for event in seen if isinstance(event, ConnectionState)] == ["reconnecting", "open"]
    assert [event.offset for event in seen if isinstance(event, Attached)] == [0, 3]


async def test_a_connection_that_is_gone_for_good_ends_the_attachment(daemon: ScriptedDaemon) -> None:
    async with connect(reconnect=False) as ptyd, open_session(ptyd).attach() as term:
        events = term.events()
        assert isinstance(await anext(events), Attached)
        assert isinstance(await anext(events), Live)
        await daemon.break_connections()
        states = [await anext(events), await anext(events)]
        assert [state.state for state in states if isinstance(state, ConnectionState)] == ["reconnecting", "closed"]
        with pytest.raises(ConnectionLost):
            await anext(events)
        with pytest.raises(ConnectionLost):
            await term.write(b"x")


async def test_leaving_while_the_connection_is_away_does_not_wait(daemon: ScriptedDaemon, runtime_dir: Path) -> None:
    async with connect() as ptyd, open_session(ptyd).attach() as term:
        (runtime_dir / "ptyd.sock").unlink()
        await daemon.break_connections()
        await wait_until_async(lambda: ptyd.state == "reconnecting")
        await term.detach()
        assert await read_all(term) == b""


async def test_input_in_doubt_ends_the_attachment_instead_of_being_typed_twice(daemon: ScriptedDaemon) -> None:
    async with attached() as term:
        await term.write(b"taken")
        await term.drain_input()
        daemon.loses_input_acks = True
        await term.write(b"rm -r x\r")
        await wait_until_async(lambda: daemon.last_seq == 2)
        daemon.last_seq = 0  # a daemon that has forgotten
        await daemon.break_connections()
        with pytest.raises(AttachmentEnded, match="in doubt"):
            await read_all(term)
        with pytest.raises(AttachmentEnded):
            await term.drain_input()
    assert daemon.taken == b"takenrm -r x\r"
