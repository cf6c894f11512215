"""All of a terminal's state, read out of the library's binary snapshot.

The library tells little of what is hidden (saved cursors, the keyboard stack, tab stops, charsets, the screen under the
alternate one) by its accessors, but all of it by this format, which it declares and versions (1 so far). It is written
in one call without the GIL; what is read here are bytes that nobody changes any more.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ptyd.engine.pages import Link, Row, StyleBytes, read_link, read_page, read_page_rows
from ptyd.engine.raw import RawTerminal, Stopped

MAGIC = b"GHOSTSNP\x01\x00"
TERMINAL, SCREEN, PAGE, HISTORY, READY, FINISH, CONTINUATION = range(1, 8)
PRIMARY, ALTERNATE = 0, 1

_RECORD = struct.Struct("<HII")
_TERMINAL = struct.Struct("<2H2I4HB2HI10B3Q8s8s8s2Q")
_SCREEN = struct.Struct("<2HQ2H2B16sIH2B8s3B")
_SAVED_CURSOR = struct.Struct("<2H16sBH")
_NO_CHARACTER = 0xFFFFFFFF

# The order of the bits in the three sets of modes; (number, True: of ANSI and not DEC's).
MODES: tuple[tuple[int, bool], ...] = (
    *((number, True) for number in (2, 4, 12, 20)),
    *((number, False) for number in (1, 3, 4, 5, 6, 7, 8, 9, 12, 25, 40, 45, 47, 66, 67, 69)),
    *((number, False) for number in (1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1035, 1036, 1039, 1045)),
    *((number, False) for number in (1047, 1048, 1049, 2004, 2026, 2027, 2031, 2033, 2048, 5522)),
)


class FormatMoved(Exception):
    """The library's binary snapshot is not of the version that is read here."""


@dataclass(slots=True)
class Charsets:
    """What G0 to G3 hold (0 UTF-8, 1 ASCII, 2 British, 3 DEC graphics), and which of them GL and GR call."""

    sets: tuple[int, int, int, int]
    left: int
    right: int
    single_shift: int | None

    @classmethod
    def unpack(cls, word: int) -> "Charsets":
        sets = (word & 3, word >> 2 & 3, word >> 4 & 3, word >> 6 & 3)
        shift = word >> 12 & 7
        return cls(sets, word >> 8 & 3, word >> 10 & 3, shift - 1 if shift else None)


@dataclass(slots=True)
class Cursor:
    col: int
    row: int
    pending_wrap: bool
    protected: bool
    pen: StyleBytes
    charsets: Charsets
    origin: bool = False
    """Only a saved cursor has its own."""


@dataclass(slots=True)
class Screen:
    """``rows``: the scrollback that was asked for and then the screen itself."""

    key: int
    cursor: Cursor
    cursor_shape: int
    """0 bar, 1 block, 2 underline, 3 hollow block."""
    saved_cursor: Cursor | None
    link: Link | None
    protected_mode: int
    """0 off, 1 ISO's, 2 DEC's."""
    keyboard_index: int
    keyboard_stack: bytes
    history: int
    """How many lines are above the screen, asked for or not."""
    page_count: int
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class DynamicColour:
    """RGB of three bytes; None where there is none."""

    default: bytes | None
    override: bytes | None

    @classmethod
    def unpack(cls, data: bytes) -> "DynamicColour":
        return cls(data[1:4] if data[0] else None, data[5:8] if data[4] else None)


@dataclass(slots=True)
class State:
    cols: int
    rows: int
    top: int
    bottom: int
    left: int
    right: int
    active: int
    previous_character: str | None
    cursor_is_default: bool
    modify_other_keys: bool
    mouse_event: int
    """0 none, else the place of 9, 1000, 1002 or 1003, whichever rules."""
    mouse_format: int
    modes: int
    saved_modes: int
    default_modes: int
    background: DynamicColour
    foreground: DynamicColour
    cursor_colour: DynamicColour
    tab_stops: list[int]
    original_palette: bytes
    """256 colours of three bytes."""
    palette: dict[int, bytes]
    """What the program changed."""
    working_directory: bytes
    title: bytes
    screens: dict[int, Screen] = field(default_factory=dict)
    continuation: bytes = b""

    @property
    def screen(self) -> Screen:
        return self.screens[self.active]

    def mode(self, number: int, ansi: bool = False) -> bool:
        return bool(self.modes >> MODES.index((number, ansi)) & 1)


class _Gatherer:
    """Takes the pieces of a binary snapshot until it has ``scrollback`` lines of the main screen (-1: all)."""

    def __init__(self, scrollback: int) -> None:
        self.data = bytearray()
        self._at = len(MAGIC)
        self._wanted = scrollback
        self._have = 0
        self._is_ready = False

    def take(self, piece: bytes) -> None:
        self.data += piece
        while len(self.data) >= self._at + _RECORD.size:
            tag, length, _ = _RECORD.unpack_from(self.data, self._at)
            end = self._at + _RECORD.size + length
            if len(self.data) < end:
                return
            if tag == READY:
                self._is_ready = True
            elif tag == PAGE and self._is_ready:
                self._have += read_page_rows(bytes(self.data[self._at + _RECORD.size :][:8].ljust(20)))
            self._at = end
            if self._is_ready and 0 <= self._wanted <= self._have:
                raise Stopped


def read_state(terminal: RawTerminal, scrollback: int) -> State | None:
    """The state with at least ``scrollback`` lines above the main screen, as far as there are (-1: all).

    None: the terminal is in the middle of a sequence that is longer than what it keeps.

    Raises:
        FormatMoved: the library is of another version than this module.
    """
    gatherer = _Gatherer(scrollback)
    if not terminal.encode(gatherer.take):
        return None
    return parse_state(gatherer.data, scrollback)


def encode_without_history(terminal: RawTerminal) -> bytes | None:
    """The beginning of the binary snapshot, less the scrollback; None as for ``read_state``."""
    gatherer = _Gatherer(0)
    return bytes(gatherer.data) if terminal.encode(gatherer.take) else None


def encode_whole(terminal: RawTerminal) -> bytes | None:
    """The binary snapshot; None as for ``read_state``."""
    pieces: list[bytes] = []
    return b"".join(pieces) if terminal.encode(pieces.append) else None


def parse_state(data: bytes | bytearray, scrollback: int) -> State:
    if not data.startswith(MAGIC):
        raise FormatMoved(f"unknown kind of snapshot {data[: len(MAGIC)]!r}")
    try:
        return _parse(data, scrollback)
    except (struct.error, IndexError, KeyError, StopIteration, ValueError, OverflowError) as error:
        raise FormatMoved(str(error)) from error


def _records(data: bytes | bytearray) -> Iterator[tuple[int, bytes]]:
    view, at = memoryview(data), len(MAGIC)
    while at < len(data):
        tag, length, _ = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > len(data):
            return
        yield tag, bytes(view[at : at + length])
        at += length


def _parse(data: bytes | bytearray, scrollback: int) -> State:
    records = _records(data)
    tag, payload = next(records)
    if tag != TERMINAL:
        raise FormatMoved(f"begins with record {tag}")
    state, screen_count = _read_terminal(payload)
    for _ in range(screen_count):
        tag, payload = next(records)
        screen = _read_screen(payload)
        state.screens[screen.key] = screen
        for _ in range(screen.page_count):
            screen.rows += read_page(next(records)[1])
    tag, state.continuation = next(records)
    if tag != CONTINUATION:
        raise FormatMoved(f"record {tag} after the screens")
    next(records)  # READY
    older: dict[int, list[list[Row]]] = {key: [] for key in state.screens}
    key = PRIMARY
    for tag, payload in records:
        if tag == HISTORY:
            key = payload[0]
        elif tag == PAGE:
            older[key].append(read_page(payload))
    for key, screen in state.screens.items():
        pages = [*reversed(older[key]), screen.rows]
        screen.rows = [row for page in pages for row in page]
        surplus = len(screen.rows) - state.rows - scrollback
        if scrollback >= 0 and surplus > 0:
            del screen.rows[:surplus]
    return state


def _read_terminal(payload: bytes) -> tuple[State, int]:
    fields = _TERMINAL.unpack_from(payload)
    cols, rows, _, _, top, bottom, left, right, _, active, screen_count, previous = fields[:12]
    cursor_is_default, _, _, _, modify_other_keys, mouse_event, mouse_format = fields[12:19]
    modes, saved_modes, default_modes, background, foreground, cursor_colour = fields[22:28]
    at = _TERMINAL.size
    stops = payload[at : at + (cols + 7) // 8]
    at += len(stops)
    original_palette = payload[at : at + 3 * 256]
    at += len(original_palette)
    mask = payload[at : at + 32]
    at += len(mask)
    palette = {}
    for index in range(256):
        if mask[index >> 3] >> (index & 7) & 1:
            palette[index] = payload[at : at + 3]
            at += 3
    working_directory, at = _read_string(payload, at)
    title, at = _read_string(payload, at)
    state = State(
        cols=cols,
        rows=rows,
        top=top,
        bottom=bottom,
        left=left,
        right=right,
        active=active,
        previous_character=None if previous == _NO_CHARACTER else chr(previous),
        cursor_is_default=bool(cursor_is_default),
        modify_other_keys=bool(modify_other_keys),
        mouse_event=mouse_event,
        mouse_format=mouse_format,
        modes=modes,
        saved_modes=saved_modes,
        default_modes=default_modes,
        background=DynamicColour.unpack(background),
        foreground=DynamicColour.unpack(foreground),
        cursor_colour=DynamicColour.unpack(cursor_colour),
        tab_stops=[col for col in range(cols) if stops[col >> 3] >> (col & 7) & 1],
        original_palette=original_palette,
        palette=palette,
        working_directory=working_directory,
        title=title,
    )
    return state, screen_count


def _read_string(payload: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", payload, at)
    return payload[at + 4 : at + 4 + length], at + 4 + length


def _read_screen(payload: bytes) -> Screen:
    (
        key,
        page_count,
        history,
        col,
        row,
        shape,
        flags,
        pen,
        _,
        charsets,
        protected_mode,
        index,
        stack,
        _,
        _,
        has_saved,
    ) = _SCREEN.unpack_from(payload)
    at, saved = _SCREEN.size, None
    if has_saved:
        saved_col, saved_row, saved_pen, saved_flags, saved_charsets = _SAVED_CURSOR.unpack_from(payload, at)
        at += _SAVED_CURSOR.size
        saved = Cursor(
            saved_col,
            saved_row,
            bool(saved_flags & 2),
            bool(saved_flags & 1),
            saved_pen,
            Charsets.unpack(saved_charsets),
            bool(saved_flags & 4),
        )
    link, _ = read_link(payload, at)
    cursor = Cursor(col, row, bool(flags & 1), bool(flags & 2), pen, Charsets.unpack(charsets))
    return Screen(key, cursor, shape, saved, link, protected_mode, index, stack, history, page_count)
