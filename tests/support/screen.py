"""The screen of a modern terminal, on top of pyte, which is one of the nineties.

Added here: the alternate screen, REP and scrolling, the private modes as a set, kitty's keyboard stack,
answers to a program's questions; sequences that pyte would misread are swallowed.
"""

import copy
import re
from collections.abc import Callable
from typing import Any

import pyte

ALTERNATE_SCREEN_MODES = {47, 1047, 1049}
INITIAL_MODES = frozenset({7, 25})
"""On in a fresh terminal: wrap around, cursor visible."""
CELL_PIXELS = (9, 18)
MAX_PENDING_BYTES = 1024 * 1024

SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[(?P<prefix>[<=>?]?)(?P<params>[0-9;:]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    rb"|\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    rb"|[P_^X](?P<string>[^\x1b]*)\x1b\\"
    rb"|(?P<escape>[ -/]*[0-OQ-WYZ\\`-~])"
    rb")",
    re.DOTALL,
)
PYTE_CSI_FINALS = frozenset(b"@ABCDEFGHJKLMPXacdefghlmr'")


class XtermScreen:
    """Feed it what a program writes; look at ``text``, ``cursor``, ``modes``, ``kitty_flags``.

    ``answer`` is given what a real terminal would send back to the program's questions; None: stay mute.
    """

    def __init__(self, cols: int, rows: int, answer: Callable[[bytes], None] | None = None) -> None:
        self._screen = pyte.Screen(cols, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._answer = answer
        self._pending = b""
        self._last_text = b""
        self._main: tuple[Any, Any] | None = None
        self._kitty_stacks: dict[bool, list[int]] = {False: [0], True: [0]}
        self.modes = set(INITIAL_MODES)

    @property
    def in_alternate(self) -> bool:
        return self._main is not None

    @property
    def kitty_flags(self) -> int:
        """The kitty keyboard protocol's flags in force; 0: the keys of old."""
        return self._kitty_stacks[self.in_alternate][-1]

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._screen.columns, self._screen.lines

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    @property
    def title(self) -> str:
        title: str = self._screen.title
        return title

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        """The lines, without the blanks at their ends and below them."""
        return "\n".join(self.lines()).rstrip()

    def cells(self) -> list[list[Any]]:
        """For each row its cells, with ``data``, ``fg``, ``bg``, ``bold`` and so on, as pyte has them."""
        cols, rows = self.size
        return [[self._screen.buffer[row][col] for col in range(cols)] for row in range(rows)]

    def resize(self, rows: int, cols: int) -> None:
        self._screen.resize(rows, cols)

    def feed(self, data: bytes) -> None:
        data = self._pending + data
        self._pending = b""
        position = 0
        while position < len(data):
            escape = data.find(b"\x1b", position)
            self._draw(data[position : len(data) if escape < 0 else escape])
            if escape < 0:
                return
            found = SEQUENCE.match(data, escape)
            if found is None:
                if len(data) - escape < MAX_PENDING_BYTES:
                    self._pending = data[escape:]
                    return
                position = escape + 1
                continue
            self._obey(found)
            position = found.end()

    def _draw(self, text: bytes) -> None:
        if text:
            self._last_text = text
            self._stream.feed(text)

    def _obey(self, found: re.Match[bytes]) -> None:
        if found["final"] is not None:
            self._obey_csi(found)
        elif found["osc"] is not None:
            self._obey_osc(found)
        elif found["escape"] == b"c":
            self._stream.feed(found[0])
            self._main = None
            self._kitty_stacks = {False: [0], True: [0]}
            self.modes = set(INITIAL_MODES)
        elif found["escape"]:
            self._stream.feed(found[0])

    def _obey_osc(self, found: re.Match[bytes]) -> None:
        number, _, rest = found["osc"].partition(b";")
        if number in (b"10", b"11", b"12") and rest == b"?":
            self._reply(b"\x1b]" + number + b";rgb:1c1c/1c1c/1c1c\x1b\\")
        elif number == b"4" and rest.endswith(b";?"):
            self._reply(b"\x1b]4;" + rest[:-2] + b";rgb:3030/4040/5050\x1b\\")
        elif number in (b"0", b"1", b"2"):
            self._stream.feed(found[0])

    def _obey_csi(self, found: re.Match[bytes]) -> None:
        prefix, final = found["prefix"], found["final"]
        if found["between"]:
            if prefix == b"?" and found["between"] == b"$" and final == b"p":
                self._reply(b"\x1b[?%s;%d$y" % (found["params"], 1 if self._first(found) in self.modes else 2))
        elif final == b"u" and prefix:
            self._obey_kitty(prefix, found["params"])
        elif prefix == b"?" and final in b"hl":
            self._set_modes([int(mode) for mode in found["params"].split(b";") if mode], final == b"h")
        elif prefix == b">" and final == b"q":
            self._reply(b"\x1bP>|ptyd-test-terminal 1.0\x1b\\")
        elif prefix == b">" and final == b"c":
            self._reply(b"\x1b[>41;1;0c")
        elif prefix == b"?" and final == b"n" and found["params"] == b"996":
            self._reply(b"\x1b[?997;1n")
        elif prefix:
            return
        elif final == b"t":
            self._obey_window_operation(self._first(found))
        elif final == b"c":
            self._reply(b"\x1b[?62;22c")
        elif final == b"n":
            x, y = self.cursor
            self._reply(b"\x1b[0n" if found["params"] == b"5" else b"\x1b[%d;%dR" % (y + 1, x + 1))
        else:
            self._obey_plain_csi(found)

    def _obey_window_operation(self, number: int) -> None:
        cols, rows = self.size
        if number == 14:
            self._reply(b"\x1b[4;%d;%dt" % (rows * CELL_PIXELS[1], cols * CELL_PIXELS[0]))
        elif number == 16:
            self._reply(b"\x1b[6;%d;%dt" % (CELL_PIXELS[1], CELL_PIXELS[0]))

    def _obey_plain_csi(self, found: re.Match[bytes]) -> None:
        final, count = found["final"], self._first(found) or 1
        if final == b"b":
            self._draw(self._last_text.decode(errors="replace")[-1:].encode() * count)
        elif final in (b"S", b"T"):
            self._scroll(count, up=final == b"S")
        elif final == b"s":
            self._screen.save_cursor()
        elif final == b"u":
            self._screen.restore_cursor()
        elif final == b"m":
            self._stream.feed(
                b"\x1b[%sm" % re.sub(rb"\b4:\d|\b58[:;][0-9:;]*", b"4", found["params"]).replace(b":", b";")
            )
        elif final[0] in PYTE_CSI_FINALS:
            self._stream.feed(found[0])

    def _obey_kitty(self, prefix: bytes, params: bytes) -> None:
        stack = self._kitty_stacks[self.in_alternate]
        numbers = [int(number or 0) for number in params.split(b";")]
        if prefix == b"?":
            self._reply(b"\x1b[?%du" % self.kitty_flags)
        elif prefix == b">":
            stack.append(numbers[0])
        elif prefix == b"=":
            stack[-1] = numbers[0]
        elif prefix == b"<":
            del stack[max(1, len(stack) - (numbers[0] or 1)) :]

    def _set_modes(self, modes: list[int], on: bool) -> None:
        for mode in modes:
            (self.modes.add if on else self.modes.discard)(mode)
            if mode in ALTERNATE_SCREEN_MODES:
                self._switch_screen(on)
            else:
                self._stream.feed(b"\x1b[?%d%s" % (mode, b"h" if on else b"l"))

    def _switch_screen(self, to_alternate: bool) -> None:
        screen = self._screen
        if to_alternate and self._main is None:
            self._main = (copy.deepcopy(screen.buffer), copy.copy(screen.cursor))
            screen.erase_in_display(2)
        elif not to_alternate and self._main is not None:
            buffer, cursor = self._main
            self._main = None
            screen.buffer.clear()
            screen.buffer.update(buffer)
            screen.cursor = cursor

    def _scroll(self, count: int, up: bool) -> None:
        cursor = copy.copy(self._screen.cursor)
        margins = self._screen.margins
        top, bottom = margins if margins else (0, self._screen.lines - 1)
        self._screen.cursor.y = bottom if up else top
        for _ in range(count):
            (self._screen.index if up else self._screen.reverse_index)()
        self._screen.cursor = cursor

    def _first(self, found: re.Match[bytes]) -> int:
        return int(re.split(rb"[;:]", found["params"])[0] or 0)

    def _reply(self, reply: bytes) -> None:
        if self._answer:
            self._answer(reply)
