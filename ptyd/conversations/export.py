"""A conversation written out as Markdown, JSON or HTML, piece by piece. In a thread that is none of the event loop's.

Between two pieces there is nothing but a token, which says how far the transcript has been read and whose turn it was:
so an export of any length keeps nothing in the daemon.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptyd_protocol.conversations import ExportFormat

from ptyd.conversations.lines import never, read_lines
from ptyd.conversations.render_html import HtmlWriter
from ptyd.conversations.render_json import JsonWriter
from ptyd.conversations.render_markdown import MarkdownWriter
from ptyd.conversations.transcript import Block, Line, parse_line, read_blocks
from ptyd.conversations.writer import Part, Writer

PIECE_BYTES = 512 * 1024
"""A piece is done when it is as long."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``resume``: of the next piece; None: this was the last."""

    data: bytes
    resume: str | None


class BadResume(Exception):
    """The token is not one of ours."""


WRITERS: dict[str, Callable[[], Writer]] = {"markdown": MarkdownWriter, "json": JsonWriter, "html": HtmlWriter}


def export_piece(
    path: Path,
    facts: dict[str, Any],
    file_format: ExportFormat,
    resume: str,
    is_stopped: Callable[[], bool] = never,
) -> Piece:
    """The next piece of the transcript at ``path``, with ``facts`` at its head. ``resume``: of the piece before; empty:
    the beginning.

    Raises:
        BadResume, OSError, Stopped
    """
    writer = WRITERS[file_format]()
    offset, turn = _read_resume(resume)
    texts = [] if resume else [writer.head(facts)]
    length = 0
    with path.open("rb") as file:
        for raw, end in read_lines(file, offset, is_stopped):
            offset = end
            line = parse_line(raw)
            blocks = [] if line is None or line.message is None else _shown_blocks(line)
            if line is None or not blocks:
                continue
            before, turn = turn, _digest(line.answer_key or f"{line.type}{end}")
            text = writer.part(_part_of(line, blocks, is_new=turn != before))
            texts.append(text)
            length += len(text)
            if length >= PIECE_BYTES:
                return Piece("".join(texts).encode(errors="replace"), f"{offset}:{turn}")
    texts.append(writer.tail())
    return Piece("".join(texts).encode(errors="replace"), None)


def _part_of(line: Line, blocks: list[Block], *, is_new: bool) -> Part:
    message = line.message
    role = "tool" if all(block.type == "tool_result" for block in blocks) else line.type
    return Part(role, line.at, "" if message is None else message.model, blocks, is_new)


def _shown_blocks(line: Line) -> list[Block]:
    if line.message is None or line.type not in ("user", "assistant") or line.is_meta or line.is_sidechain:
        return []
    return [block for block in read_blocks(line.message) if block.text or block.thinking or block.name or block.content]


def _read_resume(resume: str) -> tuple[int, str]:
    if not resume:
        return 0, ""
    offset, _, turn = resume.partition(":")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 19):
        raise BadResume
    return int(offset), turn


def _digest(turn: str) -> str:
    return hashlib.sha256(turn.encode(errors="replace")).hexdigest()[:16]
