"""What a session begins with, new or taken over: its id, record, environment, log and state."""

import errno
import logging
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ptyd_protocol.environment import inherited_environment
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.session_limits import SessionLimits
from ptyd_protocol.sessions import CreateParams

from ptyd.agents import Agent
from ptyd.agents.claude_conversation import begin_conversation
from ptyd.config import Config
from ptyd.core.conversation import ConversationState
from ptyd.core.limits.session_limits import complete_limits
from ptyd.core.log.asciicast import CastSettings
from ptyd.core.log.replay_log import LogDamaged
from ptyd.core.registry import Registry
from ptyd.core.runs.run import RUN_KIND
from ptyd.core.session import Session
from ptyd.core.session_record import SessionRecord
from ptyd.edge.files.log_store import LogStore, MappedLog
from ptyd.edge.files.run_files import write_private
from ptyd.edge.keeper_link import KeptSession
from ptyd.edge.processes.process_tree import SESSION_VARIABLE
from ptyd.edge.screen.engines import Engines
from ptyd.edge.screen.quarantine import find_quarantined
from ptyd.edge.terminal.pty import terminal_size

logger = logging.getLogger("ptyd.manager")

SESSION_ID_BYTES = 4

SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors that say something of the machine and nothing of the file."""


class SessionMaker:
    """``environ``: the daemon's; ``socket_path``: where programs in a session find the daemon."""

    def __init__(
        self,
        config: Config,
        registry: Registry,
        store: LogStore,
        engines: Engines | None,
        socket_path: Path,
        environ: Mapping[str, str],
    ) -> None:
        self._config = config
        self._registry = registry
        self._store = store
        self._engines = engines
        self._socket_path = socket_path
        self._environ = environ
        self._quarantined: set[str] = set()

    def judge_engines(self, session_ids: Iterable[str], death_signal: int | None) -> None:
        """Before sessions are taken over: find those whose output killed the daemon before, if it died of a crash."""
        if self._engines is not None:
            self._quarantined = find_quarantined(self._store, session_ids, self._engines.name, death_signal)

    def new_id(self) -> str:
        while (session_id := secrets.token_hex(SESSION_ID_BYTES)) in self._registry:
            pass
        return session_id

    def plan(
        self, session_id: str, params: CreateParams, owner: str, agent: Agent, limits: SessionLimits
    ) -> tuple[SessionRecord, dict[str, str]]:
        """What the session will be, and the environment of its program.

        Raises:
            Refusal: a bad name or one that is taken, or no such program.
        """
        environment = self._build_environment(params, session_id)
        argv = agent.build_argv(params.argv, environment)
        if params.name:
            self._registry.check_name(params.name)
        shown: dict[str, str] = {name: environment[name] for name in ("TERM", "SHELL") if name in environment}
        record = SessionRecord(
            name=params.name or self._registry.free_name(agent.session_name(argv)),
            argv=argv,
            cwd=params.cwd or environment.get("HOME", "/"),
            kind=params.kind,
            created_at=time.time(),
            cast=CastSettings(path=params.record, with_input=params.record_input, env=shown),
            owner=owner,
            limits=limits,
            began_at=time.monotonic(),
            registry_folder=str(agent.registry_folder(environment) or ""),
            conversation=self._begin_conversation(params, argv, environment),
        )
        return record, environment

    def _begin_conversation(
        self, params: CreateParams, argv: list[str], environment: Mapping[str, str]
    ) -> ConversationState | None:
        """Raises Refusal: what only conversations have is asked for another program."""
        cwd = params.cwd or environment.get("HOME", "/")
        if params.kind == "claude":
            keep = params.keep or self._config.keep
            return begin_conversation(argv, cwd, environment, keep, params.restart_on_failure)
        if params.kind == RUN_KIND:
            return begin_conversation(argv, cwd, environment, "never", restart_on_failure=False)
        if params.restart_on_failure or params.keep not in (None, "never"):
            raise Refusal(
                ErrorCode.BAD_REQUEST, 'only sessions of kind "claude" can be kept, or started again when they fail'
            )
        return None

    def _build_environment(self, params: CreateParams, session_id: str) -> dict[str, str]:
        passed = {name: self._environ[name] for name in self._config.pass_environment if name in self._environ}
        return {
            **inherited_environment(self._environ, params.kind),
            **passed,
            **params.env,
            "TERM": params.env.get("TERM", "xterm-256color"),
            "COLORTERM": params.env.get("COLORTERM", "truecolor"),
            "PTYD": "1",
            SESSION_VARIABLE: session_id,
            "PTYD_SOCKET": str(self._socket_path),
        }

    def create_log(self, session_id: str, size: tuple[int, int], log_bytes: int | None) -> MappedLog:
        """``size``: (cols, rows); ``log_bytes``: None as configured.

        Raises:
            Refusal: the disk is full, or the like.
        """
        try:
            return self._store.create(session_id, *size, log_bytes)
        except OSError as error:
            raise Refusal(ErrorCode.NO_RESOURCES, f"the session's log cannot be made: {error}") from error

    def write_prompt(self, session_id: str, prompt: bytes) -> dict[str, str]:
        """Write down what a run is asked; returns the files of its program, as the keeper is told them.

        Raises:
            Refusal: the disk is full, or the like.
        """
        path = self._store.prompt_path(session_id)
        try:
            write_private(path, prompt)
        except OSError as error:
            raise Refusal(
                ErrorCode.NO_RESOURCES, f"the prompt cannot be written to {path}: {error.strerror}"
            ) from error
        return {"stdin": str(path), "stderr": str(self._store.errors_path(session_id))}

    def open_log(self, kept: KeptSession, record: SessionRecord) -> MappedLog:
        """The log of a session that is taken over; a new one where that is lost.

        Raises:
            OSError: nothing is wrong with the log, but the machine is short of something.
        """
        try:
            return self._store.open(kept.id)
        except (OSError, LogDamaged) as error:
            if isinstance(error, OSError) and error.errno in SHORTAGES:
                raise  # another daemon, a moment later, may have what it takes
            logger.error(
                "session %s: its log is lost (%s); a new one begins", kept.id, error, extra={"session": kept.id}
            )
            self._store.remove(kept.id)
            size = terminal_size(kept.fds.master) if kept.fds else (80, 24)
            return self._store.create(kept.id, *size, record.limits.log_bytes)

    def make(self, session_id: str, record: SessionRecord, pid: int, log: MappedLog) -> Session:
        """The state of a session whose program runs, or has run."""
        _, cols, rows = log.log.size_record(log.log.size_count - 1)
        session = Session(
            id=session_id,
            name=record.name,
            argv=record.argv,
            cwd=record.cwd,
            kind=record.kind,
            created_at=record.created_at,
            pid=pid,
            log_file=log,
            cols=cols,
            rows=rows,
            last_output_at=log.last_output_at or record.created_at,
        )
        session.cast = record.cast
        session.locked = log.log.is_locked
        session.owner = record.owner
        session.limits = complete_limits(record.limits)
        session.end_reason = record.end_reason
        session.registry_folder = record.registry_folder
        session.began_at = time.monotonic() if record.began_at is None else record.began_at
        session.conversation = record.conversation
        session.is_quarantined = session_id in self._quarantined
        session.run = record.run
        if self._engines is not None and not session.is_quarantined and record.run is None:
            session.screen = self._engines.open_reader(session, self._store.screen_file(session_id))
        return session
