"""Text that scrolls away unseen: an engine that is told of all of it comes to the same screen as one that is told of
the end only.

So it is where the whole screen scrolls, no sequence has begun, and the end has lines enough to push everything before
it out of the scrollback. Text is looked at ten times as fast as an engine takes it. Colours may be in it, where the end
begins with a reset of them all, which makes what came before of no account.
"""

import re
from typing import NamedTuple

from ptyd.core.log.replay_log import ReplayLog

COUNT_BYTES = 128 * 1024
MAX_UNFINISHED_BYTES = 64
_HARMLESS = b"\t\n\r" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
"""What prints, or moves to the next row; of UTF-8 all but the controls, which _CONTROL finds."""
_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_OTHER_SEQUENCE = re.compile(rb"\x1b(?!\[[0-9;:]*+[mK]|(?:\[[0-9;:]{0,60}+)?\Z)")
"""SGR changes the pen, EL erases in one row."""
_HARMLESS_SEQUENCE = re.compile(rb"\x1b\[[0-9;:]*+[mK]")
_UNFINISHED = re.compile(rb"(?:\x1b(?:\[[0-9;:]{0,60})?|\xc2)\Z")
_RESETS = b"\x1b[m", b"\x1b[0m"


class PlainSpan(NamedTuple):
    """The output from ``since`` to ``until`` is plain: text, tabs, CR and LF, SGR and EL, of which the last may be half
    there. ``unstyled_since``: no sequence is in it from there on."""

    since: int
    until: int
    unstyled_since: int


def has_other_sequences(data: bytes) -> bool:
    """Whether anything begins in ``data`` but SGR and EL: what draws frames, names windows, moves or asks. What has
    only begun at its end, and may become one of these, does not count: whoever looks at the next piece minds it."""
    return b"\x1b" in data and _OTHER_SEQUENCE.search(data) is not None


class PlainText:
    """How far back the newest output is plain, as it comes."""

    def __init__(self, head: int) -> None:
        self.span = PlainSpan(head, head, head)
        """Replaced as a whole: another thread may read it."""
        self._unfinished = b""

    def note(self, offset: int, data: bytes, *, has_sequences: bool = True) -> None:
        """``data`` has come, at ``offset``. ``has_sequences`` False: no others begin in it, as above."""
        end = offset + len(data)
        since, until, unstyled_since = self.span
        text = self._unfinished + data
        has_escapes = b"\x1b" in text
        unfinished = _find_unfinished(text) if has_escapes or text.endswith(b"\xc2") else b""
        has_others = has_escapes and (
            has_other_sequences(text) if has_sequences else self._ends_otherwise(text, unfinished)
        )
        if offset == until and not has_others and _is_text(text[: len(text) - len(unfinished)]):
            self.span = PlainSpan(since, end, end if has_escapes else unstyled_since)
            self._unfinished = unfinished
        else:
            self.span = PlainSpan(end, end, end)
            self._unfinished = b""

    def _ends_otherwise(self, text: bytes, unfinished: bytes) -> bool:
        """What had begun at the end of the piece before has become another sequence."""
        return self._unfinished.startswith(b"\x1b") and unfinished != text and _HARMLESS_SEQUENCE.match(text) is None


def _find_unfinished(text: bytes) -> bytes:
    """What begins at the end."""
    found = _UNFINISHED.search(text, max(0, len(text) - MAX_UNFINISHED_BYTES))
    return b"" if found is None else found[0]


def _is_text(text: bytes) -> bool:
    """Beside sequences, which begin with ESC."""
    if text.translate(None, _HARMLESS).strip(b"\x1b"):
        return False
    return b"\xc2" not in text or not _CONTROL.search(text)


def find_cut(log: ReplayLog, cursor: int, plain: PlainSpan, lines: int) -> int:
    """The furthest place up to which the plain text from ``cursor`` on may be left out, so that ``lines`` lines of it
    still follow; ``cursor`` where there is none."""
    at = plain.until
    while at > cursor and lines >= 0:
        begin = max(cursor, at - COUNT_BYTES)
        lines -= log.read(begin, at - begin).count(b"\n")
        at = begin
    if lines >= 0:
        return cursor
    # Behind CR LF the cursor is in the first column, wherever it was before.
    text = log.read(at, COUNT_BYTES)
    end = text.find(b"\r\n") + 2
    if end < 2 or text.count(b"\n", 0, end) > -lines:
        return cursor
    cut = at + end
    if plain.unstyled_since <= cursor:
        return cut
    begin = max(cursor, cut - COUNT_BYTES)
    text = log.read(begin, cut - begin)
    found = max(map(text.rfind, _RESETS))
    return cursor if found < 0 else begin + found
