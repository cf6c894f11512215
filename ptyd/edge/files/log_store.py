"""The files of the replay logs, mapped into memory, in the runtime directory."""

import logging
import mmap
import os
import secrets
import struct
from pathlib import Path

from ptyd.core.log.input_ledger import InputLedger
from ptyd.core.log.log_layout import HEADER_BYTES, WORD_BYTES, Word
from ptyd.core.log.replay_log import LogDamaged, LogSpan, ReplayLog
from ptyd.core.screen.quarantine import EngineMarks
from ptyd.edge.screen.screen_store import ScreenFile

logger = logging.getLogger("ptyd.log_store")

EPOCH_BITS = 48
"""Within what every client can represent (MAX_SEQ)."""

COPY_BYTES = 64 * 1024
_NOTHING = bytes(COPY_BYTES)

_MARKS = struct.Struct("=QQQ")
"""The words ENGINE_AT_WORK, ENGINE_SUSPICIONS, ENGINE_QUARANTINED."""


class MappedLog:
    """A replay log in its file (core/session.py's LogFile)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mapping: mmap.mmap | None = None
        self._span: LogSpan | None = None
        self._log: ReplayLog
        self._inputs: InputLedger
        self._view: memoryview

    @property
    def log(self) -> ReplayLog:
        if self._mapping is None:
            self.map()
        return self._log

    @property
    def inputs(self) -> InputLedger:
        if self._mapping is None:
            self.map()
        return self._inputs

    @property
    def span(self) -> LogSpan:
        return self._log.span if self._mapping is not None or self._span is None else self._span

    @property
    def last_output_at(self) -> float:
        """When output came last, in Unix seconds; 0 for never."""
        return float(self.log.words[Word.LAST_OUTPUT_AT]) / 1000

    def note_output(self, at: float) -> None:
        """Output came; the next daemon, too, shall know when."""
        self.log.words[Word.LAST_OUTPUT_AT] = int(at * 1000)

    def map(self) -> None:
        """Map the file, and account for what a killed daemon did not.

        Raises:
            OSError: there is none. LogDamaged: it cannot be used.
        """
        fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            mapping = mmap.mmap(fd, 0)
        except ValueError as error:
            raise LogDamaged(str(error)) from error
        finally:
            os.close(fd)
        self._view = memoryview(mapping)
        self._log = ReplayLog(self._view, self._allocate)
        self._log.recover()
        self._inputs = InputLedger(self._log.words)
        self._mapping = mapping

    def _allocate(self, at: int, length: int) -> bool:
        fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.posix_fallocate(fd, at, length)
        except OSError as error:
            logger.error("no room for the log %s, its program has to wait: %s", self._path, error)
            return False
        finally:
            os.close(fd)
        return True

    @property
    def is_lost(self) -> bool:
        """It is mapped, and its file has been removed."""
        return self._mapping is not None and not self._path.exists()

    def write_anew(self) -> None:
        """Write the file of a mapped log whose file was removed, for the next daemon. Nothing may change it any more.

        Raises:
            OSError: no space, no permission.
        """
        assert self._mapping is not None
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(fd, len(self._view))
            for at in range(0, len(self._view), COPY_BYTES):
                block = self._view[at : at + COPY_BYTES]
                if block != _NOTHING[: len(block)]:  # what was never written stays a hole
                    os.pwrite(fd, block, at)
        finally:
            os.close(fd)

    def shelve(self) -> None:
        """Unmap: the mapping holds a descriptor. The next use maps it again."""
        if self._mapping is None:
            return
        self._span = self._log.span
        self._log.close()
        self._view.release()
        self._mapping.close()
        self._mapping = None


class LogStore:
    """One file a session: ``sessions/<id>.log``, 0600."""

    def __init__(self, directory: Path, log_bytes: int) -> None:
        self._directory = directory
        self._log_bytes = log_bytes
        directory.mkdir(mode=0o700, exist_ok=True)

    def _path(self, session_id: str) -> Path:
        return self._directory / f"{session_id}.log"

    def create(self, session_id: str, cols: int, rows: int, log_bytes: int | None = None) -> MappedLog:
        """Begin a session's log, of ``log_bytes`` where they are not those of all.

        Raises:
            OSError: no space, no permission.
        """
        size = HEADER_BYTES + (log_bytes or self._log_bytes)
        path = self._path(session_id)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, HEADER_BYTES)
            os.truncate(fd, size)
            with mmap.mmap(fd, size) as mapping, memoryview(mapping) as view:
                ReplayLog.create(view, secrets.randbits(EPOCH_BITS) | 1, cols, rows).close()
        finally:
            os.close(fd)
        return self.open(session_id)

    def open(self, session_id: str) -> MappedLog:
        """A session's log as it stands.

        Raises:
            OSError: there is none. LogDamaged: it cannot be used.
        """
        log = MappedLog(self._path(session_id))
        log.map()
        return log

    def read_marks(self, session_id: str) -> EngineMarks:
        """What the log's header says about the session's engine; nothing, where there is no log to ask."""
        words = bytearray(_MARKS.size)
        try:
            fd = os.open(self._path(session_id), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return EngineMarks()
        try:
            os.preadv(fd, [words], Word.ENGINE_AT_WORK * WORD_BYTES)
        finally:
            os.close(fd)
        at_work, suspicions, quarantined = _MARKS.unpack(words)
        return EngineMarks(bool(at_work), suspicions, quarantined)

    def write_marks(self, session_id: str, marks: EngineMarks) -> None:
        """Raises OSError: there is no log, or it cannot be written."""
        fd = os.open(self._path(session_id), os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            words = _MARKS.pack(marks.at_work, marks.suspicions, marks.quarantined)
            os.pwrite(fd, words, Word.ENGINE_AT_WORK * WORD_BYTES)
        finally:
            os.close(fd)

    def screen_file(self, session_id: str) -> ScreenFile:
        """Where the state of the session's engine is saved."""
        return ScreenFile(self._path(session_id).with_suffix(".screen"))

    def prompt_path(self, session_id: str) -> Path:
        """Of what a run reads."""
        return self._path(session_id).with_suffix(".prompt")

    def errors_path(self, session_id: str) -> Path:
        """Of what a run's program writes to its standard error."""
        return self._path(session_id).with_suffix(".stderr")

    def remove(self, session_id: str) -> None:
        self._path(session_id).unlink(missing_ok=True)
        self.prompt_path(session_id).unlink(missing_ok=True)
        self.errors_path(session_id).unlink(missing_ok=True)
        self.screen_file(session_id).remove()

    def list_ids(self) -> set[str]:
        """The sessions that there are logs of."""
        return {path.stem for path in self._directory.glob("*.log")}

    def remove_others(self, session_ids: set[str]) -> None:
        """Remove the logs of sessions that nobody holds any more."""
        for pattern in ("*.log", "*.screen", "*.screen-new", "*.prompt", "*.stderr", "*.new"):
            for path in self._directory.glob(pattern):
                if path.stem not in session_ids:
                    path.unlink(missing_ok=True)
