"""A strict reader of asciicast v3, written from the format's description and from nothing of ours.

Source: docs.asciinema.org/manual/asciicast/v3. Where the description leaves room, this takes the narrower side.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

EVENT_CODES = {"o", "i", "m", "r", "x"}
HEADER_KEYS = {"version", "term", "timestamp", "idle_time_limit", "command", "title", "env", "tags"}
INTERVAL = re.compile(r"(?:0|[1-9]\d*)(?:\.\d{1,6})?")


@dataclass(frozen=True)
class Event:
    at: Decimal
    """Seconds since the beginning."""
    code: str
    data: str


@dataclass(frozen=True)
class Recording:
    header: dict[str, Any]
    events: list[Event]

    def text(self, code: str = "o") -> str:
        return "".join(event.data for event in self.events if event.code == code)

    def of(self, code: str) -> list[str]:
        return [event.data for event in self.events if event.code == code]


def check_asciicast(content: bytes) -> Recording:
    """The recording; AssertionError says what is not as it should be."""
    text = content.decode("utf-8")  # strictly
    assert text.endswith("\n"), f"the last line is cut short: {text[-80:]!r}"
    first, *lines = text.split("\n")[:-1]
    header = json.loads(first, parse_constant=refuse_constant)
    check_header(header)
    events: list[Event] = []
    at = Decimal(0)
    for number, line in enumerate(lines, 2):
        assert not events or events[-1].code != "x", f"line {number}: something after the exit"
        event = json.loads(line, parse_float=Decimal, parse_int=Decimal, parse_constant=refuse_constant)
        assert isinstance(event, list) and len(event) == 3, f"line {number}: {line[:80]!r}"
        interval, code, data = event
        assert isinstance(interval, Decimal) and interval >= 0, f"line {number}: interval {interval!r}"
        assert INTERVAL.fullmatch(str(interval)), f"line {number}: interval {interval!r}"
        assert code in EVENT_CODES, f"line {number}: code {code!r}"
        assert isinstance(data, str), f"line {number}: data {data!r}"
        assert not re.search("[\ud800-\udfff]", data), f"line {number}: half a character"
        check_data(code, data, number)
        at += interval
        events.append(Event(at, code, data))
    return Recording(header, events)


def check_header(header: Any) -> None:
    assert isinstance(header, dict) and set(header) <= HEADER_KEYS, header
    assert header["version"] == 3 and header["version"] is not True
    term = header["term"]
    assert set(term) <= {"cols", "rows", "type", "version", "theme"}, term
    assert all(isinstance(term[name], int) and term[name] > 0 for name in ("cols", "rows")), term
    assert isinstance(term.get("type", ""), str)
    assert isinstance(header.get("timestamp", 0), int)
    for name in ("command", "title"):
        assert isinstance(header.get(name, ""), str)
    assert all(isinstance(item, str) for pair in header.get("env", {}).items() for item in pair)


def check_data(code: str, data: str, number: int) -> None:
    if code == "r":
        assert re.fullmatch(r"[1-9]\d*x[1-9]\d*", data), f"line {number}: size {data!r}"
    elif code == "x":
        assert re.fullmatch(r"0|[1-9]\d*", data), f"line {number}: exit {data!r}"
    elif code == "o":
        assert data, f"line {number}: output of nothing"


def refuse_constant(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")
