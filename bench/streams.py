"""What programs write, made up: the same bytes on every machine and in every run.

A stream can be written again right behind itself: it ends with the attributes, modes and margins it began with.
"""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.cache import cache_dir
from bench.peers.base import DEFAULT_SIZE, Size

WORDS = (
    *("build", "cache", "client", "cursor", "daemon", "engine", "error", "exit", "file", "flush", "frame", "handle"),
    *("index", "input", "kernel", "line", "lock", "log", "margin", "merge", "module", "offset", "output", "packet"),
    *("parse", "path", "queue", "read", "replay", "resize", "screen", "scroll", "session", "socket", "state", "stream"),
    *("table", "token", "update", "value", "viewer", "window", "write"),
)
WORDS_A_LINE = (4, 11)

TUI_SIZE = Size(120, 40)
METERS = 8
TABLE_TOP, TABLE_ROWS = 7, 20
LOG_TOP, LOG_BOTTOM = 28, 38
FULL_PAINT_EVERY = 100
METERS_A_FRAME = 3
TABLE_ROWS_A_FRAME = 5
PROMPT = b"\x1b[40;1H\x1b[0m\x1b[1;36m>\x1b[0m "
RESET = b"\x1b[0m"


class Dice:
    """Numbers that are the same for ever: of Python's generator only ``random()`` is promised to stay."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        """From ``low`` to ``high``, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def word(self) -> str:
        return WORDS[self.number(0, len(WORDS) - 1)]

    def colour(self) -> str:
        """One of the ways to say a colour: of 8, of 256, RGB; sometimes with an attribute."""
        attribute = ("", "1;", "", "4;", "", "3;")[self.number(0, 5)]
        match self.number(0, 3):
            case 0 | 1:
                return f"{attribute}{self.number(31, 37)}"
            case 2:
                return f"{attribute}38;5;{self.number(16, 255)}"
            case _:
                return f"{attribute}38;2;{self.number(0, 255)};{self.number(0, 255)};{self.number(0, 255)}"


class Stream(NamedTuple):
    """``path`` holds what the program is to write, in a terminal of ``size``."""

    name: str
    path: Path
    length: int
    size: Size

    def repeated_length(self, size_bytes: int) -> int:
        """The bytes that the flooding program writes when it is asked for ``size_bytes``: whole streams."""
        return -(-size_bytes // self.length) * self.length


def store(name: str, data: bytes, size: Size = DEFAULT_SIZE) -> Stream:
    """Keep ``data`` in a file of the cache, named after its content."""
    path = cache_dir() / "streams" / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(data)
        unfinished.rename(path)
    return Stream(name, path, len(data), size)


def make_plain_lines(count: int) -> bytes:
    """Lines of words, numbered, without one control sequence."""
    dice = Dice(1)
    return "".join(
        f"{number:06d} {' '.join(dice.word() for _ in range(dice.number(*WORDS_A_LINE)))}\n" for number in range(count)
    ).encode()


def make_colour_lines(count: int) -> bytes:
    """The like, with a colour of its own on every word."""
    dice = Dice(2)

    def paint() -> str:
        return f"\x1b[{dice.colour()}m{dice.word()}\x1b[0m"

    return "".join(
        f"\x1b[2m{number:06d}\x1b[0m {' '.join(paint() for _ in range(dice.number(*WORDS_A_LINE)))}\n"
        for number in range(count)
    ).encode()


def make_tui_frames(count: int) -> bytes:
    """A monitor of TUI_SIZE that redraws: each frame inside synchronized output, most of them in part."""
    return b"".join(_tui_frames(count))


def _tui_frames(count: int) -> Iterator[bytes]:
    dice = Dice(3)
    for number in range(count):
        content = b"".join(_paint_all(dice) if number % FULL_PAINT_EVERY == 0 else _paint_changes(dice, number))
        yield b"\x1b[?2026h\x1b[?25l" + content + _paint_status(dice, number) + PROMPT + b"\x1b[?25h\x1b[?2026l"


def _paint_all(dice: Dice) -> Iterator[bytes]:
    yield b"\x1b[0m\x1b[r\x1b[2J"
    yield _place(1, "\x1b[7m" + " monitor ".center(TUI_SIZE.cols))
    yield _place(2, "┌" + "─" * (TUI_SIZE.cols - 2) + "┐")
    for meter in range(METERS):
        yield _paint_meter(dice, meter)
    yield _place(TABLE_TOP - 1, "\x1b[30;42m" + "    PID USER      CPU%   MEM%  COMMAND".ljust(TUI_SIZE.cols))
    for row in range(TABLE_ROWS):
        yield _paint_table_row(dice, row, is_chosen=row == 0)
    yield _place(LOG_TOP - 1, "├" + "─" * (TUI_SIZE.cols - 2) + "┤")


def _paint_changes(dice: Dice, number: int) -> Iterator[bytes]:
    for _ in range(METERS_A_FRAME):
        yield _paint_meter(dice, dice.number(0, METERS - 1))
    chosen = number % TABLE_ROWS
    yield _paint_table_row(dice, chosen - 1 if chosen else TABLE_ROWS - 1, is_chosen=False)
    yield _paint_table_row(dice, chosen, is_chosen=True)
    for _ in range(TABLE_ROWS_A_FRAME):
        yield _paint_table_row(dice, dice.number(0, TABLE_ROWS - 1), is_chosen=False)
    line = " ".join(f"\x1b[{dice.colour()}m{dice.word()}\x1b[0m" for _ in range(dice.number(*WORDS_A_LINE)))
    # One more line of the log: the margins scroll what is above it.
    yield f"\x1b[{LOG_TOP};{LOG_BOTTOM}r\x1b[{LOG_BOTTOM};1H\n\x1b[K\x1b[2m{number:06d}\x1b[0m {line}\x1b[r".encode()


def _paint_meter(dice: Dice, meter: int) -> bytes:
    """Two columns of bars."""
    percent = dice.number(0, 100)
    filled = percent * 40 // 100
    colour = 32 if percent < 60 else 33 if percent < 85 else 31
    row, col = 3 + meter // 2, 3 + meter % 2 * 58
    bar = f"\x1b[{colour}m{'█' * filled}\x1b[90m{'░' * (40 - filled)}\x1b[0m"
    return f"\x1b[{row};{col}H\x1b[1m{meter:2d}\x1b[0m [{bar}] \x1b[{colour}m{percent:3d}%\x1b[0m".encode()


def _paint_table_row(dice: Dice, row: int, *, is_chosen: bool) -> bytes:
    cpu, memory = dice.number(0, 999), dice.number(0, 999)
    command = f"/usr/bin/{dice.word()} --{dice.word()}={dice.number(0, 9999)} {dice.word()}"
    pid = f"{dice.number(1, 99999):7d}"
    if is_chosen:
        text = f"{pid} user   {cpu / 10:7.1f}{memory / 10:7.1f}  {command}"
        return _place(TABLE_TOP + row, "\x1b[30;46m" + text.ljust(TUI_SIZE.cols))
    figures = f"\x1b[36m{cpu / 10:7.1f}\x1b[33m{memory / 10:7.1f}"
    return _place(TABLE_TOP + row, f"{pid} \x1b[32muser   {figures}  \x1b[38;5;250m{command}\x1b[K")


def _paint_status(dice: Dice, number: int) -> bytes:
    text = f" frame {number:06d}  tasks {dice.number(100, 400)}  load {dice.number(0, 800) / 100:.2f}"
    return _place(39, "\x1b[48;2;40;44;52m\x1b[38;2;220;220;170m" + text.ljust(TUI_SIZE.cols - 1))


def _place(row: int, text: str) -> bytes:
    return f"\x1b[{row};1H{text}".encode() + RESET
