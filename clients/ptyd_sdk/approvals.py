"""What programs ask permission for: the part of a Connection that lists and answers it."""

from collections.abc import Mapping

from ptyd_protocol.approvals import AnswerApprovalParams, Approval, ApprovalsParams

from ptyd_sdk.link import Link


class Approving:
    """Mixed into Connection."""

    _link: Link

    async def approvals(self, session: str | None = None, *, closed: bool = False) -> list[Approval]:
        """What waits for an answer, the oldest first.

        Args:
            session: the id or name of the one that is meant; None: all.
            closed: also the latest that were answered or are gone.
        """
        params = ApprovalsParams(session=session, closed=closed)
        result: list[Approval] = await self._link.request("approvals", params)
        return result

    async def approve(
        self,
        approval: str = "",
        *,
        session: str | None = None,
        always: int | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> Approval:
        """Allow it; returns when that has taken effect, or after some seconds without (``state`` is "answering" then).

        Args:
            approval: its id; empty: the one that waits, in ``session`` if that is given.
            always: also allow for good what this one of ``suggestions`` says, counted from 0.
            answers: to a question: by its text, the label of an option, or a text of one's own.

        Raises:
            NoSuchApproval, AmbiguousApproval
            AlreadyAnswered: somebody was faster, or it is gone.
            NotAllowed: that takes the right to control the session.
        """
        return await self._answer(
            AnswerApprovalParams(
                decision="allow", approval=approval, session=session, always=always, answers=dict(answers or {})
            )
        )

    async def deny(
        self, approval: str = "", *, session: str | None = None, message: str = "", interrupt: bool = False
    ) -> Approval:
        """Deny it, likewise. ``message``: what the program is told; ``interrupt``: it is to stop its turn.

        Raises:
            NoSuchApproval, AmbiguousApproval, AlreadyAnswered, NotAllowed
        """
        return await self._answer(
            AnswerApprovalParams(
                decision="deny", approval=approval, session=session, message=message, interrupt=interrupt
            )
        )

    async def _answer(self, params: AnswerApprovalParams) -> Approval:
        result: Approval = await self._link.request("answer_approval", params)
        return result
