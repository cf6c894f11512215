"""A program: the SDK, in a thread with an event loop of its own. It keeps every byte, and draws them on a screen."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from ptyd_sdk import Attachment, Session, connect

from tests.e2e.viewers import Program, wait_for_clients
from tests.support.daemon import PtydUnderTest
from tests.support.screen import XtermScreen
from tests.support.waiting import stretch_deadline, wait_until

Result = TypeVar("Result")
CALL_DEADLINE_SECONDS = 20.0
COLS, ROWS = 100, 30
SMALL_COLS, SMALL_ROWS = 72, 22


class ProgramViewer:
    """``received`` is all that it was handed, across its detachments: exactly the session's output."""

    def __init__(self, ptyd: PtydUnderTest, name: str = "story") -> None:
        self.name = name
        self.received = bytearray()
        self.screen = XtermScreen(COLS, ROWS)
        self._drawing = threading.Lock()  # the thread that receives draws, the test's looks
        self._ptyd = ptyd
        self._stack = contextlib.AsyncExitStack()
        self._session: Session | None = None
        self._term: Attachment | None = None
        self._reader: asyncio.Task[None] | None = None
        self._resume: tuple[int, int] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"program-{name}")
        self._thread.start()
        self._client = self._call(self._stack.enter_async_context(connect(f"unix://{ptyd.sock_path}")))

    def start(self, program: Program) -> None:
        self._session = self._call(
            self._client.create(
                list(program.argv),
                name=self.name,
                cwd=str(program.cwd),
                env=dict(program.env),
                cols=COLS,
                rows=ROWS,
                kind=program.kind,
            )
        )
        self._call(self._attach())

    def open(self, session: str) -> None:
        self.name = session
        self._session = self._call(self._client.get(session))
        self._call(self._attach())

    def type(self, keys: str) -> None:
        assert self._term is not None
        self._call(self._term.write(keys.encode()))

    def text(self) -> str:
        with self._drawing:
            return self.screen.text()

    def wait_for_text(self, text: str) -> None:
        wait_until(lambda: text in self.text(), 20, lambda: f"{text!r} on\n{self.text()}")

    def wait_until_gone(self, text: str) -> None:
        wait_until(lambda: text not in self.text(), 20, lambda: f"no {text!r} on\n{self.text()}")

    def shrink(self) -> tuple[int, int]:
        assert self._term is not None
        self._loop.call_soon_threadsafe(self._term.resize, SMALL_COLS, SMALL_ROWS)
        with self._drawing:
            self.screen.resize(SMALL_ROWS, SMALL_COLS)
        return SMALL_COLS, SMALL_ROWS

    def detach(self) -> None:
        self._call(self._detach())
        wait_for_clients(self._ptyd, self.name, 0)

    def come_back(self) -> None:
        self._call(self._attach())

    def wait_for_end(self) -> None:
        assert self._term is not None and self._reader is not None
        self._call(asyncio.wait_for(asyncio.shield(self._reader), CALL_DEADLINE_SECONDS))
        assert self._term.exit_status is not None
        assert self._term.exit_status.code == 0

    def close(self) -> None:
        try:
            self._call(self._detach())
            self._call(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _attach(self) -> None:
        assert self._session is not None
        epoch, offset = self._resume or (None, None)
        cols, rows = self.screen.size
        self._term = self._session.attach(cols=cols, rows=rows, epoch=epoch, offset=offset)
        await self._term.__aenter__()
        self._reader = self._loop.create_task(self._read(self._term))

    async def _read(self, term: Attachment) -> None:
        async for chunk in term:
            with self._drawing:
                self.received += chunk
                self.screen.feed(chunk)

    async def _detach(self) -> None:
        if self._term is None or self._reader is None:
            return
        await self._term.__aexit__(None, None, None)
        await self._reader
        assert self._term.epoch is not None
        self._resume = (self._term.epoch, self._term.offset)
        self._term = self._reader = None

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(stretch_deadline(CALL_DEADLINE_SECONDS))
