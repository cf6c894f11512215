"""A screen on its way to one client: asked for, cut into messages, and consumed or not."""

from collections import deque

from ptyd_protocol import limits
from ptyd_protocol.messages import Snapshot

from ptyd.core.screen.screen_source import ScreenSnapshot


class ScreenDelivery:
    """The snapshot of one attachment, one at a time. The only thing of size that is kept for one client alone."""

    def __init__(self) -> None:
        self.is_awaited = False
        """It was asked for: nothing else is sent until it is there."""
        self.unacked_bytes = 0
        """Of what was, or will be, sent, its client has not consumed so much."""
        self.size_bytes = 0
        """Of the newest snapshot."""
        self._messages: deque[Snapshot] = deque()
        self._is_begun = False
        self._offset = 0

    @property
    def held_bytes(self) -> int:
        """What the daemon keeps until it is sent."""
        return sum(len(message.data) for message in self._messages)

    @property
    def is_due(self) -> bool:
        return bool(self._messages)

    @property
    def is_half_sent(self) -> bool:
        """Its next part has to follow directly on the one before."""
        return self._is_begun

    def begin(self, channel: int, snapshot: ScreenSnapshot) -> None:
        """Here it is. One before it that was not sent yet will not be."""
        step = limits.MAX_OUTPUT_BYTES
        data = snapshot.data
        cuts = range(0, len(data), step) if data else (0,)
        self._messages.clear()
        for at in cuts:
            part = data[at : at + step]
            has_more = at + step < len(data)
            self._messages.append(
                Snapshot(channel, snapshot.offset, snapshot.cols, snapshot.rows, part, "screen", has_more)
            )
        self._offset = snapshot.offset
        self.is_awaited = False
        self.unacked_bytes = self.size_bytes = len(data)

    def pop_message(self) -> Snapshot:
        message = self._messages.popleft()
        self._is_begun = message.more
        return message

    def acknowledge(self, offset: int) -> None:
        """The client has consumed everything before ``offset``, and so the screen at ``offset``, too."""
        if not self._messages and offset >= self._offset:
            self.unacked_bytes = 0
