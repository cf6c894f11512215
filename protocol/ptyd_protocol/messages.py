"""The messages of ``ptyd.v1``.

On the wire a message is a MessagePack array ``[code, field, ...]`` with the fields in the order of declaration.
Codes below 64 go from client to daemon, the others from daemon to client. A code is never reused; a new field goes
to the end and has a default. PROTOCOL.md is the normative text.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits

Channel = Annotated[int, Meta(ge=1, le=limits.MAX_CHANNEL)]
"""Names one attachment; chosen by the client, stable across its reconnects, never reused under one client_id."""

Offset = Annotated[int, Meta(ge=0, le=limits.MAX_SEQ)]
"""A byte's place in a session's output, counted from the session's start."""

Epoch = Annotated[int, Meta(ge=1, le=limits.MAX_SEQ)]
"""Names one unbroken replay log; an offset means something only within its epoch."""

Seq = Annotated[int, Meta(ge=1, le=limits.MAX_SEQ)]
RequestId = Annotated[int, Meta(ge=1, le=limits.MAX_SEQ)]
Cols = Annotated[int, Meta(ge=limits.MIN_COLS, le=limits.MAX_COLS)]
Rows = Annotated[int, Meta(ge=limits.MIN_ROWS, le=limits.MAX_ROWS)]
Window = Annotated[int, Meta(ge=limits.MIN_WINDOW_BYTES, le=limits.MAX_WINDOW_BYTES)]
ClientId = Annotated[
    str,
    Meta(
        min_length=limits.MIN_CLIENT_ID_CHARS,
        max_length=limits.MAX_CLIENT_ID_CHARS,
        pattern=r"^[A-Za-z0-9_-]+$(?!\n)",  # Python's $ alone would let a newline through
    ),
]
InputBytes = Annotated[bytes, Meta(min_length=1, max_length=limits.MAX_INPUT_BYTES)]
OutputBytes = Annotated[bytes, Meta(max_length=limits.MAX_OUTPUT_BYTES)]
ShortText = Annotated[str, Meta(max_length=256)]
SessionRef = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]
"""A session's id, its name, an unambiguous beginning of its name, or "" for the latest."""

Role = Literal["control", "observe"]
AttachMode = Literal["exact", "tail", "snapshot"]

ScrollbackLines = Annotated[int, Meta(ge=0, le=limits.MAX_SCROLLBACK_LINES)]
Colour = Annotated[int, Meta(ge=0, le=0xFFFFFF)]
"""0xRRGGBB."""
CellPixels = Annotated[int, Meta(ge=0, le=limits.MAX_CELL_PIXELS)]


# --- client to daemon ---


class Hello(Struct, array_like=True, frozen=True, tag=1):
    """The first message of a connection."""

    versions: Annotated[list[int], Meta(min_length=1, max_length=16)]
    client: ShortText
    client_id: ClientId
    caps: Annotated[list[ShortText], Meta(max_length=64)] = []


class Request(Struct, array_like=True, frozen=True, tag=2):
    """Ask for ``method``; exactly one Reply or Failure with the same ``id`` answers."""

    id: RequestId
    method: ShortText
    params: dict[str, Any] = {}


class Attach(Struct, array_like=True, frozen=True, tag=3):
    """Open ``channel`` onto a session. Answered by Attached, or by Detached with the reason.

    ``epoch`` and ``offset`` given: resume there. Not given, or gone: the exact screen with ``scrollback`` lines above
    it, where the daemon has an engine and ``history`` is None; otherwise the newest ``history`` bytes of the log.
    ``hidden``: nobody looks at it, so it sizes nothing while another attachment could (see Visibility).
    """

    channel: Channel
    session: SessionRef
    role: Role
    cols: Cols
    rows: Rows
    epoch: Epoch | None = None
    offset: Offset | None = None
    window: Window = limits.DEFAULT_WINDOW_BYTES
    lossless: bool = False
    history: Annotated[int, Meta(ge=0, le=limits.MAX_SEQ)] | None = None
    scrollback: ScrollbackLines = limits.DEFAULT_SCROLLBACK_LINES
    hidden: bool = False


class Input(Struct, array_like=True, frozen=True, tag=4):
    """Bytes for the program. ``seq`` counts from 1 per channel without gaps, across reconnects."""

    channel: Channel
    seq: Seq
    data: InputBytes


class Resize(Struct, array_like=True, frozen=True, tag=5):
    """The size this attachment would like. It becomes the PTY's while the attachment is the controller."""

    channel: Channel
    cols: Cols
    rows: Rows


class Ack(Struct, array_like=True, frozen=True, tag=6):
    """Everything before ``offset`` has been consumed (parsed, not just received)."""

    channel: Channel
    offset: Offset


class Detach(Struct, array_like=True, frozen=True, tag=7):
    """Close ``channel``; answered by Detached with code "detached". Ends its hold at once."""

    channel: Channel


class TakeControl(Struct, array_like=True, frozen=True, tag=8):
    """Become the controller, and give the PTY this size."""

    channel: Channel
    cols: Cols
    rows: Rows


class Ping(Struct, array_like=True, frozen=True, tag=9):
    """Answered at once by Pong with the same nonce. For clients that cannot see WebSocket pings (browsers)."""

    nonce: Offset


class Visibility(Struct, array_like=True, frozen=True, tag=10):
    """Whether anybody looks at this attachment. A hidden one gives control up as soon as another could have it."""

    channel: Channel
    hidden: bool


class Appearance(Struct, array_like=True, frozen=True, tag=11):
    """What the client's terminal looks like: the daemon answers a program's questions with the controller's.

    Colours are 0xRRGGBB, None where the client does not know. ``palette``: the first colours of the 256, from 0 on.
    ``cell_width`` and ``cell_height`` in pixels, 0 where unknown. ``dark``: the colour scheme that its user prefers.
    """

    channel: Channel
    foreground: Colour | None = None
    background: Colour | None = None
    cursor: Colour | None = None
    palette: Annotated[list[Colour], Meta(max_length=256)] = []
    cell_width: CellPixels = 0
    cell_height: CellPixels = 0
    dark: bool | None = None


# --- daemon to client ---


class Welcome(Struct, array_like=True, frozen=True, tag=64):
    """Answers Hello. ``limits`` maps the names of PROTOCOL.md's table of limits to this daemon's values."""

    version: int
    daemon: ShortText
    principal: ShortText
    limits: dict[str, int]
    heartbeat_seconds: int
    rights: list[ShortText] | None = None
    """What the principal may do; None: a daemon that does not say, where everybody may everything."""
    session: ShortText | None = None
    """The id of the one session that the rights count for, besides its own; None: all."""


class Reply(Struct, array_like=True, frozen=True, tag=65):
    id: RequestId
    result: Any = None


class Failure(Struct, array_like=True, frozen=True, tag=66):
    """The request was refused; ``code`` is one of ErrorCode (or newer), ``message`` is for people."""

    id: RequestId
    code: ShortText
    message: str


class Attached(Struct, array_like=True, frozen=True, tag=67):
    """The channel is open; output follows from ``offset``.

    mode "exact": ``offset`` is the one asked for (or the session's very start). "tail": the output begins at a safe
    boundary in the middle; reset the terminal first. "snapshot": a Snapshot comes first.
    ``controller`` is the client_id of who sizes the PTY, ``yours`` whether it is this channel.
    ``input_seq`` is the last Input of this channel that was taken: drop those up to it, send the others again.
    ``answers``: the daemon answers what the program asks its terminal; the client must not.
    ``locked``: typing does not take control.
    """

    channel: Channel
    session: ShortText
    name: ShortText
    epoch: Epoch
    mode: AttachMode
    offset: Offset
    cols: Cols
    rows: Rows
    controller: ShortText | None
    yours: bool
    input_seq: Offset
    answers: bool = False
    locked: bool = False


class Snapshot(Struct, array_like=True, frozen=True, tag=68):
    """Start anew: reset the terminal to this size, write ``data`` (not log bytes), go on with Output from ``offset``.

    Sent behind Attached with mode "snapshot", and when a viewer was overrun. ``kind`` "tail": ``data`` is empty and the
    log goes on at a safe boundary. "screen": ``data`` rebuilds the exact screen. ``more``: the next message of the
    channel is a Snapshot too, with the same offset, whose ``data`` continues this one's. (Only InputAck and
    ControlChanged, which have no place in the output, may come in between, and Detached.)
    """

    channel: Channel
    offset: Offset
    cols: Cols
    rows: Rows
    data: OutputBytes
    kind: Literal["tail", "screen"] = "tail"
    more: bool = False


class Output(Struct, array_like=True, frozen=True, tag=69):
    """The session's output from ``offset`` on."""

    channel: Channel
    offset: Offset
    data: OutputBytes


class Resized(Struct, array_like=True, frozen=True, tag=70):
    """The PTY has this size for the output from ``offset`` on."""

    channel: Channel
    offset: Offset
    cols: Cols
    rows: Rows


class Live(Struct, array_like=True, frozen=True, tag=71):
    """Everything from before the Attach has been sent: what follows is happening now."""

    channel: Channel
    offset: Offset


class Exited(Struct, array_like=True, frozen=True, tag=72):
    """The program has ended, all its output was sent; the channel is closed. One of code and signal is set, or
    neither where the status was lost. ``reason`` as SessionInfo.end_reason."""

    channel: Channel
    offset: Offset
    code: int | None = None
    signal: int | None = None
    reason: str = ""


class InputAck(Struct, array_like=True, frozen=True, tag=73):
    """Every Input of the channel up to ``seq`` was taken: it reaches the program whatever happens to the daemon."""

    channel: Channel
    seq: Seq


class ControlChanged(Struct, array_like=True, frozen=True, tag=74):
    """Who sizes the PTY now, and whether typing takes that over (not while it is ``locked``)."""

    channel: Channel
    controller: ShortText | None
    yours: bool
    locked: bool = False


class Detached(Struct, array_like=True, frozen=True, tag=75):
    """The channel is closed, or was refused: ``code`` is one of ErrorCode."""

    channel: Channel
    code: ShortText
    message: str


class Event(Struct, array_like=True, frozen=True, tag=76):
    """Something happened to a session, at ``at`` in Unix seconds. ``seq`` counts by one within one run of the daemon;
    another run begins higher."""

    seq: Seq
    kind: ShortText
    session: ShortText
    data: dict[str, Any]
    at: float = 0.0


class Pong(Struct, array_like=True, frozen=True, tag=77):
    nonce: Offset


ClientMessage = Hello | Request | Attach | Input | Resize | Ack | Detach | TakeControl | Ping | Visibility | Appearance
DaemonMessage = (
    Welcome
    | Reply
    | Failure
    | Attached
    | Snapshot
    | Output
    | Resized
    | Live
    | Exited
    | InputAck
    | ControlChanged
    | Detached
    | Event
    | Pong
)
Message = ClientMessage | DaemonMessage
