"""A structured run: a prompt for Claude Code, its answer as typed events, and how it ended."""

from collections.abc import AsyncIterator, Generator
from typing import Any

from ptyd_protocol import limits
from ptyd_protocol.messages import Output
from ptyd_protocol.methods import NoParams
from ptyd_protocol.run_events import AnyRunEvent, RunReader
from ptyd_protocol.runs import RunInfo, RunOutcome, RunParams, RunRefParams, RunWaitParams
from ptyd_protocol.sessions import SessionParams

from ptyd_sdk.errors import Unavailable, make_ending
from ptyd_sdk.link import Link
from ptyd_sdk.session import Session


class Run:
    """``async for event in ptyd.run("...")``, or ``outcome = await ptyd.run("...")``. Made by the Connection.

    It is asked for when it is first used, and goes on whoever looks: who breaks off the iteration leaves it running.
    """

    def __init__(self, link: Link, wish: RunParams | str, *, lossless: bool = True) -> None:
        """``wish``: what to ask for; or the id, or the name of the session, of a run that there is."""
        self._link = link
        self._wish = wish
        self._lossless = lossless
        self.info: RunInfo | None = None
        """What was last heard of it; None: it has not been asked for yet."""

    def __repr__(self) -> str:
        return "<Run>" if self.info is None else f"<Run {self.info.id} {self.info.state}>"

    @property
    def id(self) -> str:
        """8 hexadecimal digits, also of its session; "": it has not been asked for yet."""
        return "" if self.info is None else self.info.id

    @property
    def outcome(self) -> RunOutcome | None:
        """How it ended; None: it has not yet."""
        return None if self.info is None else self.info.outcome

    # --- its life ----------------------------------------------------------------------------------------------------

    async def start(self) -> RunInfo:
        """Ask for it, unless that is done. It may have to wait then: see ``info.state`` and ``info.position``.

        Raises:
            CommandNotFound, PermissionDenied, NoSuchDirectory, NameTaken, BadName, BadRequest, NotAllowed, Unavailable
            NoSuchSession: there is no such run.
            ConnectionLost: whether it was asked for is unknown.
        """
        if self.info is None:
            if isinstance(self._wish, RunParams):
                self.info = await self._link.request("run", self._wish)
            else:
                self.info = await self._find(self._wish)
        return self.info

    async def _find(self, ref: str) -> RunInfo:
        runs: list[RunInfo] = await self._link.request("run_list", NoParams())
        for info in runs:
            if info.id == ref:
                return info
        session = Session(self._link, await self._link.request("get", SessionParams(session=ref)))
        return await self._wait(session.id, "start")

    async def wait_started(self, timeout: float | None = None) -> Session:
        """Wait until it has a place, and return its session; ``timeout`` in seconds.

        Raises:
            TimedOut: it still waits. Besides, what ``start`` raises, where it could not be started.
        """
        info = await self.start()
        self.info = await self._wait(info.id, "start", timeout)
        return Session(self._link, await self._link.request("get", SessionParams(session=info.id)))

    async def wait(self, timeout: float | None = None) -> RunOutcome:
        """Wait for its end; ``timeout`` in seconds, after which it goes on nevertheless.

        Raises:
            TimedOut: it has not ended. Besides, what ``start`` raises, where it could not be started.
        """
        info = await self.start()
        self.info = await self._wait(info.id, "end", timeout)
        if self.info.outcome is None:
            raise Unavailable("unavailable", f"the daemon does not say how run {info.id} ended")
        return self.info.outcome

    def __await__(self) -> Generator[Any, None, RunOutcome]:
        return self.wait().__await__()

    async def _wait(self, run_id: str, until: str, timeout: float | None = None) -> RunInfo:
        params = RunWaitParams(run=run_id, until="start" if until == "start" else "end", timeout_seconds=timeout)
        info: RunInfo = await self._link.request("run_wait", params)
        return info

    async def stop(self) -> None:
        """Interrupt it, and have it ended where it does not end by itself; drop it where it waits. Returns at once."""
        info = await self.start()
        await self._link.request("run_stop", RunRefParams(run=info.id))

    # --- its events --------------------------------------------------------------------------------------------------

    async def __aiter__(self) -> AsyncIterator[AnyRunEvent]:
        """Every event from its beginning, each once, over broken connections and restarts of the daemon; ``outcome``
        is known behind the last.

        Raises:
            AttachmentEnded, ConnectionLost: not all of them came.
        """
        session = await self.wait_started()
        reader = RunReader()
        attachment = session.attach("observe", lossless=self._lossless, history=limits.MAX_SEQ)
        async with attachment:
            async for event in attachment.events():
                if isinstance(event, Output):
                    for line in reader.feed(event.data, event.offset):
                        yield line
        if attachment.ended_with is not None:
            raise make_ending(attachment.ended_with.code, attachment.ended_with.message)
        for line in reader.finish():
            yield line
        await self.wait()
