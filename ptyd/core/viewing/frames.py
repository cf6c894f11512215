"""Synchronized output (mode 2026): a program draws a frame between two sequences, and nobody shall see half of it.

Source: https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036
"""

BEGIN = b"\x1b[?2026h"
END = b"\x1b[?2026l"
_COMMON = BEGIN[:-1]

MAX_FRAME_BYTES = 128 * 1024
MAX_FRAME_SECONDS = 0.15
"""A frame that is larger, or takes longer, is sent in pieces all the same."""


class FrameWatch:
    """Finds where a frame begins that has not ended, in output as it comes."""

    def __init__(self) -> None:
        self.open_at: int | None = None
        """The offset of the frame's first byte; None between frames."""
        self.opened_at = 0.0
        self._tail = b""

    def feed(self, offset: int, data: bytes, now: float, *, has_sequences: bool = True) -> None:
        """Look at the output from ``offset`` on, which follows on what was looked at before. ``has_sequences`` False:
        no frame begins or ends in it, unless that has begun at its end."""
        if not has_sequences and b"\x1b" not in self._tail:
            self._tail = data[-(len(BEGIN) - 1) :]
            return
        text = self._tail + data  # the tail is too short to hold a whole sequence that was seen before
        begin = offset - len(self._tail)
        self._tail = text[-(len(BEGIN) - 1) :]
        if _COMMON not in text:
            return
        end = text.rfind(END)
        if end >= 0:
            self.open_at = None
        if self.open_at is None:
            newest = text.find(BEGIN, max(end, 0))
            if newest >= 0:
                self.open_at, self.opened_at = begin + newest, now

    def stop_before(self, head: int, now: float) -> int:
        """Up to where output may be sent: the beginning of an open frame, or the head."""
        if self.open_at is None or head - self.open_at > MAX_FRAME_BYTES or now >= self.opened_at + MAX_FRAME_SECONDS:
            return head
        return self.open_at

    def holds_until(self, cursor: int, head: int) -> float | None:
        """When ``stop_before`` lets go what comes next at ``cursor``; None where it holds nothing there."""
        if self.open_at is None or cursor < self.open_at or head - self.open_at > MAX_FRAME_BYTES:
            return None
        return self.opened_at + MAX_FRAME_SECONDS
