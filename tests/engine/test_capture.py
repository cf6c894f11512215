"""The screen as text, as text with colours, as HTML and cell by cell."""

import sys

import pytest

from ptyd.engine import find_engine_maker
from ptyd.engine.sgr import sgr
from ptyd.engine.terminal import GhosttyEngine, GhosttyEngineMaker


def make(stream: bytes, cols: int = 10, rows: int = 3) -> GhosttyEngine:
    engine = GhosttyEngineMaker().create(cols, rows, 100)
    engine.feed(stream)
    return engine


def test_text_has_a_line_for_each_row() -> None:
    assert make(b"one\r\n\r\nthree   ").text(0) == "one\n\nthree\n"


def test_wrapped_lines_are_joined_if_asked() -> None:
    engine = make(b"0123456789abc\r\nend")
    assert engine.text(0) == "0123456789\nabc\nend\n"
    assert engine.text(0, join=True) == "0123456789abc\nend\n"
    assert engine.vt(0, join=True) == "0123456789abc\nend\n"


def test_scrollback_comes_before_the_screen() -> None:
    engine = make(b"1\r\n2\r\n3\r\n4\r\n5")
    assert [engine.text(lines).split() for lines in (0, 1, -1)] == [list("345"), list("2345"), list("12345")]


def test_vt_has_styles_and_links() -> None:
    engine = make(b"\x1b[1;31mred\x1b[0m \x1b]8;;http://a/\x07l\x1b]8;;\x07")
    assert engine.vt(0) == "\x1b[0;1;31mred\x1b[0m \x1b]8;;http://a/\x1b\\l\x1b]8;;\x1b\\\n\n\n"


def test_html_is_escaped_and_links_only_where_it_is_safe() -> None:
    page = make(b'<&>\r\n\x1b]8;;http://a/?x="\x07ok\x07\r\n\x1b]8;;javascript:alert(1)\x07no').html(0)
    assert "&lt;&amp;&gt;" in page
    assert '<a href="http://a/?x=&quot;">ok</a>' in page
    assert "javascript" not in page
    assert page.startswith("<pre ") and page.endswith("</pre>\n")


def test_the_grid_tells_each_cell() -> None:
    engine = make("\x1b[44ma\x1b[0m日\x1b]8;;http://a/\x07x\x1b[?25l".encode())
    grid = engine.grid(0)
    a, wide, link = grid.rows[0].cells
    assert (a.text, grid.styles[a.style].bg) == ("a", 4)
    assert (wide.text, wide.width, wide.style) == ("日", 2, 0)
    assert (link.text, link.link) == ("x", "http://a/")
    assert (grid.cursor_col, grid.cursor_row, grid.cursor_visible, grid.alternate) == (4, 0, False, False)
    assert [len(row.cells) for row in grid.rows] == [3, 0, 0]


@pytest.mark.parametrize(
    ("sequence", "written"),
    [
        (b"\x1b[1;2;3;4;5;7;8;9;53m", "\x1b[0;1;2;3;5;7;8;9;53;4m"),
        (b"\x1b[4:3;58:2::1:2:3m", "\x1b[0;4:3;58:2::1:2:3m"),
        (b"\x1b[94;103m", "\x1b[0;94;103m"),
        (b"\x1b[38;5;200;48;2;1;2;3m", "\x1b[0;38;5;200;48;2;1;2;3m"),
        (b"\x1b[58;5;7m", "\x1b[0;58:5:7m"),
    ],
)
def test_a_style_is_written_as_it_was_set(sequence: bytes, written: str) -> None:
    assert sgr(make(sequence)._state(0).screen.cursor.pen) == written


def test_without_the_library_there_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ptyd.engine.binding", None)
    assert find_engine_maker() is None
