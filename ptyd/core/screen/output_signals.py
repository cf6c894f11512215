"""What a program says to its terminal beside the screen: title, progress, notifications, marks, the bell.

Sequences (ECMA-48 OSC): 0 and 2 title; 9;4 progress (ConEmu); 9, 99, 777;notify notifications (iTerm2, kitty, rxvt);
133 prompt marks (FinalTerm), https://gitlab.freedesktop.org/Per_Bothner/specifications/blob/master/proposals/semantic-prompts.md
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

SignalKind = Literal["title", "progress", "notification", "mark", "bell"]

MAX_SEQUENCE_BYTES = 4096
"""A sequence that is longer, or never ends, is not looked at."""
MAX_TEXT_CHARS = 256

_STRING = re.compile(
    rb"\x1b(?:\](?:((?:0|2|9|99|777|133|633);[^\x07\x1b]*)|[^\x07\x1b]*)|[PX^_][^\x1b]*)(?:\x07|\x1b\\)|\x07", re.DOTALL
)
"""One whole OSC, or another control string, or a bell that ends none. Of those that are looked at, the text."""
_BEGIN = re.compile(rb"\x1b[\]PX^_]")
_OPEN = re.compile(rb"\x1b(?:[\]PX^_][^\x07\x1b]*\x1b?)?\Z", re.DOTALL)
"""The beginning of one that has not ended."""


class OutputSignal(NamedTuple):
    """``text``: the title; ``state`` or ``state;percent`` of progress; the notification; ``A``, ``C;...`` of a mark."""

    kind: SignalKind
    text: str


BELL = OutputSignal("bell", "")


class SignalScanner:
    """Finds signals in output as it comes, cut anywhere."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes, *, has_sequences: bool = True) -> list[OutputSignal]:
        """``has_sequences`` False: no signal but a bell is in it, unless it has begun at the end."""
        if self._tail == b"\x1b" and data.startswith(b"["):
            self._tail = b""  # a CSI, which is no signal
        if not self._tail and b"\x07" not in data and (not has_sequences or not _BEGIN.search(data)):
            # Nothing in it can be a signal, but its end may be the beginning of one.
            self._tail = b"\x1b" if data.endswith(b"\x1b") else b""
            return []
        text = self._tail + data
        begun = _OPEN.search(text, max(0, len(text) - MAX_SEQUENCE_BYTES))
        self._tail = b"" if begun is None else text[begun.start() :]
        return list(_read_signals(text if begun is None else text[: begun.start()]))


def _read_signals(text: bytes) -> Iterator[OutputSignal]:
    for found in _STRING.finditer(text):
        if found[0] == b"\x07":
            yield BELL
        elif found[1] is not None:
            signal = _read_osc(found[1].decode(errors="replace"))
            if signal is not None:
                yield signal


def _read_osc(body: str) -> OutputSignal | None:
    number, _, rest = body.partition(";")
    match number:
        case "0" | "2":
            return OutputSignal("title", rest[:MAX_TEXT_CHARS])
        case "9" if rest.startswith("4;"):
            return OutputSignal("progress", rest[2:][:MAX_TEXT_CHARS])
        case "9":
            return OutputSignal("notification", rest[:MAX_TEXT_CHARS])
        case "99":
            return OutputSignal("notification", rest.partition(";")[2][:MAX_TEXT_CHARS])
        case "777" if rest.startswith("notify;"):
            return OutputSignal("notification", rest[7:][:MAX_TEXT_CHARS])
        case "133" | "633":
            return OutputSignal("mark", rest[:MAX_TEXT_CHARS])
        case _:
            return None
