"""What a connection can do with conversations of Claude Code."""

import os
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path

from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationExportResult,
    ConversationSearchParams,
    ConversationSearchResult,
    ConversationsParams,
    ConversationsResult,
    CostGroup,
    CostParams,
    CostResult,
    ExportFormat,
    ForgetKeptParams,
    KeepPolicy,
    KeptSession,
    ResumeParams,
)
from ptyd_protocol.environment import inherited_environment
from ptyd_protocol.methods import NoParams

from ptyd_sdk.link import Link
from ptyd_sdk.session import Session


class ConversationCalls:
    """A part of Connection. A conversation is named by its id, by a beginning of it, or by the name of a session that
    has it."""

    _link: Link

    async def conversations(self, cwd: str | Path = "", *, limit: int = 200) -> ConversationsResult:
        """The conversations, the latest first; ``cwd``: only those begun in this directory (an absolute path) or below.
        ``total`` says how many there are with those beyond ``limit``."""
        result: ConversationsResult = await self._link.request(
            "conversations", ConversationsParams(cwd=str(cwd), limit=limit)
        )
        return result

    async def search_conversations(
        self, text: str, cwd: str | Path = "", *, limit: int = 20
    ) -> ConversationSearchResult:
        """Those in which a person or the model said ``text``, whatever the case, with excerpts."""
        result: ConversationSearchResult = await self._link.request(
            "conversation_search", ConversationSearchParams(text=text, cwd=str(cwd), limit=limit)
        )
        return result

    async def export_conversation(self, conversation: str, format: ExportFormat = "markdown") -> AsyncIterator[bytes]:
        """A conversation as "markdown", "json" or "html", in UTF-8, piece by piece.

        Raises:
            NoSuchConversation
        """
        resume: str | None = ""
        while resume is not None:
            piece: ConversationExportResult = await self._link.request(
                "conversation_export",
                ConversationExportParams(conversation=conversation, format=format, resume=resume),
            )
            yield piece.data
            resume = piece.resume

    async def resume(
        self,
        conversation: str,
        *,
        fork: bool = False,
        program: str | Path = "",
        name: str = "",
        env: Mapping[str, str] | None = None,
        cols: int = 80,
        rows: int = 24,
        keep: KeepPolicy | None = None,
        restart_on_failure: bool = False,
    ) -> Session:
        """A new session that goes on with a conversation, in its directory.

        Args:
            conversation: also the name of a session that is offered again (``kept``): it is started as it was.
            fork: go on in a copy.
            program: that of Claude Code; empty: ``claude`` of the PATH. A kept session takes its own as long as it is
                there.
            name, env, cols, rows, keep, restart_on_failure: as in ``create``.

        Raises:
            NoSuchConversation
            BadRequest: a running session has it.
        """
        inherited = inherited_environment(os.environ, "claude") if self._link.is_local else {}
        params = ResumeParams(
            conversation=conversation,
            fork=fork,
            program=str(program),
            name=name,
            env={**inherited, **(env or {})},
            cols=cols,
            rows=rows,
            keep=keep,
            restart_on_failure=restart_on_failure,
        )
        return Session(self._link, await self._link.request("resume", params))

    async def kept(self) -> list[KeptSession]:
        """Sessions that have ended and are offered again."""
        result: list[KeptSession] = await self._link.request("kept", NoParams())
        return result

    async def forget_kept(self, name: str) -> None:
        """Offer the session of this name no more.

        Raises:
            NoSuchSession
        """
        await self._link.request("forget_kept", ForgetKeptParams(name=name))

    async def cost(
        self, by: CostGroup = "day", *, since: date | str = "", cwd: str | Path = "", limit: int = 200
    ) -> CostResult:
        """What conversations cost, by "day", "directory", "conversation" or "session". ``since``: the first day that
        counts. Of a row ``estimated_usd`` is the part that the CLI has not told."""
        params = CostParams(by=by, since=str(since), cwd=str(cwd), limit=limit)
        result: CostResult = await self._link.request("cost", params)
        return result
