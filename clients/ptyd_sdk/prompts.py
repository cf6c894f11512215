"""Prompts for a session's program: the part of a Session that hands them over."""

import asyncio
from abc import abstractmethod

from ptyd_protocol.prompts import (
    Prompt,
    PromptAddParams,
    PromptDropParams,
    PromptEditParams,
    PromptListParams,
    PromptWaitParams,
)

from ptyd_sdk.errors import TimedOut
from ptyd_sdk.link import Link


class Prompting:
    """Mixed into Session."""

    _link: Link

    @property
    @abstractmethod
    def id(self) -> str:
        """Of the session."""

    async def ask(
        self, text: str, *, wait: bool = True, timeout: float | None = None, or_waiting: bool = True
    ) -> Prompt:
        """Give the program a prompt, as soon as it can take one and behind those that are queued, and wait for its
        answer: ``outcome``, ``message``, ``tools``.

        Args:
            text: whatever it holds, it is a prompt: no key, no command.
            wait: False: it is queued, and the program may not have it yet.
            timeout: seconds to wait for the answer; the prompt goes on afterwards.
            or_waiting: return as well when the program waits for a permission or an answer (``waits_for``).

        Raises:
            TimedOut
            SessionExited: it has ended already.
            Unavailable: nobody knows when such a program is ready; or too many are queued.
            ConnectionLost: whether it was queued is unknown.
        """
        added: Prompt = await self._link.request("prompt_add", PromptAddParams(session=self.id, text=text))
        return await self.wait_prompt(added.id, timeout=timeout, or_waiting=or_waiting) if wait else added

    async def wait_prompt(self, prompt: str, *, timeout: float | None = None, or_waiting: bool = True) -> Prompt:
        """Wait for the answer to one that was given before.

        Raises:
            TimedOut, NoSuchPrompt
        """
        params = PromptWaitParams(session=self.id, prompt=prompt, or_waiting=or_waiting, timeout_seconds=timeout)
        try:
            # The daemon minds the time too; ours also counts while the connection is broken.
            async with asyncio.timeout(timeout):
                result: Prompt = await self._link.request("prompt_wait", params)
        except TimedOut:
            raise
        except TimeoutError:
            raise TimedOut("timeout", f"prompt {prompt}: not answered within {timeout:g} s") from None
        return result

    async def prompts(self, *, closed: bool = False) -> list[Prompt]:
        """Those that are queued and the one that is worked on; ``closed``: the latest before these, too."""
        params = PromptListParams(session=self.id, closed=closed)
        result: list[Prompt] = await self._link.request("prompt_list", params)
        return result

    async def edit_prompt(self, prompt: str, text: str) -> Prompt:
        """Give a queued one another text.

        Raises:
            BadRequest: it is queued no more.
            NoSuchPrompt
        """
        params = PromptEditParams(session=self.id, prompt=prompt, text=text)
        result: Prompt = await self._link.request("prompt_edit", params)
        return result

    async def drop_prompt(self, prompt: str) -> Prompt:
        """Take a queued one out.

        Raises:
            BadRequest: it is queued no more.
            NoSuchPrompt
        """
        result: Prompt = await self._link.request("prompt_drop", PromptDropParams(session=self.id, prompt=prompt))
        return result
