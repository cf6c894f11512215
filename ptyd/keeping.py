"""Sessions of Claude Code that come back: after the daemon and the machine have ended, or after they have failed.

What is needed for that is written down while a session runs (``conversations/kept_store.py``). It is struck out when
the session ends by itself or is killed by somebody. What is still there when a daemon starts, and does not run, was
taken along by something else: it is offered again, or started again.
"""

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace
from ptyd_protocol.conversations import KeepPolicy
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.sessions import CreateParams

from ptyd.agents.claude_arguments import arguments_to_begin, arguments_to_resume, is_conversation_id
from ptyd.agents.claude_conversation import config_dir_of, has_transcript
from ptyd.conversations.kept_store import KeptRecord, KeptStore
from ptyd.core.events import EventKind
from ptyd.core.restarts import BUDGET_SECONDS, recent_failures, restart_delay
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.tasks import Tasks
from ptyd.manager import PtyManager

logger = logging.getLogger("ptyd.keeping")

WRITE_SECONDS = 2.0
"""Names and sizes may change many times at once: they are written down so long after the first change."""


class Keeping:
    def __init__(self, manager: PtyManager, store: KeptStore, tasks: Tasks) -> None:
        self._manager = manager
        self._store = store
        self._tasks = tasks
        self._killed: set[str] = set()
        self._asked: dict[str, CreateParams] = {}
        """Of sessions that this daemon has made."""
        self._starting: set[str] = set()
        """Which of those that are offered are being started again."""
        self._is_ending = False
        self._to_write: set[str] = set()
        """Sessions whose name or size has changed."""
        manager.listeners.append(self._note_event)
        manager.on_created = self._note_created
        manager.on_killed = self._note_killed
        manager.on_ended = self._note_ended

    def start(self) -> None:
        """After the sessions that run have been taken over."""
        for record in self._store.records:
            session = self._manager.registry.get(record.session)
            if record.offered or (session is not None and not session.has_ended):
                continue
            if session is not None:
                self._note_ended(session)
            elif record.keep == "never":
                self._store.remove(record.session)
            else:
                self._store.put(replace(record, offered=True))
                if record.keep == "always":
                    self._tasks.start(self._start_by_itself(record), f"start of {record.name}")
        for session in self._manager.registry.running():
            self._note_conversation(session)
            self._write_down(session)

    def end(self) -> None:
        """The daemon ends, and perhaps the sessions with it: that is none of their doing."""
        self._write_changed()
        self._is_ending = True

    def config_dirs(self) -> Iterator[Path]:
        """Where conversations may be: the daemon's user's, and what sessions have or had."""
        yield config_dir_of(os.environ)
        for session in self._manager.registry:
            if session.conversation is not None and session.conversation.config_dir:
                yield Path(session.conversation.config_dir)
        yield from (Path(config_dir) for config_dir in self._store.config_dirs)

    # --- what is offered ---

    @property
    def offered(self) -> list[KeptRecord]:
        return self._store.offered

    def forget(self, record: KeptRecord) -> None:
        self._store.remove(record.session)

    async def start_again(self, record: KeptRecord, params: CreateParams, *, fork: bool = False) -> Session:
        """A session as it was, but for what ``params`` says of its name, size and keeping. The program of ``params`` is
        taken where its own is no longer there.

        Raises:
            Refusal
        """
        if record.session in self._starting:
            raise Refusal(ErrorCode.UNAVAILABLE, f"session {record.name} is being started again just now")
        self._starting.add(record.session)
        try:
            return await self._start_again(record, params, fork=fork)
        finally:
            self._starting.discard(record.session)

    async def _start_again(self, record: KeptRecord, params: CreateParams, *, fork: bool) -> Session:
        program = record.argv[0]
        if params.argv and not (program.startswith("/") and os.access(program, os.X_OK)):
            program = params.argv[0]
        argv = [program, *record.argv[1:]]
        command = await self._command_of(argv, record.config_dir, record.conversation, fork=fork)
        taken = CreateParams(
            argv=command,
            cwd=record.cwd,
            env={**params.env, **record.env},
            cols=params.cols,
            rows=params.rows,
            name=params.name or self._name_like(record.name),
            kind="claude",
            limits=record.limits,
            keep=params.keep or record.keep,
            restart_on_failure=params.restart_on_failure or record.restart_on_failure,
        )
        session = await self._manager.create(taken, record.owner)
        if not fork:
            self._store.remove(record.session)
            if record.failures:
                self._write_down(session, record.failures)
        return session

    async def _command_of(self, argv: list[str], config_dir: str, conversation: str, *, fork: bool) -> list[str]:
        if not conversation:  # its program was not asked in time
            return argv
        if fork or await asyncio.to_thread(has_transcript, config_dir, conversation):
            return arguments_to_resume(argv, conversation, fork=fork)
        return arguments_to_begin(argv, conversation)

    def _name_like(self, name: str) -> str:
        try:
            self._manager.registry.check_name(name)
        except Refusal:
            return self._manager.registry.free_name(name)
        return name

    async def _start_by_itself(self, record: KeptRecord) -> None:
        try:
            session = await self.start_again(record, CreateParams(cols=record.cols, rows=record.rows))
        except Refusal as refusal:
            logger.error("session %s cannot be started again: %s", record.name, refusal.message)
            self._store.put(replace(record, offered=True, problem=refusal.message))
        else:
            old = self._manager.registry.get(record.session)
            if old is not None:
                self._manager.note_exit_seen(old)
            audit.note("resumed", None, session, conversation=record.conversation, was=record.session)

    # --- what happens to sessions ---

    def set_policy(self, session: Session, keep: KeepPolicy | None, restart_on_failure: bool | None) -> None:
        """Raises Refusal: it has no conversation."""
        state = session.conversation
        if state is None:
            raise Refusal(ErrorCode.BAD_REQUEST, f"session {session.name} has no conversation: it is no Claude session")
        if session.run is not None:
            raise Refusal(ErrorCode.BAD_REQUEST, f"session {session.name} is a run, which answers once and is over")
        session.conversation = replace(
            state,
            keep=keep or state.keep,
            restart_on_failure=state.restart_on_failure if restart_on_failure is None else restart_on_failure,
        )
        self._manager.note_conversation(session)
        self._write_down(session)

    def _note_created(self, session: Session, params: CreateParams) -> None:
        if session.conversation is not None:
            self._store.remember_config_dir(session.conversation.config_dir)
            self._asked[session.id] = params
            self._write_down(session)

    def _write_down(self, session: Session, failures: list[float] | None = None) -> None:
        """What it is now, as far as it is to come back."""
        state, before = session.conversation, self._store.get(session.id)
        if state is None or session.has_ended:
            return
        if state.keep == "never" and not state.restart_on_failure:
            self._store.remove(session.id)
            return
        self._store.put(
            KeptRecord(
                session=session.id,
                name=session.name,
                argv=before.argv if before else self._argv_of(session),
                cwd=session.cwd,
                env=before.env if before else self._environment_of(session),
                owner=session.owner,
                limits=session.limits,
                conversation=state.id,
                config_dir=state.config_dir,
                keep=state.keep,
                restart_on_failure=state.restart_on_failure,
                created_at=session.created_at,
                cols=session.cols,
                rows=session.rows,
                failures=failures or (before.failures if before else []),
            )
        )

    def _argv_of(self, session: Session) -> list[str]:
        """What was asked for when it was made; of one that another daemon has made, what it became."""
        asked = self._asked.get(session.id)
        return session.argv if asked is None else asked.argv or session.argv[:1]

    def _environment_of(self, session: Session) -> dict[str, str]:
        """Likewise."""
        asked = self._asked.get(session.id)
        return read_environment(session.pid) if asked is None else asked.env

    def _note_killed(self, session: Session) -> None:
        record = self._store.get(session.id)
        if not session.has_ended:
            self._killed.add(session.id)
        elif record is not None and not record.offered:  # it was to be started again
            self._store.remove(session.id)

    def _note_ended(self, session: Session) -> None:
        record = self._store.get(session.id)
        was_killed = session.id in self._killed
        self._killed.discard(session.id)
        self._asked.pop(session.id, None)
        if record is None or record.offered or self._is_ending:
            return
        has_failed = session.exit is None or session.exit.code != 0
        if was_killed or not has_failed:
            self._store.remove(session.id)
        elif record.restart_on_failure and not session.end_reason:
            self._note_failed(record)
        else:
            self._offer(record, session.end_reason)

    def _note_failed(self, record: KeptRecord) -> None:
        failures = [*recent_failures(record.failures, time.time()), time.time()]
        delay = restart_delay(failures)
        record = replace(record, failures=failures)
        if delay is None:
            problem = f"it has failed {len(failures)} times in {BUDGET_SECONDS / 60:g} minutes"
            logger.error("session %s is not started again: %s", record.name, problem)
            self._offer(record, problem)
            return
        self._store.put(record)
        logger.info("session %s has failed and is started again in %g s", record.name, delay)
        self._tasks.start(self._start_later(record, delay), f"restart of {record.name}")

    async def _start_later(self, record: KeptRecord, delay: float) -> None:
        await asyncio.sleep(delay)
        if self._store.get(record.session) is not None and not self._is_ending:
            await self._start_by_itself(record)

    def _offer(self, record: KeptRecord, problem: str) -> None:
        if record.keep == "never":
            self._store.remove(record.session)
        else:
            self._store.put(replace(record, offered=True, problem=problem))

    # --- what changes while they run ---

    def _note_event(self, kind: EventKind, session: Session) -> None:
        if kind == "activity":
            self._note_conversation(session)
        elif kind in ("renamed", "resized") and session.conversation is not None:
            if not self._to_write:
                asyncio.get_running_loop().call_later(WRITE_SECONDS, self._write_changed)
            self._to_write.add(session.id)

    def _note_conversation(self, session: Session) -> None:
        """Its program may have another one now."""
        state, activity = session.conversation, session.activity
        said = "" if activity is None else activity.conversation
        if state is None or session.has_ended or said == state.id or not is_conversation_id(said):
            return
        session.conversation = state.moved_to(said)
        self._manager.note_conversation(session)
        self._write_down(session)

    def _write_changed(self) -> None:
        changed, self._to_write = self._to_write, set()
        for session_id in changed:
            if (session := self._manager.registry.get(session_id)) is not None:
                self._write_down(session)


def read_environment(pid: int) -> dict[str, str]:
    """What a program was started with, without what was ours in it; empty where that is not to be known."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (os.fsdecode(entry).partition("=") for entry in entries if b"=" in entry)
    return {name: value for name, _, value in pairs if not name.startswith("PTYD")}
