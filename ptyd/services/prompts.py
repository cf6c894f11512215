"""The requests about prompts."""

import asyncio

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.prompts import (
    Prompt,
    PromptAddParams,
    PromptDropParams,
    PromptEditParams,
    PromptListParams,
    PromptWaitParams,
)

from ptyd.core.session import Session
from ptyd.edge.net.requests import Caller
from ptyd.manager import PtyManager


class PromptsService:
    """Carries them out, for callers that may see the session; those that change something, for who may control it."""

    def __init__(self, manager: PtyManager) -> None:
        self._prompts = manager.prompts

    async def add(self, caller: Caller, session: Session, params: PromptAddParams) -> Prompt:
        return self._prompts.add(session, params.text, caller.principal.name)

    async def listed(self, caller: Caller, session: Session, params: PromptListParams) -> list[Prompt]:
        return list(self._prompts.list(session, params.closed))

    async def edit(self, caller: Caller, session: Session, params: PromptEditParams) -> Prompt:
        return self._prompts.edit(session, params.prompt, params.text)

    async def drop(self, caller: Caller, session: Session, params: PromptDropParams) -> Prompt:
        return self._prompts.drop(session, params.prompt)

    async def wait(self, caller: Caller, session: Session, params: PromptWaitParams) -> Prompt:
        try:
            async with asyncio.timeout(params.timeout_seconds):
                return await self._prompts.wait(session, params.prompt, params.or_waiting)
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT, f"prompt {params.prompt}: not answered within {params.timeout_seconds:g} s"
            ) from None
