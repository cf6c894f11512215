"""The blocking face of an attachment."""

from collections.abc import Iterator, Sequence
from types import TracebackType

from ptyd_sdk import attachment as async_attachment
from ptyd_sdk.attachment import AttachmentEvent, ExitStatus
from ptyd_sdk.blocking.loop_thread import Iteration, LoopThread, call


class Attachment:
    """``with session.attach() as term``; see ``ptyd_sdk.Attachment``."""

    def __init__(self, thread: LoopThread, inner: async_attachment.Attachment) -> None:
        self._thread = thread
        self._inner = inner

    def __enter__(self) -> "Attachment":
        self._thread.run(self._inner.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.run(self._inner.__aexit__(kind, error, trace))

    @property
    def exit_status(self) -> ExitStatus | None:
        return self._inner.exit_status

    @property
    def epoch(self) -> int | None:
        return self._inner.epoch

    @property
    def offset(self) -> int:
        return self._inner.offset

    @property
    def has_control(self) -> bool:
        return self._inner.has_control

    def __iter__(self) -> Iterator[bytes]:
        return Iteration(self._thread, aiter(self._inner))

    def events(self) -> Iterator[AttachmentEvent]:
        return Iteration(self._thread, self._inner.events())

    def write(self, data: bytes) -> None:
        self._thread.run(self._inner.write(data))

    def drain_input(self) -> None:
        self._thread.run(self._inner.drain_input())

    def resize(self, cols: int, rows: int) -> None:
        self._thread.run(call(self._inner.resize, cols, rows))

    @property
    def answers(self) -> bool:
        return self._inner.answers

    @property
    def is_locked(self) -> bool:
        return self._inner.is_locked

    @property
    def is_hidden(self) -> bool:
        return self._inner.is_hidden

    def set_hidden(self, hidden: bool) -> None:
        self._thread.run(call(self._inner.set_hidden, hidden))

    def set_appearance(
        self,
        *,
        foreground: int | None = None,
        background: int | None = None,
        cursor: int | None = None,
        palette: Sequence[int] = (),
        cell_width: int = 0,
        cell_height: int = 0,
        dark: bool | None = None,
    ) -> None:
        self._thread.run(
            call(
                self._inner.set_appearance,
                foreground=foreground,
                background=background,
                cursor=cursor,
                palette=palette,
                cell_width=cell_width,
                cell_height=cell_height,
                dark=dark,
            )
        )

    def lock(self, locked: bool = True) -> None:
        self._thread.run(self._inner.lock(locked))

    def take_control(self) -> None:
        self._thread.run(call(self._inner.take_control))

    def detach(self) -> None:
        self._thread.run(self._inner.detach())
