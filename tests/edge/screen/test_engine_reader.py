"""The engine of a session at the event loop. Its turns are taken by hand: nothing depends on what is faster."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from ptyd_protocol.messages import Appearance

from ptyd.core.log.input_ledger import ENGINE_KEY
from ptyd.core.log.log_layout import RESIZE_SLOTS
from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.screen.engine import Engine
from ptyd.core.screen.engine_feed import Answers, FeedState
from ptyd.core.screen.screen_source import EngineGone, ScreenSnapshot
from ptyd.edge.screen.engine_reader import INLINE_BYTES, WAIT_BYTES, EngineReader
from ptyd.edge.screen.engine_thread import EngineThread
from ptyd.edge.screen.screen_store import SavedScreen, ScreenFile
from tests.core.fake_engine import POISON, FakeEngine, FakeEngineMaker
from tests.core.memory import append, make_log
from tests.core.world import MemoryLog
from tests.support.waiting import wait_until_async

CAPACITY = 512 * 1024


class HandThread:
    """Takes a turn when the test says so."""

    def __init__(self) -> None:
        self.turns: deque[Callable[[], None]] = deque()

    def submit(self, turn: Callable[[], None]) -> None:
        self.turns.append(turn)

    async def take_one(self) -> None:
        self.turns.popleft()()
        await asyncio.sleep(0)  # the loop ends the turn

    async def take_all(self) -> None:
        while self.turns:
            await self.take_one()


class Bench:
    """One session's log and input ledger, and the daemons that read it one after the other."""

    def __init__(self, place: Path, log: ReplayLog | None = None) -> None:
        self.log_file = MemoryLog(log or make_log(CAPACITY))
        self.screen_file = ScreenFile(place / "1a2b3c4d.screen")
        self.delivered = b""
        self.start()

    @property
    def log(self) -> ReplayLog:
        return self.log_file.log

    def start(self) -> None:
        """A daemon starts; the one before was killed."""
        self.log.engine_hold = None
        self.thread = HandThread()
        self.maker = FakeEngineMaker()
        self.answers: list[Answers] = []
        self.fed = self.room = self.failures = 0
        self.reader = EngineReader(
            cast(EngineThread, self.thread), self.maker, self.log_file, self.screen_file, 100,
            self._note_fed, self.answers.append, self._note_room, self._note_failure,
        )  # fmt: skip

    def _note_fed(self) -> None:
        self.fed += 1

    def _note_room(self) -> None:
        self.room += 1

    def _note_failure(self) -> None:
        self.failures += 1

    def write(self, data: bytes) -> None:
        offset = self.log.head
        assert append(self.log, data) == len(data)
        self.reader.look_at_output(offset, data)
        self.reader.note_output()

    def deliver(self) -> None:
        """The input pipe takes the answers that wait."""
        while self.answers:
            answers = self.answers.pop(0)
            if answers.offset > self.log_file.inputs.last_seq(ENGINE_KEY):
                self.log_file.inputs.announce(ENGINE_KEY, answers.offset, 0)
                self.log_file.inputs.settle(taken=True)
                self.delivered += answers.data

    @property
    def engine(self) -> FakeEngine:
        return (self.maker.created + self.maker.restored)[-1]

    async def rest(self) -> None:
        self.reader.rest()
        await self.thread.take_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def bench(place: Path) -> Bench:
    return Bench(place)


async def open_bench(bench: Bench, data: bytes = b"hello") -> None:
    """Its engine is there, and has taken ``data``."""
    bench.write(data)
    await bench.thread.take_all()


# --- feeding


async def test_an_echo_is_fed_at_once(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(b"k?")
    assert not bench.thread.turns
    assert bench.engine.taken == b"hellok?"
    assert bench.answers == [Answers(7, b"1;")]
    assert bench.fed == 1


async def test_much_is_fed_in_turns(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(bytes(INLINE_BYTES + 1))
    assert bench.engine.taken == b"hello"
    bench.write(b"meanwhile")
    assert len(bench.thread.turns) == 1
    await bench.thread.take_all()
    assert bench.engine.taken == b"hello" + bytes(INLINE_BYTES + 1) + b"meanwhile"


async def test_sizes_are_taken(bench: Bench) -> None:
    await open_bench(bench)
    bench.log.record_size(100, 30)
    bench.reader.note_output()
    await bench.thread.take_all()
    assert bench.engine.sizes == [(80, 24), (100, 30)]


# --- answers over daemons


async def test_answers_are_given_once_over_kills(bench: Bench) -> None:
    for number in range(1, 8):
        bench.write(b"a?" + bytes(600) + b"b")
        await bench.thread.take_all()
        if number % 2:
            bench.deliver()
            await bench.rest()
        bench.start()
        bench.reader.note_output()
        await bench.thread.take_all()
        bench.deliver()
    assert bench.delivered == b"1;2;3;4;5;6;7;"


async def test_a_state_is_not_saved_before_its_answers_are_delivered(bench: Bench) -> None:
    """Its reader would never answer what was asked before it."""
    await open_bench(bench, bytes(CAPACITY // 4 + 1000))
    bench.write(b"?" + bytes(600))
    await bench.thread.take_one()
    bench.write(bytes(700))
    await bench.rest()
    bench.start()
    bench.reader.note_output()
    await bench.thread.take_all()
    bench.deliver()
    assert bench.delivered == b"1;"


async def test_a_program_that_takes_no_answers_does_not_stop_the_log(bench: Bench) -> None:
    for _ in range(40):
        bench.write(b"?" + bytes(64 * 1024 - 1))
        await bench.thread.take_all()
    assert bench.log.head == 40 * 64 * 1024
    assert bench.log.oldest > 0


# --- saved states


async def test_the_next_daemon_begins_with_the_saved_state(bench: Bench) -> None:
    await open_bench(bench, bytes(CAPACITY // 2 + 1000))
    await bench.rest()
    bench.write(b"unsaved")
    bench.start()
    assert bench.log.engine_hold
    bench.reader.note_output()
    await bench.thread.take_all()
    assert (len(bench.maker.created), len(bench.maker.restored)) == (0, 1)
    assert bench.engine.taken == bytes(CAPACITY // 2 + 1000) + b"unsaved"


@pytest.mark.parametrize("change", [{"name": "fake 2"}, {"epoch": 8}, {"offset": 10**9}])
async def test_a_state_of_something_else_is_not_used(place: Path, change: dict[str, Any]) -> None:
    bench = Bench(place)
    saved = SavedScreen(FeedState(change.get("offset", 2), 0), FakeEngine(80, 24).save())
    bench.screen_file.save(change.get("name", "fake 1"), change.get("epoch", 7), saved)
    append(bench.log, b"hello")
    bench.start()
    assert bench.log.engine_hold == 0
    bench.reader.note_output()
    await bench.thread.take_all()
    assert bench.maker.restored == []
    assert bench.engine.taken == b"hello"


async def test_a_damaged_state_is_not_used_and_the_log_is_held_first(bench: Bench) -> None:
    append(bench.log, b"line\n" * 20)
    bench.screen_file.save("fake 1", 7, SavedScreen(FeedState(50, 0), b"damaged"))
    bench.start()
    assert bench.log.engine_hold == 50
    bench.reader.note_output()
    await bench.thread.take_one()
    assert bench.log.engine_hold == 0, "it would read what may be written over"
    await bench.thread.take_all()
    assert bench.engine.taken == b"line\n" * 20
    assert bench.failures == 0


# --- the hold


async def test_a_busy_engine_makes_the_program_wait(bench: Bench) -> None:
    done = append(bench.log, bytes(3 * CAPACITY))
    bench.reader.note_output()
    assert done <= CAPACITY
    assert bench.log.room == 0
    await bench.thread.take_all()
    assert bench.room > 0
    assert bench.log.room > 0
    assert bench.log.blocking_holds() == []


async def test_a_trickle_never_blocks_the_program(bench: Bench) -> None:
    """Each piece is fed by the loop itself, and it never rests."""
    piece = bytes(INLINE_BYTES)
    for _ in range(3 * CAPACITY // INLINE_BYTES):
        bench.write(piece)
        await bench.thread.take_all()
    assert bench.log.oldest > CAPACITY


# --- questions


async def test_a_snapshot_is_taken_at_the_head(bench: Bench) -> None:
    got: list[ScreenSnapshot | None] = []
    bench.write(b"hello")
    bench.reader.request_snapshot(50, got.append)
    await bench.thread.take_all()
    assert got == [ScreenSnapshot(5, 0, 80, 24, b"hello")]


async def test_who_asks_for_the_same_gets_the_same(bench: Bench) -> None:
    got: list[ScreenSnapshot | None] = []
    bench.write(b"hello")
    for scrollback in (50, 50, 0):
        bench.reader.request_snapshot(scrollback, got.append)
    await bench.thread.take_all()
    assert [snapshot.data for snapshot in got if snapshot] == [b"hello"] * 3
    assert got[0] is got[1]
    assert got[2] is not got[0]


async def test_a_snapshot_is_not_older_than_the_question(bench: Bench) -> None:
    """A viewer that has seen more would go back."""
    await open_bench(bench)
    got: list[ScreenSnapshot | None] = []
    bench.write(bytes(600) + b"?" + bytes(100))
    bench.reader.request_snapshot(0, got.append)
    bench.write(b"?" * 64 * 1024 + b"later")
    bench.reader.request_snapshot(0, got.append)
    head = bench.log.head
    await bench.thread.take_all()
    assert [snapshot.offset for snapshot in got if snapshot] == [head, head]


async def test_a_question(bench: Bench) -> None:
    bench.write(b"hello")
    async with asyncio.TaskGroup() as tasks:
        question = tasks.create_task(bench.reader.ask(lambda engine: engine.text(0)))
        await asyncio.sleep(0)
        await bench.thread.take_all()
    assert question.result() == (5, "hello")


async def test_appearance(bench: Bench) -> None:
    appearance = Appearance(1)
    bench.reader.show(appearance)
    await bench.thread.take_all()
    assert bench.engine.appearances == [appearance]


async def test_colours_count_for_all_that_is_asked_afterwards(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(b"a" * (INLINE_BYTES + 1))
    before = bench.log.head
    bench.reader.show(Appearance(1, background=1))
    bench.write(b"a question that comes while the engine is behind?")
    bench.reader.show(Appearance(1, background=2))
    between = bench.log.head - before
    bench.write(b"another?")
    await bench.thread.take_all()
    assert bench.engine.shown_at == [before, before + between]
    assert len(bench.engine.taken) == bench.log.head


async def test_what_must_come_in_time_does_not_wait_for_a_screen_asked_for_again(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(b"a" * (INLINE_BYTES + 1))
    before = bench.log.head
    screens: list[ScreenSnapshot | None] = []
    bench.reader.request_snapshot(0, screens.append)
    bench.reader.show(Appearance(1, background=1))
    bench.write(b"more")
    bench.reader.request_snapshot(0, screens.append)
    for _ in range(20):
        if bench.thread.turns:
            await bench.thread.take_one()
    assert not bench.thread.turns
    assert bench.engine.shown_at == [before]
    assert [screen.offset for screen in screens if screen is not None] == [bench.log.head] * 2


async def test_what_must_come_in_time_does_not_wait_for_sizes_that_are_forgotten(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(b"a" * (INLINE_BYTES + 1))
    bench.log.record_size(100, 30)
    bench.reader.show(Appearance(1, background=1))
    bench.write(b"more")
    for number in range(RESIZE_SLOTS + 10):
        bench.log.record_size(80 + number % 2, 24)
    bench.reader.note_output()
    for _ in range(20):
        if bench.thread.turns:
            await bench.thread.take_one()
    assert not bench.thread.turns
    assert bench.engine.shown_at == [len(bench.engine.taken) - len(b"more")]
    assert bench.engine.taken.endswith(b"more")
    assert bench.engine.sizes[-1] == (81, 24)


async def test_title(bench: Bench) -> None:
    await open_bench(bench)
    bench.engine.title = "vim"
    assert bench.reader.refresh_title()
    assert not bench.reader.refresh_title()
    assert bench.reader.title == "vim"


# --- rest, and letting go


async def test_rest(bench: Bench) -> None:
    await open_bench(bench)
    await bench.rest()
    assert bench.engine.compressed == 1
    bench.write(b"k")
    assert bench.fed == 2


async def test_letting_go(bench: Bench) -> None:
    await open_bench(bench)
    first, gone = bench.engine, []
    first.title = "vim"
    bench.reader.let_go(lambda: gone.append(1))
    assert gone == [1]
    assert first.is_closed
    assert bench.reader.title == "vim"
    got: list[ScreenSnapshot | None] = []
    bench.reader.request_snapshot(0, got.append)
    await bench.thread.take_all()
    assert [snapshot.data for snapshot in got if snapshot] == [b"hello"]
    assert bench.engine is not first


async def test_letting_go_waits_until_nothing_touches_the_log(bench: Bench) -> None:
    gone: list[int] = []
    bench.write(b"hello")
    bench.reader.let_go(lambda: gone.append(1))
    assert gone == []
    await bench.thread.take_all()
    assert gone == [1]
    assert bench.engine.is_closed


async def test_who_asks_meanwhile_needs_it_again(bench: Bench) -> None:
    gone: list[int] = []
    bench.write(b"hello")
    bench.reader.let_go(lambda: gone.append(1))
    bench.reader.request_snapshot(0, lambda snapshot: None)
    await bench.thread.take_all()
    assert gone == []


async def test_rest_does_not_need_it_again(bench: Bench) -> None:
    gone: list[int] = []
    await open_bench(bench)
    bench.write(bytes(600))
    bench.reader.let_go(lambda: gone.append(1))
    await bench.rest()
    assert gone == [1]


# --- failure


@pytest.mark.parametrize("length", [1, 1000])
async def test_a_failing_engine_costs_the_screen_and_nothing_else(bench: Bench, length: int) -> None:
    await open_bench(bench)
    got: list[Any] = []
    if length > INLINE_BYTES:
        bench.reader.request_snapshot(0, got.append)
        bench.reader.request_snapshot(9, got.append)
        bench.write(POISON * length)
        bench.reader.request_snapshot(7, got.append)
    else:
        bench.write(POISON)
    await bench.thread.take_all()
    assert bench.failures == 1
    assert bench.log.engine_hold is None
    assert bench.room > 0
    bench.reader.request_snapshot(0, got.append)
    assert got[-1] is None
    with pytest.raises(EngineGone):
        await bench.reader.ask(lambda engine: engine.text(0))
    bench.write(b"more")
    await bench.rest()
    gone: list[int] = []
    bench.reader.let_go(lambda: gone.append(1))
    assert gone == [1]


async def test_a_failure_lets_go(bench: Bench) -> None:
    gone: list[int] = []
    bench.write(POISON)
    bench.reader.let_go(lambda: gone.append(1))
    await bench.thread.take_all()
    assert (gone, bench.failures) == ([1], 1)


async def test_a_question_that_fails_costs_its_answer_only(bench: Bench) -> None:
    await open_bench(bench)
    bench.write(b"hello")

    def fail(engine: Engine) -> str:
        raise ValueError("cannot be read out of it")

    async def take_turns() -> None:
        await bench.thread.take_all()

    with pytest.raises(EngineGone):
        await asyncio.gather(bench.reader.ask(fail), take_turns())
    assert bench.failures == 0
    got: list[Any] = []
    bench.reader.request_snapshot(0, got.append)
    await bench.thread.take_all()
    assert got[0].offset == bench.log.head


# --- floods of plain text

LINE = b"a line of text\r\n"
FLOOD = LINE * (6 * WAIT_BYTES // len(LINE))


async def open_flooded_bench(bench: Bench) -> None:
    """Its engine needs ten lines to fill it, and has taken nothing of a flood so far."""
    await open_bench(bench, b"hello\r\n")
    bench.engine.lines_to_fill = 10
    bench.write(FLOOD)
    assert not bench.thread.turns
    assert bench.engine.taken == b"hello\r\n"


async def test_a_flood_waits_and_most_of_it_is_left_out(bench: Bench) -> None:
    await open_flooded_bench(bench)
    got: list[Any] = []
    bench.reader.request_snapshot(0, got.append)
    await bench.thread.take_all()
    assert got[0].offset == bench.log.head
    assert FLOOD.endswith(bench.engine.taken.removeprefix(b"hello\r\n"))
    assert 10 <= bench.engine.taken.count(b"\n") < FLOOD.count(b"\n")


async def test_what_could_be_seen_is_not_left_out(bench: Bench) -> None:
    await open_flooded_bench(bench)
    bench.engine.in_plain_text = False
    bench.reader.request_snapshot(0, lambda snapshot: None)
    await bench.thread.take_all()
    assert bench.engine.taken == b"hello\r\n" + FLOOD


async def test_a_flood_is_fed_when_it_has_ended(bench: Bench) -> None:
    await open_flooded_bench(bench)
    await wait_until_async(lambda: bench.thread.turns)
    await bench.thread.take_all()
    assert bench.engine.taken.endswith(LINE)


async def test_a_question_in_a_flood_does_not_wait(bench: Bench) -> None:
    await open_flooded_bench(bench)
    bench.write(b"\x1b?")
    await bench.thread.take_all()
    assert bench.answers == [Answers(bench.log.head, b"1;")]


async def test_letting_go_does_not_wait_for_a_flood_to_end(bench: Bench) -> None:
    await open_bench(bench)
    gone: list[bool] = []
    bench.write(b"\x1b[m" + bytes(INLINE_BYTES))
    bench.write(FLOOD)
    bench.reader.let_go(lambda: gone.append(True))
    assert not gone  # a turn is under way
    await bench.thread.take_all()
    assert gone


async def test_an_endless_flood_is_left_out_as_it_comes(bench: Bench) -> None:
    await open_flooded_bench(bench)
    written = 0
    while written < 4 * CAPACITY:
        offset = bench.log.head
        taken = append(bench.log, FLOOD)
        written += taken
        bench.reader.look_at_output(offset, FLOOD[:taken])
        bench.reader.note_output()
        await bench.thread.take_all()
        assert taken > 0, "the log is full"
    assert bench.engine.taken.count(b"\n") < 100
    await wait_until_async(lambda: bench.thread.turns)
    await bench.thread.take_all()
    assert bench.engine.taken.endswith(LINE)


async def test_the_next_daemon_comes_to_the_end_of_what_was_left_out(bench: Bench) -> None:
    await open_flooded_bench(bench)
    while not (bench.screen_file.load(bench.maker.name, bench.log.epoch)):
        bench.write(FLOOD)
        await bench.thread.take_all()
    bench.start()
    got: list[Any] = []
    bench.reader.request_snapshot(0, got.append)
    await bench.thread.take_all()
    assert got[0].offset == bench.log.head
    assert bench.engine.taken.endswith(10 * LINE)
