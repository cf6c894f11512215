"""Which rows are left to the library's formatter: found all at once, and one after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.engine import rows as rows_module
from ptyd.engine.pages import CONTENT_SHIFT, LINK_BIT, PROTECTED_BIT, SPACER_TAIL, WIDE, WIDTH_SHIFT, Page, Row

PAGE = Page(80)
LETTER = ord("a") << CONTENT_SHIFT
CELLS = {
    "letter": LETTER,
    "wide": ord("漢") << CONTENT_SHIFT | WIDE << WIDTH_SHIFT,
    "right half": SPACER_TAIL << WIDTH_SHIFT,
    "left free by a wide one": 3 << WIDTH_SHIFT,
    "cluster": LETTER | 1,
    "background": 2,
    "emoji": 0x1F600 << CONTENT_SHIFT,
    "protected": LETTER | PROTECTED_BIT,
    "link": LETTER | LINK_BIT,
}
PRINTED_HERE = {"left free by a wide one", "cluster", "background", "emoji", "protected", "link"}


def make_row(words: list[int], cell_bytes: int) -> Row:
    data = b"".join((word & (1 << 8 * cell_bytes) - 1).to_bytes(cell_bytes, "little") for word in words)
    return Row(PAGE, 0, False, False, cell_bytes, data)


@pytest.mark.parametrize("name", CELLS)
def test_each_kind_of_cell(name: str) -> None:
    rows = [make_row([LETTER] * 10, 8), make_row([LETTER] * 4 + [CELLS[name]] + [LETTER] * 5, 8)]
    end = 1 if name in PRINTED_HERE else 2
    assert rows_module._count_simple(rows, 0, 2, 80, continues=False) == end


row_of_cells = st.builds(
    make_row, st.lists(st.sampled_from(sorted(CELLS.values())), max_size=6), st.sampled_from([4, 8])
)


@given(st.lists(row_of_cells, max_size=8))
def test_all_at_once_as_one_after_the_other(rows: list[Row]) -> None:
    assert rows_module._have_simple_cells(rows) == all(map(rows_module._has_simple_cells, rows))
