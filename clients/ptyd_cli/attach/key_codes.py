"""Keys as a terminal sends them: legacy bytes, kitty's ``CSI u``, xterm's modifyOtherKeys. No I/O.

Sources: the kitty keyboard protocol (sw.kovidgoyal.net/kitty/keyboard-protocol) and xterm's ctlseqs,
"modifyOtherKeys".
"""

import re
from dataclasses import dataclass

ESC = 0x1B

_SHIFT, _ALT, _CTRL, _SUPER, _HYPER, _META = 1, 2, 4, 8, 16, 32
_EVENT_RELEASE = 3

_LAST_CTRL_LETTER = 0x1A
_DIGITS_FOR_CONTROL = {0x00: "2 @", 0x1B: "3[", 0x1C: "4\\", 0x1D: "5]", 0x1E: "6^", 0x1F: "7/-_", 0x7F: "8?"}
"""Ctrl with a digit has sent these controls since the VT220; it is how they are typed where the layout hides
``\\`` or ``]``. With a kitty keyboard the digit's own code arrives, so both are the same key here."""

_MODIFIER_KEYS = frozenset({57358, 57359, 57360, *range(57441, 57455)})
"""Caps, scroll and num lock, and the modifiers themselves: reported as keys where a program asked for all
keys."""

_KITTY = re.compile(rb"\x1b\[(\d+)(?::(\d*))?(?::(\d*))?(?:;(\d*)(?::(\d+))?)?(?:;[\d:]*)?u")
_MODIFY_OTHER_KEYS = re.compile(rb"\x1b\[27;(\d+);(\d+)~")
_NOT_A_KEY = re.compile(rb"\x1b\[(?:[<?>=][^\x1b]*|[IO]|\d+;\d+;\d+t|\d+;\d+R)")
"""Mouse, focus, and replies of the terminal: they come by themselves, nobody typed them."""


@dataclass(frozen=True)
class Key:
    """A key that a chord is made of: ``character`` in lower case, with Ctrl or without."""

    character: str
    ctrl: bool = False

    @property
    def control_byte(self) -> int | None:
        """What it sends in the legacy encoding when Ctrl is held."""
        if not self.ctrl:
            return None
        return control_byte_of(self.character)


def control_byte_of(character: str) -> int:
    """The C0 control (or DEL) that Ctrl makes of ``character``.

    Raises:
        ValueError: Ctrl makes none of it.
    """
    upper = character.upper()
    if len(upper) == 1 and "@" <= upper <= "_":
        return ord(upper) & 0x1F
    for control, characters in _DIGITS_FOR_CONTROL.items():
        if character in characters:
            return control
    raise ValueError(f"there is no key C-{character}")


@dataclass(frozen=True)
class KeyPress:
    """One decoded key event. ``codes``: the key's Unicode code, and that of its place on a US keyboard where
    told."""

    codes: frozenset[int]
    modifiers: int = 0
    is_release: bool = False

    @property
    def is_modifier(self) -> bool:
        return not self.codes.isdisjoint(_MODIFIER_KEYS)

    def is_key(self, key: Key) -> bool:
        """Whether this is ``key``, whatever Shift and the locks say: they do not change a chord."""
        if self.modifiers & (_ALT | _SUPER | _HYPER | _META):
            return False
        if bool(self.modifiers & _CTRL) != key.ctrl:
            return False
        control = key.control_byte
        if control is None or 1 <= control <= _LAST_CTRL_LETTER:
            wanted = key.character.lower() + key.character.upper()
        else:
            wanted = _DIGITS_FOR_CONTROL[control]
        return any(ord(character) in self.codes for character in wanted)


def decode_key(token: bytes) -> KeyPress | None:
    """One token of the input (see ``next_token``) as a key, or None where it is none (mouse, focus, a reply)
    or one that no chord can hold (arrows, function keys).
    """
    if len(token) == 1:
        return _decode_legacy(token[0])
    kitty = _KITTY.fullmatch(token)
    if kitty:
        code, _, base, modifiers, event = kitty.groups()
        codes = {int(code)} | ({int(base)} if base else set())
        return KeyPress(frozenset(codes), (int(modifiers) if modifiers else 1) - 1, int(event or 1) == _EVENT_RELEASE)
    other = _MODIFY_OTHER_KEYS.fullmatch(token)
    if other:
        return KeyPress(frozenset({int(other[2])}), int(other[1]) - 1)
    return None


def _decode_legacy(byte: int) -> KeyPress:
    if byte in _DIGITS_FOR_CONTROL and byte not in (ESC, 0x7F):
        return KeyPress(frozenset(map(ord, _DIGITS_FOR_CONTROL[byte])), _CTRL)
    if 1 <= byte <= _LAST_CTRL_LETTER:
        return KeyPress(frozenset({byte | 0x60}), _CTRL)
    return KeyPress(frozenset({byte}))


def comes_by_itself(token: bytes) -> bool:
    """Whether ``token`` is a mouse or focus report or a reply, and so no key."""
    return _NOT_A_KEY.match(token) is not None


def has_key(data: bytes) -> bool:
    """Whether anything in ``data`` was typed: not only mouse and focus reports and replies, or releases of keys."""
    start = 0
    while start < len(data):
        end = next_token(data, start) or len(data)
        press = decode_key(data[start:end])
        if not comes_by_itself(data[start:end]) and not (press is not None and press.is_release):
            return True
        start = end
    return False


def next_token(data: bytes, start: int) -> int | None:
    """Where the key event that begins at ``start`` ends; None where ``data`` ends within it (also: a lone
    ESC)."""
    if data[start] != ESC:
        return start + 1
    if start + 1 >= len(data):
        return None
    if data[start + 1] != ord("["):
        return start + 1
    for index in range(start + 2, len(data)):
        byte = data[index]
        if 0x40 <= byte <= 0x7E:
            # X10 mouse reports carry three more bytes behind the M.
            end = index + 1 + (3 if byte == ord("M") and index == start + 2 else 0)
            return end if end <= len(data) else None
        if not 0x20 <= byte <= 0x3F:
            return index
    return None
