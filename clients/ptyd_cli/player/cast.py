"""A recording as asciicast has it, versions 2 and 3, read from its lines. No I/O.

Source: docs.asciinema.org/manual/asciicast/v2 and v3.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


class CastError(Exception):
    """The text is no recording; the message says in which line, and why."""


class CastEvent(NamedTuple):
    at: float
    """Seconds since the beginning."""
    code: str
    data: str


@dataclass(frozen=True)
class Cast:
    cols: int
    rows: int
    title: str
    events: list[CastEvent]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.events[-1].at if self.events else 0.0

    @property
    def markers(self) -> list[CastEvent]:
        return [event for event in self.events if event.code == "m"]


def read_cast(lines: Iterable[str], idle_limit: float | None = None) -> Cast:
    """The recording in ``lines``, with pauses of at most ``idle_limit`` seconds (None: what it says itself).

    A last line that is cut short, as of a recording that goes on, is left out.

    Raises:
        CastError: it is none, or of another version.
    """
    numbered = enumerate(lines, 1)
    header = _read_header(next(numbered, (1, ""))[1])
    version = header["version"]
    place = header["term"] if version == 3 else header
    names = ("cols", "rows") if version == 3 else ("width", "height")
    if not isinstance(place, dict) or not all(_is_count(place.get(name)) for name in names):
        raise CastError("line 1: the header says no size")
    if idle_limit is None and _is_seconds(header.get("idle_time_limit")) and header["idle_time_limit"]:
        idle_limit = float(header["idle_time_limit"])
    events: list[CastEvent] = []
    at = before = 0.0
    for number, line in numbered:
        if not line.strip() or line.startswith("#"):
            continue
        if not line.endswith("\n") and not _is_json(line):
            break
        seconds, code, data = _read_event(line, number)
        pause = seconds if version == 3 else max(seconds - before, 0.0)
        before = max(seconds, before)
        at += pause if idle_limit is None else min(pause, idle_limit)
        events.append(CastEvent(at, code, data))
    return Cast(place[names[0]], place[names[1]], str(header.get("title") or ""), events)


def _read_header(line: str) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or "version" not in header:
        raise CastError("line 1: no header of a recording (asciicast)")
    if header["version"] not in (2, 3):
        raise CastError(f"line 1: asciicast version {header['version']!r}; 2 and 3 can be played")
    return {"term": None} | header


def _read_event(line: str, number: int) -> tuple[float, str, str]:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise CastError(f"line {number}: no JSON: {error}") from error
    if (
        not isinstance(event, list)
        or len(event) != 3
        or not _is_seconds(event[0])
        or not isinstance(event[1], str)
        or not isinstance(event[2], str)
    ):
        raise CastError(f"line {number}: no event, which is [seconds, code, data]")
    return float(event[0]), event[1], event[2]


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
