"""What the programs of all sessions are doing: their watches, folders, registry files and hooks."""

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ptyd_protocol.activity import ExplainResult
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.activity_watch import ActivityWatch
from ptyd.agents import AGENTS, Agent, Observer
from ptyd.core.events import EventKind
from ptyd.core.session import Session
from ptyd.edge.tasks import Tasks
from ptyd.edge.watching.hook_spool import HookCall, HookSpool
from ptyd.edge.watching.inotify import Inotify
from ptyd.edge.watching.registry_watch import RegistryWatch

logger = logging.getLogger("ptyd.activity")

FOLDER_SUFFIX = ".agent"
HOOKS_NAME = "hooks"
STATE_NAME = "state"


def decide_nothing(session: Session, call: HookCall) -> None:
    """A hook that may decide something is let go at once."""
    call.answer(None)


class Follower(Protocol):
    """Whoever acts on what sessions do."""

    def note_hook(self, session: Session, call: HookCall) -> None:
        """A hook has run; its effect on ``session.activity`` is there already."""

    def note_activity(self, session: Session) -> None:
        """``session.activity`` has changed."""

    def note_end(self, session: Session) -> None:
        """The session's program has ended."""


class Activities:
    """``directory``: where each session has a folder of its own (``ID.agent``)."""

    def __init__(self, directory: Path, tasks: Tasks, publish: Callable[[EventKind, Session], None]) -> None:
        self._directory = directory
        self._tasks = tasks
        self._publish = publish
        self._inotify = Inotify()
        self._registry = RegistryWatch(self._inotify)
        self._watches: dict[str, ActivityWatch] = {}
        self._spools: dict[str, HookSpool] = {}
        self.followers: list[Follower] = []
        self._followed: set[str] = set()
        """Sessions whose registry file is followed."""
        self.on_decision: Callable[[Session, HookCall], None] = decide_nothing
        """Called with each run of a hook that waits for an answer; whoever takes it answers it, now or later. After a
        restart it is called again with those that still wait."""

    # --- beginning ---

    def prepare(self, session_id: str, agent: Agent, argv: Sequence[str], cwd: str) -> list[str]:
        """The command as it is executed; what it needs is in the session's folder then.

        Raises:
            Refusal: there is no room for it.
        """
        folder = self._folder(session_id)
        hooks = folder / HOOKS_NAME
        try:
            folder.mkdir(mode=0o700)
            if agent.has_hooks:
                hooks.mkdir(mode=0o700)
            return agent.prepare(argv, cwd, folder, hooks)
        except OSError as error:
            self.remove(session_id)
            raise Refusal(ErrorCode.NO_RESOURCES, f"the session's folder cannot be made: {error}") from error

    def start(self, session: Session) -> None:
        """The session's program runs, or has run and its last output is to be read."""
        watch = self._watch(session)
        watch.start()
        folder = self._folder(session.id) / HOOKS_NAME
        if _agent_of(session).has_hooks and self._make_folder(folder):
            deciding = _observer_of(session).deciding_hooks
            self._spools[session.id] = HookSpool(
                self._inotify, folder, deciding, lambda call: self._note_call(session, watch, call)
            )
        if session.registry_folder:
            self._registry.follow(Path(session.registry_folder), session.pid, watch.note_registry)
            self._followed.add(session.id)

    def _make_folder(self, folder: Path) -> bool:
        """Where somebody has removed it."""
        try:
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            logger.error("%s cannot be made, so nothing is heard from hooks: %s", folder, error)
            return False
        return True

    def start_ended(self, session: Session) -> None:
        """The session has ended under another daemon."""
        self._watch(session)
        self.finish(session)

    def _watch(self, session: Session) -> ActivityWatch:
        watch = self._watches[session.id] = ActivityWatch(
            session,
            _observer_of(session),
            self._folder(session.id) / STATE_NAME,
            lambda: self._note_change(session),
            lambda: self._publish("bell", session),
            self._tasks,
        )
        return watch

    def _note_change(self, session: Session) -> None:
        self._publish("activity", session)
        for follower in self.followers:
            follower.note_activity(session)

    def _note_call(self, session: Session, watch: ActivityWatch, call: HookCall) -> None:
        watch.note_hook(call)
        for follower in self.followers:
            follower.note_hook(session, call)
        if call.is_waiting:
            self.on_decision(session, call)

    # --- while it lives ---

    def note_output(self, session: Session) -> None:
        watch = self._watches.get(session.id)
        if watch is not None:
            watch.note_output()

    def note_input(self, session: Session) -> None:
        watch = self._watches.get(session.id)
        if watch is not None:
            watch.note_input()

    def explain(self, session: Session) -> ExplainResult:
        return self._watches[session.id].explain()

    async def wait(self, session: Session, states: frozenset[str]) -> None:
        """Until the session is in one of ``states``.

        Raises:
            Refusal: it has ended in none of them.
        """
        if not await self._watches[session.id].wait(states):
            raise Refusal(
                ErrorCode.SESSION_EXITED, f"session {session.name} has exited, and was not {' or '.join(states)}"
            )

    # --- the end ---

    def finish(self, session: Session) -> None:
        """The session's program has ended."""
        self._stop(session)
        end = session.exit
        watch = self._watches.get(session.id)
        if watch is not None and end is not None:
            watch.finish(session.end_reason or _describe_end(end.code, end.signal), end.at)
        for follower in self.followers:
            follower.note_end(session)

    def remove(self, session_id: str) -> None:
        """The session is forgotten."""
        watch = self._watches.pop(session_id, None)
        if watch is not None:
            watch.close()
        shutil.rmtree(self._folder(session_id), ignore_errors=True)

    def remove_others(self, session_ids: set[str]) -> None:
        """Remove the folders of sessions that nobody holds any more."""
        for path in self._directory.glob(f"*{FOLDER_SUFFIX}"):
            if path.name.removesuffix(FOLDER_SUFFIX) not in session_ids:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """The daemon ends; the sessions go on."""
        for watch in self._watches.values():
            watch.close()
        self._inotify.close()

    def _stop(self, session: Session) -> None:
        spool = self._spools.pop(session.id, None)
        if spool is not None:
            spool.close()
        if session.id in self._followed:
            self._followed.remove(session.id)
            self._registry.unfollow(Path(session.registry_folder), session.pid)

    def folder(self, session_id: str) -> Path:
        """The session's own, for what is kept of its program; it is removed with it."""
        return self._folder(session_id)

    def _folder(self, session_id: str) -> Path:
        return self._directory / f"{session_id}{FOLDER_SUFFIX}"


def _agent_of(session: Session) -> Agent:
    """A kind that only a newer daemon knew is a plain command."""
    return AGENTS.get(session.kind, AGENTS["command"])


def _observer_of(session: Session) -> Observer:
    return _agent_of(session).observe(session.argv)


def _describe_end(code: int | None, signal: int | None) -> str:
    if signal is not None:
        return f"killed by signal {signal}"
    return "nobody saw how" if code is None else f"exit status {code}"
