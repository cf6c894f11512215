"""Runs: takes them in, lets so many run at once as there are places, stops them, and says how they ended.

The queue is a file for each that waits, so it outlives the daemon. One that has been started is a session of the same
id at once; its file goes last, so after a daemon that was killed in between there are both, and the session counts.
"""

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.limits import MIB
from ptyd_protocol.runs import RunInfo, RunParams
from ptyd_protocol.sessions import CreateParams

from ptyd.agents.claude_run import build_run_argv
from ptyd.config import Config
from ptyd.core.access.audit import NOBODY
from ptyd.core.access.principal import Possession, Principal
from ptyd.core.runs.run import RUN_KIND, describe_run, make_record
from ptyd.core.runs.run_outcome import find_result, judge_run
from ptyd.core.runs.run_queue import QueuedRun, RunQueue
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.files.log_store import LogStore
from ptyd.edge.files.run_files import bound_errors, read_errors
from ptyd.edge.files.run_store import RunStore
from ptyd.edge.tasks import Tasks
from ptyd.manager import PtyManager, RunLaunch
from ptyd.session_maker import SESSION_ID_BYTES

logger = logging.getLogger("ptyd.runs")

STOP_GRACE_SECONDS: Final = 5.0
"""Between SIGINT, TERM and KILL: Claude Code takes 2 s where a tool runs."""

RETRY_SECONDS: Final = 5.0
"""So long does the queue wait where the system has no room for another session."""

LOOK_SECONDS: Final = 5.0
"""Between two looks at how much programs have complained."""

LAST_LINES_BYTES: Final = MIB
"""The last line is looked for in so much of the output first, and then in all of it."""

MAX_FAILURES: Final = 1000
"""So many runs that could not be started, or were dropped, are remembered for those who ask."""

NO_ROOM: Final = frozenset({ErrorCode.TOO_MANY_SESSIONS, ErrorCode.NO_RESOURCES, ErrorCode.NO_PTYS})
"""Reasons that pass."""

StopReason = Literal["interrupt", "timeout", "client"]

END_REASONS: Final[dict[StopReason, str]] = {
    "interrupt": "it was interrupted",
    "timeout": "it took longer than it was allowed",
    "client": "the connection that it was for has gone",
}


@dataclass(slots=True)
class _Waiting:
    """What there is of a queued run in memory. ``settled``: it has been started, or will not be."""

    settled: asyncio.Event = field(default_factory=asyncio.Event)
    attempt: asyncio.Task[None] | None = None
    """To start it, just now."""
    is_tied: bool = False


class Runs:
    """One for the daemon. ``directory``: where the queue is; ``is_good``: whether a token is still good, by its id."""

    def __init__(
        self,
        config: Config,
        manager: PtyManager,
        store: LogStore,
        directory: Path,
        tasks: Tasks,
        is_good: Callable[[str], bool],
    ) -> None:
        self._config = config
        self._manager = manager
        self._store = store
        self._files = RunStore(directory)
        self._tasks = tasks
        self._is_good = is_good
        self._loop = asyncio.get_running_loop()
        self._queue = RunQueue()
        self._waiting: dict[str, _Waiting] = {}
        self._failures: dict[str, tuple[QueuedRun, Refusal]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_open = False
        """Whether runs may be started: not before the sessions are taken over."""
        manager.on_run_started = self._note_start
        manager.on_run_ended = self._note_end

    # --- the queue ---

    @property
    def waiting(self) -> int:
        """How many."""
        return len(self._queue)

    def read_queue(self) -> None:
        """What the daemon before us has left waiting."""
        for run in self._files.read():
            self._queue.add(run)
            self._waiting[run.id] = _Waiting()

    def open(self) -> None:
        """The sessions are taken over: go on with the queue."""
        for run in self._queue:
            if run.id in self._manager.registry:  # started, and then the daemon was killed
                self._leave_queue(run.id)
        self._is_open = True
        self._start_next()
        self._tasks.start(self._look_at_errors(), "standard error of runs")

    def close(self, *, is_dropping: bool) -> None:
        """Start nothing more. ``is_dropping``: the sessions end with the daemon, and so do those that wait; else they
        are the next daemon's."""
        self._is_open = False
        if is_dropping:
            for run in list(self._queue):
                self._drop(run, Refusal(ErrorCode.NO_SUCH_SESSION, f"run {run.id} was dropped: ptyd goes down"))

    async def submit(self, params: RunParams, principal: Principal, *, is_tied: bool = False) -> RunInfo:
        """Take a run in, and start it where there is a place. ``is_tied``: it is for a connection, and ends with it.

        Raises:
            Refusal: a bad parameter, a full queue, or a program that cannot be started.
        """
        self._check(params)
        if not self._is_open:
            raise Refusal(ErrorCode.UNAVAILABLE, "the daemon is about to end")
        run = QueuedRun(
            id=self._new_id(),
            params=params,
            owner=principal.name,
            grant_id=principal.grant_id,
            is_capped=not principal.may("admin"),
            queued_at=time.time(),
        )
        if not is_tied:  # with the daemon goes its connection, and so it
            self._files.write(run)
        self._queue.add(run)
        waiting = self._waiting[run.id] = _Waiting(is_tied=is_tied)
        self._start_next()
        if waiting.attempt is not None:
            await asyncio.shield(waiting.attempt)
        return self._tell_submitted(run)

    def _tell_submitted(self, run: QueuedRun) -> RunInfo:
        self._raise_failure(run.id)
        session = self._manager.registry.get(run.id)
        info = describe_run(session) if session is not None else None
        if info is None:
            info = self._queue.describe(run)
            self._manager.events.publish("run_queued", run, msgspec.to_builtins(info))
        return info

    def _check(self, params: RunParams) -> None:
        """Raises Refusal: what would only be found out when its turn comes."""
        if self._count_busy() >= self._config.max_runs and len(self._queue) >= self._config.max_queued_runs:
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                f"{len(self._queue)} runs wait already, which is the limit (max_queued_runs); stop one with"
                " `ptyd runs --stop ID`",
            )
        if not params.prompt.strip():
            raise Refusal(ErrorCode.BAD_REQUEST, "the prompt is empty")
        if params.fork and not params.resume:
            raise Refusal(ErrorCode.BAD_REQUEST, "fork goes with resume: say which conversation")
        if params.cwd and not Path(params.cwd).is_absolute():
            raise Refusal(ErrorCode.BAD_REQUEST, f"the directory must be an absolute path: {params.cwd!r}")
        if params.name:
            self._manager.registry.check_name(params.name)

    def _new_id(self) -> str:
        while (run_id := secrets.token_hex(SESSION_ID_BYTES)) in self._manager.registry or run_id in self._queue:
            pass
        return run_id

    def _leave_queue(self, run_id: str) -> None:
        self._queue.remove(run_id)
        self._files.remove(run_id)
        waiting = self._waiting.pop(run_id, None)
        if waiting is not None:
            waiting.settled.set()

    def _start_next(self) -> None:
        """Start those that there are places for."""
        if not self._is_open:
            return
        places = self._config.max_runs - self._count_busy()
        for run in self._queue:
            waiting = self._waiting[run.id]
            if places > 0 and waiting.attempt is None:
                waiting.attempt = self._tasks.start(self._start(run, waiting), f"start of run {run.id}")
                places -= 1

    def _count_busy(self) -> int:
        running = {session.id for session in self._manager.registry.running() if session.run is not None}
        return len(running | {run_id for run_id, waiting in self._waiting.items() if waiting.attempt is not None})

    async def _start(self, run: QueuedRun, waiting: _Waiting) -> None:
        try:
            if not self._is_good(run.grant_id):
                raise Refusal(ErrorCode.NOT_ALLOWED, "the credentials that it was asked for with are no longer good")
            await self._launch(run, is_tied=waiting.is_tied)
        except Refusal as refusal:
            waiting.attempt = None
            if refusal.code in NO_ROOM:
                logger.info("run %s waits on: %s", run.id, refusal.message)
                self._loop.call_later(RETRY_SECONDS, self._start_next)
            else:
                self._drop(run, refusal)
                self._start_next()
        except Exception:
            logger.exception("run %s could not be started", run.id)
            self._drop(run, Refusal(ErrorCode.INTERNAL, "the run could not be started; see the daemon's log"))
            self._start_next()
        else:
            self._leave_queue(run.id)

    async def _launch(self, run: QueuedRun, *, is_tied: bool) -> None:
        """Raises Refusal: it cannot be started (now)."""
        params, conversation = run.params, str(uuid.uuid4())
        timeout_seconds = params.timeout_seconds or self._config.run_timeout_seconds or None
        known = "" if params.fork else params.resume or conversation
        launch = RunLaunch(
            session_id=run.id,
            record=make_record(params, known, timeout_seconds, run.queued_at, is_tied),
            prompt=params.prompt.encode(),
        )
        create = CreateParams(
            argv=build_run_argv(params, conversation), cwd=params.cwd, env=params.env, name=params.name, kind=RUN_KIND
        )
        session = await self._manager.create(create, run.owner, is_capped=run.is_capped, launch=launch)
        with audit.acting_as(NOBODY):  # whoever asked for it may be gone
            audit.note("created", run.owner, session, kind=RUN_KIND, program=session.argv[0], pid=session.pid)

    def _drop(self, run: QueuedRun, refusal: Refusal) -> None:
        """It will not be started."""
        info = self._queue.describe(run)
        self._failures[run.id] = run, refusal
        while len(self._failures) > MAX_FAILURES:
            del self._failures[next(iter(self._failures))]
        self._leave_queue(run.id)
        reason = {"code": str(refusal.code), "message": refusal.message}
        self._manager.events.publish("run_dropped", run, {"run": msgspec.to_builtins(info), **reason})

    # --- what clients ask ---

    def list_runs(self, sees: Callable[[Possession], bool]) -> list[RunInfo]:
        """Those that wait, in the order in which they will start, then the sessions, oldest first."""
        waiting = [self._queue.describe(run, place) for place, run in enumerate(self._queue, 1) if sees(run)]
        infos = [describe_run(session) for session in self._manager.registry if sees(session)]
        return waiting + [info for info in infos if info is not None]

    def find(self, ref: str, sees: Callable[[Possession], bool]) -> QueuedRun | Session:
        """The run of this id, or that a session's ref names; the ref of any session that is a run.

        Raises:
            Refusal: there is none, or it could not be started.
        """
        queued = self._queue.get(ref)
        if queued is not None and sees(queued):
            return queued
        if ref in self._failures and sees(self._failures[ref][0]):
            self._raise_failure(ref)
        return self._manager.registry.resolve(ref, lambda session: session.run is not None and sees(session))

    def _raise_failure(self, run_id: str) -> None:
        """Raises Refusal: the run could not be started, or was dropped."""
        if run_id in self._failures:
            _, refusal = self._failures[run_id]
            raise Refusal(refusal.code, refusal.message)

    async def wait(self, found: QueuedRun | Session, until: Literal["start", "end"]) -> RunInfo:
        """Wait until a run has been started, or has ended.

        Raises:
            Refusal: it could not be started, or was dropped.
        """
        if isinstance(found, QueuedRun):
            waiting = self._waiting.get(found.id)
            if waiting is not None:
                await waiting.settled.wait()
            self._raise_failure(found.id)
            session = self._manager.registry.get(found.id)
        else:
            session = found
        if session is None:
            raise Refusal(ErrorCode.NO_SUCH_SESSION, f"run {found.id} is no longer known")
        if until == "end":
            await self._manager.wait_exit(session)
        return self.describe(session)

    async def wait_for(self, run_id: str, until: Literal["start", "end"]) -> RunInfo:
        """As ``wait``, by the id."""
        return await self.wait(self.find(run_id, lambda possession: True), until)

    async def abandon(self, run_id: str) -> None:
        """The connection that a run was for has gone."""
        with suppress(Refusal):  # it has gone, too
            await self.stop(self.find(run_id, lambda possession: True), "client")

    def describe(self, run: QueuedRun | Session) -> RunInfo:
        if isinstance(run, QueuedRun):
            return self._queue.describe(run)
        info = describe_run(run, is_whole=True)
        assert info is not None
        return info

    async def stop(self, run: QueuedRun | Session, reason: StopReason = "interrupt") -> None:
        """Drop one that waits; interrupt one that runs, and end it where it does not end by itself. One that has ended
        is left as it is."""
        if isinstance(run, QueuedRun):
            attempt = self._waiting[run.id].attempt if run.id in self._waiting else None
            if attempt is not None:
                await asyncio.shield(attempt)
            session = self._manager.registry.get(run.id)
            if session is None:
                if run.id in self._queue:
                    self._drop(run, Refusal(ErrorCode.NO_SUCH_SESSION, f"run {run.id} was dropped from the queue"))
                return
            run = session
        self._begin_stop(run, reason)

    def _begin_stop(self, session: Session, reason: StopReason) -> None:
        if session.exit is not None or session.run is None or session.end_reason:
            return  # it has ended, or is about to
        logger.info("run %s is stopped: %s", session.id, reason)
        self._manager.note_run(session, msgspec.structs.replace(session.run, stopped_by=reason), END_REASONS[reason])
        self._tasks.start(self._manager.stop_run(session, STOP_GRACE_SECONDS), f"end of run {session.id}")

    # --- the sessions ---

    def _note_start(self, session: Session) -> None:
        """A run has been started, or taken over from the daemon before us."""
        record = session.run
        assert record is not None
        if record.stopped_by:  # which a daemon before us had begun
            self._tasks.start(self._manager.stop_run(session, STOP_GRACE_SECONDS), f"end of run {session.id}")
        elif record.is_tied and session.id not in self._waiting:
            self._begin_stop(session, "client")
        elif record.timeout_seconds is not None:
            left = session.began_at + record.timeout_seconds - time.monotonic()
            self._timers[session.id] = self._loop.call_later(max(0.0, left), self._begin_stop, session, "timeout")

    def _note_end(self, session: Session) -> None:
        timer = self._timers.pop(session.id, None)
        if timer is not None:
            timer.cancel()
        status, record = session.exit, session.run
        assert record is not None
        output = _read_end(session, LAST_LINES_BYTES)
        result = find_result(output)
        if result is None and session.log.head > LAST_LINES_BYTES:
            result = find_result(_read_end(session, session.log.head))
        session.outcome = judge_run(
            result,
            status.code if status is not None else None,
            status.signal if status is not None else None,
            record.stopped_by,
            read_errors(self._store.errors_path(session.id)),
            session.end_reason,
        )
        if session.conversation is not None and session.outcome.conversation:  # a fork's is told only now
            session.conversation = session.conversation.moved_to(session.outcome.conversation)
        self._loop.call_soon(self._start_next)

    async def _look_at_errors(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for session in self._manager.registry.running():
                if session.run is not None:
                    bound_errors(self._store.errors_path(session.id))


def _read_end(session: Session, length: int) -> bytes:
    """The newest ``length`` bytes of the output, or what there is of them."""
    log = session.log
    begin = max(log.oldest, log.head - length)
    return bytes(log.read(begin, log.head - begin))
