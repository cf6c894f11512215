"""What a session's output has switched on in the outer terminal, and how to switch exactly that off again. No
I/O.

Nothing can be asked here: the answer would come too late, or never. So the terminal is taken to have been in
its defaults when the output began, as a shell leaves it for a command.

Sources: xterm's ctlseqs (patch 390), the kitty keyboard protocol.
"""

import re

from ptyd_cli.attach.kitty_keyboard import KittyKeyboard
from ptyd_cli.attach.osc_state import OscState

MAX_HELD_BYTES = 2048
"""An unfinished sequence longer than this is none that is tracked."""

PUSH_TITLE = b"\x1b[22;0t"
POP_TITLE = b"\x1b[23;0t"

_ON_BY_DEFAULT = frozenset({7, 8, 25})
"""Wrapping, key repeat, cursor."""
_DEFAULT_DIFFERS_BY_TERMINAL = frozenset({45, 67, 1007, 1010, 1011, 1034, 1035, 1036, 1039, 1041, 1042, 2027})
"""Here the first change tells what there was: nobody switches on what is on. Not so the blinking cursor (12):
terminfo's ``cnorm`` switches it off in passing, so it is taken to have been off."""
_ANSI_MODES_ON_BY_DEFAULT = frozenset({12})

_ALTERNATE_SCREENS = frozenset({47, 1047, 1049})
_SAVE_CURSOR = 1048
_ORIGIN = 6
_SYNCHRONIZED_OUTPUT = 2026

_INTERESTING = re.compile(
    rb"\x1b(?!\[[\d;:]*+[@-Za-fi-km-qsu-z])(?:"  # colours and the cursor's moves are passed over: they are the most
    rb"\[(?:(?P<private>\?[\d;]*[hlsr])|(?P<kitty>[<>=][\d;]*u)|(?P<resource>>[\d;:]*[mnf])"
    rb"|(?P<plain>[\d;]*[hlrgt])|(?P<soft_reset>!p)|(?P<shape>\d* q))"
    rb"|\](?P<osc>\d{1,3}(?:;[^\x07\x1b\x18\x1a]{0,1024})?)(?:\x07|\x1b\\)"
    rb"|(?P<charset>[()*+\-./][ -/]?[0-~])"
    rb"|(?P<escape>[=>cHno]|%[@G])"
    rb")"
)
_UNFINISHED = re.compile(
    rb"\x1b(?:\[[?><=!]?[\d;:]*[ ]?|\]\d{0,3}(?:;[^\x07\x1b\x18\x1a]{0,1024}\x1b?)?|[()*+\-./][ -/]?|%)?\Z"
)
_SHIFT_OUT, _SHIFT_IN = b"\x0e", b"\x0f"


class TerminalModes:
    """Fed with every byte that the terminal was given, in any pieces; says what leaving takes."""

    def __init__(self) -> None:
        self.kitty_keyboard = KittyKeyboard()
        self.osc = OscState()
        self._held = b""
        self._titles_pushed = 0
        self._resources: set[tuple[bytes, bytes]] = set()
        self._saved: dict[int, bool] = {}
        self._first_seen: dict[int, bool] = {}
        self._forget_screen()

    def _forget_screen(self) -> None:
        """Everything that a full reset of the terminal resets."""
        self._private: dict[int, bool] = {}
        self._ansi: dict[int, bool] = {}
        self._alternate: int | None = None
        self._is_keypad_application = False
        self._is_shape_changed = False
        self._is_region_set = False
        self._is_shifted_out = False
        self._is_charset_switched = False
        self._are_tabs_changed = False
        self._charsets: set[bytes] = set()

    @property
    def is_alternate_screen(self) -> bool:
        return self._alternate is not None

    @property
    def has_enhanced_keyboard(self) -> bool:
        """Whether keys come as escape sequences, so that a lone ESC is only the beginning of one."""
        return self.kitty_keyboard.is_changed or any(number == b"4" for number, _ in self._resources)

    def observe(self, data: bytes) -> None:
        """Take note of ``data``, which the terminal has been given."""
        data = self._held + data
        end = 0
        for found in _INTERESTING.finditer(data):
            self._take(found)
            end = found.end()
        if _SHIFT_OUT in data or _SHIFT_IN in data:
            self._is_shifted_out = data.rfind(_SHIFT_OUT) > data.rfind(_SHIFT_IN)
        unfinished = _UNFINISHED.search(data, max(end, len(data) - MAX_HELD_BYTES))
        self._held = data[unfinished.start() :] if unfinished else b""

    def leave(self, *, cols: int = 80) -> bytes:
        """The bytes that bring the terminal back, the cursor staying where it is on the main screen.

        ``cols`` is the terminal's width, needed where tab stops were changed. Does not pop the title
        (``leave_title``).
        """
        parts = [b"\x1b\\"]  # whatever string was cut off in the middle
        if self._private.get(_SYNCHRONIZED_OUTPUT):
            parts.append(b"\x1b[?2026l")
        if self._alternate is not None:
            parts.append(self.kitty_keyboard.leave_screen(alternate=True))
            if self._is_region_set:
                parts.append(b"\x1b[r")
            parts.append(b"\x1b[?%dl" % self._alternate)
        parts.append(self.kitty_keyboard.leave_screen(alternate=False))
        parts += self._leave_modes()
        if self._is_keypad_application:
            parts.append(b"\x1b>")
        if self._is_shape_changed:
            parts.append(b"\x1b[0 q")
        parts += [b"\x1b[>%s%s" % resource for resource in sorted(self._resources)]
        parts += self._leave_charsets()
        if self._is_region_set:
            parts.append(b"\x1b7\x1b[r\x1b8")  # the reset alone would move the cursor
        if self._are_tabs_changed:
            stops = b"".join(b"\x1b[%dG\x1bH" % col for col in range(9, cols + 1, 8))
            parts.append(b"\x1b7\x1b[3g" + stops + b"\x1b8")
        parts.append(self.osc.leave())
        parts.append(b"\x1b[m")  # not tracked: it costs nothing, and every program uses it
        return b"".join(parts)

    def leave_title(self) -> bytes:
        """Brings back the title that was pushed before the output began, past what the output has pushed
        itself."""
        return POP_TITLE * (self._titles_pushed + 1)

    @property
    def is_title_changed(self) -> bool:
        """Whether the output has set a title or touched the stack of titles."""
        return self.osc.title is not None or self._titles_pushed != 0

    def _leave_modes(self) -> list[bytes]:
        parts = []
        for number, is_on in self._private.items():
            if number == _SYNCHRONIZED_OUTPUT or is_on == self._baseline(number):
                continue
            parts.append(b"\x1b[?%d%s" % (number, b"l" if is_on else b"h"))
        for number, is_on in self._ansi.items():
            if is_on != (number in _ANSI_MODES_ON_BY_DEFAULT):
                parts.append(b"\x1b[%d%s" % (number, b"l" if is_on else b"h"))
        return parts

    def _leave_charsets(self) -> list[bytes]:
        parts = [b"\x1b" + slot + b"B" for slot in sorted(self._charsets)]
        if self._is_shifted_out:
            parts.append(_SHIFT_IN)
        if self._is_charset_switched:
            parts.append(b"\x1b%G")
        return parts

    def _baseline(self, number: int) -> bool:
        if number in _DEFAULT_DIFFERS_BY_TERMINAL:
            return self._first_seen[number]
        return number in _ON_BY_DEFAULT

    def _take(self, found: "re.Match[bytes]") -> None:
        kind = found.lastgroup
        assert kind is not None
        text: bytes = found[kind]
        if kind == "private":
            self._take_private(_numbers(text[1:-1]), text[-1:])
        elif kind == "plain":
            self._take_plain(text[:-1], text[-1:])
        elif kind == "osc":
            self.osc.take(text)
        elif kind == "kitty":
            self._take_kitty(text[:1], _numbers(text[1:-1]))
        elif kind == "resource":
            self._take_resource(text[1:-1], text[-1:])
        elif kind == "shape":
            self._is_shape_changed = text[:-2] not in (b"", b"0")
        elif kind == "charset":
            self._take_charset(text)
        elif kind == "soft_reset":
            self._take_soft_reset()
        else:
            self._take_escape(text)

    def _take_private(self, numbers: list[int], final: bytes) -> None:
        for number in numbers:
            if final == b"s":
                self._saved[number] = self._is_private_on(number)
            elif final == b"r":
                if number in self._saved:
                    self._set_private(number, self._saved[number])
            else:
                self._set_private(number, final == b"h")

    def _is_private_on(self, number: int) -> bool:
        if number in _ALTERNATE_SCREENS:
            return self._alternate is not None
        return self._private.get(number, number in _ON_BY_DEFAULT)

    def _set_private(self, number: int, is_on: bool) -> None:
        if number in _ALTERNATE_SCREENS:
            if not is_on:
                self._alternate = None
            elif self._alternate is None:
                self._alternate = number
        elif number != _SAVE_CURSOR:
            self._first_seen.setdefault(number, not is_on)
            self._private[number] = is_on

    def _take_plain(self, params: bytes, final: bytes) -> None:
        if final in b"hl":
            for number in _numbers(params):
                self._ansi[number] = final == b"h"
        elif final == b"r":
            self._is_region_set = params != b""
        elif final == b"g":
            self._are_tabs_changed = True
        elif params.split(b";")[0] == b"22":
            self._titles_pushed += 1
        elif params.split(b";")[0] == b"23":
            # Below zero our own push has been popped, and so restored, by the output.
            self._titles_pushed = max(self._titles_pushed - 1, -1)

    def _take_kitty(self, operation: bytes, numbers: list[int]) -> None:
        is_alternate = self.is_alternate_screen
        if operation == b">":
            self.kitty_keyboard.push(alternate=is_alternate)
        elif operation == b"<":
            self.kitty_keyboard.pop(numbers[0] if numbers else 1, alternate=is_alternate)
        else:
            flags, mode = (*numbers, 0, 1)[0], (numbers[1] if len(numbers) > 1 else 1)
            self.kitty_keyboard.set_flags(flags, mode, alternate=is_alternate)

    def _take_resource(self, params: bytes, final: bytes) -> None:
        """``CSI > Pp ; Pv m`` and ``f`` set a key resource of xterm's, without Pv they reset it; ``n``
        switches it off."""
        number, _, value = params.partition(b";")
        kind = b"m" if final == b"n" else final
        if final == b"n" or value:
            self._resources.add((number, kind))
        else:
            self._resources = {item for item in self._resources if item[1] != kind or number not in (b"", item[0])}

    def _take_charset(self, text: bytes) -> None:
        slot, charset = text[:1], text[1:]
        if charset == b"B":
            self._charsets.discard(slot)
        else:
            self._charsets.add(slot)

    def _take_soft_reset(self) -> None:
        """DECSTR, as the VT510 manual lists it."""
        for number in (_ORIGIN, 1, 66):
            self._private.pop(number, None)
        self._private[25] = True
        self._ansi.pop(4, None)
        self._is_keypad_application = self._is_region_set = self._is_shifted_out = False
        self._charsets.clear()

    def _take_escape(self, text: bytes) -> None:
        if text == b"c":
            self._forget_screen()
            self.kitty_keyboard.reset()
            self.osc.reset()
            self._resources.clear()
        elif text in (b"=", b">"):
            self._is_keypad_application = text == b"="
        elif text == b"H":
            self._are_tabs_changed = True
        elif text in (b"n", b"o"):
            self._is_shifted_out = True
        else:
            self._is_charset_switched = text == b"%@"


def _numbers(params: bytes) -> list[int]:
    return [int(number) for number in params.split(b";") if number]
