"""What programs ask permission for, and the requests about it: the structures of PROTOCOL.md, section 11.2.

Times are Unix seconds.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import SessionRef

ApprovalKind = Literal["permission", "question"]
ApprovalState = Literal["waiting", "answering", "answered", "expired"]
"""waiting: for somebody's answer. answering: it was given, and is not yet seen to have taken effect. answered: it has.
expired: what was asked is gone, unanswered as far as is known."""
ApprovalDecision = Literal["allow", "deny"]
AnsweredHow = Literal["client", "rule", "terminal"]
"""By a request, by a rule of the configuration, or in the program itself."""


class Approval(Struct, frozen=True, kw_only=True):
    """One request for a permission, or one question, of a session's program."""

    id: str
    session: str
    """The session's id, and its ``name``."""
    name: str
    kind: ApprovalKind
    tool: str
    asked_at: float
    state: ApprovalState = "waiting"
    input: dict[str, Any] = {}
    """What the tool would be given, as the program has it."""
    is_cut: bool = False
    """Texts in ``input`` or ``diff`` were too long to be sent whole; they end in "…"."""
    detail: str = ""
    """The input in a line: a command, a path."""
    diff: str = ""
    """What would change in a file, as a unified diff; empty: it is no edit."""
    cwd: str = ""
    suggestions: list[str] = []
    """What may be allowed for good along with it, for a person; AnswerApprovalParams.always counts them from 0."""
    decision: ApprovalDecision | None = None
    answered_at: float | None = None
    answered_by: str = ""
    """The principal, or the rule; empty: nobody yet, or whoever sits at the program's terminal."""
    answered_how: AnsweredHow | None = None
    problem: str = ""
    """For a person: why an answer has not taken effect, or why it expired."""


class ApprovalsParams(Struct, frozen=True, kw_only=True):
    """``session`` None: of all sessions. ``closed``: also the latest that wait no more."""

    session: SessionRef | None = None
    closed: bool = False


ApprovalId = Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)]


class AnswerApprovalParams(Struct, frozen=True, kw_only=True):
    """The ``approval`` of that id; empty: the one that waits in ``session`` or, without one, anywhere.

    ``message``: what the program is told with a denial. ``interrupt``: a denial that ends the turn. ``always``: allow
    what this suggestion says for good, too. ``answers``: to a question, by its text; several labels are joined by ", ".
    Replies when the answer has taken effect, or after some seconds without.
    """

    decision: ApprovalDecision
    approval: ApprovalId = ""
    session: SessionRef | None = None
    message: Annotated[str, Meta(max_length=limits.MAX_ANSWER_CHARS)] = ""
    interrupt: bool = False
    always: Annotated[int, Meta(ge=0)] | None = None
    answers: dict[str, Annotated[str, Meta(max_length=limits.MAX_ANSWER_CHARS)]] = {}
