"""The audit's lines: what they hold, and that they are harmless to print."""

import json
from dataclasses import dataclass
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.access.audit import (
    MAX_TEXT_CHARS,
    NOBODY,
    THROTTLE_LINES,
    THROTTLE_SECONDS,
    Actor,
    Tally,
    Throttle,
    format_line,
)


@dataclass
class Named:
    id: str
    name: str


def test_a_line() -> None:
    actor = Actor("ada", "cli/1", "127.0.0.1:5", 7)
    line = format_line(1_700_000_000.25, "created", actor, Named("1a2b", "build"), {"pid": 3, "kind": "command"})
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250000Z",
        "event": "created",
        "principal": "ada",
        "client": "cli/1",
        "address": "127.0.0.1:5",
        "connection": 7,
        "session": "1a2b",
        "name": "build",
        "facts": {"pid": 3, "kind": "command"},
    }
    assert datetime.fromisoformat(json.loads(line)["time"]).timestamp() == 1_700_000_000.25


@given(st.text(), st.text(), st.text())
def test_lines_are_printable_whatever_is_in_them(client: str, name: str, fact: str) -> None:
    actor = Actor(client, f"\x1b]0;{client}\x07", f"\x7f\x9b{name}")
    line = format_line(0.0, "typed", actor, Named("x", name), {"fact": fact}, principal=None)
    assert line.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert len(json.loads(line)["client"]) <= MAX_TEXT_CHARS


def test_nobody() -> None:
    record = json.loads(format_line(0.0, "exited", NOBODY, None, {}))
    assert (record["principal"], record["session"], record["name"]) == ("", "", "")


def test_a_tally_is_taken_once() -> None:
    tally = Tally(2, 10)
    assert tally.take() == Tally(2, 10)
    assert tally.take() == Tally()


def test_strangers_do_not_fill_the_audit() -> None:
    throttle = Throttle()
    assert [throttle.lets("turned_away", 1.0) for _ in range(THROTTLE_LINES + 2)].count(True) == THROTTLE_LINES
    assert throttle.take_held_back(1.0 + THROTTLE_SECONDS / 2) == {}
    assert throttle.take_held_back(1.0 + THROTTLE_SECONDS) == {"turned_away": 2}
    assert throttle.take_held_back(1.0 + THROTTLE_SECONDS) == {}
    assert throttle.lets("turned_away", 1.0 + THROTTLE_SECONDS)
