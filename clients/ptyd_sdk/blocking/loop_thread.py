"""The event loop that works for those who have none."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import CancelledError
from typing import Any, Generic, TypeVar

from ptyd_sdk.errors import ConnectionLost

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ptyd connection", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do it there, wait for it here. Whatever interrupts the waiting (Ctrl-C) cancels it there."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise ConnectionLost("this connection was closed") from None
        try:
            return future.result()
        except CancelledError:
            raise ConnectionLost("this connection was closed") from None
        finally:
            future.cancel()

    def stop(self) -> None:
        """End what still runs there, and the thread."""
        self.run(_cancel_other_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_other_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Iteration(Generic[T]):
    """An async iteration, step by step from outside."""

    def __init__(self, thread: LoopThread, steps: AsyncIterator[T]) -> None:
        self._thread = thread
        self._steps = steps

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return self._thread.run(self._step())
        except StopAsyncIteration:
            raise StopIteration from None

    async def _step(self) -> T:
        return await anext(self._steps)


async def call(function: Any, *arguments: Any, **named: Any) -> Any:
    """Call a plain function of the SDK where it must be called: in the loop's thread."""
    return function(*arguments, **named)
