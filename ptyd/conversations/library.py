"""Conversations for the event loop: whatever takes time is done in threads, and what comes back does not change.

The index is read in one thread, searches and exports in another, so that a long search keeps no list waiting. Python
lets one thread at a time run, but changes between them every half a millisecond; nothing here holds it for longer than
one line of a transcript takes to decode.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from ptyd_protocol.conversations import (
    ConversationExportParams,
    ConversationExportResult,
    ConversationHit,
    ConversationSearchParams,
    ConversationSearchResult,
    ConversationsParams,
    ConversationsResult,
    CostParams,
    CostResult,
    Excerpt,
)
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.conversations.costs import add_up
from ptyd.conversations.export import BadResume, export_piece
from ptyd.conversations.index import ConversationIndex
from ptyd.conversations.known import Known
from ptyd.conversations.lines import Stopped
from ptyd.conversations.prices import PriceTable, load_prices
from ptyd.conversations.search import find_excerpts
from ptyd.conversations.turn_cost import Turn, TurnCost, count_turn

T = TypeVar("T")

MAX_EXCERPTS = 3
"""Of one conversation."""

SEARCH_SECONDS = 20.0
"""After this a search says what it has found."""

TURN_SECONDS = 2.0
"""The CLI has written down what it said last by then; mostly it takes a tenth of a second."""
LOOK_SECONDS = 0.05

MIN_ID_CHARS = 4
"""A shorter beginning of an id is more likely a mistake."""


class Library:
    """``own_prices``: the user's file of prices. ``config_dirs``: those of the CLI that count now."""

    def __init__(self, own_prices: Path, config_dirs: Callable[[], Iterable[Path]]) -> None:
        self._own_prices = own_prices
        self._config_dirs = config_dirs
        self._stopped = threading.Event()
        self._prices: PriceTable | None = None
        self._index: ConversationIndex | None = None
        self._index_thread = ThreadPoolExecutor(1, "conversations")
        self._reading_thread = ThreadPoolExecutor(1, "transcripts")

    def close(self) -> None:
        """Nothing is waited for."""
        self._stopped.set()
        for thread in (self._index_thread, self._reading_thread):
            thread.shutdown(wait=False, cancel_futures=True)

    # --- what there is; ``seen`` None: all of it may be told ---

    async def list_latest(
        self, params: ConversationsParams, seen: Set[str] | None, running: Mapping[str, str]
    ) -> ConversationsResult:
        """``running``: sessions' ids by conversation."""

        def choose(known: list[Known]) -> ConversationsResult:
            infos = [msgspec.structs.replace(one.info, session=running.get(one.info.id)) for one in known]
            return ConversationsResult(conversations=infos[: params.limit], total=len(infos))

        return await self._with_index(params.cwd, seen, choose)

    async def cost(
        self, params: CostParams, seen: Set[str] | None, sessions: Mapping[str, tuple[str, str]]
    ) -> CostResult:
        """``sessions``: ids and names of sessions by conversation."""
        return await self._with_index(params.cwd, seen, lambda known: add_up(known, params, sessions))

    async def find(self, ref: str, seen: Set[str] | None) -> Known:
        """The conversation with this id, or the only one whose id begins so.

        Raises:
            Refusal: none, or several.
        """
        return await self._with_index("", seen, lambda known: choose_one(known, ref))

    async def search(
        self, params: ConversationSearchParams, seen: Set[str] | None, running: Mapping[str, str]
    ) -> ConversationSearchResult:
        known = await self._with_index(params.cwd, seen, lambda known: known)
        return await self._read(partial(self._search, known, params, running))

    def _search(
        self, known: list[Known], params: ConversationSearchParams, running: Mapping[str, str]
    ) -> ConversationSearchResult:
        hits: list[ConversationHit] = []
        ends_at = time.monotonic() + SEARCH_SECONDS
        for one in known:
            if len(hits) == params.limit or time.monotonic() > ends_at:
                return ConversationSearchResult(hits=hits, is_complete=False)
            try:
                found = find_excerpts(one.path, params.text, MAX_EXCERPTS, self._stopped.is_set)
            except OSError:
                continue  # it has just been removed
            if found:
                info = msgspec.structs.replace(one.info, session=running.get(one.info.id))
                excerpts = [msgspec.convert(excerpt, Excerpt, from_attributes=True) for excerpt in found]
                hits.append(ConversationHit(conversation=info, excerpts=excerpts))
        return ConversationSearchResult(hits=hits, is_complete=True)

    async def export(self, params: ConversationExportParams, known: Known) -> ConversationExportResult:
        """Raises Refusal."""
        try:
            piece = await self._read(
                partial(export_piece, known.path, facts_of(known), params.format, params.resume, self._stopped.is_set)
            )
        except BadResume:
            raise Refusal(ErrorCode.BAD_REQUEST, "resume is not what a piece before has said") from None
        except OSError as error:
            raise Refusal(ErrorCode.UNAVAILABLE, f"the transcript cannot be read: {error.strerror}") from error
        return ConversationExportResult(data=piece.data, resume=piece.resume)

    async def count_turn(self, turn: Turn) -> TurnCost:
        """As soon as the transcript holds the turn's last message.

        Raises:
            OSError: the transcript cannot be read.
            Stopped: the daemon ends.
        """
        ends_at = time.monotonic() + TURN_SECONDS
        while True:
            found = await asyncio.to_thread(self._count_turn, turn)
            if found.is_whole or time.monotonic() > ends_at:
                return found
            await asyncio.sleep(LOOK_SECONDS)

    def _count_turn(self, turn: Turn) -> TurnCost:
        return count_turn(turn, self._load_prices(), self._stopped.is_set)

    # --- threads ---

    def _load_prices(self) -> PriceTable:
        if self._prices is None:
            self._prices = load_prices(self._own_prices)
        return self._prices

    async def _with_index(self, cwd: str, seen: Set[str] | None, use: Callable[[list[Known]], T]) -> T:
        directories = sorted(set(self._config_dirs()))

        def work() -> T:
            if self._index is None:
                self._index = ConversationIndex(self._load_prices(), self._stopped.is_set)
            self._index.refresh(directories)
            below = os.path.normpath(cwd) if cwd else ""
            return use(
                [
                    one
                    for one in self._index.conversations()
                    if (seen is None or one.info.id in seen) and one.is_below(below)
                ]
            )

        return await self._run(self._index_thread, work)

    async def _read(self, work: Callable[[], T]) -> T:
        return await self._run(self._reading_thread, work)

    async def _run(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, work)
        except (Stopped, RuntimeError) as error:
            if not self._stopped.is_set():
                raise
            raise Refusal(ErrorCode.UNAVAILABLE, "the daemon ends") from error


def choose_one(known: Iterable[Known], ref: str) -> Known:
    """Raises Refusal."""
    wanted = ref.lower()
    found = [one for one in known if one.info.id.lower().startswith(wanted)] if len(wanted) >= MIN_ID_CHARS else []
    if not found:
        raise Refusal(ErrorCode.NO_SUCH_CONVERSATION, f"no conversation {ref!r}; `ptyd conversations` lists them")
    if len({one.info.id for one in found}) > 1:
        ids = ", ".join(sorted(one.info.id for one in found)[:5])
        raise Refusal(ErrorCode.NO_SUCH_CONVERSATION, f"{ref!r} could be any of {ids}: give more of the id")
    return found[0]


def facts_of(known: Known) -> dict[str, Any]:
    """What stands at the head of an export."""
    info = known.info
    return {
        "title": info.title,
        "id": info.id,
        "directory": info.cwd,
        "messages": info.messages,
        "model": info.model,
        "cost (USD)": round(info.cost_usd, 6),
        "of it estimated (USD)": round(info.estimated_usd, 6) or "",
    }
