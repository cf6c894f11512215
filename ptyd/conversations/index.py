"""All conversations of some configuration directories of Claude Code, kept up to date by reading what was appended.

Used in one thread at a time, which is none of the event loop's (``library.py``). In memory there is a summary of
each conversation, some kilobytes, and eight bytes for each answer; no text.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ptyd_protocol.conversations import ConversationInfo

from ptyd.conversations.known import Known, count_tokens
from ptyd.conversations.lines import never, read_lines
from ptyd.conversations.prices import PriceTable, Tokens
from ptyd.conversations.summary import Claims, Summary
from ptyd.conversations.transcript import parse_line

logger = logging.getLogger("ptyd.conversations")

MAX_CONVERSATIONS = 20_000
"""The latest ones."""

MAX_AGENT_FILES = 1000
"""Of one conversation."""

MARK_BYTES = 64
"""So much before the place where reading stopped has to be as it was, or the file is read anew."""

_FILE_NAME = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\.jsonl")


@dataclass(slots=True)
class _Reading:
    """How far one file has been read."""

    inode: int = 0
    offset: int = 0
    mark: bytes = b""


@dataclass(slots=True)
class Conversation:
    """``id``: that of the CLI. ``path``: its transcript. ``size``: bytes of it."""

    id: str
    path: Path
    config_dir: Path
    summary: Summary
    size: int = 0
    changed_at: float = 0.0
    reading: _Reading = field(default_factory=_Reading)
    agents: dict[Path, _Reading] = field(default_factory=dict)
    known: Known | None = None
    """As it was told last; None: it has changed since."""


def know(conversation: Conversation) -> Known:
    """What there is to tell of it now."""
    summary, days = conversation.summary, conversation.summary.days()
    tokens = Tokens()
    for use in days.values():
        tokens.add(use.tokens)
    info = ConversationInfo(
        id=conversation.id,
        title=summary.title,
        cwd=summary.cwd,
        path=str(conversation.path),
        messages=summary.messages,
        size=conversation.size,
        began_at=summary.began_at,
        last_used_at=summary.last_used_at or conversation.changed_at,
        model=summary.model,
        cost_usd=sum(use.cost for use in days.values()),
        estimated_usd=sum(use.estimated for use in days.values()),
        inherited_usd=summary.inherited_cost,
        tokens=count_tokens(tokens),
    )
    return Known(info, conversation.path, conversation.config_dir, days)


class ConversationIndex:
    """``is_stopped``: asked often; once it says so, reading ends."""

    def __init__(self, prices: PriceTable, is_stopped: Callable[[], bool] = never) -> None:
        self._prices = prices
        self._claims = Claims()
        self._is_stopped = is_stopped
        self._conversations: dict[Path, Conversation] = {}

    def refresh(self, config_dirs: Iterable[Path]) -> None:
        """Read what is new. A file that cannot be read is told to the log and left out.

        Raises:
            Stopped
        """
        found = [entry for config_dir in config_dirs for entry in _find_transcripts(config_dir)]
        found.sort(key=lambda entry: entry[2].st_mtime)
        found = found[-MAX_CONVERSATIONS:]
        for gone in self._conversations.keys() - {path for path, _, _ in found}:
            self._claims.release(self._conversations.pop(gone).summary.keys)
        for path, config_dir, status in found:
            try:
                self._refresh_one(path, config_dir, status)
            except OSError as error:
                logger.warning("transcript %s cannot be read: %s", path, error.strerror)

    def conversations(self) -> list[Known]:
        """Those in which something was said, the latest first. What is told does not change any more."""
        known = []
        for one in self._conversations.values():
            if one.known is None and one.summary.messages:
                one.known = know(one)
            if one.known is not None:
                known.append(one.known)
        return sorted(known, key=lambda one: -one.info.last_used_at)

    def _refresh_one(self, path: Path, config_dir: Path, status: os.stat_result) -> None:
        conversation = self._conversations.get(path)
        if conversation is None:
            conversation = self._conversations[path] = Conversation(
                path.stem, path, config_dir, Summary(self._prices, self._claims, path.parent.name)
            )
        before = (conversation.size, conversation.changed_at, conversation.reading.inode)
        is_same = before == (status.st_size, status.st_mtime, status.st_ino)
        if not is_same and not self._continues(path, conversation.reading, status):
            self._claims.release(conversation.summary.keys)
            conversation.summary = Summary(self._prices, self._claims, path.parent.name)
            conversation.reading = _Reading()
            conversation.agents = {}
            conversation.known = None
        for agent, agent_status in find_agents(
            path
        ):  # first: what the CLI says that all has cost stands in the main file
            self._read(conversation, agent, conversation.agents.setdefault(agent, _Reading()), agent_status, True)
        if not is_same:
            self._read(conversation, path, conversation.reading, status, False)
            conversation.size, conversation.changed_at = status.st_size, status.st_mtime

    def _continues(self, path: Path, reading: _Reading, status: os.stat_result) -> bool:
        """Whether the file is the one that was read, with more at its end at most: the CLI may write it anew."""
        if not reading.offset:
            return True
        if reading.inode != status.st_ino or status.st_size < reading.offset:
            return False
        with path.open("rb") as file:
            return _read_mark(file.fileno(), reading.offset) == reading.mark

    def _read(
        self, conversation: Conversation, path: Path, reading: _Reading, status: os.stat_result, is_agent: bool
    ) -> None:
        if status.st_size == reading.offset and reading.inode == status.st_ino:
            return
        conversation.known = None
        with path.open("rb") as file:
            for raw, offset in read_lines(file, reading.offset, self._is_stopped):
                line = parse_line(raw)
                if line is not None:
                    conversation.summary.take(line, is_agent=is_agent)
                reading.offset = offset
            reading.inode = os.fstat(file.fileno()).st_ino
            reading.mark = _read_mark(file.fileno(), reading.offset)


def _read_mark(fd: int, offset: int) -> bytes:
    begin = max(0, offset - MARK_BYTES)
    return os.pread(fd, offset - begin, begin)


def _find_transcripts(config_dir: Path) -> Iterator[tuple[Path, Path, os.stat_result]]:
    for folder in _entries(config_dir / "projects"):
        if not folder.is_dir():
            continue
        for entry in _entries(Path(folder.path)):
            status = _stat(entry) if _FILE_NAME.fullmatch(entry.name) else None
            if status is not None:
                yield Path(entry.path), config_dir, status


def find_agents(transcript: Path) -> list[tuple[Path, os.stat_result]]:
    """The transcripts of a conversation's subagents."""
    entries = [entry for entry in _entries(transcript.with_suffix("") / "subagents") if entry.name.endswith(".jsonl")]
    entries = sorted(entries, key=lambda entry: entry.name)[:MAX_AGENT_FILES]
    return [(Path(entry.path), status) for entry in entries if (status := _stat(entry)) is not None]


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    """Of a file; None for anything else, and for what has just been removed."""
    try:
        return entry.stat() if entry.is_file() else None
    except OSError:
        return None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
