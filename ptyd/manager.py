"""PtyManager: creates, finds, limits and ends sessions. It joins the pure state (core) with the PTYs (edge)."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach
from ptyd_protocol.session_limits import SessionLimits
from ptyd_protocol.sessions import CreateParams

from ptyd.activities import Activities
from ptyd.agents import AGENTS, Agent
from ptyd.approvals import Approvals
from ptyd.config import Config
from ptyd.core.access.audit import NOBODY
from ptyd.core.access.principal import Principal, check_attach
from ptyd.core.echo_sampler import EchoSampler
from ptyd.core.events import EventHub, EventKind
from ptyd.core.limits.session_limits import process_limits
from ptyd.core.log.holds import ASKER_KEY, RECORDER_KEY, HoldEnd, HoldWatch
from ptyd.core.registry import Registry
from ptyd.core.runs.run import RUN_KIND, RunRecord
from ptyd.core.screen.engine import EngineMaker
from ptyd.core.session import ExitStatus, Session
from ptyd.core.session_record import SessionRecord, record_of
from ptyd.core.viewing.attachment import Attachment, Outlet
from ptyd.edge import audit
from ptyd.edge.files.log_store import LogStore, MappedLog
from ptyd.edge.files.recordings import Recordings
from ptyd.edge.files.session_files import SessionFiles
from ptyd.edge.keeper_link import KeeperLink, KeptExit, KeptSession, SessionFds
from ptyd.edge.processes.admission import Admission
from ptyd.edge.processes.limiter import Limiter
from ptyd.edge.processes.process_tree import end_process_trees
from ptyd.edge.processes.resource_watch import ResourceWatch
from ptyd.edge.processes.session_marks import Kin, SessionMarks
from ptyd.edge.screen.engines import Engines
from ptyd.edge.tasks import Tasks
from ptyd.edge.terminal.hold_timer import HoldTimer
from ptyd.prompts import Prompts
from ptyd.removals import Removals
from ptyd.running_session import RunningSession, end_leftovers, nothing_to_signal
from ptyd.session_maker import SessionMaker

logger = logging.getLogger("ptyd.manager")

END_GRACE_SECONDS = 2.0
"""Between HUP, TERM and KILL for a session that has reached a limit."""


@dataclass(frozen=True, slots=True)
class RunLaunch:
    """What a session begins with that is a structured run: the id that it had in the queue, its record, its prompt."""

    session_id: str
    record: RunRecord
    prompt: bytes


class PtyManager:
    """All sessions of this daemon."""

    def __init__(
        self,
        config: Config,
        keeper: KeeperLink,
        store: LogStore,
        recordings_directory: Path,
        socket_path: Path,
        environ: Mapping[str, str],
        engine_maker: EngineMaker | None = None,
        *,
        tasks: Tasks,
    ) -> None:
        self.engines: Engines | None = None
        if engine_maker is not None:
            self.engines = Engines(engine_maker, config.scrollback_lines, partial(self._publish, "updated"))
        self.registry = Registry()
        # A number of an earlier daemon's is below all of this one's: whoever asks with it is told that it is too late.
        self.events = EventHub(config.max_subscribers, int(time.time() * 1_000_000), time.time)
        self.on_removed: Callable[[Session], None] = lambda session: None
        self.on_run_started: Callable[[Session], None] = lambda session: None
        """A run has been started, or taken over from the daemon before us."""
        self.on_run_ended: Callable[[Session], None] = lambda session: None
        """All its output is in the log, and nobody has been told of its end yet."""
        self.on_created: Callable[[Session, CreateParams], None] = lambda session, params: None
        self.on_killed: Callable[[Session], None] = lambda session: None
        """Somebody wants it to end."""
        self.on_ended: Callable[[Session], None] = lambda session: None
        self.listeners: list[Callable[[EventKind, Session], None]] = []
        """Called with each event of a session."""
        self.recordings = Recordings(recordings_directory, self._note_recording_lost)
        self.activities = Activities(recordings_directory, tasks, self._publish)
        self.files = SessionFiles(recordings_directory, config.max_file_bytes, config.max_session_files_bytes)
        self.approvals = Approvals(config.approval_rules, self.events.publish, tasks)
        self.activities.on_decision = self.approvals.take
        self.prompts = Prompts(self.send, self.activities.folder, self.approvals.is_asked, self.events.publish, tasks)
        self.activities.followers.extend((self.approvals, self.prompts))
        self.echo = EchoSampler()
        self._config = config
        self._keeper = keeper
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._tasks = tasks
        self.admission = Admission(config, self.registry)
        self.limiter = Limiter(config, self.events, self.end_session)
        self.resources = ResourceWatch(tasks, self.limiter.note_crossing)
        self._running: dict[str, RunningSession] = {}
        self._maker = SessionMaker(config, self.registry, store, self.engines, socket_path, environ)
        self._removals = Removals(config, self.registry, self._remove)

    # --- beginning ---

    async def create(
        self, params: CreateParams, owner: str, *, is_capped: bool = False, launch: RunLaunch | None = None
    ) -> Session:
        """Start a program in a new session. ``owner``: the name of the principal that asks for it; ``is_capped``: its
        sessions may use no more than the configured caps; ``launch``: it is a run.

        Raises:
            Refusal: a bad name or one that is taken, a limit reached, or a program that cannot be started.
        """
        agent = AGENTS.get(params.kind)
        if agent is None:
            raise Refusal(ErrorCode.BAD_REQUEST, f"no kind {params.kind!r}; there are {', '.join(AGENTS)}")
        if params.kind == RUN_KIND and launch is None:
            raise Refusal(ErrorCode.BAD_REQUEST, "a run is not started by create: use the method run (`ptyd run`)")
        limits = self.limiter.resolve(params.limits, agent, is_capped)
        with self.admission.admit(owner, params.kind):
            return await self._create_admitted(params, owner, agent, limits, launch)

    async def _create_admitted(
        self, params: CreateParams, owner: str, agent: Agent, limits: SessionLimits, launch: RunLaunch | None
    ) -> Session:
        session_id, size = launch.session_id if launch else self._maker.new_id(), (params.cols, params.rows)
        record, environment = self._maker.plan(session_id, params, owner, agent, limits)
        if launch is not None:
            record = msgspec.structs.replace(record, run=launch.record)
        argv = self.activities.prepare(session_id, agent, record.argv, record.cwd)
        try:
            log = self._maker.create_log(session_id, size, limits.log_bytes)
        except Refusal:
            self.activities.remove(session_id)
            raise
        self.registry.starting.add(record.name)
        try:
            self.recordings.create(session_id, size, record.argv, record.name, record.cast)
            files = None if launch is None else self._maker.write_prompt(session_id, launch.prompt)
            pid, fds, marks = await self._keeper.spawn(
                session_id,
                argv,
                environment,
                record.cwd,
                size,
                record.to_json(),
                process_limits(limits),
                files,
            )
            if launch is not None:
                self._check_pipe(session_id, fds)
        except Refusal:
            self.recordings.undo(session_id)
            self.activities.remove(session_id)
            log.shelve()
            self._store.remove(session_id)
            raise
        finally:
            self.registry.starting.discard(record.name)
        session = self._make_session(session_id, record, pid, log)
        self.registry.add(session)
        self._start(session, log, fds, marks)
        if session.run is not None:
            session.log.set_hold(ASKER_KEY, 0)
            self._running[session.id].holds.begin_away(ASKER_KEY)
            self.on_run_started(session)
        self._publish("created", session)
        self.on_created(session, params)
        return session

    def _check_pipe(self, session_id: str, fds: SessionFds) -> None:
        """A keeper of before an upgrade knows of no pipes, and has made a terminal.

        Raises:
            Refusal: it has.
        """
        if os.isatty(fds.master):
            fds.close()
            self._keeper.forget_session(session_id)
            raise Refusal(
                ErrorCode.UNAVAILABLE,
                "the keeper is older than the daemon and cannot start runs: `ptyd down`, then `ptyd up`",
            )

    def judge_engines(self, session_ids: Iterable[str], death_signal: int | None) -> None:
        """Before the sessions are adopted: find those whose output killed the daemon before, if it died of a crash."""
        self._maker.judge_engines(session_ids, death_signal)

    def adopt(self, kept: KeptSession) -> None:
        """Take over a session from the keeper after a restart."""
        record = msgspec.convert(kept.record, SessionRecord)
        log = self._maker.open_log(kept, record)
        session = self._make_session(kept.id, record, kept.pid, log)
        self.registry.add(session)
        if kept.exit is not None:
            session.exit = ExitStatus(kept.exit.code, kept.exit.signal, kept.exit.at)
        if kept.fds is None:
            session.drained = True
            if session.run is not None:
                self.on_run_ended(session)
            self._end_leftovers(Kin(session.id, marks=kept.marks))
            self._finish_recording(session)
            self.prompts.start(session)
            self.activities.start_ended(session)
            session.shelve_unused_log()
            self._removals.schedule(session)
            return
        self._start(session, log, kept.fds, kept.marks)
        session.terminal.resize(session.cols, session.rows)  # where a daemon was killed between noting and doing it
        if session.exit is not None:
            self._running[session.id].pty.drain()
            return
        if session.run is not None:
            self.on_run_started(session)
        if session.end_reason and not (session.run is not None and session.run.stopped_by):
            self._tasks.start(self._end(session), f"end of {session.id}")  # which a daemon before us had begun

    def _make_session(self, session_id: str, record: SessionRecord, pid: int, log: MappedLog) -> Session:
        session = self._maker.make(session_id, record, pid, log)
        session.on_change = partial(self._note_change, session=session)
        session.on_input = partial(self._note_input, session)
        return session

    def _start(self, session: Session, log: MappedLog, fds: SessionFds, marks: SessionMarks) -> None:
        watch = HoldWatch(self._config.hold_grace_seconds, self._config.hold_stall_seconds)
        holds = HoldTimer(watch, log.log, partial(self._end_hold, session))
        pty = self.limiter.choose_pty(session.limits)(
            session.pid,
            fds,
            log.log,
            log.inputs,
            on_piece=partial(self._look_at_output, session),
            on_output=partial(self._note_output, session),
            on_blocked=holds.note_blocked,
            on_drained=partial(self._finish, session),
        )
        session.terminal = pty
        running = RunningSession(
            session, pty, holds, self.limiter.start(session, pty), Kin(session.id, pty.living_child, marks)
        )
        self._running[session.id] = running
        self.resources.start(session, running.kin)
        self.recordings.start(session, partial(holds.acknowledge, RECORDER_KEY))
        if self.recordings.is_recording(session.id):
            holds.attach(RECORDER_KEY)
        self.prompts.start(session)
        self.activities.start(session)
        pty.resume_reading()
        if session.screen is not None:
            session.screen.note_output()  # what a daemon before left in the log

    # --- attaching ---

    def attach(self, request: Attach, client: str, client_id: str, outlet: Outlet, principal: Principal) -> Attachment:
        """Attach a client to a session.

        Raises:
            Refusal: no such session, more than the principal may, too many clients, or lossless bytes that are gone.
        """
        session = self.registry.resolve(request.session, principal.sees)
        check_attach(principal, session, request)
        if session.run is not None and request.role == "control":
            raise Refusal(
                ErrorCode.NOT_ALLOWED, f"session {session.name} is a run, which takes no input: only observe it"
            )
        self.admission.check_attachment(session, principal.name)
        attachment = session.attach(request, client, client_id, outlet, principal)
        running = self._running.get(session.id)
        if attachment.lossless and running is not None:
            running.holds.attach(attachment.key)
            running.holds.drop(ASKER_KEY)  # who has to see every byte has come
            running.pty.resume_reading()
        self._publish("updated", session)
        return attachment

    def leave(self, attachment: Attachment, may_return: bool) -> None:
        """An attachment's channel or connection has closed; with ``may_return`` its client may come back for it."""
        session = attachment.session
        running = self._running.get(session.id)
        if attachment.lossless:
            if running is None:
                session.log.drop_hold(attachment.key)
            elif may_return:
                running.holds.leave(attachment.key)
            else:
                running.holds.drop(attachment.key)
                running.pty.resume_reading()
        session.leave(attachment, may_return=may_return)
        if running is not None:
            running.limits.note_left()
        session.shelve_unused_log()
        if session.has_ended:
            self._removals.schedule(session)
        self._publish("updated", session)

    def acknowledge(self, attachment: Attachment, offset: int) -> None:
        attachment.session.acknowledge(attachment, offset)
        running = self._running.get(attachment.session.id)
        if attachment.lossless and running is not None:
            running.holds.acknowledge(attachment.key)

    def _end_hold(self, session: Session, key: int, reason: HoldEnd) -> None:
        if key == RECORDER_KEY:
            self.recordings.stop(session, "the file takes nothing more, and the program had to wait")
            return
        holder = next((one for one in session.attachments if one.key == key), None)
        self.events.publish(
            "hold_ended",
            session,
            {
                "reason": reason,
                "client_id": holder.client_id if holder else None,
                "channel": holder.channel if holder else None,
            },
        )
        if holder is not None:
            holder.end(
                ErrorCode.HOLD_ENDED,
                f"nothing was acknowledged for {self._config.hold_stall_seconds:g} s while the program had to wait",
            )
        session.terminal.resume_reading()

    # --- the files are gone ---

    def has_lost_logs(self) -> bool:
        """A running session's log has been removed from the directory."""
        return any(log.is_lost for log in self._mapped_logs())

    def write_lost_logs(self) -> None:
        """The last thing before this daemon ends: write the logs whose files were removed, for the next one. From here
        on nothing is read from the PTYs."""
        for running in self._running.values():
            running.pty.stop_reading()
        for log in self._mapped_logs():
            try:
                if log.is_lost:
                    log.write_anew()
            except OSError as error:
                logger.error("a log that was removed cannot be written anew: %s", error)

    def _mapped_logs(self) -> list[MappedLog]:
        sessions = [session for session in self.registry if session.id in self._running]
        return [session.log_file for session in sessions if isinstance(session.log_file, MappedLog)]

    # --- acting on sessions ---

    def rename(self, session: Session, name: str) -> None:
        """Give a session another name.

        Raises:
            Refusal: not a name, or taken.
        """
        if name != session.name:
            self.registry.check_name(name)
            session.name = name
            self._keeper.update_record(session.id, record_of(session).to_json())
            self._publish("renamed", session)

    def note_conversation(self, session: Session) -> None:
        """Its program has another conversation now, or something else is to become of it."""
        self._keeper.update_record(session.id, record_of(session).to_json())
        self._publish("updated", session)

    def signal(self, session: Session, number: int) -> None:
        """Signal the foreground process group.

        Raises:
            Refusal: the session has ended, or what runs in front may not be signalled.
        """
        running = self._running.get(session.id)
        if running is None:
            raise nothing_to_signal(session)
        running.signal(number)

    async def send(self, session: Session, data: bytes) -> None:
        """Deliver input that no attachment numbers; returns when it is certain to reach the program.

        Raises:
            Refusal: the session has ended.
        """
        running = self._running.get(session.id)
        if session.run is not None:
            raise Refusal(ErrorCode.BAD_REQUEST, f"session {session.name} is a run, which takes no input")
        try:
            if running is None or session.exit is not None:
                raise BrokenPipeError
            self.recordings.note_input(session, data)
            self.activities.note_input(session)
            await running.pty.send(data)
        except BrokenPipeError:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited") from None

    async def kill(self, session: Session, grace_seconds: float) -> None:
        """End a session and its whole process tree, and wait for its end; forget one that has ended.

        Raises:
            Refusal: it cannot be ended.
        """
        self.on_killed(session)
        running = self._running.get(session.id)
        if running is None:
            await self.recordings.wait_finished(session.id)
            self._remove(session)
            return
        session.end_is_asked = True
        await running.end(grace_seconds)
        self.note_exit_seen(session)

    def end_session(self, session: Session, reason: str) -> None:
        """End a session, tree and all, although neither its program nor a client wants it. ``reason``, for a person,
        stays with it; nobody having seen the end, the session is kept for long."""
        if session.exit is not None or session.end_reason:
            return
        logger.info("session %s is ended: %s", session.id, reason)
        session.end_reason = reason
        self._keeper.update_record(session.id, record_of(session).to_json())
        self._publish("updated", session)
        self._tasks.start(self._end(session), f"end of {session.id}")

    async def _end(self, session: Session) -> None:
        running = self._running.get(session.id)
        try:
            if running is not None:
                await running.end(END_GRACE_SECONDS)
        except Refusal as refusal:
            logger.error("session %s should end (%s): %s", session.id, session.end_reason, refusal.message)

    async def stop_run(self, session: Session, grace_seconds: float) -> None:
        """End a run that may say a last word: SIGINT to its program and then, ``grace_seconds`` each, TERM and KILL to
        the tree. Returns when it has ended, or will not."""
        running = self._running.get(session.id)
        if running is not None:
            await running.end_after_last_word(grace_seconds)

    def note_run(self, session: Session, record: RunRecord, end_reason: str) -> None:
        """The record of a run has changed."""
        session.run, session.end_reason = record, end_reason
        self._keeper.update_record(session.id, record_of(session).to_json())
        self._publish("updated", session)

    async def end_all_processes(self, grace_seconds: float) -> None:
        """End the process trees of all sessions. What their clients have not read yet is not waited for."""
        for session in self.registry:
            session.end_is_asked = True
        kins = [running.kin for running in self._running.values()]
        try:
            await end_process_trees(kins, grace_seconds)
        except OSError as error:
            logger.error("the sessions' processes are left to the keeper to end: %s", error)

    async def wait_exit(self, session: Session) -> None:
        """Wait for a session's end, and for that of its recording."""
        running = self._running.get(session.id)
        if running is not None:
            await running.ended.wait()
        await self.recordings.wait_finished(session.id)
        self.note_exit_seen(session)

    # --- output and end ---

    def _note_input(self, session: Session, data: bytes) -> None:
        if self.echo.is_due():
            self.echo.note_input(session.id, self._loop.time())
        self.recordings.note_input(session, data)
        self.activities.note_input(session)

    def _look_at_output(self, session: Session, offset: int) -> None:
        session.look_at_output(offset, self._loop.time())

    def _note_output(self, session: Session, offset: int) -> None:
        now = time.time()
        session.note_output(now, offset, self._loop.time())
        if self.echo.waiting:
            self.echo.note_output(session.id, self._loop.time())
        self.recordings.note_output(session, now)
        self.activities.note_output(session)
        self.resources.note_activity()

    def note_exit(self, session_id: str, status: KeptExit) -> None:
        """The keeper has reaped a session's program."""
        session = self.registry.get(session_id)
        running = self._running.get(session_id)
        if session is None or running is None:
            return
        if not session.end_reason:
            session.end_reason = self.resources.explain_end(session, status.signal)
            if session.end_reason:
                self._keeper.update_record(session.id, record_of(session).to_json())
        session.exit = ExitStatus(status.code, status.signal, status.at)
        running.pty.drain()

    def note_keeper_gone(self) -> None:
        """Nobody reaps for us any more: how a program ends is not to be known, but that it does still is."""
        for session_id, running in self._running.items():
            running.pty.watch_child(partial(self._note_lost_exit, session_id))

    def _note_lost_exit(self, session_id: str) -> None:
        self.note_exit(session_id, KeptExit(None, None, time.time()))

    def _finish(self, session: Session) -> None:
        """The program is gone and its output is complete."""
        running = self._running.pop(session.id)
        running.holds.close()
        running.limits.close()
        self.resources.stop(session)
        session.drained = True
        self.activities.finish(session)
        if session.run is not None:
            self.on_run_ended(session)
        self._end_leftovers(running.kin)
        self._keeper.close_session(session.id)
        session.wake_all()
        session.shelve_unused_log()
        self._removals.schedule(session)
        self._note_end(session)
        self._publish("exited", session)
        self.on_ended(session)
        self.recordings.finish(session, running.ended.set)

    def _end_leftovers(self, kin: Kin) -> None:
        """A session's program has ended: what it has left behind ends too, unless it is to stay."""
        if self._config.leftovers == "end":
            self._tasks.start(end_leftovers(kin), f"leftovers of {kin.session_id}")

    def _note_end(self, session: Session) -> None:
        end = session.exit
        facts = {"code": end.code, "signal": end.signal} if end is not None else {}
        with audit.acting_as(NOBODY):
            audit.note("exited", None, session, **facts, end_reason=session.end_reason)

    def _finish_recording(self, session: Session) -> None:
        """The daemon before us saw a session's end, and perhaps did not record it."""
        self.recordings.start(session, lambda: None)
        self.recordings.finish(session, session.shelve_unused_log)

    def _note_recording_lost(self, session: Session, reason: str) -> None:
        path = session.cast.path
        session.cast = msgspec.structs.replace(session.cast, path="")
        self._keeper.update_record(session.id, record_of(session).to_json())
        self.events.publish("recording_ended", session, {"path": path, "reason": reason})

    def note_exit_seen(self, session: Session) -> None:
        """Somebody knows how the session ended: it need not be kept long any more."""
        self._removals.note_seen(session)

    def _remove(self, session: Session) -> None:
        session.detach_all(ErrorCode.SESSION_REMOVED, f"session {session.name} was removed")
        self._keeper.forget_session(session.id)
        self._discard(session)
        self.on_removed(session)
        self.events.publish("removed", session, {})
        self._tell_listeners("removed", session)

    def _discard(self, session: Session) -> None:
        self._removals.cancel(session)
        self.registry.remove(session)
        self.echo.waiting.pop(session.id, None)
        session.release_log()
        self._store.remove(session.id)
        self.recordings.remove(session.id)
        self.activities.remove(session.id)
        self.files.remove(session.id)
        self.approvals.forget(session)
        self.prompts.forget(session)

    def _note_change(self, kind: EventKind, session: Session) -> None:
        if kind == "resized":
            self.recordings.note_size(session)
        self._publish(kind, session)

    def _publish(self, kind: EventKind, session: Session) -> None:
        if session.id in self.registry:
            self.events.publish(kind, session, msgspec.to_builtins(session.info()))
            self._tell_listeners(kind, session)

    def _tell_listeners(self, kind: EventKind, session: Session) -> None:
        for listener in self.listeners:
            listener(kind, session)
