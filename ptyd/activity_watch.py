"""What one session's program is doing: joins the state machine (core/agent_state) with its sources of evidence."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from ptyd_protocol.activity import Activity, ActivityState, ExplainResult

from ptyd.agents import Observer
from ptyd.core.agent_state import AgentState, Facts, Observation
from ptyd.core.limits.token_bucket import TokenBucket
from ptyd.core.screen.output_signals import OutputSignal
from ptyd.core.screen.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge.tasks import Tasks
from ptyd.edge.watching.hook_spool import HookCall

logger = logging.getLogger("ptyd.activity")

QUIET_SECONDS = 5.0
"""No output for so long is quiet."""
BELL_SECONDS = 1.0
"""A bell more often than this is told once."""
MIN_RECHECK_SECONDS = 0.05
"""Whatever the clock does."""
SAVE_SECONDS = 1.0
"""So much of what was seen a killed daemon may forget."""
MAX_SIGNALS = 8
"""Of one piece of output only so many are looked at, the newest: a program could write thousands."""
CHANGES_PER_SECOND = 20
"""So many are told, one by one; of more the last one, as soon as it is due."""
TRANSCRIPT_SECONDS = 0.3
"""After a turn: what it says of the last answer is written by then."""
SCREEN_SECONDS = 0.3
"""The screen is looked at when nothing has come for so long: it is whole then, most likely."""
MAX_SCREEN_SECONDS = 1.0
"""And after so long in any case: there are spinners."""


class ActivityWatch:
    """``on_change`` is called when the session's ``activity`` has changed, ``on_bell`` when its bell was rung;
    ``path``: where the state is kept for the next daemon."""

    def __init__(
        self,
        session: Session,
        observer: Observer,
        path: Path,
        on_change: Callable[[], None],
        on_bell: Callable[[], None],
        tasks: Tasks,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._observer = observer
        self._path = path
        self._on_change = on_change
        self._on_bell = on_bell
        self._tasks = tasks
        self._state = AgentState(session.created_at, is_known=observer.is_known, reports=observer.reports)
        self._output: ActivityState | None = None
        """What the output says: active, quiet, or a bell that nobody has reacted to."""
        self._bell_told_at = -BELL_SECONDS
        self._changes = TokenBucket(CHANGES_PER_SECOND, self._loop.time())
        self._screen_due_at = 0.0
        self._transcript_read_of = 0.0
        """The beginning of the state in which it was read."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._waiters: dict[asyncio.Future[bool], frozenset[str]] = {}
        """With the states that each waits for."""
        try:
            self._state.restore(path.read_bytes(), time.time())
        except FileNotFoundError:
            pass
        except OSError as error:
            logger.error("session %s: what was seen of it before is lost: %s", session.id, error)
        session.activity = self._state.activity

    @property
    def activity(self) -> Activity:
        return self._state.activity

    def explain(self) -> ExplainResult:
        return self._state.explain()

    def start(self) -> None:
        """The program runs: look for what it says."""
        self._session.on_signals = self._note_signals
        self._begin_output("it was started")

    async def wait(self, states: frozenset[str]) -> bool:
        """Until it is in one of ``states``; False: it has ended in another."""
        if self.activity.state in states:
            return True
        if self.activity.state == "exited":
            return False
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiters[waiter] = states
        try:
            return await waiter
        finally:
            del self._waiters[waiter]

    # --- where evidence comes from ---

    def note_output(self) -> None:
        """Output has come. Cheap: this is called for each piece of it."""
        if self._output != "bell" and self._output != "active":
            self._begin_output("there is output")

    def _begin_output(self, text: str) -> None:
        self._note_own_output("active", text)
        self._set_timer("quiet", QUIET_SECONDS, self._check_quiet)
        if self._observer.looks_at_screen and "screen" not in self._timers:
            self._screen_due_at = self._loop.time() + MAX_SCREEN_SECONDS
            self._set_timer("screen", SCREEN_SECONDS, self._check_screen)

    def note_input(self) -> None:
        """Somebody has typed: a bell has done its work."""
        if self._output == "bell":
            self._output = None
            self.note_output()

    def note_registry(self, content: bytes | None) -> None:
        self._note(self._observer.observe_registry(content, time.time()))

    def note_hook(self, call: HookCall) -> None:
        self._note(self._observer.observe_hook(call.event, call.content, call.at))

    def finish(self, how: str, at: float) -> None:
        """The program has ended."""
        self._note(Observation(source="exit", at=at, text=f"it ended: {how}", state="exited", detail=how))
        self.close()

    def close(self) -> None:
        """Keep what is known for the next daemon."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._session.on_signals = lambda signals: None
        self._save()

    def _note_signals(self, signals: list[OutputSignal]) -> None:
        at = time.time()
        for signal in signals[-MAX_SIGNALS:]:
            if signal.kind == "bell":
                self._note_bell(at)
            else:
                self._note(self._observer.observe_signal(signal, at))

    def _note_bell(self, at: float) -> None:
        if self._loop.time() - self._bell_told_at < BELL_SECONDS:
            return
        self._bell_told_at = self._loop.time()
        self._output = "bell"
        self._note(Observation(source="output", at=at, text="the bell was rung", state="bell", facts=Facts(bell_at=at)))
        self._on_bell()

    def _check_quiet(self) -> None:
        if self._output != "active":
            return
        remaining = self._session.output_noted_at + QUIET_SECONDS - self._loop.time()
        if remaining > 0:
            self._set_timer("quiet", remaining, self._check_quiet)
        else:
            self._note_own_output("quiet", f"there has been no output for {QUIET_SECONDS:g} s")

    def _note_own_output(self, state: ActivityState, text: str) -> None:
        self._output = state
        at = time.time() if state == "active" else self._session.last_output_at
        self._note(Observation(source="output", at=at, text=text, state=state))

    def _check_screen(self) -> None:
        """Only while nothing that is trusted more says anything."""
        if self.activity.source not in ("screen", "output") or self._session.screen is None:
            return
        due_at = min(self._session.output_noted_at + SCREEN_SECONDS, self._screen_due_at)
        remaining = due_at - self._loop.time()
        if remaining > 0:
            self._set_timer("screen", remaining, self._check_screen)
        else:
            self._tasks.start(self._look_at_screen(), f"look at the screen of {self._session.id}")

    async def _look_at_screen(self) -> None:
        if self._session.screen is None:
            return
        try:
            _, text = await self._session.screen.ask(lambda engine: engine.text(0))
        except EngineGone:
            return
        seen = self._observer.observe_screen(text, time.time())
        if seen is None and self.activity.source == "screen":
            seen = Observation(
                source="screen", at=time.time(), text="the screen shows nothing that is known", is_withdrawal=True
            )
        self._note(seen)
        # What shows next comes with output, and nothing else says when to look again.
        self._output = None if self._output == "active" else self._output

    def _check_transcript(self) -> None:
        if self._transcript_read_of != self.activity.since:
            self._transcript_read_of = self.activity.since  # once a turn; what it tells changes the activity, too
            self._tasks.start(self._look_at_transcript(), f"look at the transcript of {self._session.id}")

    async def _look_at_transcript(self) -> None:
        path = Path(self.activity.transcript)
        self._note(await asyncio.to_thread(self._observer.read_transcript, path, time.time()))

    # --- what follows ---

    def _note(self, seen: Observation | None) -> None:
        if seen is None:
            return
        self._conclude(self._state.note(seen, time.time()))

    def _pass_time(self) -> None:
        self._conclude(self._state.pass_time(time.time()))

    def _conclude(self, has_changed: bool) -> None:
        recheck_at = self._state.recheck_at
        if recheck_at is not None:
            self._set_timer("recheck", max(MIN_RECHECK_SECONDS, recheck_at - time.time()), self._pass_time)
        if "save" not in self._timers:
            self._set_timer("save", SAVE_SECONDS, self._save)
        if not has_changed:
            return
        self._session.activity = self._state.activity
        state = self.activity.state
        if state in ("idle", "waiting") and self.activity.transcript and "transcript" not in self._timers:
            self._set_timer("transcript", TRANSCRIPT_SECONDS, self._check_transcript)
        for waiter, states in self._waiters.items():
            if not waiter.done() and (state in states or state == "exited"):
                waiter.set_result(state in states)
        if "tell" not in self._timers:
            wait = self._changes.spend(1, self._loop.time())
            if wait:
                self._set_timer("tell", wait, self._on_change)
            else:
                self._on_change()

    def _set_timer(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        """Each name has one timer."""
        if name in self._timers:
            self._timers[name].cancel()

        def fire() -> None:
            del self._timers[name]
            call()

        self._timers[name] = self._loop.call_later(seconds, fire)

    def _save(self) -> None:
        """Through a file beside it: a daemon that is killed meanwhile leaves the old one."""
        try:
            if self._path.parent.is_dir():
                unfinished = self._path.with_name(f"{self._path.name}-new")
                unfinished.write_bytes(self._state.save())
                unfinished.replace(self._path)
        except OSError as error:
            logger.error("session %s: what was seen of it is not saved: %s", self._session.id, error)
