"""What one turn of a conversation cost, by the answers that its transcript has since the turn began."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from ptyd_protocol.conversations import TokenCounts

from ptyd.conversations.index import find_agents
from ptyd.conversations.known import count_tokens
from ptyd.conversations.lines import never, read_lines
from ptyd.conversations.prices import PriceTable, Tokens
from ptyd.conversations.summary import Claims, Summary
from ptyd.conversations.transcript import Line, parse_line, read_blocks


class Turn(Struct, frozen=True, kw_only=True):
    """``since``: Unix seconds; what is older belongs to other turns. ``offset``: a byte of the transcript behind which
    the turn stands whole. ``last_message``: what the program said last in it; empty where nobody knows."""

    transcript: Path
    since: float
    offset: int = 0
    last_message: str = ""


class TurnCost(Struct, frozen=True, kw_only=True):
    """``cost_usd``: by the table of prices; what the CLI counts itself stands in a transcript when its program ends.
    ``is_whole``: the last message was there."""

    cost_usd: float
    tokens: TokenCounts
    is_whole: bool


def count_turn(turn: Turn, prices: PriceTable, is_stopped: Callable[[], bool] = never) -> TurnCost:
    """Subagents' answers are in it. Blocks on the disk.

    Raises:
        OSError: the transcript cannot be read.
        Stopped: ``is_stopped`` said so.
    """
    summary, is_whole = Summary(prices, Claims()), not turn.last_message.strip()
    for line in _read_answers(turn.transcript, turn.offset, turn.since, is_stopped):
        summary.take(line)
        is_whole = is_whole or _says(line, turn.last_message)
    for path, status in find_agents(turn.transcript):
        if status.st_mtime >= turn.since:
            for line in _read_answers(path, 0, turn.since, is_stopped):
                summary.take(line, is_agent=True)
    days = summary.days().values()
    tokens = Tokens()
    for day in days:
        tokens.add(day.tokens)
    return TurnCost(cost_usd=sum(day.cost for day in days), tokens=count_tokens(tokens), is_whole=is_whole)


def _read_answers(path: Path, offset: int, since: float, is_stopped: Callable[[], bool]) -> Iterator[Line]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return  # the CLI makes it when it first writes something down
    with file:
        for raw, _ in read_lines(file, offset, is_stopped):
            line = parse_line(raw)
            if line is not None and line.type == "assistant" and line.at >= since:
                yield line


def _says(line: Line, message: str) -> bool:
    """Whitespace at the ends, and between blocks, is not told alike everywhere."""
    if line.message is None:
        return False
    texts = [block.text for block in read_blocks(line.message) if block.type == "text"]
    return _squash(message) in (_squash("".join(texts)), _squash(texts[-1]) if texts else "")


def _squash(text: str) -> str:
    return "".join(text.split())
