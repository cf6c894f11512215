"""The player's keys, as terminals send them in whatever mode the recording has left the keyboard. No I/O."""

import re
from enum import Enum

from ptyd_cli.attach.key_codes import decode_key


class Wish(Enum):
    PAUSE = "pause"
    BACK = "back"
    FORWARD = "forward"
    SLOWER = "slower"
    FASTER = "faster"
    STEP = "step"
    MARKER = "marker"
    QUIT = "quit"


_WISHES = {
    " ": Wish.PAUSE,
    "<": Wish.SLOWER,
    ",": Wish.SLOWER,
    "-": Wish.SLOWER,
    ">": Wish.FASTER,
    "+": Wish.FASTER,
    "=": Wish.FASTER,
    ".": Wish.STEP,
    "m": Wish.MARKER,
    "q": Wish.QUIT,
}
_TOKEN = re.compile(rb"\x1b\[M.{3}|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|.", re.DOTALL)
_UNFINISHED = re.compile(rb"\x1b(?:\[(?:[0-?]*[ -/]*|M.{0,2})|O)?\Z", re.DOTALL)
_ARROW = re.compile(rb"\x1b(?:O|\[)(?:1;\d*(?::(\d))?)?([CD])")
_RELEASE = b"3"
_CTRL_C = 0x03
_CTRL = 4


class KeyReader:
    """Fed with what is typed, in any pieces."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Wish]:
        data = self._held + data
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._held = data[end:]
        wishes = (_find_wish(token[0]) for token in _TOKEN.finditer(data, 0, end))
        return [wish for wish in wishes if wish is not None]


def _find_wish(token: bytes) -> Wish | None:
    arrow = _ARROW.fullmatch(token)
    if arrow:
        if arrow[1] == _RELEASE:
            return None
        return Wish.FORWARD if arrow[2] == b"C" else Wish.BACK
    if len(token) == 1:
        return Wish.QUIT if token[0] == _CTRL_C else _WISHES.get(chr(token[0]))
    press = decode_key(token)
    if press is None or press.is_release:
        return None
    characters = {chr(code) for code in press.codes}
    if press.modifiers & _CTRL:
        return Wish.QUIT if "c" in characters else None
    return next((_WISHES[character] for character in characters if character in _WISHES), None)
