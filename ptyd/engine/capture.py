"""The screen for programs and people: as text, as text with colours, as HTML, cell by cell."""

import html
import time
from collections.abc import Iterator
from typing import NamedTuple

from ptyd_protocol.capture import Cell, CellGrid, CellRow, Style

from ptyd.engine.pages import (
    DEFAULT_STYLE,
    KIND_GRAPHEME,
    KIND_MASK,
    PEN_MASK,
    SPACER_HEAD,
    SPACER_TAIL,
    WIDE,
    WIDTH_MASK,
    WIDTH_SHIFT,
    Link,
    Row,
    StyleBytes,
)
from ptyd.engine.rows import link_sequence
from ptyd.engine.sgr import protocol_style, sgr
from ptyd.engine.state import ALTERNATE, State

_LIGHT_GREY, _BLACK = "#cccccc", "#000000"
_ROWS_WITHOUT_PAUSE = 50


class Span(NamedTuple):
    text: str
    style: StyleBytes
    link: Link | None


def capture_text(state: State, join: bool) -> str:
    lines = (_plain(row) for row in _with_pauses(state.screen.rows))
    return _lines(state, lines, join)


def _plain(row: Row) -> str:
    text = row.simple_text()
    if text is None:
        text = "".join(span.text for span in spans(row))
    return text.replace("\0", " ")


def _lines(state: State, texts: Iterator[str], join: bool) -> str:
    out: list[str] = []
    for row, text in zip(state.screen.rows, texts, strict=True):
        if join and row.wrapped:
            out.append(text.ljust(row.page.cols) if len(text) < row.page.cols and text.isascii() else text)
        else:
            out.append(text.rstrip(" ") + "\n")
    text = "".join(out)
    return text if text.endswith("\n") else text + "\n"


def capture_vt(state: State, join: bool) -> str:
    return _lines(state, (_coloured(row) for row in _with_pauses(state.screen.rows)), join)


def _coloured(row: Row) -> str:
    out: list[str] = []
    pen, link = DEFAULT_STYLE, None
    for span in _without_blank_end(list(spans(row))):
        if span.link != link:
            link = span.link
            out.append(link_sequence(link))
        if span.style != pen:
            pen = span.style
            out.append(sgr(pen))
        out.append(span.text)
    if link:
        out.append(link_sequence(None))
    if pen != DEFAULT_STYLE:
        out.append(sgr(DEFAULT_STYLE))
    return "".join(out)


def _without_blank_end(found: list[Span]) -> list[Span]:
    while found and found[-1].style == DEFAULT_STYLE and not found[-1].link:
        last = found.pop()
        text = last.text.rstrip(" ")
        if text:
            found.append(last._replace(text=text))
            break
    return found


def capture_html(state: State) -> str:
    colours = _Colours(state)
    out = [f'<pre style="color:{colours.foreground};background-color:{colours.background}">']
    for row in _with_pauses(state.screen.rows):
        for span in _without_blank_end(list(spans(row))):
            text, css = html.escape(span.text), colours.css(span.style)
            if span.link:
                uri = span.link.uri.decode(errors="replace")
                # Only what a browser may well open: javascript: is a URI, too.
                if uri.lower().startswith(("http://", "https://", "mailto:")):
                    text = f'<a href="{html.escape(uri)}">{text}</a>'
            out.append(f'<span style="{css}">{text}</span>' if css else text)
        out.append("\n")
    out.append("</pre>\n")
    return "".join(out)


class _Colours:
    def __init__(self, state: State) -> None:
        self._palette = [f"#{state.original_palette[3 * index :][:3].hex()}" for index in range(256)]
        for index, rgb in state.palette.items():
            self._palette[index] = f"#{rgb.hex()}"
        foreground = state.foreground.override or state.foreground.default
        background = state.background.override or state.background.default
        self.foreground = f"#{foreground.hex()}" if foreground else _LIGHT_GREY
        self.background = f"#{background.hex()}" if background else _BLACK
        self._known: dict[StyleBytes, str] = {DEFAULT_STYLE: ""}

    def css(self, style: StyleBytes) -> str:
        if style not in self._known:
            self._known[style] = self._css(protocol_style(style))
        return self._known[style]

    def _css(self, style: Style) -> str:
        fg, bg = self._colour(style.fg), self._colour(style.bg)
        if style.inverse:
            fg, bg = bg or self.background, fg or self.foreground
        out = [f"color:{fg}"] if fg else []
        if bg:
            out.append(f"background-color:{bg}")
        if style.bold:
            out.append("font-weight:bold")
        if style.faint:
            out.append("opacity:0.6")
        if style.italic:
            out.append("font-style:italic")
        if style.invisible:
            out.append("visibility:hidden")
        lines = ["underline"] if style.underline != "none" else []
        lines += ["line-through"] if style.strikethrough else []
        lines += ["overline"] if style.overline else []
        if lines:
            out.append(f"text-decoration-line:{' '.join(lines)}")
            shape = {"double": "double", "curly": "wavy", "dotted": "dotted", "dashed": "dashed"}.get(style.underline)
            if shape:
                out.append(f"text-decoration-style:{shape}")
            if underline_colour := self._colour(style.underline_color):
                out.append(f"text-decoration-color:{underline_colour}")
        return ";".join(out)

    def _colour(self, colour: str | int | None) -> str | None:
        return self._palette[colour] if isinstance(colour, int) else colour


def capture_grid(state: State) -> CellGrid:
    numbers: dict[StyleBytes, int] = {DEFAULT_STYLE: 0}
    screen = state.screen
    return CellGrid(
        cols=state.cols,
        rows=[CellRow(cells=_cells(row, numbers), wrapped=row.wrapped) for row in _with_pauses(screen.rows)],
        scrollback=len(screen.rows) - state.rows,
        styles=[protocol_style(style) for style in numbers],
        cursor_col=screen.cursor.col,
        cursor_row=screen.cursor.row,
        cursor_visible=state.mode(25),
        alternate=state.active == ALTERNATE,
        title=state.title.decode(errors="replace"),
    )


def _cells(row: Row, numbers: dict[StyleBytes, int]) -> list[Cell]:
    found: list[Cell] = []
    written = 0
    for col, cell in enumerate(row.cells()):
        width = cell >> WIDTH_SHIFT & WIDTH_MASK
        if width == SPACER_TAIL:
            continue
        style, link = row.style(cell), row.link(cell)
        text = "" if width == SPACER_HEAD else row.character(col, cell)
        found.append(
            Cell(
                text=text,
                width=2 if width == WIDE else 1,
                style=numbers.setdefault(style, len(numbers)),
                link=link.uri.decode(errors="replace") if link else "",
            )
        )
        if text not in ("", " ") or style != DEFAULT_STYLE or link:
            written = len(found)
    return found[:written]


def spans(row: Row) -> Iterator[Span]:
    """Neighbours that are drawn alike; what was never written is a space."""
    text = row.plain_text()
    if text is not None:
        if text:
            yield Span(text.replace("\0", " "), DEFAULT_STYLE, None)
        return
    cells = row.cells()
    parts: list[str] = []
    key: int | None = None
    first = 0
    for col, cell in enumerate(cells):
        width = cell >> WIDTH_SHIFT & WIDTH_MASK
        if width == SPACER_TAIL:
            continue
        kind = cell & KIND_MASK
        now = cell if kind > KIND_GRAPHEME else cell & PEN_MASK & ~KIND_MASK & ~(WIDTH_MASK << WIDTH_SHIFT)
        if now != key and parts:
            yield Span("".join(parts), row.style(first), row.link(first))
            parts = []
        if not parts:
            key, first = now, cell
        parts.append("" if width == SPACER_HEAD else row.character(col, cell) or " ")
    if parts:
        yield Span("".join(parts), row.style(first), row.link(first))


def _with_pauses(rows: list[Row]) -> Iterator[Row]:
    """Lets the event loop's thread have the GIL now and then."""
    for number, row in enumerate(rows):
        if number % _ROWS_WITHOUT_PAUSE == 0:
            time.sleep(0)
        yield row
