"""Plain text that scrolls away unseen: an engine that is told of it all comes to the same screen as one that is told of
the end only.

So it is where the whole screen scrolls, no sequence has begun, and the end has lines enough to push everything before
it out of the scrollback. Text is looked at ten times as fast as an engine takes it.
"""

from dataclasses import dataclass

from ptyd.core.replay_log import ReplayLog

COUNT_BYTES = 128 * 1024
_PRINTABLE = bytes(range(0x20, 0x7F))


@dataclass(frozen=True, slots=True)
class PlainSpan:
    """The output from ``since`` to ``until`` is plain: printable ASCII and whole line ends (CR LF), of which the last
    may be half there."""

    since: int
    until: int


class PlainText:
    """How far back the newest output is plain, as it comes."""

    def __init__(self, head: int) -> None:
        self.span = PlainSpan(head, head)
        """Replaced as a whole: another thread may read it."""
        self._carriage_return = b""

    def note(self, offset: int, data: bytes) -> None:
        """``data`` has come, at ``offset``."""
        end = offset + len(data)
        rest = self._carriage_return + data.translate(None, _PRINTABLE)
        lines, half = divmod(len(rest), 2)
        if offset == self.span.until and rest == b"\r\n" * lines + b"\r" * half:
            self.span = PlainSpan(self.span.since, end)
            self._carriage_return = b"\r" * half
        else:
            self.span = PlainSpan(end, end)
            self._carriage_return = b""


def find_cut(log: ReplayLog, cursor: int, until: int, lines: int) -> int:
    """The furthest place up to which the plain text from ``cursor`` to ``until`` may be left out, so that ``lines``
    lines of it still follow; ``cursor`` where there is none."""
    at = until
    while at > cursor and lines >= 0:
        begin = max(cursor, at - COUNT_BYTES)
        lines -= log.read(begin, at - begin).count(b"\n")
        at = begin
    if lines >= 0:
        return cursor
    return at + log.read(at, COUNT_BYTES).find(b"\n") + 1
