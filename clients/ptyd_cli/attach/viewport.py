"""A session of another size than the outer terminal: what of its screen fits, painted from the daemon's cells.

Its output cannot be passed on: where the session wraps a line the terminal would not, or would elsewhere.
"""

from ptyd_protocol.capture import Cell, CellGrid, CellRow, Style

_BEGIN_FRAME, _END_FRAME = b"\x1b[?2026h", b"\x1b[?2026l"
_HIDE_CURSOR, _SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"
OUTSIDE = "·"
"""Fills what is not the session's, as in tmux."""

_ATTRIBUTES = {"bold": "1", "faint": "2", "italic": "3", "blink": "5", "inverse": "7", "invisible": "8"}
_MORE_ATTRIBUTES = {"strikethrough": "9", "overline": "53"}
_UNDERLINES = {"none": "", "single": "4", "double": "4:2", "curly": "4:3", "dotted": "4:4", "dashed": "4:5"}


class Viewport:
    """Paints grids; only lines that have changed since the last one. ``size``: (cols, rows) of the outer terminal."""

    def __init__(self) -> None:
        self._left = self._top = 0
        self._lines: list[bytes] = []
        self._title: str | None = None

    def forget(self) -> None:
        """The terminal shows something else now."""
        self._lines = []
        self._title = None

    def paint(self, grid: CellGrid, size: tuple[int, int]) -> bytes:
        """What to write to the terminal, so that it shows the part of the screen that has the cursor in it."""
        cols, rows = size
        screen = grid.rows[grid.scrollback :]
        self._left = _follow(self._left, grid.cursor_col, cols, grid.cols)
        self._top = _follow(self._top, grid.cursor_row, rows, len(screen))
        styles = [_sgr(style) for style in grid.styles]
        shown = screen[self._top : self._top + rows]
        lines = [_paint_row(row, styles, self._left, min(cols, grid.cols - self._left)) for row in shown]
        margin = OUTSIDE * max(0, cols - grid.cols)
        lines = [line + _outside(margin) for line in lines]
        lines += [_outside(OUTSIDE * cols)] * (rows - len(lines))
        before = self._lines if len(self._lines) == rows else [b""] * rows
        changed = [
            b"\x1b[%d;1H" % number + line
            for number, (line, old) in enumerate(zip(lines, before, strict=True), 1)
            if line != old
        ]
        self._lines = lines
        cursor = b"\x1b[%d;%dH" % (grid.cursor_row - self._top + 1, grid.cursor_col - self._left + 1)
        return b"".join(
            [
                _BEGIN_FRAME + _HIDE_CURSOR,
                *changed,
                self._say_title(grid.title),
                cursor,
                _SHOW_CURSOR if grid.cursor_visible else b"",
                _END_FRAME,
            ]
        )

    def _say_title(self, title: str) -> bytes:
        if title == self._title:
            return b""
        self._title = title
        return b"\x1b]2;" + title.encode() + b"\x1b\\"


def _follow(start: int, cursor: int, length: int, whole: int) -> int:
    """Where a window of ``length`` begins, moved no further than the cursor demands."""
    start = min(max(start, cursor - length + 1), cursor)
    return max(0, min(start, whole - length))


def _outside(text: str) -> bytes:
    return f"\x1b[0;2m{text}\x1b[0m".encode() if text else b""


def _paint_row(row: CellRow, styles: list[str], left: int, cols: int) -> bytes:
    """Columns ``left`` to ``left + cols`` of a row. A wide character that is cut by either edge leaves blanks."""
    out: list[str] = ["\x1b[0m"]
    style = 0
    col = 0
    end = left + cols
    for cell in row.cells:
        begin, col = col, col + cell.width
        if col <= left:
            continue
        if begin >= end:
            break
        if cell.style != style:
            style = cell.style
            out.append(styles[style] if style < len(styles) else "\x1b[0m")
        out.append(_show(cell) if begin >= left and col <= end else " " * (min(col, end) - max(begin, left)))
    out.append("\x1b[0m" + " " * max(0, end - max(col, left)))
    return "".join(out).encode()


def _show(cell: Cell) -> str:
    return cell.text or " " * cell.width


def _sgr(style: Style) -> str:
    """The sequence that sets ``style`` and nothing else."""
    codes = ["0"]
    codes += [code for name, code in (_ATTRIBUTES | _MORE_ATTRIBUTES).items() if getattr(style, name)]
    if _UNDERLINES[style.underline]:
        codes.append(_UNDERLINES[style.underline])
    codes += [
        f"{base};{_colour(colour)}"
        for base, colour in ((38, style.fg), (48, style.bg), (58, style.underline_color))
        if colour is not None
    ]
    return f"\x1b[{';'.join(codes)}m"


def _colour(colour: str | int) -> str:
    if isinstance(colour, int):
        return f"5;{colour}"
    return f"2;{int(colour[1:3], 16)};{int(colour[3:5], 16)};{int(colour[5:7], 16)}"
