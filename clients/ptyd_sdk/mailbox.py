"""Items from the connection to the one coroutine that waits for them."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """A queue for one reader that costs no task switch while it holds something. ``close`` comes after all items."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False
        self._error: Exception | None = None

    def put(self, item: Item) -> None:
        self._items.append(item)
        self._wake()

    def close(self, error: Exception | None = None) -> None:
        """Nothing more comes; the reader gets ``error`` behind the last item, or None's StopAsyncIteration."""
        if not self._is_closed:
            self._is_closed = True
            self._error = error
            self._wake()

    async def get(self) -> Item:
        """The next item.

        Raises:
            StopAsyncIteration: the box was closed.
            RuntimeError: somebody else waits already.
        """
        while not self._items:
            if self._is_closed:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            await self._wait()
        return self._items.popleft()

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("two coroutines read from the same stream")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
