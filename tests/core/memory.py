"""The memory of a replay log, with a word before every store: whoever listens sees each state a kill could leave."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from ptyd.core.log.log_layout import HEADER_BYTES
from ptyd.core.log.replay_log import GUARD_BLOCK_BYTES, ReplayLog

SMALL_CAPACITY_BYTES = 4 * GUARD_BLOCK_BYTES
"""The smallest ring there may be."""


class WatchedMemory:
    """Stands for the mapped file: ``on_store`` is called before each store, and in the midst of those of many bytes."""

    def __init__(self, content: bytes | bytearray) -> None:
        self.content = bytearray(content)
        self.on_store: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, part: slice) -> "_WatchedView":
        return _WatchedView(self, memoryview(self.content)[part])


class _WatchedView:
    """Reads as a memoryview does; what is read by slices are real ones."""

    def __init__(self, memory: WatchedMemory, view: memoryview) -> None:
        self._memory = memory
        self._view = view

    def cast(self, kind: str) -> "_WatchedView":
        return _WatchedView(self._memory, self._view.cast(kind))  # type: ignore[call-overload]

    def __len__(self) -> int:
        return len(self._view)

    def __getitem__(self, at: Any) -> Any:
        return self._view[at]

    def __setitem__(self, at: int | slice, value: Any) -> None:
        self._memory.on_store()
        if isinstance(at, slice):
            middle = at.start + len(value) // 2
            self._view[at.start : middle] = value[: middle - at.start]
            self._memory.on_store()
        self._view[at] = value

    def release(self) -> None:
        self._view.release()

    def __enter__(self) -> "_WatchedView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def make_memory(capacity: int = SMALL_CAPACITY_BYTES) -> WatchedMemory:
    """Memory with an empty log in it, 80 x 24, of epoch 7."""
    memory = WatchedMemory(bytes(HEADER_BYTES + capacity))
    ReplayLog.create(memory, 7, 80, 24)  # type: ignore[arg-type]
    return memory


def open_log(memory: WatchedMemory) -> ReplayLog:
    """As a daemon opens it that has just started."""
    log = ReplayLog(memory)  # type: ignore[arg-type]
    log.recover()
    return log


def make_log(capacity: int = SMALL_CAPACITY_BYTES) -> ReplayLog:
    return open_log(make_memory(capacity))


def receive_bytes(log: ReplayLog, data: bytes, at_most: int = 0) -> None:
    """What ``readv`` does: the bytes are in the ring, and nobody has counted them. ``at_most``: the read did not say
    how much would come, but this bound."""
    rest = data
    for place in log.reserve(at_most, is_exact=False) if at_most else log.reserve(len(data)):
        place[: len(rest)] = rest[: len(place)]
        rest = rest[len(place) :]
    assert not rest


def append(log: ReplayLog, data: bytes) -> int:
    """Read ``data`` from a PTY into the log, as far as there is room. Returns how much that was."""
    done = 0
    while done < len(data) and (room := log.room):
        piece = data[done : done + room]
        receive_bytes(log, piece)
        log.commit(len(piece))
        done += len(piece)
    return done
