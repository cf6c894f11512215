"""Sessions that are to come back: a private file in the user's state directory, which outlives the runtime directory.

It holds their environments, which may have secrets in them: only its owner can read it.
"""

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from ptyd_protocol.conversations import KeepPolicy, KeptSession
from ptyd_protocol.session_limits import SessionLimits

logger = logging.getLogger("ptyd.conversations")

MAX_CONFIG_DIRS = 32
"""Configuration directories of the CLI that are remembered, the latest ones."""


class KeptRecord(Struct, frozen=True, kw_only=True):
    """All that it takes to start a session again. A new field goes to the end and has a default."""

    session: str
    """The id that it had last."""
    name: str
    argv: list[str]
    cwd: str
    env: dict[str, str]
    """As it was asked for."""
    owner: str
    limits: SessionLimits
    conversation: str
    config_dir: str
    keep: KeepPolicy
    restart_on_failure: bool
    created_at: float
    cols: int = 80
    rows: int = 24
    failures: list[float] = []
    """When it failed, in Unix seconds; only the recent ones."""
    offered: bool = False
    """It has ended, and waits for somebody."""
    problem: str = ""

    def info(self) -> KeptSession:
        return KeptSession(
            name=self.name,
            conversation=self.conversation,
            cwd=self.cwd,
            keep=self.keep,
            restart_on_failure=self.restart_on_failure,
            created_at=self.created_at,
            problem=self.problem,
        )


class _File(Struct, kw_only=True):
    sessions: list[KeptRecord] = []
    config_dirs: list[str] = []


def kept_path(state_dir: Path, runtime_dir: Path) -> Path:
    """The file of the daemon that serves ``runtime_dir``: a user may have several."""
    digest = hashlib.sha256(str(runtime_dir).encode()).hexdigest()[:12]
    return state_dir / f"kept-{digest}.json"


class KeptStore:
    def __init__(self, path: Path) -> None:
        self._path = path
        content = self._read()
        self._records = {record.session: record for record in content.sessions}
        self.config_dirs = content.config_dirs

    @property
    def records(self) -> list[KeptRecord]:
        """The oldest first."""
        return sorted(self._records.values(), key=lambda record: record.created_at)

    @property
    def offered(self) -> list[KeptRecord]:
        return [record for record in self.records if record.offered]

    def get(self, session_id: str) -> KeptRecord | None:
        return self._records.get(session_id)

    def put(self, record: KeptRecord) -> None:
        """New, or in place of the one of the same session."""
        if self._records.get(record.session) != record:
            self._records[record.session] = record
            self._write()

    def remove(self, session_id: str) -> None:
        if self._records.pop(session_id, None) is not None:
            self._write()

    def remember_config_dir(self, config_dir: str) -> None:
        """So that its conversations are found when no session has it any more."""
        if config_dir and config_dir not in self.config_dirs:
            self.config_dirs = [*self.config_dirs, config_dir][-MAX_CONFIG_DIRS:]
            self._write()

    def _read(self) -> _File:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            aside = self._path.with_suffix(".damaged")
            with suppress(OSError):
                self._path.replace(aside)
            logger.error("%s cannot be read (%s): no session is offered again; it lies in %s", self._path, error, aside)
            return _File()

    def _write(self) -> None:
        """In one step; on a full disk what is said here holds as long as this daemon lives."""
        new = self._path.with_suffix(".new")
        content = _File(sessions=self.records, config_dirs=self.config_dirs)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(content), indent=1))
            new.replace(self._path)
        except OSError as error:
            logger.error("%s cannot be written; sessions may not be offered again: %s", self._path, error)
