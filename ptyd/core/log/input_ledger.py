"""Which keys have been taken: an Input is delivered exactly once, whatever happens to connection or daemon.

Keys go through a pipe that outlives the daemon, and from there into the PTY. Before writing into the pipe the daemon
notes who writes what number and how full the pipe is. The next daemon looks into the pipe: fuller than noted
means the key was taken, not fuller means it was not, and the client sends it again.
"""

from hashlib import blake2b

from ptyd_protocol.limits import MAX_SEQ

from ptyd.core.log.log_layout import INPUT_SLOTS, INPUTS_AT, Table, Word


def attachment_key(client_id: str, channel: int) -> int:
    """The 64-bit name of an attachment in the tables of a log; never 0."""
    digest = blake2b(f"{client_id}:{channel}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") | 1


ENGINE_KEY = 1 << 63
"""The engine's name among the attachments' keys, which are odd. Its numbers are the offsets it has answered up to."""


_MAX_WORD = 2**64 - 1


class InputLedger:
    """The last Input taken of each attachment, in the header of a replay log; the least recently used are forgotten."""

    def __init__(self, words: memoryview) -> None:
        self._words = words
        self._table = Table(words, INPUTS_AT, INPUT_SLOTS, 3)

    def last_seq(self, key: int) -> int:
        """The number of the last Input taken, 0 where there is none."""
        if key == ENGINE_KEY:
            return self._words[Word.ANSWERED]
        row = self._table.row_of(key)
        seq = 0 if row is None else self._words[row + 1]
        return seq if seq <= MAX_SEQ else 0  # a damaged one

    def announce(self, key: int, seq: int, pipe_level: int) -> None:
        """An Input is about to be written into the pipe, which holds ``pipe_level`` bytes."""
        words = self._words
        words[Word.INTENT_SEQ] = seq
        words[Word.INTENT_LEVEL] = pipe_level
        words[Word.INTENT_KEY] = key

    def settle(self, taken: bool) -> None:
        """The announced Input is in the pipe, or it is known not to be."""
        key = self._words[Word.INTENT_KEY]
        if taken:
            self._record(key, self._words[Word.INTENT_SEQ])
        self._words[Word.INTENT_KEY] = 0

    def recover(self, pipe_level: int) -> None:
        """Settle what a killed daemon had announced; ``pipe_level`` is what the pipe holds now."""
        if self._words[Word.INTENT_KEY]:
            self.settle(taken=pipe_level > self._words[Word.INTENT_LEVEL])

    def _record(self, key: int, seq: int) -> None:
        words = self._words
        if key == ENGINE_KEY:
            words[Word.ANSWERED] = seq
            return
        clock = words[Word.INPUT_CLOCK] + 1 & _MAX_WORD  # a damaged one may be at its end
        words[Word.INPUT_CLOCK] = clock
        row = self._table.row_of(key)
        if row is not None:
            words[row + 1] = seq
            words[row + 2] = clock
            return
        row = self._table.free_row()
        if row is None:
            row = min(self._table.rows(), key=lambda used: self._words[used + 2])
            self._table.drop(words[row])
        words[row + 1] = seq
        words[row + 2] = clock
        self._table.bind(row, key)
