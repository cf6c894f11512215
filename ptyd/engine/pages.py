"""Rows and cells out of a PAGE record of the library's binary snapshot.

A row's cells come in the narrowest width that holds them: one or two bytes where all are plain text, four where they
are narrow and have one of the page's first 63 styles, eight else. So plain rows are decoded at once, and masks over a
whole row (as one big integer) tell what is in it without a look at each cell. Cells beyond the last written are left
out.
"""

import struct
from array import array
from functools import lru_cache
from typing import NamedTuple

StyleBytes = bytes
"""A style as the snapshot has it, 16 bytes; ``sgr.decode_style`` reads it."""
DEFAULT_STYLE: StyleBytes = bytes(16)

KIND_TEXT, KIND_GRAPHEME, KIND_PALETTE, KIND_RGB = range(4)
NARROW, WIDE, SPACER_TAIL, SPACER_HEAD = range(4)
"""SPACER_TAIL: the right half of a wide character. SPACER_HEAD: the last column, left free by one that had to wrap."""

KIND_MASK = 3
CONTENT_SHIFT, CONTENT_MASK = 2, 0xFFFFFF
STYLE_SHIFT, STYLE_MASK = 26, 0xFFFF
WIDTH_SHIFT, WIDTH_MASK = 42, 3
PROTECTED_BIT = 1 << 44
LINK_BIT = 1 << 45
LINK_SHIFT = 48
PEN_MASK = KIND_MASK | STYLE_MASK << STYLE_SHIFT | WIDTH_MASK << WIDTH_SHIFT | PROTECTED_BIT | 0xFFFF << LINK_SHIFT
"""Neighbours that agree in these bits are drawn alike (and are of one kind)."""

_PAGE_HEADER = struct.Struct("<6H2I")
_STYLE = struct.Struct("<H16s")
_ROW_HEADER = struct.Struct("<BH")
_WRAPPED_FLAG, _CONTINUES_FLAG, _CELL_WIDTH_SHIFT = 1, 2, 4
_ROW_FLAGS = [
    (bool(flags & _WRAPPED_FLAG), bool(flags & _CONTINUES_FLAG), 1 << (flags >> _CELL_WIDTH_SHIFT & 3))
    for flags in range(256)
]
"""What each says of a row: it wraps, it continues another, the bytes of its cells."""


@lru_cache(1024)
def repeated(word: int, cell_bytes: int, count: int) -> int:
    """``word`` in each of ``count`` cells."""
    return int.from_bytes(word.to_bytes(cell_bytes, "little") * count, "little")


class Link(NamedTuple):
    """``name``: the id that the program gave, or None; ``number`` tells two unnamed ones apart."""

    name: bytes | None
    number: int
    uri: bytes


class Page:
    """What the rows of a page share."""

    __slots__ = ("_packed_styles", "_styles", "cols", "graphemes", "links")

    def __init__(self, cols: int, packed_styles: bytes = b"") -> None:
        self.cols = cols
        self._packed_styles = packed_styles
        self._styles: dict[int, StyleBytes] | None = None
        self.links: dict[int, Link] = {}
        self.graphemes: dict[tuple[int, int], str] = {}
        """What combines with the character at (row of the page, column)."""

    @property
    def styles(self) -> dict[int, StyleBytes]:
        """By number. Of most pages nobody asks for them: the library prints their rows."""
        if self._styles is None:
            self._styles = {0: DEFAULT_STYLE, **dict(_STYLE.iter_unpack(self._packed_styles))}
        return self._styles


class Row:
    """``cell_bytes``: 1, 2, 4 or 8 to a cell of ``data``; ``wrapped``: the next row continues this one;
    ``continues``: this one continues the row before. After editing, one may be without the other."""

    __slots__ = ("cell_bytes", "continues", "data", "number", "page", "wrapped")

    def __init__(self, page: Page, number: int, wrapped: bool, continues: bool, cell_bytes: int, data: bytes) -> None:
        self.page = page
        self.number = number
        self.wrapped = wrapped
        self.continues = continues
        self.cell_bytes = cell_bytes
        self.data = data

    def __len__(self) -> int:
        """How many cells were written; the rest are blank."""
        return len(self.data) // self.cell_bytes

    def plain_text(self) -> str | None:
        """The cells' characters, where nothing else is in the row; NUL: nothing was written there."""
        if self.cell_bytes == 1:
            return self.data.decode("latin-1")
        if self.cell_bytes == 2:
            return self.data.decode("utf-16-le")
        return None

    def simple_text(self) -> str | None:
        """Like ``plain_text``, whatever the styles; None where a cell is not simply one narrow character."""
        size = self.cell_bytes
        if size < 4 or not self.data:
            return self.plain_text() if self.data else ""
        word, count = int.from_bytes(self.data, "little"), len(self)
        special = KIND_MASK if size == 4 else KIND_MASK | WIDTH_MASK << WIDTH_SHIFT
        if word & repeated(special, size, count):
            return None
        codes = word >> CONTENT_SHIFT & repeated(0x1FFFFF, size, count)
        return codes.to_bytes(len(self.data), "little").decode("utf-32-le")[:: size // 4]

    def cells(self) -> "array[int]":
        """64-bit words, whose bits the constants above name."""
        words = array("Q")
        if self.cell_bytes == 8:
            words.frombytes(self.data)
        elif self.cell_bytes == 4:
            halves = array("I")
            halves.frombytes(self.data)
            words.fromlist(halves.tolist())
        else:
            words.extend(ord(char) << CONTENT_SHIFT for char in self.plain_text() or "")
        return words

    def character(self, col: int, cell: int) -> str:
        """With what combines with it; empty where nothing was written."""
        kind = cell & KIND_MASK
        if kind > KIND_GRAPHEME:
            return ""
        code = cell >> CONTENT_SHIFT & CONTENT_MASK
        if code == 0:
            return ""
        if kind == KIND_GRAPHEME:
            return chr(code) + self.page.graphemes.get((self.number, col), "")
        return chr(code)

    def style(self, cell: int) -> StyleBytes:
        """A cell with nothing but a background has that as its style."""
        kind = cell & KIND_MASK
        if kind <= KIND_GRAPHEME:
            return self.page.styles[cell >> STYLE_SHIFT & STYLE_MASK]
        content = cell >> CONTENT_SHIFT & CONTENT_MASK
        if kind == KIND_PALETTE:
            return bytes((0, 0, 0, 0, 1, content & 255)) + bytes(10)
        return bytes((0, 0, 0, 0, 2, content & 255, content >> 8 & 255, content >> 16)) + bytes(8)

    def link(self, cell: int) -> Link | None:
        return self.page.links.get(cell >> LINK_SHIFT) if cell & LINK_BIT else None


def read_page_rows(payload: bytes) -> int:
    """How many rows a PAGE record has."""
    rows: int = _PAGE_HEADER.unpack_from(payload)[1]
    return rows


def read_page(payload: bytes) -> list[Row]:
    """The rows of a PAGE record. They hold their page, which does not hold them: without the cycle they are gone as
    soon as nobody needs them, and the garbage collector, which would hold the GIL for it, has nothing to do."""
    cols, row_count, style_count, link_count, *_ = _PAGE_HEADER.unpack_from(payload)
    at = _PAGE_HEADER.size + style_count * _STYLE.size
    page = Page(cols, payload[_PAGE_HEADER.size : at])
    for _ in range(link_count):
        (number,) = struct.unpack_from("<H", payload, at)
        link, at = read_link(payload, at + 2)
        if link:
            page.links[number] = link
    rows: list[Row] = []
    for number in range(row_count):
        flags, count = _ROW_HEADER.unpack_from(payload, at)
        wrapped, continues, cell_bytes = _ROW_FLAGS[flags]
        start = at + _ROW_HEADER.size
        at = start + cell_bytes * count
        rows.append(Row(page, number, wrapped, continues, cell_bytes, payload[start:at]))
    (grapheme_count,) = struct.unpack_from("<I", payload, at)
    at += 4
    for _ in range(grapheme_count):
        row, col, length = struct.unpack_from("<3H", payload, at)
        at += 6
        codes = struct.unpack_from(f"<{length}I", payload, at)
        at += 4 * length
        page.graphemes[row, col] = "".join(map(chr, codes))
    return rows


def read_link(payload: bytes, at: int) -> tuple[Link | None, int]:
    """The hyperlink that begins at ``at``, and where it ends."""
    kind, at = payload[at], at + 1
    if kind == 0:
        return None, at
    (number,) = struct.unpack_from("<I", payload, at)
    at += 4
    name = None
    if kind == 2:
        name, number, at = payload[at : at + number], 0, at + number
    (length,) = struct.unpack_from("<I", payload, at)
    at += 4
    return Link(name, number, payload[at : at + length]), at + length
