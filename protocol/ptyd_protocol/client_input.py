"""The numbered input of one channel, kept until the daemon has taken it (PROTOCOL.md, section 7)."""

from collections import deque
from collections.abc import Iterator

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ProtocolError
from ptyd_protocol.messages import Input


class InputForgotten(Exception):
    """The daemon no longer knows which of some Inputs it took: sending them again could type them twice."""


class InputQueue:
    """Bytes in, numbered Inputs out; none is forgotten before its acknowledgement."""

    def __init__(
        self,
        channel: int,
        max_input_bytes: int = limits.MAX_INPUT_BYTES,
        max_unacked_bytes: int = limits.MAX_UNACKED_INPUT_BYTES,
    ) -> None:
        self._channel = channel
        self._max_input_bytes = max_input_bytes
        self._max_unacked_bytes = max_unacked_bytes
        self._unacked: deque[Input] = deque()
        self._next_seq = 1
        self._numbers_are_known = False  # the daemon may know this channel from an earlier life of the program
        self.unacked_bytes = 0

    @property
    def free_bytes(self) -> int:
        """How many bytes may be added before an acknowledgement is due."""
        return max(0, self._max_unacked_bytes - self.unacked_bytes)

    @property
    def is_empty(self) -> bool:
        return not self._unacked

    def limit(self, max_input_bytes: int, max_unacked_bytes: int) -> None:
        """Take over a daemon's own limits."""
        self._max_input_bytes = min(max_input_bytes, limits.MAX_INPUT_BYTES)
        self._max_unacked_bytes = min(max_unacked_bytes, limits.MAX_UNACKED_INPUT_BYTES)

    def add(self, data: bytes) -> Iterator[Input]:
        """Number as much of ``data`` as there is room for, in pieces that the wire takes."""
        end = min(len(data), self.free_bytes)
        for start in range(0, end, self._max_input_bytes):
            piece = Input(self._channel, self._next_seq, data[start : min(start + self._max_input_bytes, end)])
            self._next_seq += 1
            self._unacked.append(piece)
            self.unacked_bytes += len(piece.data)
            yield piece

    def acknowledge(self, seq: int) -> None:
        """Every Input up to ``seq`` has been taken. Hearing it again, or out of order, changes nothing.

        Raises:
            ProtocolError: so many were never sent.
        """
        if seq >= self._next_seq:
            raise ProtocolError(
                CloseCode.BAD_MESSAGE, f"InputAck of {seq}, but the last Input was {self._next_seq - 1}"
            )
        while self._unacked and self._unacked[0].seq <= seq:
            self.unacked_bytes -= len(self._unacked.popleft().data)

    def resume(self, input_seq: int) -> list[Input]:
        """The daemon took everything up to ``input_seq``; returns what is to be sent (again).

        Raises:
            InputForgotten: some were sent whose fate is unknown.
        """
        if not self._numbers_are_known:
            self._renumber(input_seq + 1)
            self._numbers_are_known = True
            return list(self._unacked)
        while self._unacked and self._unacked[0].seq <= input_seq:
            self.unacked_bytes -= len(self._unacked.popleft().data)
        if not self._unacked:
            self._next_seq = input_seq + 1
        elif self._unacked[0].seq != input_seq + 1:
            raise InputForgotten(f"the daemon took Input {input_seq}, and {self._unacked[0].seq} is in doubt")
        return list(self._unacked)

    def _renumber(self, first_seq: int) -> None:
        pieces = [Input(self._channel, seq, piece.data) for seq, piece in enumerate(self._unacked, first_seq)]
        self._unacked = deque(pieces)
        self._next_seq = first_seq + len(pieces)
