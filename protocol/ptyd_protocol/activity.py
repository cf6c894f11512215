"""What a session's program is doing, why the daemon believes so, and the requests about it.

The structures of PROTOCOL.md, sections 10 and 11. Times are Unix seconds.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import Offset, SessionRef

ActivityState = Literal["starting", "idle", "working", "waiting", "exited", "active", "quiet", "bell"]
"""The first five where it is known what the program does; the last three where only its output is seen."""
WaitsFor = Literal["permission", "question", "input"]
EvidenceSource = Literal["exit", "registry", "hook", "mark", "title", "progress", "notification", "screen", "output"]
"""The most trusted first."""

MAX_WAIT_STATES = 8


class Activity(Struct, frozen=True, kw_only=True):
    """What a session's program is doing. Texts are empty where nothing is known."""

    state: ActivityState
    since: float
    """It has been in this state, waiting for this, since then."""
    waits_for: WaitsFor | None = None
    """With "waiting": what for."""
    detail: str = ""
    """For a person: what exactly it waits for, why it exited, that a turn failed."""
    source: EvidenceSource = "output"
    """Of what kind the evidence is that decided."""
    prompt: str = ""
    """The first line of the prompt that was taken last."""
    tool: str = ""
    """The tool in use, or which waits for permission."""
    tool_detail: str = ""
    """On what, in short: a command, a path."""
    model: str = ""
    conversation: str = ""
    """The id of the agent's conversation."""
    transcript: str = ""
    """The path of its file, on the daemon's machine."""
    permission_mode: str = ""
    context_tokens: int | None = None
    """How much the model was given to read last."""
    background_tasks: int = 0
    """What the agent has started and not waited for."""
    command_status: int | None = None
    """The exit status of the last command, in a shell that marks its prompts (OSC 133)."""
    bell_at: float | None = None
    """When the bell was rung last."""


class Evidence(Struct, frozen=True, kw_only=True):
    """One thing that was seen of a session, or several alike one after the other."""

    at: float
    source: EvidenceSource
    text: str
    """For a person: what was seen."""
    state: ActivityState | None = None
    """What it says the program does; None: it says nothing of that."""
    waits_for: WaitsFor | None = None
    count: int = 1
    last_at: float = 0.0
    """Of the last one alike; 0: there was one."""


class ExplainResult(Struct, frozen=True, kw_only=True):
    """``reason``, for a person: why ``activity`` is what it is. ``evidence``: the newest kept, in the order seen."""

    activity: Activity
    reason: str
    evidence: list[Evidence]


class WaitStateParams(Struct, frozen=True, kw_only=True):
    """Replies when the session is in one of ``states``, at once if it is. Fails with "timeout" after
    ``timeout_seconds``, with "session_exited" when it ends in none of them."""

    states: Annotated[list[ActivityState], Meta(min_length=1, max_length=MAX_WAIT_STATES)]
    session: SessionRef = ""
    timeout_seconds: Annotated[float, Meta(ge=0)] | None = None


class SubscribeParams(Struct, frozen=True, kw_only=True):
    """``since``: the number of the last event known; those after it are told first. None: only what comes."""

    since: Offset | None = None


class EventsParams(Struct, frozen=True, kw_only=True):
    """The events that are kept, after number ``since``; ``session`` None: of all sessions."""

    since: Offset = 0
    session: SessionRef | None = None
    max_events: Annotated[int, Meta(ge=1, le=limits.MAX_EVENTS)] = limits.MAX_EVENTS


class EventRecord(Struct, frozen=True, kw_only=True):
    """An Event that was."""

    seq: int
    at: float
    kind: str
    session: str
    data: dict[str, Any]


class EventsResult(Struct, frozen=True, kw_only=True):
    """``seq``: the number to ask with next. ``is_late``: some after ``since`` are not kept any more. ``more``: there
    are further ones already."""

    events: list[EventRecord]
    seq: int
    is_late: bool = False
    more: bool = False
