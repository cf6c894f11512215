"""A program with the SDK in a thread: it reads all it is given, keeps a screen of it, and types."""

import contextlib
import hashlib
import threading
from types import TracebackType
from typing import Any, Self

from ptyd_protocol.messages import Attached, Output, Resized, Snapshot
from ptyd_sdk import blocking

from tests.support.engine_screen import EngineScreen


class SdkClient:
    """One attachment, over broken connections. ``digest`` and ``received`` are of the output, without screens.

    ``options`` are those of ``Session.attach``. ``appearance`` as for ``set_appearance``.
    """

    def __init__(self, address: str, session: str, *, appearance: dict[str, Any] | None = None, **options: Any) -> None:
        self.digest = hashlib.sha256()
        self.received = 0
        self.screens = 0
        """How often it was given the screen instead of output."""
        self.attached = 0
        """How often it has (re)attached."""
        self.gaps: list[tuple[int, int]] = []
        """Offsets expected and found, where output did not go on where it ended."""
        self.screen = EngineScreen(80, 24)
        self.failure: BaseException | None = None
        self._expected: int | None = None
        self._stack = contextlib.ExitStack()
        ptyd = self._stack.enter_context(blocking.connect(address))
        self.term = self._stack.enter_context(ptyd.get(session).attach(**options))
        if appearance is not None:
            self.term.set_appearance(**appearance)
        self._reader = threading.Thread(target=self._read, name="sdk client")
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        self.term.write(data)

    def text(self) -> str:
        return self.screen.text()

    def close(self) -> None:
        """Detach, and make sure that nothing has failed."""
        self.term.detach()
        self._reader.join()
        self._stack.close()
        if self.failure is not None:
            raise self.failure

    def _read(self) -> None:
        try:
            for event in self.term.events():
                self._take(event)
        except BaseException as error:
            self.failure = error

    def _take(self, event: object) -> None:
        match event:
            case Attached():
                self.attached += 1
                if event.mode != "exact" or self._expected is None:
                    self._expected = event.offset
                    self.screen.reset(event.cols, event.rows)
                self._check_offset(event.offset)
            case Snapshot():
                self.screens += 1
                self._expected = event.offset
                self.screen.reset(event.cols, event.rows)
                self.screen.feed(event.data)
            case Resized():
                self.screen.resize(event.rows, event.cols)
            case Output():
                self._check_offset(event.offset)
                self._expected = event.offset + len(event.data)
                self.digest.update(event.data)
                self.received += len(event.data)
                self.screen.feed(event.data)

    def _check_offset(self, offset: int) -> None:
        if self._expected is not None and offset != self._expected:
            self.gaps.append((self._expected, offset))
            self._expected = offset
