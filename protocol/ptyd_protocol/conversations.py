"""Requests about conversations of Claude Code: found by their transcripts, taken up again, added up."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import Cols, Rows, SessionRef

KeepPolicy = Literal["never", "ask", "always"]
"""What becomes of a session that was ended with the daemon or the machine: nothing, it is offered again, or it is
started again with the next daemon."""

ConversationRef = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]
"""An id, or a beginning of it that no other has; or the name of a session that has it or is offered again."""

ExportFormat = Literal["markdown", "json", "html"]
CostGroup = Literal["day", "directory", "conversation", "session"]


class SessionConversation(Struct, frozen=True, kw_only=True):
    """Which conversation a session of kind "claude" has."""

    id: str = ""
    """Empty: not known yet."""
    path: str = ""
    """The transcript, which is not there before something was said."""
    keep: KeepPolicy = "never"
    restart_on_failure: bool = False
    """Start it again where it fails, some times and later and later."""


class TokenCounts(Struct, frozen=True, kw_only=True):
    """As the API counts them. ``cache_write``: of both kinds of caches."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0


class ConversationInfo(Struct, frozen=True, kw_only=True):
    """One conversation. Times are Unix seconds, costs US dollars."""

    id: str
    title: str
    cwd: str
    path: str
    messages: int
    """Prompts and answers."""
    size: int
    """Bytes of its transcript."""
    began_at: float
    last_used_at: float
    model: str = ""
    """Of its last answer."""
    cost_usd: float = 0.0
    """Of what was asked in it, and not in the one that it was forked from."""
    estimated_usd: float = 0.0
    """So much of it is computed from tokens by a table of prices: the CLI has not told it (yet)."""
    inherited_usd: float = 0.0
    """What the CLI counts besides for the one that it was forked from."""
    tokens: TokenCounts = TokenCounts()
    session: str | None = None
    """The id of the running session that has it."""


class ConversationsParams(Struct, frozen=True, kw_only=True):
    """``cwd``: only those begun in this directory or below it; empty: all."""

    cwd: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class ConversationsResult(Struct, frozen=True, kw_only=True):
    """The latest first. ``total``: so many there are with those beyond the limit."""

    conversations: list[ConversationInfo]
    total: int


class ConversationSearchParams(Struct, frozen=True, kw_only=True):
    """Where a person or the model said ``text``, whatever the case. ``limit``: so many conversations at most."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    cwd: str = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class Excerpt(Struct, frozen=True, kw_only=True):
    """``text`` has what was found from ``begin`` to ``end``, counted in characters (Unicode code points)."""

    role: Literal["user", "assistant"]
    at: float
    text: str
    begin: int
    end: int


class ConversationHit(Struct, frozen=True, kw_only=True):
    conversation: ConversationInfo
    excerpts: list[Excerpt]
    """The first ones."""


class ConversationSearchResult(Struct, frozen=True, kw_only=True):
    """The latest first. ``is_complete``: nothing was left unread for lack of time, and the limit was not reached."""

    hits: list[ConversationHit]
    is_complete: bool


class ConversationExportParams(Struct, frozen=True, kw_only=True):
    """A conversation as a file, piece by piece. ``resume``: of the result before; empty: the beginning."""

    conversation: ConversationRef
    format: ExportFormat = "markdown"
    resume: Annotated[str, Meta(max_length=limits.MAX_RESUME_CHARS)] = ""


class ConversationExportResult(Struct, frozen=True, kw_only=True):
    """UTF-8. ``resume`` None: it is the last piece."""

    data: bytes
    resume: str | None


class ResumeParams(Struct, frozen=True, kw_only=True):
    """A new session that goes on with a conversation, in its directory; with ``fork`` in a copy of it.

    ``program``: that of Claude Code; empty: ``claude`` of the PATH. A kept session takes its own as long as that is
    there. ``name`` empty: as the kept session, else made up. ``keep`` None: as the kept session, else as configured.
    """

    conversation: ConversationRef
    fork: bool = False
    program: str = ""
    name: Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)] = ""
    env: dict[str, str] = {}
    cols: Cols = 80
    rows: Rows = 24
    keep: KeepPolicy | None = None
    restart_on_failure: bool = False


class KeptSession(Struct, frozen=True, kw_only=True):
    """A session that has ended and is offered again."""

    name: str
    conversation: str
    cwd: str
    keep: KeepPolicy
    restart_on_failure: bool
    created_at: float
    problem: str = ""
    """For a person: why it could not be started again by itself; empty: that was not tried."""


class KeepParams(Struct, frozen=True, kw_only=True):
    """None: as it was."""

    session: SessionRef = ""
    keep: KeepPolicy | None = None
    restart_on_failure: bool | None = None


class ForgetKeptParams(Struct, frozen=True, kw_only=True):
    """Offer the session of this name no more."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.MAX_NAME_CHARS)]


class CostParams(Struct, frozen=True, kw_only=True):
    """``since``: the first day that counts, as ``2026-11-29`` on the daemon's clock; empty: all. ``cwd``: as in
    ConversationsParams."""

    by: CostGroup = "day"
    since: Annotated[str, Meta(max_length=10)] = ""
    cwd: str = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class CostRow(Struct, frozen=True, kw_only=True):
    """``key``: the day, the directory, or the id of the conversation or session; ``label``: for a person."""

    key: str
    label: str = ""
    cost_usd: float = 0.0
    estimated_usd: float = 0.0
    tokens: TokenCounts = TokenCounts()
    answers: int = 0
    conversations: int = 0


class CostResult(Struct, frozen=True, kw_only=True):
    """Days from the first to the last, anything else from the dearest on. ``total`` has what is beyond the limit,
    too."""

    rows: list[CostRow]
    total: CostRow
