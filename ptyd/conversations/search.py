"""Where in transcripts a text was said. In a thread that is none of the event loop's."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ptyd.conversations.lines import never, read_lines
from ptyd.conversations.transcript import PASSED_OVER, Line, is_prompt, parse_line, plain_text, read_blocks

CONTEXT_CHARS = 80
"""On either side of what was found."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """``text`` with what was found from ``begin`` to ``end``. ``at``: Unix seconds, 0 where nobody knows."""

    role: str
    at: float
    text: str
    begin: int
    end: int


def find_excerpts(path: Path, text: str, limit: int, is_stopped: Callable[[], bool] = never) -> list[Excerpt]:
    """The first ``limit`` places in one transcript where a person or the model said ``text``, whatever the case.

    Raises:
        OSError, Stopped
    """
    wanted = re.compile(re.escape(text), re.IGNORECASE)
    found: list[Excerpt] = []
    answers: set[str] = set()
    for line, said in _said(path, text, is_stopped):
        key = f"{line.answer_key}/{said}" if line.answer_key else ""
        excerpt = _excerpt_of(line, said, wanted)
        if excerpt is None or key in answers:
            continue
        if key:
            answers.add(key)
        found.append(excerpt)
        if len(found) == limit:
            break
    return found


def _said(path: Path, text: str, is_stopped: Callable[[], bool]) -> Iterator[tuple[Line, str]]:
    # As it stands in the file. What is no ASCII may stand there in more than one way: then each line is decoded.
    needle = json.dumps(text)[1:-1].lower().encode() if text.isascii() else b""
    with path.open("rb") as file:
        for raw, _ in read_lines(file, 0, is_stopped):
            if raw.startswith(PASSED_OVER) or needle not in raw.lower():
                continue
            line = parse_line(raw)
            if line is None or line.message is None or line.type not in ("user", "assistant"):
                continue
            blocks = read_blocks(line.message)
            if line.type == "assistant" or is_prompt(line, blocks):
                yield line, plain_text(blocks)


def _excerpt_of(line: Line, said: str, wanted: re.Pattern[str]) -> Excerpt | None:
    found = wanted.search(said)
    if found is None:
        return None
    begin, end = max(0, found.start() - CONTEXT_CHARS), min(len(said), found.end() + CONTEXT_CHARS)
    before, after = "…" if begin else "", "…" if end < len(said) else ""
    shift = len(before) - begin
    return Excerpt(line.type, line.at, before + said[begin:end] + after, found.start() + shift, found.end() + shift)
