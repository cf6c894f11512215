"""The requests about approvals."""

from collections.abc import Iterator

from ptyd_protocol.approvals import AnswerApprovalParams, Approval, ApprovalsParams
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.agents import Answer
from ptyd.approvals import ApprovalEntry
from ptyd.core.access.principal import Principal
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager


class ApprovalsService:
    """Carries them out. What is asked in a session that the caller does not see is not there for it."""

    def __init__(self, manager: PtyManager) -> None:
        self._manager = manager

    async def listed(self, caller: Caller, params: ApprovalsParams) -> list[Approval]:
        """The oldest first."""
        return [
            entry.approval
            for entry in self._seen_by(caller.principal, params.session)
            if params.closed or entry.item.is_open
        ]

    async def answer(self, caller: Caller, params: AnswerApprovalParams) -> Approval:
        principal = caller.principal
        entry = self._find(principal, params)
        principal.require_control(entry.session, f"answer for session {entry.session.name}")
        answer = Answer(
            decision=params.decision,
            message=params.message,
            interrupt=params.interrupt,
            always=params.always,
            answers=params.answers,
        )
        return await self._manager.approvals.answer(entry, answer, principal.name)

    def _find(self, principal: Principal, params: AnswerApprovalParams) -> ApprovalEntry:
        seen = list(self._seen_by(principal, params.session))
        if params.approval:
            found = next((entry for entry in seen if entry.approval.id == params.approval), None)
            if found is None:
                raise Refusal(ErrorCode.NO_SUCH_APPROVAL, f"there is no approval {params.approval!r}")
            return found
        waiting = [entry for entry in seen if entry.approval.state == "waiting"]
        if not waiting:
            raise Refusal(ErrorCode.NO_SUCH_APPROVAL, "nothing waits for an answer there")
        if len(waiting) > 1:
            names = ", ".join(f"{entry.approval.id} ({entry.approval.tool})" for entry in waiting[:8])
            raise Refusal(ErrorCode.AMBIGUOUS_APPROVAL, f"{len(waiting)} wait for an answer: {names}; say which")
        return waiting[0]

    def _seen_by(self, principal: Principal, session: str | None) -> Iterator[ApprovalEntry]:
        wanted = None if session is None else self._manager.registry.resolve(session, principal.sees)
        for entry in self._manager.approvals:
            if principal.sees(entry.session) and wanted in (None, entry.session):
                yield entry
