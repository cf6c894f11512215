"""Where an export is between two of its pieces: the text that a client gives back to get the next one."""

from dataclasses import dataclass, replace

from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.log.asciicast import CastState


@dataclass(frozen=True, slots=True)
class ExportCursor:
    epoch: int
    start: int
    """The offset of the export's first byte of output."""
    end: int
    """It ends there: at the log's head when it began."""
    state: CastState

    def encode(self) -> str:
        state = self.state
        numbers = (self.epoch, self.start, self.end, state.offset, state.events, state.written_ms, state.now_ms)
        return ".".join(map(str, numbers))

    @classmethod
    def decode(cls, text: str, epoch: int) -> "ExportCursor":
        """What ``encode`` has made.

        Raises:
            Refusal: it is none, or of another log than that of ``epoch``.
        """
        words = text.split(".")
        if len(words) != 7 or not all(word.isascii() and word.isdigit() and len(word) < 20 for word in words):
            raise Refusal(ErrorCode.BAD_REQUEST, "export: resume is not what an earlier export gave")
        its_epoch, start, end, offset, events, written_ms, now_ms = map(int, words)
        if its_epoch != epoch or not start <= offset <= end:
            raise Refusal(ErrorCode.OUTPUT_LOST, "the log that was being exported is no more")
        return cls(epoch, start, end, CastState(offset, events, written_ms, now_ms))

    def at(self, state: CastState) -> "ExportCursor":
        return replace(self, state=state)

    def skip_to(self, offset: int, now_ms: int) -> "ExportCursor":
        """Go on at ``offset``, whose output came at ``now_ms``: what was before it has been overwritten."""
        return self.at(replace(self.state, offset=offset, now_ms=max(now_ms, self.state.now_ms)))
