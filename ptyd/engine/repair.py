"""What the library gets wrong, put right in the state that was read from it."""

from ptyd.engine.pages import WIDE, WIDTH_MASK, WIDTH_SHIFT, Row
from ptyd.engine.state import ALTERNATE, State


def has_cut_characters(state: State, cols: int) -> bool:
    """Whether the alternate screen has wide characters of which only the left half is within ``cols``."""
    return any(_is_cut(row, cols) for row in _alternate_rows(state))


def erase_cut_characters(state: State, cols: int) -> None:
    for row in _alternate_rows(state):
        if _is_cut(row, cols):
            cells = row.cells()
            cells[cols - 1] = cells[cols] = 0
            row.cell_bytes, row.data = cells.itemsize, cells.tobytes()


def _alternate_rows(state: State) -> list[Row]:
    screen = state.screens.get(ALTERNATE)
    return screen.rows if screen else []


def _is_cut(row: Row, cols: int) -> bool:
    # Only eight bytes can say that a cell is wide.
    if row.cell_bytes < 8 or len(row) <= cols:
        return False
    return row.cells()[cols - 1] >> WIDTH_SHIFT & WIDTH_MASK == WIDE
