"""The engine: one terminal of libghostty-vt."""

import gc
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from ptyd_protocol.capture import CellGrid
from ptyd_protocol.messages import Appearance
from ptyd_protocol.version import __version__

from ptyd.core.screen.engine import EngineStateDamaged
from ptyd.engine import capture
from ptyd.engine.raw import Answers, LibraryRefused, RawTerminal, library_version
from ptyd.engine.repair import erase_cut_characters, has_cut_characters
from ptyd.engine.rows import Formatter
from ptyd.engine.snapshot import write_snapshot
from ptyd.engine.state import PRIMARY, FormatMoved, State, encode_whole, encode_without_history, read_state

SCROLLBACK_MAX_BYTES = 64 * 1024 * 1024
"""The library's default is 10,000, which would make 900 lines of 10,000."""
CELLS_OF_A_PAGE = 50_000
"""Somewhat more than the library's: where there are too many lines it drops a whole page of them."""
CONTINUATION_MAX_BYTES = 1024 * 1024
"""How much of a sequence that has begun is kept, to begin it anew elsewhere."""
ROWS_WORTH_A_FORMATTER = 100
IMAGES_MAX_BYTES = 0
"""Programs are told that there are no images: a snapshot could not carry them."""
TERMINFO_NAME = b"xterm-256color"
LIGHT_GREY, BLACK = 0xCCCCCC, 0x000000
_DARK_LUMINANCE = 128

MODES_NOT_IN_SNAPSHOTS = (2026, 2048)

# What an endless sequence is turned into: one that means nothing, whose end comes with that of the old one.
_MEANINGLESS = b"\x18\x1b]5555;"
_LEAVE_ALTERNATE = b"\x18\x1b[?1047h\x1b[?1047l"
_EXTENDED_POSITION_QUERY = b"\x1b[?6n"
_POSITION_QUERY = b"\x1b[6n"
_SAVED = struct.Struct("<8sIIHH??")
_SAVED_MAGIC = b"ptyden01"


@contextmanager
def _without_collections() -> Iterator[None]:
    """A garbage collection amid ten thousand rows looks at each of them, and holds the GIL for 17 ms."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class GhosttyEngine:
    """Implements ptyd.core.screen.engine.Engine."""

    def __init__(self, raw: RawTerminal, answers: Answers, scrollback_lines: int) -> None:
        self._raw = raw
        self._answers = answers
        self._scrollback_lines = scrollback_lines
        self._end_of_last_feed = b""
        self._prepare(raw)

    def _prepare(self, raw: RawTerminal) -> None:
        raw.set_scrollback(self._scrollback_lines + CELLS_OF_A_PAGE // raw.cols, SCROLLBACK_MAX_BYTES)
        raw.set_continuation_max_bytes(CONTINUATION_MAX_BYTES)
        raw.set_kitty_image_limit(IMAGES_MAX_BYTES)
        raw.set_terminfo_name(TERMINFO_NAME)

    @property
    def title(self) -> str:
        return self._raw.title.decode(errors="replace")

    @property
    def size(self) -> tuple[int, int]:
        return self._raw.cols, self._raw.rows

    @property
    def lines_to_fill(self) -> int:
        cols, rows = self._raw.cols, self._raw.rows
        return self._scrollback_lines + CELLS_OF_A_PAGE // cols + rows

    @property
    def brackets_pastes(self) -> bool:
        return self._state(0).mode(2004)

    def is_in_plain_text(self) -> bool:
        state = self._state(0)
        margins = (state.top, state.bottom, state.left, state.right)
        # Where one link is on very many cells the library leaves it out on some, and which depends on all before.
        return not state.continuation and not state.screen.link and margins == (0, state.rows - 1, 0, state.cols - 1)

    def feed(self, data: bytes | memoryview) -> bytes:
        tail = self._end_of_last_feed
        around = tail + bytes(data)
        self._end_of_last_feed = around[1 - len(_EXTENDED_POSITION_QUERY) :]
        if around.rfind(_EXTENDED_POSITION_QUERY) < 0:  # several times as fast as find
            self._raw.feed(data)
            return self._raw.take_replies()
        return self._feed_with_queries(around, len(tail), around.find(_EXTENDED_POSITION_QUERY))

    def _feed_with_queries(self, around: bytes, start: int, found: int) -> bytes:
        """The library does not answer DECXCPR, but it does CPR. ``start``: where what is new begins."""
        replies = b""
        while found >= 0:
            end = found + len(_EXTENDED_POSITION_QUERY)
            self._raw.feed(around[start:end])
            replies += self._raw.take_replies()
            self._raw.feed(_POSITION_QUERY)
            replies += self._raw.take_replies().replace(b"\x1b[", b"\x1b[?")
            start = end
            found = around.find(_EXTENDED_POSITION_QUERY, end)
        self._raw.feed(around[start:])
        return replies + self._raw.take_replies()

    def resize(self, cols: int, rows: int) -> bytes:
        if cols < self._raw.cols:
            self._erase_cut_characters(cols)
        self._limit_scrollback(min(cols, self._raw.cols))
        self._raw.resize(cols, rows)
        self._limit_scrollback(cols)
        return self._raw.take_replies()

    def _erase_cut_characters(self, cols: int) -> None:
        """The alternate screen does not flow anew: it is cut. The library leaves the left halves of wide characters at
        the margin then, and refuses to encode them."""
        if has_cut_characters(self._state(0), cols):
            state = self._state(-1)
            erase_cut_characters(state, cols)
            self._rebuild(state)

    def _rebuild(self, state: State) -> None:
        """Become what ``state`` says, which was changed."""
        raw = RawTerminal.create(state.cols, state.rows, self._answers)
        self._prepare(raw)
        if state.foreground.default:
            raw.set_foreground(int.from_bytes(state.foreground.default))
        if state.background.default:
            raw.set_background(int.from_bytes(state.background.default))
        if state.cursor_colour.default:
            raw.set_cursor_colour(int.from_bytes(state.cursor_colour.default))
        palette = state.original_palette
        raw.set_palette([int.from_bytes(palette[at : at + 3]) for at in range(0, len(palette), 3)])
        continuation, state.continuation = state.continuation, b""
        raw.feed(write_snapshot(state, None))
        raw.feed(b"".join(b"\x1b[?%dh" % mode for mode in MODES_NOT_IN_SNAPSHOTS if state.mode(mode)))
        raw.feed(continuation)
        raw.take_replies()
        self._raw.close()
        self._raw = raw

    def _limit_scrollback(self, cols: int) -> None:
        self._raw.set_scrollback(self._scrollback_lines + CELLS_OF_A_PAGE // cols, SCROLLBACK_MAX_BYTES)

    def show(self, appearance: Appearance) -> bytes:
        raw, answers = self._raw, self._answers
        background = BLACK if appearance.background is None else appearance.background
        raw.set_foreground(LIGHT_GREY if appearance.foreground is None else appearance.foreground)
        raw.set_background(background)
        raw.set_cursor_colour(appearance.cursor)
        raw.set_palette(list(appearance.palette))
        answers.dark = _is_dark(background) if appearance.dark is None else appearance.dark
        cell = (appearance.cell_width or answers.cell_width, appearance.cell_height or answers.cell_height)
        if cell != (answers.cell_width, answers.cell_height):
            answers.cell_width, answers.cell_height = cell
            raw.resize(raw.cols, raw.rows)
        return raw.take_replies()

    @_without_collections()
    def snapshot(self, scrollback: int) -> bytes:
        state = self._state(scrollback)
        if len(state.screens[PRIMARY].rows) - state.rows < ROWS_WORTH_A_FORMATTER:
            return write_snapshot(state, None)
        if state.active == PRIMARY:
            return write_snapshot(state, _formatter(self._raw, state))
        main = self._copy_of_main()
        try:
            return write_snapshot(state, _formatter(main, state))
        finally:
            main.close()

    def _copy_of_main(self) -> RawTerminal:
        """The library prints only what is shown: a copy where the alternate screen was left."""
        copy = RawTerminal.decode(self._encode(), _fresh_answers(), CONTINUATION_MAX_BYTES)
        copy.feed(_LEAVE_ALTERNATE)
        return copy

    @_without_collections()
    def text(self, scrollback: int, join: bool = False) -> str:
        return capture.capture_text(self._state(scrollback), join)

    @_without_collections()
    def vt(self, scrollback: int, join: bool = False) -> str:
        return capture.capture_vt(self._state(scrollback), join)

    @_without_collections()
    def html(self, scrollback: int) -> str:
        return capture.capture_html(self._state(scrollback))

    @_without_collections()
    def grid(self, scrollback: int) -> CellGrid:
        return capture.capture_grid(self._state(scrollback))

    def save(self, *, history: bool = True) -> bytes:
        encoded = self._encode(history)
        answers = self._answers
        head = _SAVED.pack(
            _SAVED_MAGIC,
            zlib.crc32(encoded),
            self._scrollback_lines,
            answers.cell_width,
            answers.cell_height,
            answers.dark,
            history,
        )
        return head + encoded

    def _encode(self, history: bool = True) -> bytes:
        encode = encode_whole if history else encode_without_history
        encoded = encode(self._raw)
        if encoded is None:
            self._end_long_sequence()
            encoded = encode(self._raw)
        return encoded or b""

    def compress(self) -> None:
        self._raw.compress()

    def close(self) -> None:
        self._raw.close()

    def _state(self, scrollback: int) -> State:
        state = read_state(self._raw, scrollback)
        if state is None:
            self._end_long_sequence()
            state = read_state(self._raw, scrollback)
        if state is None:
            raise FormatMoved("no snapshot outside of a sequence")
        return state

    def _end_long_sequence(self) -> None:
        self._raw.feed(_MEANINGLESS)


class GhosttyEngineMaker:
    """Implements ptyd.core.screen.engine.EngineMaker."""

    def __init__(self) -> None:
        self._name = f"libghostty-vt {library_version()} (pyghostty {version('pyghostty')})"

    @property
    def name(self) -> str:
        return self._name

    def create(self, cols: int, rows: int, scrollback_lines: int) -> GhosttyEngine:
        answers = _fresh_answers()
        raw = RawTerminal.create(cols, rows, answers)
        raw.set_foreground(LIGHT_GREY)
        raw.set_background(BLACK)
        return GhosttyEngine(raw, answers, scrollback_lines)

    def restore(self, state: bytes) -> GhosttyEngine:
        try:
            magic, checksum, lines, cell_width, cell_height, dark, history = _SAVED.unpack_from(state)
        except struct.error as error:
            raise EngineStateDamaged(str(error)) from error
        encoded = state[_SAVED.size :]
        if magic != _SAVED_MAGIC or zlib.crc32(encoded) != checksum:
            raise EngineStateDamaged("not what this version saved, or not all of it")
        answers = _fresh_answers()
        answers.cell_width, answers.cell_height, answers.dark = cell_width, cell_height, dark
        try:
            raw = RawTerminal.decode(encoded, answers, CONTINUATION_MAX_BYTES, has_history=history)
        except LibraryRefused as error:
            raise EngineStateDamaged(str(error)) from error
        return GhosttyEngine(raw, answers, lines)


def _formatter(raw: RawTerminal, state: State) -> Formatter:
    """For ``state``, whose main screen is the one that ``raw`` shows."""
    above = raw.scrollback_rows + state.rows - len(state.screens[PRIMARY].rows)

    def formatter(first: int, last: int) -> bytes:
        return raw.format_rows(above + first, above + last, "vt", join=True, trim=False)

    return formatter


def _fresh_answers() -> Answers:
    return Answers(version=f"ptyd {__version__}".encode())


def _is_dark(colour: int) -> bool:
    red, green, blue = colour >> 16, colour >> 8 & 255, colour & 255
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < _DARK_LUMINANCE
