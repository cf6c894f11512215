"""Asking the outer terminal what it looks like, and telling its replies from keys. No I/O.

Only questions whose replies no key can be taken for: an OSC, ``CSI 4|6 ; h ; w t``, ``CSI ? ... n`` and, as the fence
behind which nothing more comes, DA1's ``CSI ? ... c``. (Not the cursor's position, whose ``CSI 1 ; 2 R`` is Shift-F3.)

Sources: xterm's ctlseqs (patch 390), contour's "VT extension: dark and light mode detection".
"""

import re

from ptyd_protocol import limits
from ptyd_protocol.messages import Appearance

from ptyd_cli.attach.pasted_text import PASTE_END, PASTE_START, PastedText

PALETTE_SIZE = 16
"""The colours that themes set; the other 240 are the same nearly everywhere."""

MAX_PARTIAL_BYTES = 64
"""A longer unfinished sequence is no reply."""

_DYNAMIC = {10: "foreground", 11: "background", 12: "cursor"}
_CELL_SIZE, _WINDOW_SIZE, _SCHEME, _FENCE = "16t", "14t", "996n", "c"

_REPLY = re.compile(
    rb"\x1b(?:"
    rb"\](?P<colour>1[012]|4;\d{1,3});(?P<spec>(?:rgba?:|\#)[0-9A-Fa-f/]{3,24})(?:\x07|\x1b\\)"
    rb"|\[(?P<size>[46]);(?P<height>\d{1,5});(?P<width>\d{1,5})t"
    rb"|\[\?997;(?P<scheme>[12])n"
    rb"|\[\?(?P<fence>[\d;]*)c"
    rb"|\[200~"
    rb")"
)
_PARTIAL = re.compile(
    rb"\x1b(?:\[(?:[46?][\d;]*|20?0?)?|\](?:1[012]?|4(?:;\d{0,3})?)?(?:(?<=\d);[rgba:#0-9A-Fa-f/]*\x1b?)?)?\Z"
)
_SCHEME_REPORT = re.compile(rb"\x1b\[\?997;([12])n")
_DARK_BELOW = 0.5


class Inquiry:
    """``begin`` gives the questions; what comes from the terminal goes through ``feed``, always.

    Takes exactly one reply to each question, and none once the fence has come or ``give_up`` was called: whatever looks
    like a reply otherwise was meant for the session, and pasted text always is.
    """

    def __init__(self) -> None:
        self._outstanding: set[str] = set()
        self._partial = b""
        self._pasted = PastedText()
        self._colours: dict[str, int] = {}
        self._cell: tuple[int, int] | None = None
        self._window: tuple[int, int] | None = None
        self._is_dark: bool | None = None

    @property
    def is_open(self) -> bool:
        """Whether replies may still come."""
        return bool(self._outstanding)

    @property
    def partial(self) -> bytes:
        """What may be the beginning of a reply; ``flush_partial`` lets it go when no more comes."""
        return self._partial

    def begin(self) -> bytes:
        """The questions, to be written to the terminal now."""
        places = [str(number) for number in _DYNAMIC] + [f"4;{index}" for index in range(PALETTE_SIZE)]
        self._outstanding = {*places, _CELL_SIZE, _WINDOW_SIZE, _SCHEME, _FENCE}
        self._pasted.forget_unfinished()
        colours = "".join(f"\x1b]{place};?\x1b\\" for place in places)
        return f"{colours}\x1b[16t\x1b[14t\x1b[?996n\x1b[c".encode()

    def give_up(self) -> bytes:
        """Wait for no further reply; returns what was held of one."""
        self._outstanding.clear()
        return self.flush_partial()

    def flush_partial(self) -> bytes:
        """What looked like the beginning of a reply was a key of its own (Escape, Alt-[, Alt-])."""
        partial, self._partial = self._partial, b""
        return partial

    def feed(self, data: bytes) -> bytes:
        """``data`` without the replies to our questions, in order."""
        data = self.flush_partial() + data
        if not self._outstanding:
            self._pasted.follow(data)
            return data
        keys: list[bytes] = []
        position = 0
        while position < len(data):
            if self._pasted.is_open:
                end = self._pasted.take(data, position)
                keys.append(data[position:end])
                position = end
                continue
            found = _REPLY.search(data, position) if self._outstanding else None
            if found is None:
                keys.append(self._take_rest(data[position:]))
                break
            keys.append(data[position : found.start()])
            if not self._take(found):
                keys.append(found[0])
                if found[0] == PASTE_START:
                    self._pasted.begin()
            position = found.end()
        return b"".join(keys)

    def _take_rest(self, rest: bytes) -> bytes:
        """What of ``rest``, in which no reply is whole, are keys by now."""
        if not self._outstanding:
            self._pasted.follow(rest)
            return rest
        unfinished = _PARTIAL.search(rest, max(0, len(rest) - MAX_PARTIAL_BYTES))
        if unfinished is None:
            return rest
        self._partial = unfinished[0]
        return rest[: unfinished.start()]

    def appearance(self, cols: int, rows: int, cell: tuple[int, int]) -> Appearance:
        """What is known by now of a terminal of ``cols`` x ``rows`` cells. ``cell``: the width and height in pixels of
        one, as the line discipline has them, zeros where it does not; used where the terminal did not say."""
        if self._cell is not None:
            cell = self._cell
        elif self._window is not None and cell == (0, 0):
            cell = (self._window[0] // cols, self._window[1] // rows)
        background = self._colours.get("11")
        is_dark = self._is_dark
        if is_dark is None and background is not None:
            is_dark = _luminance(background) < _DARK_BELOW
        palette: list[int] = []
        for index in range(PALETTE_SIZE):
            if (colour := self._colours.get(f"4;{index}")) is None:
                break
            palette.append(colour)
        return Appearance(
            channel=1,  # whoever sends it puts in its own
            foreground=self._colours.get("10"),
            background=background,
            cursor=self._colours.get("12"),
            palette=palette,
            cell_width=min(cell[0], limits.MAX_CELL_PIXELS),
            cell_height=min(cell[1], limits.MAX_CELL_PIXELS),
            dark=is_dark,
        )

    def note_scheme_report(self, keys: bytes) -> bool:
        """Whether the terminal says in ``keys`` that its colour scheme has changed (mode 2031, which the session has
        switched on); it stays in there, for the session. To be called with what ``feed`` has just returned."""
        if self._pasted.is_open or PASTE_END in keys:
            return False
        reports = _SCHEME_REPORT.findall(keys)
        if reports:
            self._is_dark = reports[-1] == b"1"
        return bool(reports)

    def _take(self, found: "re.Match[bytes]") -> bool:
        """Note a reply; False: it answers none of our questions."""
        if found["colour"] is not None:
            place = found["colour"].decode()
            colour = parse_colour(found["spec"].decode())
            if not self._settle(place):
                return False
            if colour is not None:
                self._colours[place] = colour
            return True
        if found["size"] is not None:
            size = int(found["width"]), int(found["height"])
            if found["size"] == b"6":
                if is_ours := self._settle(_CELL_SIZE):
                    self._cell = size if all(size) else None
                return is_ours
            if is_ours := self._settle(_WINDOW_SIZE):
                self._window = size
            return is_ours
        if found["scheme"] is not None:
            if is_ours := self._settle(_SCHEME):
                self._is_dark = found["scheme"] == b"1"
            return is_ours
        if found["fence"] is not None:
            self._outstanding.clear()
            return True
        return False

    def _settle(self, question: str) -> bool:
        if question not in self._outstanding:
            return False
        self._outstanding.remove(question)
        return True


def parse_colour(spec: str) -> int | None:
    """0xRRGGBB of ``rgb:R/G/B`` or ``rgba:R/G/B/A`` with one to four digits each, or of ``#RRGGBB``; None where it is
    none of these."""
    kind, has_colon, value = spec.partition(":")
    if not has_colon:
        digits = spec.removeprefix("#")
        if not digits or len(digits) % 3:
            return None
        length = len(digits) // 3
        fields = [digits[place : place + length] for place in range(0, len(digits), length)]
    else:
        fields = value.split("/")
        if len(fields) != (4 if kind == "rgba" else 3):
            return None
    if any(not 1 <= len(field) <= 4 for field in fields):
        return None
    red, green, blue = (int(field, 16) * 255 // int("f" * len(field), 16) for field in fields[:3])
    return red << 16 | green << 8 | blue


def _luminance(colour: int) -> float:
    """Roughly how bright, 0 to 1."""
    red, green, blue = colour >> 16, colour >> 8 & 0xFF, colour & 0xFF
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255
