"""The requests: for each method the structure of its parameters and of its result.

Both are MessagePack maps; unknown keys are ignored, missing ones take their defaults. A parameter of the wrong type
is a Failure with code "bad_request", never the end of the connection.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.activity import (
    Activity,
    EventsParams,
    EventsResult,
    ExplainResult,
    SubscribeParams,
    WaitStateParams,
)
from ptyd_protocol.approvals import AnswerApprovalParams, Approval, ApprovalsParams
from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationExportResult,
    ConversationSearchParams,
    ConversationSearchResult,
    ConversationsParams,
    ConversationsResult,
    CostParams,
    CostResult,
    ForgetKeptParams,
    KeepParams,
    KeepPolicy,
    KeptSession,
    ResumeParams,
    SessionConversation,
)
from ptyd_protocol.files import FileGetParams, FileGetResult, FilePutParams, FilePutResult, PasteParams
from ptyd_protocol.messages import Cols, Epoch, Offset, Role, Rows, SessionRef
from ptyd_protocol.miniatures import Miniature, MiniaturesParams
from ptyd_protocol.notify import NotifyTestResult
from ptyd_protocol.prompts import (
    Prompt,
    PromptAddParams,
    PromptDropParams,
    PromptEditParams,
    PromptListParams,
    PromptWaitParams,
)
from ptyd_protocol.runs import RunInfo, RunParams, RunRefParams, RunWaitParams

SessionState = Literal["running", "exited"]
Right = Literal["observe", "control", "create", "admin"]
Name = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]
"""A letter or digit, then letters, digits, ``.``, ``_`` and ``-``."""


class SessionLimits(Struct, frozen=True, kw_only=True):
    """What one session may use. 0: no limit. None: not said; the daemon's default applies."""

    memory_bytes: Annotated[int, Meta(ge=0)] | None = None
    """Of all its processes together."""
    cpus: Annotated[float, Meta(ge=0)] | None = None
    """Of all its processes together; 1.5 is one CPU and a half."""
    processes: Annotated[int, Meta(ge=0)] | None = None
    """With their threads."""
    open_files: Annotated[int, Meta(ge=0)] | None = None
    """Of one process."""
    file_bytes: Annotated[int, Meta(ge=0)] | None = None
    """The largest file that one process may write."""
    core_bytes: Annotated[int, Meta(ge=-1)] | None = None
    """The largest core dump. 0 is none here, and -1 no limit."""
    lifetime_seconds: Annotated[float, Meta(ge=0)] | None = None
    idle_seconds: Annotated[float, Meta(ge=0)] | None = None
    """Without output and without an attachment."""
    log_bytes: Annotated[int, Meta(ge=0)] | None = None
    """Of the replay log; rounded up to whole 64 KiB. 0 is as None."""
    scrollback_lines: Annotated[int, Meta(ge=0)] | None = None
    """0 is none here."""
    input_bytes_per_second: Annotated[int, Meta(ge=0)] | None = None
    output_bytes_per_second: Annotated[int, Meta(ge=0)] | None = None
    """Beyond it the program waits; nothing is lost."""


class SessionUsage(Struct, frozen=True, kw_only=True):
    """What a session's processes used when they were last looked at."""

    memory_bytes: int
    cpus: float
    """CPU time over the time since the look before."""
    processes: int
    """With their threads, as the kernel counts them for its limits."""
    open_files: int = 0
    """Of that process which has most."""
    at: float = 0.0
    """Unix seconds."""


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
    """Of a session of kind "claude"."""


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


class NoParams(Struct, frozen=True, kw_only=True):
    pass


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


CaptureFormat = Literal["text", "vt", "html", "cells", "terminal"]


class CaptureParams(Struct, frozen=True, kw_only=True):
    """The screen; ``scrollback`` is how many lines above it to add (-1: all that is kept).

    ``format``: "text"; "vt", text with SGR sequences; "html"; "cells"; "terminal", all that rebuilds the screen in a
    fresh terminal.
    ``join``: a line that the terminal wrapped is one line of text.
    """

    session: SessionRef = ""
    scrollback: Annotated[int, Meta(ge=-1)] = 0
    format: CaptureFormat = "text"
    join: bool = False


class Style(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How cells are drawn. Colours: "#rrggbb", or the number of a palette entry; None for the terminal's own."""

    fg: str | int | None = None
    bg: str | int | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: Literal["none", "single", "double", "curly", "dotted", "dashed"] = "none"
    underline_color: str | int | None = None
    blink: bool = False
    inverse: bool = False
    invisible: bool = False
    strikethrough: bool = False
    overline: bool = False


class Cell(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One character's place. ``width`` 2: it covers the next column too, which has no cell of its own."""

    text: str = ""
    """The character with what combines with it; empty: nothing was written here."""
    width: Literal[1, 2] = 1
    style: int = 0
    """Index into CellGrid.styles."""
    link: str = ""


class CellRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row, without the blank cells at its end. ``wrapped``: the next row continues it."""

    cells: list[Cell]
    wrapped: bool = False


class CellGrid(Struct, frozen=True, kw_only=True):
    """The screen cell by cell; ``rows`` begins with the ``scrollback`` lines above the screen."""

    cols: int
    rows: list[CellRow]
    scrollback: int
    styles: list[Style]
    cursor_col: int
    cursor_row: int
    """Counted from the top of the screen, not of ``rows``."""
    cursor_visible: bool
    alternate: bool
    title: str


class CaptureResult(Struct, frozen=True, kw_only=True):
    """``source`` "log": output with its control sequences removed; "screen": the exact screen.

    ``grid`` instead of ``text`` for the format "cells", ``data`` for "terminal". ``offset``: the screen is that at this
    place of the output, ``cols`` and ``rows``: its size.
    """

    text: str
    source: Literal["log", "screen"]
    offset: int = 0
    grid: CellGrid | None = None
    data: bytes | None = None
    cols: int = 0
    rows: int = 0


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


class ClientInfo(Struct, frozen=True, kw_only=True):
    """One attachment, as ``status`` shows it. Bytes."""

    session: str
    client: str
    client_id: str
    role: Role
    lossless: bool
    cols: int
    rows: int
    epoch: Epoch
    sent: int
    acked: int
    window: int
    hidden: bool = False
    unacked: int = 0
    """Bytes on their way: of output, and of a snapshot."""
    allowed: int = 0
    """How many may be, at the rate at which this client acknowledges."""
    held: int = 0
    """Bytes that the daemon keeps for this client alone."""
    resyncs: int = 0
    """How often it fell behind and was given the screen anew."""
    principal: str = ""
    """Whose it is."""


class ListenerInfo(Struct, frozen=True, kw_only=True):
    kind: Literal["unix", "tcp"]
    address: str
    """The path of the socket, or host:port."""
    tls: bool = False
    fingerprint: str = ""
    """Of its certificate: "sha256:" and 64 hexadecimal digits. Empty without TLS."""


class Capacity(Struct, frozen=True, kw_only=True):
    """How much is used of something that there is only so much of."""

    name: str
    """For a person."""
    used: int
    allowed: int


class StatusResult(Struct, frozen=True, kw_only=True):
    daemon_pid: int
    keeper_pid: int
    version: str
    uptime: float
    sessions: int
    sessions_running: int
    max_sessions: int
    restarts: int
    """How often the keeper has started a daemon after the first."""
    engine: str
    """The screen engine in use, or "none"."""
    runtime_dir: str
    listeners: list[ListenerInfo]
    clients: list[ClientInfo]
    capacities: list[Capacity] = []
    limits: SessionLimits = SessionLimits()
    """Those of a session that is not told otherwise."""
    enforcement: dict[str, str] = {}
    """By what means each limit on processes is kept, by its name; "end": by what means trees of processes end."""
    crashes: int = 0
    """How many of those ends nobody had asked for."""
    recent_crashes: int = 0
    """In the minute before this daemon was started."""
    is_over_budget: bool = False
    """They were so many that the keeper waits before it starts another."""
    last_crash: str = ""
    """For a person: how the last one ended; empty: none has crashed."""
    last_crash_at: float = 0.0
    """Unix seconds."""
    quarantined: list[str] = []
    """Names of sessions that are kept from the engine."""
    keeper_gone: bool = False
    """The keeper has ended: sessions go on, but none can be made, and they end with this daemon."""


class ListenParams(Struct, frozen=True, kw_only=True):
    """Listen on TCP too. ``port`` 0: any free one. Listening there already is no error.

    ``tls``: with the certificate of ``tls_cert`` and ``tls_key`` (absolute paths of PEM files), else with that of the
    daemon's configuration, else with one that the daemon makes and signs itself. ``insecure``: speak without TLS even
    where other machines can listen in.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    tls: bool = False
    insecure: bool = False
    tls_cert: str = ""
    tls_key: str = ""


class ListenResult(Struct, frozen=True, kw_only=True):
    """``fingerprint``: of the certificate, as in ListenerInfo."""

    host: str
    port: int
    tls: bool = False
    fingerprint: str = ""


class TicketResult(Struct, frozen=True, kw_only=True):
    """A login ticket for a browser: good once, for ``expires_seconds``. ``url`` is None without a TCP listener."""

    ticket: str
    url: str | None
    expires_seconds: int


class TokenResult(Struct, frozen=True, kw_only=True):
    token: str


class ShutdownParams(Struct, frozen=True, kw_only=True):
    """Without ``kill_sessions`` the keeper goes on holding the sessions for the next daemon."""

    kill_sessions: bool = False


class ShutdownResult(Struct, frozen=True, kw_only=True):
    sessions_left: int


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


class TokenInfo(Struct, frozen=True, kw_only=True):
    """A token or a share link, without its secret. Times are Unix seconds."""

    id: str
    name: str
    """That of the principal that comes with it."""
    kind: Literal["token", "share"]
    rights: list[Right]
    session: str | None
    """The id of the one that it is for; None: all."""
    created_at: float
    expires_at: float | None = None
    uses_left: int | None = None
    """How often it may still be presented; None: any number of times."""


Lifetime = Annotated[float, Meta(ge=0.01, le=limits.MAX_TOKEN_SECONDS)] | None
Uses = Annotated[int, Meta(ge=1, le=1_000_000)] | None


class TokenCreateParams(Struct, frozen=True, kw_only=True):
    """``session`` None: for all sessions. ``expires_seconds`` None: never. ``uses`` None: any number of times.
    ``name`` empty: made up."""

    rights: Annotated[list[Right], Meta(min_length=1, max_length=4)]
    session: SessionRef | None = None
    name: Name = ""
    expires_seconds: Lifetime = None
    uses: Uses = None


class TokenCreated(Struct, frozen=True, kw_only=True):
    """``token`` is the secret. The daemon does not keep it and cannot say it again."""

    token: str
    info: TokenInfo


class TokenRevokeParams(Struct, frozen=True, kw_only=True):
    """A token or share by its id or name; or all shares of a ``session``. One of the two."""

    token: Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)] = ""
    session: SessionRef | None = None


class ShareParams(Struct, frozen=True, kw_only=True):
    """A link that opens one session in a browser: to look at or, with ``control``, to type, too."""

    session: SessionRef = ""
    control: bool = False
    expires_seconds: Lifetime = 7200.0
    uses: Uses = None


class ShareResult(Struct, frozen=True, kw_only=True):
    """``secret``: what the link holds behind its ``#``; it is said once. ``url`` is None without a TCP listener."""

    secret: str
    url: str | None
    info: TokenInfo


class AuditReadParams(Struct, frozen=True, kw_only=True):
    """Whole lines of the audit. ``position``: of the result before; None: from the oldest that is kept."""

    position: Offset | None = None
    max_bytes: Annotated[int, Meta(ge=64 * limits.KIB, le=limits.MIB)] = limits.MIB


class AuditReadResult(Struct, frozen=True, kw_only=True):
    """``data``: JSON, a line for each event; empty: there is no more for now. ``start``: where it begins, beyond the
    position that was asked for if that is not kept any more. ``position``: where to go on."""

    data: bytes
    start: int
    position: int


class Method(Struct, frozen=True):
    """One row of the table of requests."""

    params: type[Struct]
    result: Any


METHODS: dict[str, Method] = {
    "create": Method(CreateParams, SessionInfo),
    "list": Method(NoParams, list[SessionInfo]),
    "get": Method(SessionParams, SessionInfo),
    "rename": Method(RenameParams, SessionInfo),
    "resize": Method(ResizeParams, SessionInfo),
    "signal": Method(SignalParams, SessionInfo),
    "kill": Method(KillParams, SessionInfo),
    "detach": Method(SessionParams, SessionInfo),
    "send": Method(SendParams, SessionInfo),
    "capture": Method(CaptureParams, CaptureResult),
    "lock": Method(LockParams, SessionInfo),
    "read_log": Method(ReadLogParams, ReadLogResult),
    "wait": Method(WaitParams, SessionInfo),
    "subscribe": Method(SubscribeParams, SubscribeResult),
    "unsubscribe": Method(NoParams, None),
    "status": Method(NoParams, StatusResult),
    "listen": Method(ListenParams, ListenResult),
    "login_ticket": Method(NoParams, TicketResult),
    "access_token": Method(NoParams, TokenResult),
    "restart": Method(NoParams, None),
    "shutdown": Method(ShutdownParams, ShutdownResult),
    "mark": Method(MarkParams, SessionInfo),
    "export": Method(ExportParams, ExportResult),
    "token_create": Method(TokenCreateParams, TokenCreated),
    "token_list": Method(NoParams, list[TokenInfo]),
    "token_revoke": Method(TokenRevokeParams, list[TokenInfo]),
    "share": Method(ShareParams, ShareResult),
    "audit_read": Method(AuditReadParams, AuditReadResult),
    "explain": Method(SessionParams, ExplainResult),
    "wait_state": Method(WaitStateParams, SessionInfo),
    "events": Method(EventsParams, EventsResult),
    "file_put": Method(FilePutParams, FilePutResult),
    "file_get": Method(FileGetParams, FileGetResult),
    "paste": Method(PasteParams, SessionInfo),
    "run": Method(RunParams, RunInfo),
    "run_list": Method(NoParams, list[RunInfo]),
    "run_wait": Method(RunWaitParams, RunInfo),
    "run_stop": Method(RunRefParams, RunInfo),
    "conversations": Method(ConversationsParams, ConversationsResult),
    "conversation_search": Method(ConversationSearchParams, ConversationSearchResult),
    "conversation_export": Method(ConversationExportParams, ConversationExportResult),
    "cost": Method(CostParams, CostResult),
    "resume": Method(ResumeParams, SessionInfo),
    "keep": Method(KeepParams, SessionInfo),
    "kept": Method(NoParams, list[KeptSession]),
    "forget_kept": Method(ForgetKeptParams, None),
    "miniatures": Method(MiniaturesParams, list[Miniature]),
    "notify_test": Method(NoParams, NotifyTestResult),
    "approvals": Method(ApprovalsParams, list[Approval]),
    "answer_approval": Method(AnswerApprovalParams, Approval),
    "prompt_add": Method(PromptAddParams, Prompt),
    "prompt_list": Method(PromptListParams, list[Prompt]),
    "prompt_edit": Method(PromptEditParams, Prompt),
    "prompt_drop": Method(PromptDropParams, Prompt),
    "prompt_wait": Method(PromptWaitParams, Prompt),
}

ASKING_METHODS = frozenset(
    {
        *("list", "get", "status", "read_log", "capture", "wait", "export", "token_list", "audit_read"),
        *("explain", "wait_state", "events"),
        *("file_get",),
        *("run_list", "run_wait"),
        *("conversations", "conversation_search", "conversation_export", "cost", "kept"),
        *("miniatures",),
        *("approvals",),
        *("prompt_list", "prompt_wait"),
    }
)
"""They change nothing: a client may repeat them after a reconnect, and the daemon drops them when their client goes."""
