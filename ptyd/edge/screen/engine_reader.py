"""One session's engine at the event loop: fed from the replay log, one more reader of it with a cursor of its own.

At most one turn of an engine is in the engine thread at a time; while none is, the engine belongs to the loop. A lone
key's echo is fed at once by the loop, which is cheaper than waking a thread; everything else takes a turn.

The engine's state is saved now and then (saved_states.py), and the log is held from there on: the next daemon comes to
the same screen. So the program waits, at worst, for the engine, and the screen stays exact.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ptyd_protocol.messages import Appearance

from ptyd.core.log.input_ledger import ENGINE_KEY
from ptyd.core.screen.engine import Engine, EngineMaker, EngineStateDamaged
from ptyd.core.screen.engine_feed import Answers, EngineFeed, FeedState
from ptyd.core.screen.screen_source import EngineGone, ScreenSnapshot
from ptyd.core.screen.text_flood import PlainText
from ptyd.core.terminal import LogFile
from ptyd.core.viewing.safe_boundary import SEARCH_BYTES, find_safe_boundary
from ptyd.edge.screen.engine_thread import EngineThread
from ptyd.edge.screen.saved_states import SavedStates
from ptyd.edge.screen.screen_store import ScreenFile

logger = logging.getLogger("ptyd.engine")

T = TypeVar("T")

TURN_BYTES = 256 * 1024
"""After so much another session's engine has its turn."""
TURNS_A_LOG = 16
"""So often, at least, while a log's capacity is written: only a turn saves the state, and so lets the hold move on."""
INLINE_BYTES = 512
"""So much output is fed by the loop itself. The worst that could be made up of it (characters repeated ten thousand
times each) took 7 ms here, a key's echo takes some microseconds."""
WAIT_BYTES = 16 * 1024
WAIT_SECONDS = 0.1
"""More plain text than WAIT_BYTES waits until nothing more has come of it for so long: most of a flood scrolls away
unseen and is left out (core/screen/text_flood.py). Whoever asks for the screen meanwhile does not wait."""


@dataclass(eq=False, slots=True)
class _Job:
    """What is asked of the engine when it has taken everything before ``target`` and ``size_count`` sizes."""

    target: int
    size_count: int
    ask: Callable[[EngineFeed], Any]
    settle: list[Callable[[Any], None]]
    """Called by the loop with the answer, or with None where there is no engine any more."""
    is_exact: bool = False
    """It must come before any output that follows ``target``."""
    started: bool = False
    answer: Any = None


@dataclass(slots=True)
class _Turn:
    """What one turn has brought."""

    answers: Answers | None = None
    done: list[_Job] = field(default_factory=list)
    error: BaseException | None = None


class EngineReader:
    """The engine of one session (core/screen/screen_source.py's ScreenSource)."""

    def __init__(
        self,
        thread: EngineThread,
        maker: EngineMaker,
        log_file: LogFile,
        screen_file: ScreenFile,
        scrollback_lines: int,
        on_fed: Callable[[], None],
        on_answers: Callable[[Answers], None],
        on_room: Callable[[], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = thread
        self._maker = maker
        self._log_file = log_file
        self._scrollback_lines = scrollback_lines
        self._on_fed = on_fed
        self._on_answers = on_answers
        self._on_room = on_room
        self._on_failure = on_failure
        self._feed: EngineFeed | None = None
        self._jobs: deque[_Job] = deque()
        self._snapshots: dict[int, _Job] = {}
        self._lock = threading.Lock()
        """Held to begin a job, and to postpone one that is not begun."""
        self._is_busy = False
        self._turn_at = 0
        """Where the engine was at the end of its last turn."""
        self._states = SavedStates(screen_file, log_file, maker.name, self._loop.time)
        self._has_failed = False
        self._when_idle: Callable[[], None] | None = None
        self._plain = PlainText(log_file.log.head)
        self._waits_until: asyncio.TimerHandle | None = None
        self._feeds_until = 0
        """What is before it has waited long enough."""
        self._turn_bytes = min(TURN_BYTES, log_file.log.capacity // 8)
        self._is_fed = False
        """It has taken something since it was at rest."""
        self.title = ""
        self._states.find_hold()

    # --- what is asked, on the loop ---

    def look_at_output(self, offset: int, data: bytes, *, has_sequences: bool = True) -> None:
        """``data`` has come, at ``offset``; ``note_output`` follows."""
        self._plain.note(offset, data, has_sequences=has_sequences)

    def note_output(self) -> None:
        """There is something new in the log: output that was looked at, or a size."""
        if self._has_failed:
            return
        if not self._is_fed:
            self._is_fed = True
            self._on_fed()
        if self._is_busy:
            return
        feed = self._feed
        if feed is not None and self._may_wait(feed):
            self._wait()
            return
        if feed is None or self._needs_turn(feed):
            self._take_turn()
            return
        log = self._log_file.log
        log.engine_is_at_work = True
        try:
            answers = feed.step()
        except Exception as error:
            self._fail(error)
            return
        finally:
            log.engine_is_at_work = False
        if answers is not None:
            self._on_answers(answers)
        if feed.is_behind:
            self._take_turn()

    def _needs_turn(self, feed: EngineFeed) -> bool:
        log = self._log_file.log
        return (
            bool(self._jobs)
            or log.head - feed.cursor > INLINE_BYTES
            or feed.has_size_due
            or feed.cursor - self._turn_at >= log.capacity // TURNS_A_LOG
        )

    @property
    def backlog_bytes(self) -> int:
        """Output that the engine has not taken yet; 0 where it has nothing to do."""
        feed = self._feed
        return 0 if feed is None or self._has_failed else max(0, self._log_file.span.head - feed.cursor)

    def request_snapshot(self, scrollback: int, on_ready: Callable[[ScreenSnapshot | None], None]) -> None:
        """Those who ask for the same before it is begun get the same, taken where the last one asked."""
        log = self._log_file.log
        job = self._snapshots.get(scrollback)
        if job is not None:
            with self._lock:
                if not job.started:
                    job.target, job.size_count = log.head, log.size_count
                    job.settle.append(on_ready)
                    return

        def take(feed: EngineFeed) -> ScreenSnapshot:
            state = feed.state
            cols, rows = feed.size
            return ScreenSnapshot(state.offset, state.size_number, cols, rows, feed.engine.snapshot(scrollback))

        job = self._ask(take, on_ready)
        if job is not None:
            self._snapshots[scrollback] = job

    def show(self, appearance: Appearance) -> None:
        def report(data: bytes | None) -> None:
            if data:
                self._on_answers(Answers(0, data))

        # A question that the program asks afterwards is to be answered accordingly, however far behind the engine is.
        self._ask(lambda feed: feed.engine.show(appearance), report, is_exact=True)

    async def ask(self, question: Callable[[Engine], T]) -> tuple[int, T]:
        """What ``question`` finds when the engine has taken all output there is now, and at which offset.

        Raises:
            EngineGone: the engine has failed.
        """
        future: asyncio.Future[tuple[int, T] | None] = self._loop.create_future()

        def settle(answer: tuple[int, T] | None) -> None:
            if not future.done():
                future.set_result(answer)

        self._ask(lambda feed: (feed.cursor, question(feed.engine)), settle)
        answer = await future
        if answer is None:
            raise EngineGone
        return answer

    def rest(self) -> None:
        """Nothing has come for a while: save what is not saved, and take less memory."""
        self._is_fed = False
        if self._feed is None or self._has_failed or self._when_idle is not None:
            return

        def settle_down(feed: EngineFeed) -> None:
            if feed.asked_at > self._log_file.inputs.last_seq(ENGINE_KEY):
                feed.engine.compress()
                return  # with this state the next daemon would not answer what is still to be delivered
            self._states.save_at_rest(feed)
            feed.engine.compress()

        self._ask(settle_down, lambda done: None)

    def refresh_title(self) -> bool:
        """Look whether the program has renamed its window; True where it has."""
        if self._is_busy or self._feed is None or self._has_failed:
            return False
        log = self._log_file.log
        log.engine_is_at_work = True
        title = self._feed.engine.title
        log.engine_is_at_work = False
        changed, self.title = title != self.title, title
        return changed

    def let_go(self, then: Callable[[], None]) -> None:
        """Free the engine, and call ``then`` when nothing touches the log any more. A later question makes the engine
        anew, from what was saved and from the log."""
        if self._is_busy:
            self._when_idle = then
            return
        if self._feed is not None:
            self.refresh_title()  # a program that ends soon has had no other look at it
            self._feed.engine.close()
            self._feed = None
        then()

    def _ask(
        self, ask: Callable[[EngineFeed], Any], settle: Callable[[Any], None], *, is_exact: bool = False
    ) -> _Job | None:
        if self._has_failed:
            settle(None)
            return None
        self._when_idle = None
        log = self._log_file.log
        job = _Job(log.head, log.size_count, ask, [settle], is_exact)
        self._jobs.append(job)
        if not self._is_busy:
            self._take_turn()
        return job

    # --- a turn ---

    def _take_turn(self) -> None:
        self._is_busy = True
        self._thread.submit(self._run_turn)

    def _run_turn(self) -> None:
        """In the engine thread."""
        turn = _Turn()
        log = self._log_file.log
        log.engine_is_at_work = True
        try:
            self._feed_and_ask(turn)
        except EngineStateDamaged as error:
            logger.error("a saved screen cannot be used: %s", error)
            self._states.is_damaged = True
        except BaseException as error:
            turn.error = error
        log.engine_is_at_work = False
        with suppress(RuntimeError):  # the loop has ended, and the daemon with it
            self._loop.call_soon_threadsafe(self._end_turn, turn)

    def _feed_and_ask(self, turn: _Turn) -> None:
        feed = self._feed
        if feed is None:
            feed = self._feed = self._open_feed()
        if feed.skip_unseen():
            self._states.save_in_time(feed)
        if self._may_wait(feed):
            return
        limit = feed.cursor + self._turn_bytes
        while feed.is_behind and feed.cursor < limit:
            # In this order: whatever is in the log by now has behind it the jobs that must come before it.
            head = self._log_file.log.head
            exact = next((job for job in list(self._jobs) if job.is_exact), None)
            if exact is not None and self._is_due(exact, feed):
                break
            turn.answers = feed.step(head if exact is None else exact.target)
            if turn.answers is not None:
                break
        while (job := self._begin_due_job(feed)) is not None:
            turn.done.append(job)
            try:
                job.answer = job.ask(feed)
            except Exception:
                # The engine goes on: it has what the program said, and answers it, whatever cannot be read out of it.
                logger.exception("a question to an engine has failed")
        self._states.save_in_time(feed)

    def _may_wait(self, feed: EngineFeed) -> bool:
        """The engine need not take yet what has come. Not for ever: the log has to be let go of."""
        if self._jobs or feed.cursor < self._feeds_until:
            return False
        head, capacity = self._log_file.log.head, self._log_file.log.capacity
        if head - self._states.hold >= capacity * 7 // 8:
            return False
        return WAIT_BYTES <= head - feed.cursor < capacity // 2 and feed.may_wait()

    def _wait(self) -> None:
        if self._waits_until is None:
            self._waits_until = self._loop.call_later(WAIT_SECONDS, self._end_wait, self._log_file.log.head)

    def _end_wait(self, head_before: int) -> None:
        self._waits_until = None
        if self._feed is None or self._is_busy or not self._feed.is_behind:
            return  # the log may be gone with the engine
        head = self._log_file.log.head
        if head - head_before >= WAIT_BYTES:
            self._wait()
            return
        self._feeds_until = head
        self._take_turn()

    def _begin_due_job(self, feed: EngineFeed) -> _Job | None:
        """The first that is due. One before it may have been put off, by another who asks for the same."""
        with self._lock:
            job = next((job for job in list(self._jobs) if self._is_due(job, feed)), None)
            if job is not None:
                self._jobs.remove(job)
                job.started = True
            return job

    @staticmethod
    def _is_due(job: _Job, feed: EngineFeed) -> bool:
        return feed.has_reached(job.target, job.size_count)

    def _open_feed(self) -> EngineFeed:
        log = self._log_file.log
        answered = self._log_file.inputs.last_seq(ENGINE_KEY)
        saved = self._states.load()
        if saved is not None:
            return EngineFeed(self._maker.restore(saved.state), log, saved.at, answered, self._plain)
        start = log.oldest
        if start > 0:
            start += find_safe_boundary(log.read(start, SEARCH_BYTES))
        number = log.size_number_at(start)
        _, cols, rows = log.size_record(number)
        engine = self._maker.create(cols, rows, self._scrollback_lines)
        self._states.is_damaged = False  # whatever is saved from here on is not
        return EngineFeed(engine, log, FeedState(start, number), answered, self._plain)

    def _end_turn(self, turn: _Turn) -> None:
        """Back on the loop."""
        self._is_busy = False
        if turn.error is not None:
            self._jobs.extendleft(turn.done)
            self._fail(turn.error)
            return
        if self._feed is None:
            self._states.find_hold()  # only from now on is the log kept that the engine has to begin with
            self._take_turn()
            return
        self._turn_at = self._feed.cursor
        log = self._log_file.log
        if self._states.move_hold(log):
            self._on_room()
        if turn.answers is not None:
            self._on_answers(turn.answers)
        for job in turn.done:
            self._settle(job)
        self._go_on()

    def _go_on(self) -> None:
        """Take another turn where there is more to do; the settled jobs may have seen to it already."""
        if self._is_busy or self._has_failed:
            return
        is_behind = self._feed is not None and self._feed.is_behind
        waits = self._feed is not None and is_behind and self._may_wait(self._feed)
        if self._jobs or (is_behind and not waits):
            self._take_turn()
        elif self._when_idle is not None:
            then, self._when_idle = self._when_idle, None
            self.let_go(then)
        elif waits:
            self._wait()

    def _settle(self, job: _Job) -> None:
        for scrollback, pending in list(self._snapshots.items()):
            if pending is job:
                del self._snapshots[scrollback]
        for settle in job.settle:
            settle(job.answer)

    def _fail(self, error: BaseException) -> None:
        """The session goes on without its engine."""
        logger.error("an engine has failed; its session goes on without", exc_info=error)
        self._has_failed = True
        self._log_file.log.engine_hold = None
        self._on_failure()
        self._on_room()
        while self._jobs:
            job = self._jobs.popleft()
            job.answer = None
            self._settle(job)
        if self._when_idle is not None:
            then, self._when_idle = self._when_idle, None
            then()
