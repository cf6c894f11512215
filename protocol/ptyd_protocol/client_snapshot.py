"""The client's end of a Snapshot: its parts become one. No I/O."""

import msgspec

from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import DaemonMessage, Snapshot
from ptyd_protocol.snapshot_parts import continues_snapshot


class SnapshotParts:
    """Of one channel. ``is_due``: nothing that has a place in the output may come before a Snapshot."""

    def __init__(self, channel: int) -> None:
        self.is_due = False
        self._channel = channel
        self._parts: list[Snapshot] = []

    def expect(self) -> None:
        """Attached has promised one."""
        self.is_due = True

    def forget(self) -> None:
        """The connection is gone, and with it the rest."""
        self.is_due = False
        self._parts = []

    def add(self, part: Snapshot) -> Snapshot | None:
        """The whole of which ``part`` is the last; None: more have to come.

        Raises:
            ProtocolError: it is a part of another one.
        """
        if self._parts and not continues_snapshot(self._parts[0], part):
            raise self._violation(f"a Snapshot of byte {part.offset} within that of byte {self._parts[0].offset}")
        self._parts.append(part)
        self.is_due = part.more
        if part.more:
            return None
        parts, self._parts = self._parts, []
        if len(parts) == 1:
            return part
        return msgspec.structs.replace(part, data=b"".join(each.data for each in parts))

    def is_missing_before(self, message: DaemonMessage) -> ProtocolError:
        """What to raise where ``message`` came while a Snapshot was due."""
        return self._violation(f"{type(message).__name__} where a Snapshot was due")

    def _violation(self, reason: str) -> ProtocolError:
        return ProtocolError(CloseCode.BAD_MESSAGE, f"channel {self._channel}: {reason}")
