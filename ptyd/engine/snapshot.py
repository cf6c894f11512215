"""A terminal's state as control sequences that rebuild it in a fresh terminal of the same size."""

from dataclasses import replace

from ptyd.engine.pages import DEFAULT_STYLE, SPACER_TAIL, WIDE, WIDTH_MASK, WIDTH_SHIFT, Row
from ptyd.engine.rows import DEC_PROTECTION, ISO_PROTECTION, Formatter, RowWriter
from ptyd.engine.sgr import has_background, sgr
from ptyd.engine.state import ALTERNATE, MODES, PRIMARY, Charsets, Cursor, DynamicColour, Screen, State

_TAB_WIDTH = 8
_SCREEN_MODES = (1049, 1047, 47)
_NEVER_SET = {
    *_SCREEN_MODES,
    1048,  # an action
    3,  # clears the screen
    2026,  # would hold the picture back
    2048,  # would make the terminal report its size
    5522,
}
# Each in effect after all is printed: they change how it is done.
_INSERT, _WRAPAROUND, _ORIGIN, _MARGINS, _BLINKING, _CLUSTERS = 4, 7, 6, 69, 12, 2027
_PLACED_LATER = {_WRAPAROUND, _ORIGIN, _MARGINS, _CLUSTERS}
_MOUSE_EVENTS = (9, 1000, 1002, 1003)
_MOUSE_FORMATS = (1005, 1006, 1015, 1016)
_DESIGNATORS, _SET_NAMES = "()*+", {1: "B", 2: "A", 3: "0"}
_LEFT_SHIFTS = {1: "\x0e", 2: "\x1bn", 3: "\x1bo"}
_RIGHT_SHIFTS = {1: "\x1b~", 3: "\x1b|"}
_SINGLE_SHIFTS = {2: "\x1bN", 3: "\x1bO"}
_FRESH_CHARSETS = Charsets((0, 0, 0, 0), 0, 2, None)
_BAR, _BLOCK, _UNDERLINE = 0, 1, 2
_SHAPE_NUMBERS = {_BLOCK: 1, _UNDERLINE: 3, _BAR: 5}
_ISO_PROTECTION = 1


def write_snapshot(state: State, formatter: Formatter | None) -> bytes:
    """``state`` has as many lines of scrollback as shall be in it; ``formatter`` prints those of the main screen,
    counted from the first in ``state``. Nothing in the snapshot asks the terminal a question."""
    return _SnapshotWriter(state, formatter).write()


class _SnapshotWriter:
    def __init__(self, state: State, formatter: Formatter | None) -> None:
        self._state = state
        self._formatter = formatter
        self._rows = RowWriter()
        self._out = self._rows.out
        self._has_shape = False

    def write(self) -> bytes:
        state = self._state
        self._write_names_and_colours()
        self._write_saved_modes()
        self._write_hidden_alternate()
        main = state.screens[PRIMARY]
        if state.active == ALTERNATE:
            self._write_main_under_alternate(main)
            self._choose_protection(state.screen)
            self._rows.write_rows(state.screen.rows, state.cols)
        else:
            self._write_main(main)
        self._write_tab_stops()
        if state.screen.saved_cursor:
            self._write_saved_cursor(state.screen)
        self._write_keyboard_stack(state.screen)
        self._write_modes()
        self._write_shape(state.screen)
        self._write_margins()
        self._place_cursor_for_good(state.screen)
        self._write_late_modes()
        self._write_charsets(state.screen.cursor.charsets)
        self._out.append(_SINGLE_SHIFTS.get(state.screen.cursor.charsets.single_shift or 0, ""))
        return self._rows.take() + state.continuation

    # --- of the whole terminal ---

    def _write_names_and_colours(self) -> None:
        state, out = self._state, self._out
        if state.title:
            out.append(f"\x1b]2;{state.title.decode(errors='surrogateescape')}\x1b\\")
        directory = state.working_directory.rstrip(b"\0")
        if directory:
            out.append(f"\x1b]7;{directory.decode(errors='surrogateescape')}\x1b\\")
        for index, rgb in state.palette.items():
            out.append(f"\x1b]4;{index};{_rgb(rgb)}\x1b\\")
        dynamic: tuple[tuple[int, DynamicColour], ...] = (
            (10, state.foreground),
            (11, state.background),
            (12, state.cursor_colour),
        )
        for number, colour in dynamic:
            if colour.override:
                out.append(f"\x1b]{number};{_rgb(colour.override)}\x1b\\")

    def _write_saved_modes(self) -> None:
        """XTSAVE of each that is not as in a fresh terminal."""
        state = self._state
        for number in _differing(state.saved_modes, state.default_modes):
            if number not in _NEVER_SET:
                saved = state.saved_modes >> MODES.index((number, False)) & 1
                self._out.append(f"\x1b[?{number}{'lh'[saved]}\x1b[?{number}s\x1b[?{number}{'hl'[saved]}")

    def _write_tab_stops(self) -> None:
        stops = self._state.tab_stops
        if stops != list(range(_TAB_WIDTH, self._state.cols, _TAB_WIDTH)):
            self._out.append("\x1b[3g" + "".join(f"\x1b[{col + 1}G\x1bH" for col in stops))

    def _write_modes(self) -> None:
        state, out = self._state, self._out
        for index, (number, ansi) in enumerate(MODES):
            now, fresh = state.modes >> index & 1, state.default_modes >> index & 1
            if now == fresh or (not ansi and number in _NEVER_SET | _PLACED_LATER) or (ansi and number == _INSERT):
                continue
            out.append(f"\x1b[{'' if ansi else '?'}{number}{'lh'[now]}")
        self._write_mouse(_MOUSE_EVENTS, state.mouse_event)
        self._write_mouse(_MOUSE_FORMATS, state.mouse_format)
        if state.modify_other_keys:
            out.append("\x1b[>4;2m")

    def _write_mouse(self, numbers: tuple[int, ...], chosen: int) -> None:
        """Several may be set, of which the last rules; or none, if the last was reset."""
        are_set = [number for number in numbers if self._state.mode(number)]
        if chosen and are_set and numbers[chosen - 1] != are_set[-1]:
            self._out.append(f"\x1b[?{numbers[chosen - 1]}h")
        elif not chosen and are_set:
            other = next((number for number in numbers if number not in are_set), None)
            if other:
                self._out.append(f"\x1b[?{other}h\x1b[?{other}l")

    def _write_margins(self) -> None:
        state, out = self._state, self._out
        if state.mode(_MARGINS):
            out.append(f"\x1b[?{_MARGINS}h")
        if (state.top, state.bottom) != (0, state.rows - 1):
            out.append(f"\x1b[{state.top + 1};{state.bottom + 1}r")
        if (state.left, state.right) != (0, state.cols - 1):
            out.append(f"\x1b[{state.left + 1};{state.right + 1}s")
        if state.mode(_ORIGIN):
            out.append(f"\x1b[?{_ORIGIN}h")

    def _write_late_modes(self) -> None:
        state, out = self._state, self._out
        if not state.mode(_WRAPAROUND):
            out.append(f"\x1b[?{_WRAPAROUND}l")
        if state.mode(_CLUSTERS):
            out.append(f"\x1b[?{_CLUSTERS}h")
        if state.mode(_INSERT, ansi=True):
            out.append(f"\x1b[{_INSERT}h")

    # --- of one screen ---

    def _write_hidden_alternate(self) -> None:
        """The alternate screen while the main one is shown: mode 47 comes back to it as it is."""
        state, out = self._state, self._out
        for number in _SCREEN_MODES:
            # Set, though the screen was left by another of them.
            if state.active == PRIMARY and state.mode(number):
                other = 47 if number != 47 else 1047
                out.append(f"\x1b[?{number}h\x1b[?{other}l")
        screen = state.screens.get(ALTERNATE)
        if state.active == ALTERNATE or screen is None:
            return
        if not any(screen.keyboard_stack) and not screen.saved_cursor and not any(len(row) for row in screen.rows):
            return
        number = 1047 if state.mode(47) else 47
        out.append(f"\x1b[?{number}h\x1b[H")
        self._choose_protection(screen)
        if number == 47:
            self._rows.write_rows(screen.rows, state.cols)
        if screen.saved_cursor:
            self._write_saved_cursor(screen)
        self._write_keyboard_stack(screen)
        out.append(f"\x1b[?{number}l\x1b[H")

    def _write_main(self, main: Screen) -> None:
        self._choose_protection(main)
        self._rows.write_rows(main.rows, self._state.cols, self._formatter, len(main.rows) - self._state.rows)

    def _write_main_under_alternate(self, main: Screen) -> None:
        state, out = self._state, self._out
        self._write_main(main)
        self._write_keyboard_stack(main)
        self._write_shape(main)
        entered_by = [number for number in _SCREEN_MODES if state.mode(number)] or [47]
        cursor = main.cursor
        if entered_by[0] == 1049 and main.saved_cursor:
            # 1049 saves the cursor to come back to, and that may have been left behind by a change of size.
            if _place(main.saved_cursor) != _place(cursor):
                self._enter_alternate(main, main.saved_cursor, [1049])
                out.append("\x1b[?47l")
                entered_by = [47]
            else:
                cursor = main.saved_cursor
        elif main.saved_cursor:
            self._write_saved_cursor(main)
        self._enter_alternate(main, cursor, entered_by)

    def _enter_alternate(self, main: Screen, cursor: Cursor, modes: list[int]) -> None:
        out = self._out
        if cursor.origin:
            out.append(f"\x1b[?{_ORIGIN}h")
        self._place_cursor(main, cursor)
        self._write_pen(cursor)
        out.append("".join(f"\x1b[?{number}h" for number in modes))
        if cursor.origin:
            out.append(f"\x1b[?{_ORIGIN}l")
        self._clear_pen(cursor)
        if has_background(cursor.pen):
            out.append("\x1b[2J")
        out.append("\x1b[H")

    def _choose_protection(self, screen: Screen) -> None:
        """Where ISO's kind was used last, all erasing heeds it."""
        self._rows.protection = DEC_PROTECTION
        if screen.protected_mode == _ISO_PROTECTION:
            self._rows.protection = ISO_PROTECTION
            self._out += ISO_PROTECTION

    def _write_saved_cursor(self, screen: Screen) -> None:
        cursor = screen.saved_cursor
        if cursor is None:
            return
        if cursor.origin:
            self._out.append(f"\x1b[?{_ORIGIN}h")
        self._place_cursor(screen, cursor)
        self._write_pen(cursor)
        self._out.append("\x1b7")
        if cursor.origin:
            self._out.append(f"\x1b[?{_ORIGIN}l")
        self._clear_pen(cursor)
        if cursor.pending_wrap and len(self._line(screen, cursor.row)) <= cursor.col:
            # A blank was printed where nothing was; they differ when lines flow anew.
            self._place_cursor(screen, replace(cursor, pending_wrap=False))
            self._out.append("\x1b[X")

    def _line(self, screen: Screen, row: int) -> Row:
        return screen.rows[len(screen.rows) - self._state.rows + min(row, self._state.rows - 1)]

    def _place_cursor(self, screen: Screen, cursor: Cursor, in_margins: bool = False) -> None:
        state = self._state
        col, row = min(cursor.col, state.cols - 1), min(cursor.row, state.rows - 1)
        line = self._line(screen, row)
        if cursor.pending_wrap:
            # Only printing the last character once more gets the cursor into this state.
            cells = line.cells()
            if col < len(cells) and cells[col] >> WIDTH_SHIFT & WIDTH_MASK == SPACER_TAIL:
                col -= 1
        left, top = (state.left, state.top) if in_margins and state.mode(_ORIGIN) else (0, 0)
        self._out.append(f"\x1b[{row - top + 1};{col - left + 1}H")
        if cursor.pending_wrap:
            self._rows.write_cell(line, col)
            if not in_margins:
                self._rows.reset()

    def _place_cursor_for_good(self, screen: Screen) -> None:
        """And set the pen, and print the last printed character once more if it is the one before the cursor: REP
        repeats that. Some terminals do so only if nothing comes between, so all else is set before, if it can be."""
        state, cursor = self._state, screen.cursor
        line = self._line(screen, cursor.row)
        col, cells = cursor.col - (0 if cursor.pending_wrap else 1), line.cells()
        if 0 < col < len(cells) and cells[col] >> WIDTH_SHIFT & WIDTH_MASK == SPACER_TAIL:
            col -= 1
        character = ""
        if 0 <= col < len(cells):
            is_wide = cells[col] >> WIDTH_SHIFT & WIDTH_MASK == WIDE
            if cursor.col - col == 1 + is_wide:
                character = line.character(col, cells[col])
        if cursor.pending_wrap or not character or character != state.previous_character:
            self._place_cursor(screen, cursor, in_margins=True)
        else:
            left, top = (state.left, state.top) if state.mode(_ORIGIN) else (0, 0)
            self._out.append(f"\x1b[{cursor.row - top + 1};{col - left + 1}H")
            self._rows.write_cell(line, col)
        self._rows.set_pen(cursor.pen, screen.link, cursor.protected)

    def _write_pen(self, cursor: Cursor) -> None:
        out = self._out
        if cursor.pen != DEFAULT_STYLE:
            out.append(sgr(cursor.pen))
        if cursor.protected:
            out.append(self._rows.protection[0])
        self._write_charsets(cursor.charsets)

    def _write_charsets(self, charsets: Charsets) -> None:
        out = self._out
        for designator, number in zip(_DESIGNATORS, charsets.sets, strict=True):
            if number:
                out.append(f"\x1b{designator}{_SET_NAMES[number]}")
        out.append(_LEFT_SHIFTS.get(charsets.left, ""))
        out.append(_RIGHT_SHIFTS.get(charsets.right, ""))

    def _clear_pen(self, cursor: Cursor) -> None:
        """To what the RowWriter expects, after _write_pen of that cursor."""
        if cursor.pen != DEFAULT_STYLE:
            self._out.append("\x1b[0m")
        if cursor.protected:
            self._out.append(self._rows.protection[1])
        if cursor.charsets != _FRESH_CHARSETS:
            self._out.append("\x1b(B\x1b)B\x1b*B\x1b+B\x0f\x1b}")

    def _write_keyboard_stack(self, screen: Screen) -> None:
        """The kitty protocol's: a ring of eight, of which all above the current one are 0 unless it went around."""
        index, flags = screen.keyboard_index, list(screen.keyboard_stack)
        if any(flags[index + 1 :]):
            pushed = flags[index + 1 :] + flags[: index + 1]
        else:
            pushed = flags[1 : index + 1]
            if flags[0]:
                self._out.append(f"\x1b[={flags[0]};1u")
        self._out += [f"\x1b[>{flag}u" for flag in pushed]

    def _write_shape(self, screen: Screen) -> None:
        state = self._state
        if state.cursor_is_default and screen.cursor_shape == _BLOCK and not self._has_shape:
            return
        if state.cursor_is_default and screen is state.screen:
            self._out.append("\x1b[0 q")
            if state.mode(_BLINKING):
                self._out.append(f"\x1b[?{_BLINKING}h")
            return
        number = _SHAPE_NUMBERS.get(screen.cursor_shape, 1)
        self._out.append(f"\x1b[{number if state.mode(_BLINKING) else number + 1} q")
        self._has_shape = True


def _place(cursor: Cursor) -> tuple[int, int, bool]:
    return cursor.col, cursor.row, cursor.pending_wrap


def _differing(modes: int, other: int) -> list[int]:
    return [number for index, (number, ansi) in enumerate(MODES) if not ansi and (modes ^ other) >> index & 1]


def _rgb(colour: bytes) -> str:
    return "rgb:{:02x}/{:02x}/{:02x}".format(*colour)
