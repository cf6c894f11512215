"""Requests about sessions: made, found, changed, ended, read."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.activity import Activity
from ptyd_protocol.conversations import KeepPolicy, SessionConversation
from ptyd_protocol.messages import Cols, Offset, Rows, SessionRef
from ptyd_protocol.runs import RunInfo
from ptyd_protocol.session_limits import SessionLimits, SessionUsage

SessionState = Literal["running", "exited"]
Name = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]
"""A letter or digit, then letters, digits, ``.``, ``_`` and ``-``."""


class SessionInfo(Struct, frozen=True, kw_only=True):
    """What is known of one session. Times are Unix seconds, sizes are bytes."""

    id: str
    name: str
    state: SessionState
    pid: int
    argv: list[str]
    cwd: str
    cols: int
    rows: int
    created_at: float
    last_output_at: float
    clients: int
    controller: str | None
    epoch: int
    log_start: int
    log_head: int
    exit_code: int | None = None
    exit_signal: int | None = None
    exited_at: float | None = None
    kind: str = "command"
    title: str = ""
    """What the program calls its window."""
    locked: bool = False
    """Typing does not take control."""
    recording: str = ""
    """The file that it is recorded to from the start; empty: none."""
    owner: str = ""
    """The name of the principal that created it."""
    limits: SessionLimits = SessionLimits()
    """Those in force, each of them said."""
    usage: SessionUsage | None = None
    end_reason: str = ""
    """For a person: which limit ended it, or what else that was not the program's own doing."""
    engine: Literal["exact", "none", "quarantined"] = "none"
    """exact: an engine keeps its screen. quarantined: none any more, for its output has made one crash."""
    activity: Activity | None = None
    """What the program is doing; None: a daemon that does not say."""
    run: RunInfo | None = None
    """Where it is a structured run (kind "run")."""
    conversation: SessionConversation | None = None
    """Of a session of kind "claude" or "run"."""


class CreateParams(Struct, frozen=True, kw_only=True):
    """``argv`` empty: the user's login shell. ``cwd`` empty: the home directory. ``name`` empty: made from the command.
    ``kind``: which agent's knowledge applies ("command", "claude"). ``record``: the absolute path of a file that does
    not exist yet; the session is recorded to it as asciicast v3, what is typed only with ``record_input``. ``keep``
    None: as configured; this and ``restart_on_failure`` are for the kind "claude"."""

    argv: Annotated[list[str], Meta(max_length=limits.MAX_ARGV_ITEMS)] = []
    cwd: str = ""
    env: dict[str, str] = {}
    cols: Cols = 80
    rows: Rows = 24
    name: Name = ""
    kind: str = "command"
    record: str = ""
    record_input: bool = False
    limits: SessionLimits = SessionLimits()
    keep: KeepPolicy | None = None
    restart_on_failure: bool = False


class SessionParams(Struct, frozen=True, kw_only=True):
    session: SessionRef = ""


class RenameParams(Struct, frozen=True, kw_only=True):
    name: Name
    session: SessionRef = ""


class ResizeParams(Struct, frozen=True, kw_only=True):
    cols: Cols
    rows: Rows
    session: SessionRef = ""


class SignalParams(Struct, frozen=True, kw_only=True):
    """Sends to the PTY's foreground process group. ``signal`` is a name, with or without SIG, or a number."""

    signal: str | int
    session: SessionRef = ""


class KillParams(Struct, frozen=True, kw_only=True):
    """HUP, then TERM, then KILL to the whole tree, ``grace_seconds`` between them. Replies when the session has exited.
    On an exited session: forgets it."""

    session: SessionRef = ""
    grace_seconds: Annotated[float, Meta(ge=0, le=60)] = 2.0


class SendParams(Struct, frozen=True, kw_only=True):
    """Input without an attachment."""

    data: Annotated[bytes, Meta(max_length=limits.MAX_UNACKED_INPUT_BYTES)]
    session: SessionRef = ""


class LockParams(Struct, frozen=True, kw_only=True):
    """While a session is locked, typing does not take control; asking for it does."""

    locked: bool
    session: SessionRef = ""


class ReadLogParams(Struct, frozen=True, kw_only=True):
    """Raw output. ``offset`` None: the newest ``max_bytes``."""

    session: SessionRef = ""
    offset: Offset | None = None
    max_bytes: Annotated[int, Meta(ge=0, le=8 * limits.MIB)] = 8 * limits.MIB


class ReadLogResult(Struct, frozen=True, kw_only=True):
    offset: int
    data: bytes
    epoch: int
    log_start: int
    log_head: int


class WaitParams(Struct, frozen=True, kw_only=True):
    """``until`` "exit", or "idle": no output for ``idle_seconds``. Fails with "timeout" after ``timeout_seconds``."""

    until: Literal["exit", "idle"]
    session: SessionRef = ""
    idle_seconds: Annotated[float, Meta(ge=0.01, le=86_400)] = 1.0
    timeout_seconds: Annotated[float, Meta(ge=0)] | None = None


class SubscribeResult(Struct, frozen=True, kw_only=True):
    """Events after ``seq`` follow on this connection; ``sessions`` is the state now. ``is_late``: some of the events
    asked for are not kept any more, so none of them is told."""

    seq: int
    sessions: list[SessionInfo]
    is_late: bool = False


class MarkParams(Struct, frozen=True, kw_only=True):
    """Sets a mark in the session's recordings, here and now."""

    label: Annotated[str, Meta(max_length=limits.MAX_LABEL_CHARS)] = ""
    session: SessionRef = ""


class ExportParams(Struct, frozen=True, kw_only=True):
    """The session's log as asciicast v3, piece by piece. ``resume``: of the result before; empty: the beginning."""

    resume: Annotated[str, Meta(max_length=limits.MAX_RESUME_CHARS)] = ""
    session: SessionRef = ""


class ExportResult(Struct, frozen=True, kw_only=True):
    """Whole lines. ``resume`` None: it is the last piece. ``start``: the offset of the first output in the export, 0
    where all of the session is. ``skipped``: so many bytes were overwritten before this piece could be made."""

    data: bytes
    resume: str | None
    start: int
    skipped: int = 0
