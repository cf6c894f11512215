"""One request for a permission: who may still answer it, and whether an answer has taken effect. Pure: told the time.

A program's dialog and its hook wait at once, and the first answer counts. So an answer that was handed over has not
won yet: what is seen afterwards tells. That the tool ran means that it was allowed, whoever did that; that its result
holds our refusal, that ours was the denial; that the dialog is gone, that it was answered somehow.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from ptyd_protocol.approvals import AnsweredHow, Approval, ApprovalDecision
from ptyd_protocol.errors import ErrorCode, Refusal

OPEN_STATES = frozenset({"waiting", "answering"})
INTERRUPT_SECONDS = 2.0
NOT_SEEN = "it is not yet seen to have taken effect"


@dataclass(slots=True)
class ApprovalItem:
    """``approval`` is what is told of it. ``input``: of the tool, as the program gave it; ``tool_use``: the id of the
    use that it is about, empty where that is not known."""

    approval: Approval
    input: Any = None
    tool_use: str = ""
    transcript: str = ""
    message: str = ""
    """What our denial tells the program."""
    has_dialog: bool = field(default=False)
    """The program was seen to wait since this was asked."""

    @property
    def is_open(self) -> bool:
        return self.approval.state in OPEN_STATES

    # --- answering ---

    def take_answer(self, decision: ApprovalDecision, by: str, how: AnsweredHow, now: float) -> None:
        """Somebody answers: nobody else can from here on.

        Raises:
            Refusal: somebody has, or what was asked is gone.
        """
        self.require_waiting()
        self._change(
            state="answering", decision=decision, answered_by=by, answered_how=how, answered_at=now, problem=""
        )

    def require_waiting(self) -> None:
        """Raises Refusal: it waits for no answer."""
        one = self.approval
        if one.state == "waiting":
            return
        if one.state == "expired":
            raise Refusal(ErrorCode.ALREADY_ANSWERED, f"approval {one.id} is over: {one.problem}")
        by = f"in the terminal of {one.name}" if one.answered_how == "terminal" else f"by {one.answered_by}"
        word = {"allow": "allowed", "deny": "denied", None: "answered"}[one.decision]
        raise Refusal(ErrorCode.ALREADY_ANSWERED, f"approval {one.id} was {word} {by} already")

    def note_unseen(self) -> bool:
        """Some seconds have passed since it was answered; whether that is news."""
        if self.approval.state != "answering" or self.approval.problem:
            return False
        self._change(problem=NOT_SEEN)
        return True

    # --- what is seen afterwards; each returns whether there is news to tell of it ---

    def note_ran(self, now: float) -> bool:
        """The tool was used."""
        return self._learn("allow") or self._close("allow", now)

    def note_refused(self, is_ours: bool, now: float) -> bool:
        """The tool's result is a refusal; ``is_ours``: with the words of our denial."""
        if is_ours and self.approval.state == "answering":
            return self._close("deny", now)
        return self.is_open and self._finish_elsewhere("deny", now)

    def note_dialog(self) -> None:
        """The program waits for somebody."""
        self.has_dialog = True

    def note_left(self, went_on: bool, now: float) -> bool:
        """The program waits no more; ``went_on``: it works on, and has not come to rest."""
        if not self.is_open or not self.has_dialog:
            return False
        if self.approval.state == "answering":
            # Where it rests, an interrupt may have been faster than what we allowed.
            return went_on and self.approval.decision == "allow" and self._close("allow", now)
        return self._finish_elsewhere(None, now)

    def note_rest(self, now: float) -> bool:
        """The turn is over, and what was asked with it."""
        if not self.is_open:
            # An interrupt passes through "working" on its way to rest.
            has_just_left = now - (self.approval.answered_at or 0.0) < INTERRUPT_SECONDS
            return has_just_left and self._learn("deny")
        if self.approval.state == "answering" and self.approval.decision == "deny":
            return self._close("deny", now)
        if self.approval.state == "answering":
            return self._finish_elsewhere("deny", now)
        return self._finish_elsewhere("deny" if self.has_dialog else None, now)

    def expire(self, why: str) -> bool:
        """What was asked is gone, and nobody knows how."""
        if not self.is_open:
            return False
        self._change(state="expired", problem=why, decision=None, answered_by="", answered_how=None, answered_at=None)
        return True

    def _learn(self, decision: ApprovalDecision) -> bool:
        """What was decided in the terminal, where only that something was is known so far."""
        one = self.approval
        if one.state != "answered" or one.answered_how != "terminal" or one.decision is not None:
            return False
        self._change(decision=decision)
        return True

    def _close(self, decision: ApprovalDecision, now: float) -> bool:
        if not self.is_open:
            return False
        if self.approval.state == "answering" and self.approval.decision == decision:
            self._change(state="answered", problem="")
            return True
        return self._finish_elsewhere(decision, now)

    def _finish_elsewhere(self, decision: ApprovalDecision | None, now: float) -> bool:
        """Whoever sits at the terminal was faster. ``decision`` None: what they decided is not known."""
        problem = ""
        if self.approval.state == "answering":
            problem = f"the answer of {self.approval.answered_by} came too late"
        self._change(
            state="answered",
            decision=decision,
            answered_by="",
            answered_how="terminal",
            answered_at=now,
            problem=problem,
        )
        return True

    def _change(self, **fields: Any) -> None:
        self.approval = msgspec.structs.replace(self.approval, **fields)
