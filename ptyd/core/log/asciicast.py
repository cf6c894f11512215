"""A session as asciicast v3 (https://docs.asciinema.org/manual/asciicast/v3/): a header, then one event a line.

Bytes of the log become text: a character that two reads cut in half is whole again, and what is no UTF-8 becomes
U+FFFD. The state between two pieces is a few numbers, so that whoever writes a piece can note where it is.
"""

import codecs
import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from ptyd.core.log.time_index import Entry, Kind

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""What JSON may hold as it is, and still nobody sees: the format wants it escaped."""


class CastSettings(Struct, frozen=True, kw_only=True):
    """What of a session's beginning its recordings need; the keeper keeps it for the next daemon."""

    path: str = ""
    """The file that it is recorded to from the start; empty: none."""
    with_input: bool = False
    env: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class CastState:
    """How far a cast is written. Times in Unix milliseconds."""

    offset: int
    """All output before it is in the cast."""
    events: int
    """The number of the next event of the time index."""
    written_ms: int
    """The time of the last line."""
    now_ms: int
    """The time of the output at ``offset``."""


@dataclass(frozen=True, slots=True)
class CastStart:
    """Where a cast begins, and with what size."""

    state: CastState
    cols: int
    rows: int


def find_start(entries: Sequence[Entry], offset: int) -> CastStart:
    """The beginning of a cast whose first byte of output is that at ``offset``. ``entries`` has a size in it."""
    sizes = [entry for entry in entries if entry.kind is Kind.SIZE]
    before = [entry for entry in sizes if entry.offset <= offset]
    # A session begins with the size it was made with, also where another one followed before any output.
    size = sizes[0] if offset == 0 or not before else before[-1]
    times = [entry.at_ms for entry in entries if entry.offset <= offset]
    at_ms = size.at_ms if offset == 0 or not times else times[-1]
    following = next((entry.number for entry in entries if entry.offset >= offset), size.number)
    cols, rows = size.size
    return CastStart(CastState(offset, max(size.number + 1, following), at_ms, at_ms), cols, rows)


def format_header(start: CastStart, argv: Sequence[str], title: str, env: dict[str, str]) -> bytes:
    """The first line. TERM of ``env`` is the terminal's type, the rest the cast's environment."""
    term = {"cols": start.cols, "rows": start.rows} | ({"type": env["TERM"]} if env.get("TERM") else {})
    header = {
        "version": 3,
        "term": term,
        "timestamp": start.state.written_ms // 1000,
        "command": shlex.join(argv),
        "title": title,
        "env": {name: value for name, value in env.items() if name != "TERM"},
    }
    return (_to_json(header) + "\n").encode(errors="replace")


@dataclass(slots=True)
class _Lines:
    written_ms: int
    parts: list[str] = field(default_factory=list)

    def add(self, at_ms: int, code: str, data: str) -> None:
        seconds, milliseconds = divmod(max(at_ms - self.written_ms, 0), 1000)
        self.written_ms = max(at_ms, self.written_ms)
        self.parts.append(f'[{seconds}.{milliseconds:03}, "{code}", {_to_json(data)}]\n')

    def encode(self) -> bytes:
        return "".join(self.parts).encode(errors="replace")


def convert_piece(
    state: CastState, entries: Iterable[Entry], data: bytes, *, with_input: bool = False, is_end: bool = False
) -> tuple[bytes, CastState]:
    """The lines for ``data``, the output from ``state.offset`` on, and the state behind them.

    ``entries`` are those of the time index in order; what is already in the cast, or comes later, is left out. An
    unfinished character at the end of ``data`` waits for the next piece unless this is the end.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    lines = _Lines(state.written_ms)
    begin, end = state.offset, state.offset + len(data)
    offset, now_ms, events = begin, state.now_ms, state.events

    def write_output(stop: int, *, is_last: bool = False) -> None:
        nonlocal offset
        text = decoder.decode(data[offset - begin : stop - begin], is_last)
        offset = stop
        if text:
            lines.add(now_ms, "o", text)

    for entry in entries:
        if entry.offset > end:
            break
        if entry.offset < begin if entry.kind is Kind.TIME else entry.number < state.events:
            continue
        if entry.offset > offset:
            write_output(entry.offset)
        now_ms = max(now_ms, entry.at_ms)
        if entry.kind is not Kind.TIME:
            events = entry.number + 1
            _write_event(lines, now_ms, entry, with_input)
    write_output(end, is_last=is_end)
    unfinished = len(decoder.getstate()[0])
    return lines.encode(), CastState(end - unfinished, events, lines.written_ms, now_ms)


def _write_event(lines: _Lines, now_ms: int, entry: Entry, with_input: bool) -> None:
    if entry.kind is Kind.SIZE:
        cols, rows = entry.size
        lines.add(now_ms, "r", f"{cols}x{rows}")
    elif entry.kind is Kind.MARK:
        lines.add(now_ms, "m", entry.payload.decode(errors="replace"))
    elif with_input:
        lines.add(now_ms, "i", entry.payload.decode(errors="replace"))


def format_exit(state: CastState, code: int | None, signal: int | None, at: float) -> bytes:
    """The last line: the program's exit code, 128 + signal if one ended it; nothing where nobody knows. ``at`` in
    Unix seconds."""
    status = code if signal is None else 128 + signal
    if status is None:
        return b""
    lines = _Lines(state.written_ms)
    lines.add(int(at * 1000), "x", str(status))
    return lines.encode()


def _to_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
