"""A part of a screen, painted from its cells: an emulator shows what the cells say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.viewport import OUTSIDE, Viewport
from ptyd_protocol.capture import Cell, CellGrid, CellRow, Style

from tests.support.screen import XtermScreen


def make_grid(lines: list[str], cols: int, cursor: tuple[int, int] = (0, 0), style: Style | None = None) -> CellGrid:
    rows = [
        CellRow(cells=[Cell(text=char, width=2 if char in "世界" else 1, style=1 if style else 0) for char in line])
        for line in lines
    ]
    return CellGrid(
        cols=cols,
        rows=rows,
        scrollback=0,
        styles=[Style(), style or Style()],
        cursor_col=cursor[0],
        cursor_row=cursor[1],
        cursor_visible=True,
        alternate=False,
        title="title",
    )


def show(*grids: CellGrid, size: tuple[int, int]) -> XtermScreen:
    screen, viewport = XtermScreen(*size), Viewport()
    for grid in grids:
        screen.feed(viewport.paint(grid, size))
    return screen


def test_what_is_outside_is_filled() -> None:
    screen = show(make_grid(["ab", "c"], 2), size=(4, 3))
    assert screen.lines() == ["ab··", "c ··", OUTSIDE * 4]


@pytest.mark.parametrize(
    ("cursor", "lines", "place"),
    [
        ((0, 0), ["abc", "ABC"], (0, 0)),
        ((4, 0), ["cde", "CDE"], (2, 0)),
        ((1, 3), ["234", "()!"], (1, 1)),
    ],
)
def test_it_follows_the_cursor(cursor: tuple[int, int], lines: list[str], place: tuple[int, int]) -> None:
    screen = show(make_grid(["abcde", "ABCDE", "23456", "()!.."], 5, cursor), size=(3, 2))
    assert screen.lines() == lines
    assert screen.cursor == place


def test_wide_characters_that_are_cut_leave_blanks() -> None:
    screen = show(make_grid(["a世b界c"], 7, (6, 0)), size=(5, 1))
    assert screen.lines() == [" b界c"]
    screen = show(make_grid(["a世b界c"], 7), size=(2, 1))
    assert screen.lines() == ["a"]


def test_only_changes_are_written() -> None:
    viewport = Viewport()
    viewport.paint(make_grid(["one", "two"], 3), (3, 2))
    again = viewport.paint(make_grid(["one", "TWO"], 3), (3, 2))
    assert b"one" not in again and b"TWO" in again
    viewport.forget()
    assert b"one" in viewport.paint(make_grid(["one", "TWO"], 3), (3, 2))


def test_colours() -> None:
    style = Style(fg="#102030", bg=7, bold=True, underline="curly")
    painted = Viewport().paint(make_grid(["x"], 1, style=style), (1, 1))
    assert b"\x1b[0;1;4:3;38;2;16;32;48;48;5;7mx" in painted


@given(
    st.lists(st.text("ab世", max_size=8), min_size=1, max_size=5),
    st.integers(1, 12),
    st.integers(1, 6),
    st.data(),
)
def test_nothing_is_written_outside(lines: list[str], cols: int, rows: int, data: st.DataObject) -> None:
    width = max(2, *(sum(2 if char == "世" else 1 for char in line) for line in lines))
    cursor = data.draw(st.tuples(st.integers(0, width - 1), st.integers(0, len(lines) - 1)))
    screen = show(make_grid(lines, width, cursor), size=(max(cols, 2), rows))
    col, row = screen.cursor
    assert row < rows and col < max(cols, 2)
    assert len(screen.lines()) == rows
