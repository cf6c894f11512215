"""The times, recordings and exports of all sessions: what the manager asks for about them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ptyd_protocol import limits
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.sessions import ExportResult

from ptyd.core.log.asciicast import CastSettings, convert_piece, find_start, format_exit, format_header
from ptyd.core.log.export_cursor import ExportCursor
from ptyd.core.log.holds import RECORDER_KEY
from ptyd.core.log.replay_log import ReplayLog
from ptyd.core.log.time_index import Entry, IndexDamaged, Kind, encode_size
from ptyd.core.session import Session
from ptyd.core.viewing.safe_boundary import SEARCH_BYTES, find_safe_boundary
from ptyd.edge.files.recorder import CastFile, Recorder, RecordingFailed
from ptyd.edge.files.time_file import TimeFile, read_index

logger = logging.getLogger("ptyd.recordings")

EXPORT_PIECE_BYTES = 512 * limits.KIB
"""Of the log, for one reply: what an export makes of it is at most six times as long."""

FINISH_SECONDS = 5.0
"""How long a daemon that ends with its sessions waits for their recordings."""


class Recordings:
    """One for the daemon."""

    def __init__(self, directory: Path, on_lost: Callable[[Session, str], None]) -> None:
        """``directory`` is that of the logs. ``on_lost`` is told of a recording that ended early, and why."""
        self._directory = directory
        self._on_lost = on_lost
        self._files: dict[str, TimeFile] = {}
        self._recorders: dict[str, Recorder] = {}
        self._new: dict[str, CastFile] = {}
        self._on_done: dict[str, Callable[[], None]] = {}

    # --- beginning ---

    def create(
        self, session_id: str, size: tuple[int, int], argv: list[str], name: str, settings: CastSettings
    ) -> None:
        """Begin a new session's index, and its recording if one is wanted.

        Raises:
            Refusal: they cannot be made.
        """
        try:
            TimeFile.create(self._times_path(session_id), 0, _now_ms(), size)
        except OSError as error:
            raise Refusal(ErrorCode.NO_RESOURCES, f"the session's times cannot be noted: {error}") from error
        if settings.path:
            try:
                self._new[session_id] = self._create_cast(session_id, argv, name, settings)
            except Refusal:
                self.remove(session_id)
                raise

    def _create_cast(self, session_id: str, argv: list[str], name: str, settings: CastSettings) -> CastFile:
        path = Path(settings.path)
        if not path.is_absolute():
            raise Refusal(ErrorCode.BAD_REQUEST, f"the path to record to must be absolute: {settings.path!r}")
        start = find_start(read_index(self._times_path(session_id))[0], 0)
        header = format_header(start, argv, name, settings.env)
        try:
            return CastFile.create(path, self._note_path(session_id), header, start.state)
        except FileExistsError:
            raise Refusal(ErrorCode.BAD_REQUEST, f"{path} exists; record to another file") from None
        except FileNotFoundError:
            raise Refusal(ErrorCode.NO_SUCH_DIRECTORY, f"there is no directory {path.parent} to record to") from None
        except PermissionError as error:
            raise Refusal(ErrorCode.PERMISSION_DENIED, f"cannot record to {path}: {error.strerror}") from None
        except (OSError, ValueError) as error:
            raise Refusal(ErrorCode.NO_RESOURCES, f"cannot record to {path}: {error}") from None

    def undo(self, session_id: str) -> None:
        """The session that ``create`` was called for cannot be started after all."""
        file = self._new.pop(session_id, None)
        if file is not None:
            file.finish()
            file.path.unlink(missing_ok=True)
        self.remove(session_id)

    def start(self, session: Session, on_progress: Callable[[], None]) -> None:
        """The session runs, or is taken over from the daemon before us. ``on_progress``: its hold has moved on."""
        entries: list[Entry] = []
        try:
            self._files[session.id] = self._open_times(session)
            entries, _ = read_index(self._times_path(session.id))
        except (OSError, IndexDamaged) as error:
            logger.error("session %s: no times will be known: %s", session.id, error, extra={"session": session.id})
        if not session.cast.path:
            return
        file = self._new.pop(session.id, None)
        try:
            file = file or CastFile.resume(Path(session.cast.path), self._note_path(session.id))
        except FileNotFoundError:
            return  # it was finished
        except (OSError, RecordingFailed) as error:
            session.log.drop_hold(RECORDER_KEY)
            self._note_end(session, str(error))
            return
        recorder = Recorder(
            file,
            lambda: session.log,
            [entry for entry in entries if not _is_recorded(entry, file)],
            session.cast.with_input,
            partial(self._note_progress, session, on_progress),
            partial(self._note_end, session),
        )
        session.log.set_hold(RECORDER_KEY, file.state.offset)
        self._recorders[session.id] = recorder
        if session.id in self._files:
            self._files[session.id].on_entry = recorder.note_entry
        recorder.wake()

    def _open_times(self, session: Session) -> TimeFile:
        path = self._times_path(session.id)
        size = session.cols, session.rows
        head = session.log.head
        try:
            times = TimeFile(path, head, lambda: session.log.oldest)
        except (OSError, IndexDamaged):
            TimeFile.create(path, session.log.oldest, int(session.last_output_at * 1000), size)
            times = TimeFile(path, head, lambda: session.log.oldest)
        if times.last_size != size:  # killed between noting it in the log and here
            times.note_size(*size, _now_ms())
        return times

    # --- while it runs ---

    def note_output(self, session: Session, at: float) -> None:
        """There is more in the session's log, since ``at`` (Unix seconds)."""
        times = self._files.get(session.id)
        if times is not None:
            times.note_output(session.log.head, int(at * 1000))
        recorder = self._recorders.get(session.id)
        if recorder is not None:
            recorder.wake()

    def note_size(self, session: Session) -> None:
        self._note(session, lambda times: times.note_size(session.cols, session.rows, _now_ms()))

    def note_input(self, session: Session, data: bytes) -> None:
        """Somebody has typed. Kept only where that was asked for."""
        if session.cast.path and session.cast.with_input:
            self._note(session, lambda times: times.note_input(data, _now_ms()))

    def mark(self, session: Session, label: str) -> None:
        """Set a mark in the session's recordings, here and now.

        Raises:
            Refusal: the session has ended.
        """
        if session.exit is not None:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")
        self._note(session, lambda times: times.note_mark(label, _now_ms()))

    def _note(self, session: Session, note: Callable[[TimeFile], None]) -> None:
        times = self._files.get(session.id)
        if times is not None:
            note(times)
        recorder = self._recorders.get(session.id)
        if recorder is not None:
            recorder.wake()

    def _note_progress(self, session: Session, on_progress: Callable[[], None], offset: int) -> None:
        if not session.has_ended:
            session.log.set_hold(RECORDER_KEY, offset)
            session.terminal.resume_reading()
            on_progress()

    def _note_end(self, session: Session, reason: str | None) -> None:
        self._recorders.pop(session.id, None)
        if reason is not None:
            told = (session.id, session.cast.path, reason)
            logger.error("session %s: its recording to %s ends early: %s", *told, extra={"session": session.id})
            if not session.has_ended:
                session.log.drop_hold(RECORDER_KEY)
                session.terminal.resume_reading()
            self._on_lost(session, reason)
        on_done = self._on_done.pop(session.id, None)
        if on_done is not None:
            on_done()

    # --- end ---

    def finish(self, session: Session, on_done: Callable[[], None]) -> None:
        """The session has ended. ``on_done``: its recording is complete, too."""
        times = self._files.pop(session.id, None)
        if times is not None:
            times.close()
        recorder = self._recorders.get(session.id)
        if recorder is None or session.exit is None:
            on_done()
            return
        self._on_done[session.id] = on_done
        recorder.finish(session.exit)

    def is_recording(self, session_id: str) -> bool:
        return session_id in self._recorders

    async def wait_finished(self, session_id: str) -> None:
        """Wait until the recording of a session that has ended is complete."""
        recorder = self._recorders.get(session_id)
        if recorder is not None:
            await recorder.done.wait()

    async def finish_all(self) -> None:
        """The daemon ends with its sessions: wait for their recordings."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                for recorder in list(self._recorders.values()):
                    await recorder.done.wait()

    def stop(self, session: Session, reason: str) -> None:
        """Give up its recording."""
        recorder = self._recorders.get(session.id)
        if recorder is not None:
            recorder.stop(reason)

    def remove(self, session_id: str) -> None:
        """Nothing of the session is wanted any more, but the recording itself."""
        times = self._files.pop(session_id, None)
        if times is not None:
            times.close()
        for path in (self._times_path(session_id), self._note_path(session_id)):
            path.unlink(missing_ok=True)

    def remove_others(self, session_ids: set[str]) -> None:
        """Remove what belongs to sessions that nobody holds any more."""
        for path in [*self._directory.glob("*.times*"), *self._directory.glob("*.recording")]:
            if path.name.partition(".")[0] not in session_ids or path.suffix == ".new":
                path.unlink(missing_ok=True)

    def _times_path(self, session_id: str) -> Path:
        return self._directory / f"{session_id}.times"

    def _note_path(self, session_id: str) -> Path:
        return self._directory / f"{session_id}.recording"

    # --- exporting ---

    async def export(self, session: Session, resume: str) -> ExportResult:
        """The next piece of a session's log as asciicast.

        Raises:
            Refusal: ``resume`` is none of ours, or of a log that is no more.
        """
        # An ended session's log may be shelved whenever this waits: it is asked for anew behind each wait.
        if resume:
            cursor = ExportCursor.decode(resume, session.log.epoch)
        else:
            entries = await self._read_entries(session)
            log = session.log
            begin = _safe_beginning(log)
            start = find_start(entries, begin)
            header = format_header(start, session.argv, session.name, session.cast.env)
            cursor = ExportCursor(log.epoch, begin, log.head, start.state)
            return ExportResult(data=header, resume=cursor.encode(), start=begin)
        skipped = 0
        if cursor.state.offset < session.log.oldest:
            begin = min(_safe_beginning(session.log), cursor.end)
            skipped = begin - cursor.state.offset
            cursor = cursor.skip_to(begin, find_start(await self._read_entries(session), begin).state.now_ms)
        data = session.log.read(cursor.state.offset, min(EXPORT_PIECE_BYTES, cursor.end - cursor.state.offset))
        is_end = cursor.state.offset + len(data) >= cursor.end
        entries = await self._read_entries(session)
        is_complete = is_end and session.has_ended
        lines, state = await asyncio.to_thread(convert_piece, cursor.state, entries, data, is_end=is_complete)
        if is_complete and session.exit is not None:
            lines += format_exit(state, session.exit.code, session.exit.signal, session.exit.at)
        return ExportResult(
            data=lines,
            resume=None if is_end else cursor.at(state).encode(),
            start=cursor.start,
            skipped=skipped,
        )

    async def _read_entries(self, session: Session) -> list[Entry]:
        try:
            entries, _ = await asyncio.to_thread(read_index, self._times_path(session.id))
        except (OSError, IndexDamaged):
            entries = []
        if any(entry.kind is Kind.SIZE for entry in entries):
            return entries
        # Without times all of it came at once, when output was last heard of.
        size = encode_size(session.cols, session.rows)
        return [Entry(Kind.SIZE, session.log.oldest, int(session.last_output_at * 1000), size, 0)]


def _is_recorded(entry: Entry, file: CastFile) -> bool:
    state = file.state
    return entry.offset < state.offset if entry.kind is Kind.TIME else entry.number < state.events


def _safe_beginning(log: ReplayLog) -> int:
    begin = log.oldest
    return begin + find_safe_boundary(log.read(begin, SEARCH_BYTES)) if begin else 0


def _now_ms() -> int:
    return int(time.time() * 1000)
