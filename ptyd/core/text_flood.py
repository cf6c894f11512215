"""Plain text that scrolls away unseen: an engine that is told of it all comes to the same screen as one that is told of
the end only.

So it is where the whole screen scrolls, no sequence has begun, and the end has lines enough to push everything before
it out of the scrollback. Text is looked at several times as fast as an engine takes it.
"""

from ptyd.core.replay_log import ReplayLog

LOOK_BYTES = 32 * 1024
COUNT_BYTES = 128 * 1024
_PRINTABLE = bytes(range(0x20, 0x7F))


def is_plain(data: bytes) -> bool:
    """Printable ASCII and whole line ends (CR LF), of which the last may be half there."""
    rest = data.translate(None, _PRINTABLE)
    if not rest:
        return True
    lines = len(rest) // 2
    return rest == b"\r\n" * lines + (b"\r" if len(rest) % 2 else b"")


class TextFlood:
    """How far the output ahead of an engine's cursor is plain text."""

    def __init__(self, log: ReplayLog) -> None:
        self._log = log
        self._until = 0
        """What is before it, from the cursor on, is plain; the next byte begins a line."""

    def look(self, cursor: int) -> bool:
        """Whether everything from ``cursor`` to the head is plain; the rest of a line before it counts as one."""
        log = self._log
        at = max(self._until, cursor)
        while at < log.head:
            data = log.read(at, LOOK_BYTES)
            if not is_plain(data):
                return False
            whole = data.rfind(b"\n") + 1
            if not whole:
                return len(data) < LOOK_BYTES
            at = self._until = at + whole
        return True

    def find_cut(self, cursor: int, lines: int) -> int:
        """The furthest place up to which plain text may be left out, so that ``lines`` lines of it still follow;
        ``cursor`` where there is none."""
        log = self._log
        at = self._until
        while at > cursor and lines >= 0:
            begin = max(cursor, at - COUNT_BYTES)
            lines -= log.read(begin, at - begin).count(b"\n")
            at = begin
        if lines >= 0:
            return cursor
        return at + log.read(at, LOOK_BYTES).find(b"\n") + 1
