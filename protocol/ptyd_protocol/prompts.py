"""Prompts that are handed to a session's program, one after the other: the structures of PROTOCOL.md, section 11.3.

Times are Unix seconds.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.activity import WaitsFor
from ptyd_protocol.conversations import TokenCounts
from ptyd_protocol.messages import SessionRef

PromptState = Literal["queued", "typing", "taken", "done", "failed", "dropped"]
"""queued: the program is not ready for it. typing: it is being typed. taken: the program works on it. The last three
are final; failed: it was not seen to be taken."""
PromptOutcome = Literal["ok", "interrupted", "failed", "exited"]
PromptText = Annotated[str, Meta(min_length=1, max_length=limits.MAX_PASTED_PROMPT_CHARS)]
PromptId = Annotated[str, Meta(min_length=1, max_length=limits.MAX_NAME_CHARS)]


class Prompt(Struct, frozen=True, kw_only=True):
    id: str
    session: str
    """The session's id."""
    text: str
    added_at: float
    added_by: str = ""
    """The principal."""
    state: PromptState = "queued"
    taken_at: float | None = None
    finished_at: float | None = None
    outcome: PromptOutcome | None = None
    """With "done"."""
    message: str = ""
    """The program's last message in answer to it, or why the turn failed."""
    tools: list[str] = []
    """Names of the tools that were used, in order."""
    cost_usd: float | None = None
    """With "done": what the turn cost, in US dollars, estimated from its tokens. None: not known."""
    tokens: TokenCounts | None = None
    waits_for: WaitsFor | None = None
    """With "taken": the program waits for somebody."""
    problem: str = ""
    """For a person: why it is not typed, or was not taken."""


class PromptAddParams(Struct, frozen=True, kw_only=True):
    """Typed as soon as the program can take it, behind those that were added before."""

    text: PromptText
    session: SessionRef = ""


class PromptListParams(Struct, frozen=True, kw_only=True):
    """``closed``: also the latest that are final."""

    session: SessionRef = ""
    closed: bool = False


class PromptEditParams(Struct, frozen=True, kw_only=True):
    """Another text, while it is queued."""

    prompt: PromptId
    text: PromptText
    session: SessionRef = ""


class PromptDropParams(Struct, frozen=True, kw_only=True):
    """It is not to be typed, while it is queued."""

    prompt: PromptId
    session: SessionRef = ""


class PromptWaitParams(Struct, frozen=True, kw_only=True):
    """Replies when the prompt is final or, with ``or_waiting``, when the program waits for somebody meanwhile. Fails
    with "timeout" after ``timeout_seconds``; the prompt goes on."""

    prompt: PromptId
    session: SessionRef = ""
    or_waiting: bool = False
    timeout_seconds: Annotated[float, Meta(ge=0)] | None = None
