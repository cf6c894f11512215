"""Names of keys, as in ``ptyd send NAME --key C-c``, and the bytes that a terminal sends for them. No I/O.

The bytes are xterm's in its default modes (cursor keys not in application mode), which every program reads.
"""

from ptyd_cli.attach.key_codes import control_byte_of

_SHIFT, _ALT, _CTRL = 1, 2, 4
_MODIFIERS = {"S": _SHIFT, "SHIFT": _SHIFT, "M": _ALT, "A": _ALT, "ALT": _ALT, "META": _ALT, "C": _CTRL, "CTRL": _CTRL}

_PLAIN = {
    "ENTER": b"\r",
    "RETURN": b"\r",
    "CR": b"\r",
    "TAB": b"\t",
    "BTAB": b"\x1b[Z",
    "ESC": b"\x1b",
    "ESCAPE": b"\x1b",
    "SPACE": b" ",
    "BACKSPACE": b"\x7f",
    "BSPACE": b"\x7f",
}
_LETTER_FINAL = {
    **{"UP": b"A", "DOWN": b"B", "RIGHT": b"C", "LEFT": b"D", "HOME": b"H", "END": b"F"},
    **{"F1": b"P", "F2": b"Q", "F3": b"R", "F4": b"S"},
}
_TILDE = {
    **{"INSERT": 2, "IC": 2, "DELETE": 3, "DC": 3, "PAGEUP": 5, "PGUP": 5, "PAGEDOWN": 6, "PGDN": 6},
    **{"F5": 15, "F6": 17, "F7": 18, "F8": 19, "F9": 20, "F10": 21, "F11": 23, "F12": 24},
}
_SS3_KEYS = frozenset({"F1", "F2", "F3", "F4"})


def encode_key(name: str) -> bytes:
    """What a terminal sends for ``name``: ``a``, ``C-c``, ``^C``, ``M-x``, ``C-M-Left``, ``S-Tab``, ``F3``,
    ``Enter``.

    Raises:
        ValueError: no such key, or one that no terminal can send.
    """
    modifiers, key = _split_modifiers(name)
    upper = key.upper()
    if upper == "TAB" and modifiers & _SHIFT:
        return _with_alt(_PLAIN["BTAB"], modifiers)
    if upper in _LETTER_FINAL:
        return _encode_letter_final(upper, modifiers)
    if upper in _TILDE:
        return b"\x1b[%d%s~" % (_TILDE[upper], b";%d" % (modifiers + 1) if modifiers else b"")
    if modifiers & _CTRL:
        return _encode_control(name, upper, key, modifiers)
    if upper in _PLAIN:
        return _with_alt(_PLAIN[upper], modifiers)
    if len(key) != 1:
        raise ValueError(f"{name!r} is no key; keys are named a, C-c, M-x, Up, F3, Enter, Esc, Tab, PageUp, ...")
    return _with_alt((key.upper() if modifiers & _SHIFT else key).encode(), modifiers)


def _split_modifiers(name: str) -> tuple[int, str]:
    modifiers = 0
    key = name
    if len(key) > 1 and key.startswith("^"):
        modifiers, key = _CTRL, key[1:]
    while True:
        prefix, dash, rest = key.partition("-")
        if not dash or not rest or prefix.upper() not in _MODIFIERS:
            return modifiers, key
        modifiers |= _MODIFIERS[prefix.upper()]
        key = rest


def _encode_letter_final(key: str, modifiers: int) -> bytes:
    if modifiers:
        return b"\x1b[1;%d%s" % (modifiers + 1, _LETTER_FINAL[key])
    return (b"\x1bO" if key in _SS3_KEYS else b"\x1b[") + _LETTER_FINAL[key]


def _encode_control(name: str, upper: str, key: str, modifiers: int) -> bytes:
    if upper == "SPACE":
        key = " "
    elif upper in _PLAIN or len(key) != 1:
        raise ValueError(f"{name!r} is no key that every terminal can send")
    return _with_alt(bytes([control_byte_of(key)]), modifiers)


def _with_alt(data: bytes, modifiers: int) -> bytes:
    return b"\x1b" + data if modifiers & _ALT else data
