"""Rows of cells as control sequences that print them."""

import re
import time
import unicodedata
from typing import Protocol

from ptyd.engine.pages import (
    CONTENT_SHIFT,
    DEFAULT_STYLE,
    KIND_GRAPHEME,
    KIND_MASK,
    LINK_BIT,
    NARROW,
    PEN_MASK,
    PROTECTED_BIT,
    SPACER_HEAD,
    SPACER_TAIL,
    STYLE_MASK,
    STYLE_SHIFT,
    WIDE,
    WIDTH_MASK,
    WIDTH_SHIFT,
    Link,
    Row,
    StyleBytes,
    repeated,
)
from ptyd.engine.sgr import has_background, sgr

_SAME_STYLE = re.compile(r"(.)\1*", re.DOTALL)
_UNWRITTEN = re.compile("\0{6,}")
"""Blanks which it is shorter to step over than to print."""
_WITHOUT_WIDTH = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\U000e0000-\U000e0fff]")
"""Vowels and finals of Hangul, tags and what is reserved for the like."""
_WRAP = " \b\x1b[X"
"""Makes the terminal wrap into a row that begins with nothing."""
_CODE_MASK = 0x1FFFFF
_ROWS_WITHOUT_PAUSE = 16
_ROWS_CHECKED_AT_ONCE = 256
_ROWS_WORTH_FORMATTING = 4
_ROWS_FORMATTED_AT_ONCE = 2000
_ASTRAL = 0x1F0000 << CONTENT_SHIFT
_NOT_SIMPLE = KIND_MASK | _ASTRAL | PROTECTED_BIT | LINK_BIT
"""What has to be printed here: backgrounds without text, clusters, emoji (of doubtful width), links."""


def _list_suspects(bits: int, size: int) -> list[tuple[int, bytes]]:
    """Of the bytes of a cell those with any of ``bits`` in them, each with the values in which none is set."""
    masks = [(at, bits >> 8 * at & 0xFF) for at in range(size)]
    return [(at, bytes([value for value in range(256) if not value & mask])) for at, mask in masks if mask]


_SUSPECTS = {4: _list_suspects(_NOT_SIMPLE, 4), 8: _list_suspects(_NOT_SIMPLE | SPACER_TAIL << WIDTH_SHIFT, 8)}
"""By the size of a cell. Every row with a wide character or a spacer head is suspect."""


ISO_PROTECTION = ("\x1bV", "\x1bW")
DEC_PROTECTION = ('\x1b[1"q', '\x1b[0"q')
"""What protects the cells printed from now on, and what ends that."""


def link_sequence(link: Link | None) -> str:
    if link is None:
        return "\x1b]8;;\x1b\\"
    name = "" if link.name is None else "id=" + link.name.decode(errors="surrogateescape")
    return f"\x1b]8;{name};{link.uri.decode(errors='surrogateescape')}\x1b\\"


class Formatter(Protocol):
    """Prints rows of a terminal by itself, much faster than it can be done here."""

    def __call__(self, first: int, last: int) -> bytes:
        """``first`` and ``last`` (included): numbers of the rows that ``RowWriter.write_rows`` was given."""


class RowWriter:
    """Gathers what prints rows on a terminal whose pen, link and charsets are those of a fresh one, and whose rows
    below the cursor are blank. Wrapped rows are wrapped by the terminal itself. ``out`` takes other sequences."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.pen = DEFAULT_STYLE
        self.protection = DEC_PROTECTION
        self._finished: list[bytes] = []
        self._link: Link | None = None
        self._protected = False
        self._clusters = False
        self._row_count = 0

    def take(self) -> bytes:
        self._finish()
        return b"".join(self._finished)

    def _finish(self) -> None:
        self._finished.append("".join(self.out).encode(errors="surrogateescape"))
        self.out.clear()

    def write_rows(self, rows: list[Row], cols: int, formatter: Formatter | None = None, formattable: int = 0) -> None:
        """The cursor is in the first column before, and anywhere in the last row afterwards. The first ``formattable``
        rows may be left to ``formatter``, which differs in small things."""
        continues, at, checked = False, 0, 0
        while at < len(rows):
            if formatter and checked <= at < formattable:
                checked = _count_simple(rows, at, formattable, cols, continues)
                if checked - at >= _ROWS_WORTH_FORMATTING:
                    self._format(rows, at, checked, formatter)
                    continues, at = rows[checked - 1].wrapped, checked
                    if not continues and at < len(rows):
                        self.out.append("\r\n")
                    continue
                checked = max(checked, at + 1)
            following = rows[at + 1] if at + 1 < len(rows) else None
            continues = self._write(rows[at], cols, continues, following)
            if following is not None and not continues:
                self.out.append("\r\n")
            at += 1
        self.reset()

    def _format(self, rows: list[Row], start: int, end: int, formatter: Formatter) -> None:
        self.reset()
        self._finish()
        for first in range(start, end, _ROWS_FORMATTED_AT_ONCE):
            last = min(first + _ROWS_FORMATTED_AT_ONCE, end) - 1
            text = formatter(first, last)
            # It leaves out blank rows at the end.
            wanted = sum([not row.wrapped for row in rows[first:last]])
            text += b"\r\n" * (wanted - text.count(b"\r\n"))
            if last + 1 < end and not rows[last].wrapped:
                text += b"\r\n"
            self._finished.append(text)

    def reset(self) -> None:
        """The pen and all to what a fresh terminal has."""
        self.set_pen(DEFAULT_STYLE, None, False)

    def write_cell(self, row: Row, col: int) -> None:
        """One character at the cursor; ``col`` is where it begins."""
        cells = row.cells()
        cell = cells[col] if col < len(cells) else 0
        self.set_pen(row.style(cell), row.link(cell), bool(cell & PROTECTED_BIT))
        self._print(row, col, cell)

    def set_pen(self, style: StyleBytes, link: Link | None, protected: bool) -> None:
        if link != self._link:
            self.out.append(link_sequence(link))
            self._link = link
        if style != self.pen:
            self.out.append(sgr(style))
            self.pen = style
        if protected != self._protected:
            self.out.append(self.protection[0 if protected else 1])
            self._protected = protected
        if self._clusters:
            self.out.append("\x1b[?2027l")
            self._clusters = False

    def _write(self, row: Row, cols: int, continues: bool, following: Row | None) -> bool:
        """Returns whether ``following`` continues this row."""
        self._row_count += 1
        if self._row_count % _ROWS_WITHOUT_PAUSE == 0:
            time.sleep(0)  # lets the event loop's thread have the GIL
        wraps = row.wrapped and following is not None
        text = row.plain_text()
        if text is not None:
            self.set_pen(DEFAULT_STYLE, None, False)
            self._write_unstyled(text, cols, continues, wraps)
        elif not self._write_styled(row, cols, continues, wraps):
            self._write_cells(row, cols, continues, following if wraps else None)
        if not wraps:
            self.set_pen(DEFAULT_STYLE, None, False)
        return wraps

    def _write_unstyled(self, text: str, cols: int, continues: bool, wraps: bool) -> None:
        if wraps:
            text = text.ljust(cols, " ")
            if continues:
                text = text[:1].replace("\0", " ") + text[1:]
        elif continues and (not text or text[0] == "\0"):
            self.out.append(_WRAP)
            text = text[1:]
            if text:
                self.out.append("\x1b[C")
        if "\0" in text:
            text = _UNWRITTEN.sub(_step_over, text).replace("\0", " ")
        self.out.append(text)

    def _write_styled(self, row: Row, cols: int, continues: bool, wraps: bool) -> bool:
        """False where the row has anything but narrow characters with styles."""
        size, count = row.cell_bytes, len(row)
        if not count or (wraps and count < cols) or (continues and has_background(_first_style(row))):
            return False
        word = int.from_bytes(row.data, "little")
        special = KIND_MASK
        if size == 8:
            special |= WIDTH_MASK << WIDTH_SHIFT | PROTECTED_BIT | LINK_BIT
        if word & repeated(special, size, count):
            return False
        step = size // 4
        codes = word >> CONTENT_SHIFT & repeated(_CODE_MASK, size, count)
        styles = word >> STYLE_SHIFT & repeated(STYLE_MASK if size == 8 else 63, size, count)
        text = codes.to_bytes(len(row.data), "little").decode("utf-32-le")[::step].replace("\0", " ")
        runs = styles.to_bytes(len(row.data), "little").decode("utf-32-le", "surrogatepass")[::step]
        self.set_pen(self.pen, None, False)
        out, table, number = self.out, row.page.styles, -1
        for run in _SAME_STYLE.finditer(runs):
            start, end = run.span()
            number = ord(runs[start])
            out.append(sgr(table[number]) + text[start:end])
        self.pen = table[number]
        return True

    def _write_cells(self, row: Row, cols: int, continues: bool, continued_by: Row | None) -> None:
        cells = row.cells()
        if continued_by is not None:
            cells.extend([0] * (cols - len(cells)))
        elif continues and not cells:
            cells.append(0)
        count, col = len(cells), 0
        while col < count:
            cell = cells[col]
            width = cell >> WIDTH_SHIFT & WIDTH_MASK
            if width == SPACER_TAIL or (width == SPACER_HEAD and continued_by and _begins_wide(continued_by)):
                col += 1
                continue
            style = DEFAULT_STYLE if width == SPACER_HEAD else row.style(cell)
            self.set_pen(style, row.link(cell), bool(cell & PROTECTED_BIT))
            is_first = continues and col == 0
            if cell & KIND_MASK or width == WIDE or is_first:
                end = col + (2 if width == WIDE else 1)
                if cell & KIND_MASK > KIND_GRAPHEME and not is_first:
                    while end < count and cells[end] == cell:
                        end += 1
                    self._erase(end - col, end == cols, continued_by is not None)
                else:
                    if cell or continued_by:
                        self._print(row, col, cell)
                    else:
                        self.out.append(_WRAP + ("\x1b[C" if end < count else ""))
                    if end < count and end < cols and _is_of_doubtful_width(cell):
                        self.out.append(f"\x1b[{end + 1}G")
                if is_first and end < cols and has_background(style):
                    # Where the wrap scrolled, the new row has the background of the pen.
                    self.set_pen(DEFAULT_STYLE, None, False)
                    self.out.append("\x1b[K")
                col = end
                continue
            key, end = cell & PEN_MASK, col + 1
            while end < count and cells[end] & PEN_MASK == key:
                end += 1
            text = "".join([chr(other >> CONTENT_SHIFT & _CODE_MASK) for other in cells[col:end]])
            if not key and end < count:
                text = _UNWRITTEN.sub(_step_over, text)
            self.out.append(text.replace("\0", " "))
            col = end

    def _erase(self, count: int, to_edge: bool, must_print: bool) -> None:
        """Cells that have nothing but a background, which is the pen's."""
        if to_edge:
            self.out.append(" " * count if must_print else "\x1b[K")
        else:
            self.out.append(f"\x1b[{count}X\x1b[{count}C")

    def _print(self, row: Row, col: int, cell: int) -> None:
        text = row.character(col, cell)
        if cell & KIND_MASK == KIND_GRAPHEME and _needs_clustering(text, cell >> WIDTH_SHIFT & WIDTH_MASK):
            self.out.append("\x1b[?2027h")
            self._clusters = True
        if text == "":
            text = " "
        if text[0] == " " and cell >> WIDTH_SHIFT & WIDTH_MASK == WIDE:
            text = "  "  # what becomes of a character that a charset does not have
        self.out.append(text)


def _count_simple(rows: list[Row], start: int, end: int, cols: int, continues: bool) -> int:
    """The end of those rows from ``start`` on that the library prints as they are."""
    checked = start
    at = start
    while at < end:
        row = rows[at]
        if at >= checked:
            checked = min(at + _ROWS_CHECKED_AT_ONCE, end)
            time.sleep(0)
            block = rows[at:checked]
            if not _have_simple_cells(block):
                checked = at + 1
                if not _have_simple_cells([row]):
                    return at
            elif not continues and {(one.wrapped, one.page.cols) for one in block} == {(False, cols)}:
                at = checked
                continue
        if row.page.cols != cols or (row.wrapped and len(row) < cols):
            return at
        if continues and (not row.data or (row.cell_bytes > 2 and has_background(_first_style(row)))):
            return at
        continues = row.wrapped
        at += 1
    return end


def _have_simple_cells(rows: list[Row]) -> bool:
    """All at once: that is several times as fast as one after the other."""
    for size, suspects in _SUSPECTS.items():
        data = b"".join([row.data for row in rows if row.cell_bytes == size])
        is_suspect = any(data[at::size].translate(None, harmless) for at, harmless in suspects)
        if is_suspect and not all(_has_simple_cells(row) for row in rows if row.cell_bytes == size):
            return False
    return True


def _has_simple_cells(row: Row) -> bool:
    size = row.cell_bytes
    word = int.from_bytes(row.data, "little")
    if word & repeated(_NOT_SIMPLE if size == 8 else _NOT_SIMPLE & 0xFFFFFFFF, size, len(row)):
        return False
    # Wide characters are, a spacer head is not.
    return size < 8 or not word & word >> 1 & repeated(1 << WIDTH_SHIFT, size, len(row))


def _first_style(row: Row) -> StyleBytes:
    size = row.cell_bytes
    return row.style(int.from_bytes(row.data[:size], "little"))


def _step_over(blanks: re.Match[str]) -> str:
    return f"\x1b[{len(blanks[0])}C"


def _begins_wide(row: Row) -> bool:
    cells = row.cells()
    return bool(cells) and cells[0] >> WIDTH_SHIFT & WIDTH_MASK == WIDE


def _is_of_doubtful_width(cell: int) -> bool:
    """Terminals agree on a character, but not on all emoji, and not on clusters."""
    if cell & KIND_MASK == KIND_GRAPHEME:
        return True
    return cell >> WIDTH_SHIFT & WIDTH_MASK != NARROW and cell >> CONTENT_SHIFT & _CODE_MASK > 0xFFFF


def _needs_clustering(text: str, width: int) -> bool:
    """Whether the characters come together only in mode 2027: otherwise but those without width do."""
    base, others = text[0], text[1:]
    for char in others:
        if char == "\ufe0f":
            if width == WIDE:
                return True
        elif char == "\ufe0e":
            if width == NARROW and unicodedata.east_asian_width(base) in "WF":
                return True
        elif unicodedata.category(char) not in ("Mn", "Me", "Cf") and not _WITHOUT_WIDTH.match(char):
            return True
    return False
