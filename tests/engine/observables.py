"""All that can be seen or asked of a terminal, to compare two of them."""

from dataclasses import replace
from typing import Any

from ptyd.engine.pages import (
    DEFAULT_STYLE,
    SPACER_HEAD,
    SPACER_TAIL,
    WIDE,
    WIDTH_MASK,
    WIDTH_SHIFT,
    Row,
)
from ptyd.engine.sgr import background_alone, shows_on_blanks
from ptyd.engine.state import MODES, Charsets, Cursor, Screen, State
from ptyd.engine.terminal import GhosttyEngine

# 2026 and 2048 are never in a snapshot, 3 would clear the screen, 1048 is an action. 47 may be set beside 1049, to get
# at a cursor of the main screen that is not the saved one.
UNCOMPARED_MODES = {3, 47, 1048, 2026, 2048, 5522}
QUESTIONS = {
    "pen": b"\x1bP$qm\x1b\\",
    "margins": b"\x1bP$qr\x1b\\",
    "shape": b"\x1bP$q q\x1b\\",
    "position": b"\x1b[6n",
    "keyboard": b"\x1b[?u",
    "colours": b"\x1b]10;?\x07\x1b]11;?\x07\x1b]12;?\x07\x1b]4;1;?\x07\x1b]4;200;?\x07",
}


def observe(engine: GhosttyEngine, scrollback: int = -1) -> dict[str, Any]:
    """Questions come last, because in the middle of a sequence they end it."""
    state = engine._state(scrollback)
    return {**observe_state(state), "title": engine.title, "continuation": state.continuation}


def ask(engine: GhosttyEngine) -> dict[str, bytes]:
    engine.feed(b"\x18")
    return {name: engine.feed(question) for name, question in QUESTIONS.items()}


def observe_state(state: State) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "size": (state.cols, state.rows),
        "margins": (state.top, state.bottom, state.left, state.right),
        "active": state.active,
        "tabs": state.tab_stops,
        "palette": state.palette,
        "colours": (state.foreground, state.background, state.cursor_colour),
        "directory": state.working_directory.rstrip(b"\0"),
        "modify_other_keys": state.modify_other_keys,
        "mouse": (state.mouse_event, state.mouse_format),
    }
    for index, (number, ansi) in enumerate(MODES):
        if ansi or number not in UNCOMPARED_MODES:
            seen[f"mode {'' if ansi else '?'}{number}"] = state.modes >> index & 1
            seen[f"saved mode {'' if ansi else '?'}{number}"] = state.saved_modes >> index & 1
    for key, screen in state.screens.items():
        if key == state.active or key == 0:
            seen |= {f"{('main', 'alternate')[key]} {name}": value for name, value in _screen(state, screen).items()}
    return seen


def _screen(state: State, screen: Screen) -> dict[str, Any]:
    is_active = screen.key == state.active
    first = len(screen.rows) - state.rows
    seen: dict[str, Any] = {
        "rows": [_row(row) for row in screen.rows[first:]],
        "wraps": [row.wrapped for row in screen.rows[first:-1]],
        "scrollback": [_row(row) for row in screen.rows[:first]],
        "scrollback wraps": [row.wrapped for row in screen.rows[:first]],
        "keyboard": _keyboard(screen),
        # ... and without a single shift, which would be lost with the next character anyway.
        "saved cursor": _cursor(
            replace(screen.saved_cursor, charsets=replace(screen.saved_cursor.charsets, single_shift=None))
        )
        if screen.saved_cursor
        else None,
    }
    if is_active:
        seen |= {
            "cursor": _cursor(screen.cursor),
            "shape": screen.cursor_shape,
            "link": screen.link and (screen.link.name, screen.link.uri),
            "erases only what is not protected": screen.protected_mode == 1,
        }
    return seen


def _keyboard(screen: Screen) -> list[int]:
    """What popping one after the other shows."""
    flags, index = list(screen.keyboard_stack), screen.keyboard_index
    return [flags[(index - step) % len(flags)] for step in range(len(flags))]


def _cursor(cursor: Cursor) -> tuple[Any, ...]:
    return (
        cursor.col,
        cursor.row,
        cursor.pending_wrap,
        cursor.protected,
        cursor.pen.hex(),
        _charsets(cursor.charsets),
        cursor.origin,
    )


def _charsets(charsets: Charsets) -> tuple[Any, ...]:
    """ASCII (1) and UTF-8 (0) are the same for what is in the screen."""
    return (
        tuple(number if number > 1 else 0 for number in charsets.sets),
        charsets.left,
        charsets.right,
        charsets.single_shift,
    )


def _row(row: Row) -> list[tuple[str, str, Any, bool]]:
    """(text, style, link, protected) of each cell, but for blank ones at the end. A blank is a space, and of its style
    only what shows."""
    seen = []
    for col, cell in enumerate(row.cells()):
        width = cell >> WIDTH_SHIFT & WIDTH_MASK
        if width == SPACER_TAIL:
            is_blank = seen and seen[-1][0] == " "
            seen.append(seen[-1] if is_blank else ("", "", None, False))
            continue
        if width == SPACER_HEAD:
            # Has the style of what follows if it was printed, and none if it comes from a change of size.
            seen.append((" ", DEFAULT_STYLE.hex(), None, False))
            continue
        style, link = row.style(cell), row.link(cell)
        text = row.character(col, cell) or " "
        if text[0] == " " and width == WIDE:
            text = " "  # of a character that a charset does not have; printed as two
        if text == " " and not shows_on_blanks(style):
            style = background_alone(style)
        seen.append((text, style.hex(), link and (link.name, link.uri), bool(cell >> 44 & 1)))
    while seen and seen[-1] == (" ", DEFAULT_STYLE.hex(), None, False):
        seen.pop()
    return seen


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {key: (one.get(key), other.get(key)) for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
