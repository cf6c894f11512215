"""ptyd as a program uses it: through the SDK, with all that it does beside moving bytes."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar

from ptyd_sdk import Attachment, Session, connect

from bench.peers.base import DEFAULT_SIZE, OutputEnded, Size, Terminal
from bench.peers.ptyd import Ptyd


class SdkTerminal(Terminal):
    def __init__(self, session: Session, attachment: Attachment, entered: AsyncExitStack) -> None:
        self._session = session
        self._attachment = attachment
        self._chunks = aiter(attachment)
        self._entered = entered

    async def send(self, data: bytes) -> None:
        await self._attachment.write(data)

    async def receive(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            raise OutputEnded("the attachment has ended") from None

    async def close(self) -> None:
        await self._session.kill(grace_seconds=0)
        await self._entered.aclose()


class PtydBySdk(Ptyd):
    name: ClassVar[str] = "ptyd (SDK)"

    async def open_terminal(self, address: str, argv: Sequence[str], size: Size = DEFAULT_SIZE) -> Terminal:
        async with AsyncExitStack() as stack:
            ptyd = await stack.enter_async_context(connect(f"unix://{address}"))
            session = await ptyd.create(argv, cwd="/", cols=size.cols, rows=size.rows)
            attachment = await stack.enter_async_context(session.attach())
            return SdkTerminal(session, attachment, stack.pop_all())
