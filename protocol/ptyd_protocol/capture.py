"""The request for a screen: as text, with styles, or cell by cell."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol.messages import SessionRef

CaptureFormat = Literal["text", "vt", "html", "cells", "terminal"]


class CaptureParams(Struct, frozen=True, kw_only=True):
    """The screen; ``scrollback`` is how many lines above it to add (-1: all that is kept).

    ``format``: "text"; "vt", text with SGR sequences; "html"; "cells"; "terminal", all that rebuilds the screen in a
    fresh terminal.
    ``join``: a line that the terminal wrapped is one line of text.
    """

    session: SessionRef = ""
    scrollback: Annotated[int, Meta(ge=-1)] = 0
    format: CaptureFormat = "text"
    join: bool = False


class Style(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How cells are drawn. Colours: "#rrggbb", or the number of a palette entry; None for the terminal's own."""

    fg: str | int | None = None
    bg: str | int | None = None
    bold: bool = False
    faint: bool = False
    italic: bool = False
    underline: Literal["none", "single", "double", "curly", "dotted", "dashed"] = "none"
    underline_color: str | int | None = None
    blink: bool = False
    inverse: bool = False
    invisible: bool = False
    strikethrough: bool = False
    overline: bool = False


class Cell(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One character's place. ``width`` 2: it covers the next column too, which has no cell of its own."""

    text: str = ""
    """The character with what combines with it; empty: nothing was written here."""
    width: Literal[1, 2] = 1
    style: int = 0
    """Index into CellGrid.styles."""
    link: str = ""


class CellRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row, without the blank cells at its end. ``wrapped``: the next row continues it."""

    cells: list[Cell]
    wrapped: bool = False


class CellGrid(Struct, frozen=True, kw_only=True):
    """The screen cell by cell; ``rows`` begins with the ``scrollback`` lines above the screen."""

    cols: int
    rows: list[CellRow]
    scrollback: int
    styles: list[Style]
    cursor_col: int
    cursor_row: int
    """Counted from the top of the screen, not of ``rows``."""
    cursor_visible: bool
    alternate: bool
    title: str


class CaptureResult(Struct, frozen=True, kw_only=True):
    """``source`` "log": output with its control sequences removed; "screen": the exact screen.

    ``grid`` instead of ``text`` for the format "cells", ``data`` for "terminal". ``offset``: the screen is that at this
    place of the output, ``cols`` and ``rows``: its size.
    """

    text: str
    source: Literal["log", "screen"]
    offset: int = 0
    grid: CellGrid | None = None
    data: bytes | None = None
    cols: int = 0
    rows: int = 0
