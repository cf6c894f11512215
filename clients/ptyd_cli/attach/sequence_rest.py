"""Whether output has stopped in the middle of a sequence or a character, so that nothing may be written
between. No I/O."""

import re

_STRING_INTRODUCERS = frozenset(b"]PX^_")
_UNFINISHED = re.compile(rb"\x1b(?:\[[\x20-\x3f]*|[\x20-\x2f]*)\Z")
_UNFINISHED_CHARACTER = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_BELL, _CANCEL, _SUBSTITUTE = b"\x07", b"\x18", b"\x1a"


class SequenceRest:
    """Fed with all that is written; ``is_inside`` tells of the last byte."""

    def __init__(self) -> None:
        self._tail = b""
        self._is_in_string = False

    @property
    def is_inside(self) -> bool:
        return self._is_in_string or bool(self._tail)

    def observe(self, data: bytes) -> None:
        data = self._tail + data
        self._tail = b""
        start = data.rfind(b"\x1b")
        if start < 0:
            self._is_in_string = self._is_in_string and not _ends_string(data)
            if not self._is_in_string:
                self._note_character(data)
            return
        rest = data[start:]
        self._is_in_string = len(rest) > 1 and rest[1] in _STRING_INTRODUCERS and not _ends_string(rest)
        if self._is_in_string:
            return
        if _UNFINISHED.match(rest):
            self._tail = rest
        else:
            self._note_character(rest)

    def _note_character(self, data: bytes) -> None:
        unfinished = _UNFINISHED_CHARACTER.search(data[-3:])
        self._tail = unfinished[0] if unfinished else b""


def _ends_string(data: bytes) -> bool:
    return _BELL in data or _CANCEL in data or _SUBSTITUTE in data
