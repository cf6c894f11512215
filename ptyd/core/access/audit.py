"""What the audit says, and how a line of it looks. docs/audit.md describes it for those who read it.

What was done and by whom, never what was typed or shown: arguments, labels, environment and messages may hold secrets,
so none of them gets here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

MAX_TEXT_CHARS = 256
"""Whatever a client says of itself is cut to this."""

THROTTLE_SECONDS = 60.0
THROTTLE_LINES = 30
"""So many lines about strangers are written in THROTTLE_SECONDS; the rest is counted. Otherwise whoever knocks often
enough would rotate away what was noted before."""

Fact = str | int | float | bool | None


class Subject(Protocol):
    """A session, or what is known of one."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(slots=True)
class Actor:
    """On whose behalf something is done."""

    principal: str = ""
    client: str = ""
    """What the client calls itself."""
    address: str = ""
    """Where it comes from: ``127.0.0.1:50000``, or ``unix`` for the Unix socket."""
    connection: int = 0
    """Counted from the daemon's start; 0 where there is none."""


NOBODY = Actor()
"""The daemon itself, or a program."""


def format_line(
    at: float,
    event: str,
    actor: Actor,
    session: Subject | None,
    facts: Mapping[str, Fact],
    principal: str | None = None,
) -> bytes:
    """One line. ``at``: Unix seconds. Printable ASCII: whatever a name holds, it cannot write to a terminal."""
    record = {
        "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "event": event,
        "principal": _cut(actor.principal if principal is None else principal),
        "client": _cut(actor.client),
        "address": _cut(actor.address),
        "connection": actor.connection,
        "session": "" if session is None else session.id,
        "name": "" if session is None else _cut(session.name),
        "facts": {key: _cut(value) if isinstance(value, str) else value for key, value in facts.items()},
    }
    # JSON leaves DEL as it is.
    return json.dumps(record, separators=(",", ":")).replace("\x7f", "\\u007f").encode() + b"\n"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[: MAX_TEXT_CHARS - 1]}…"


@dataclass(slots=True)
class Tally:
    """What was typed and not yet noted."""

    messages: int = 0
    bytes: int = 0

    def take(self) -> "Tally":
        """What there is, which counts no more."""
        taken = Tally(self.messages, self.bytes)
        self.messages = self.bytes = 0
        return taken


@dataclass(slots=True)
class Throttle:
    """Lets THROTTLE_LINES through in THROTTLE_SECONDS and counts the others."""

    _began: float = float("-inf")
    _passed: int = 0
    _held_back: dict[str, int] = field(default_factory=dict)

    def lets(self, event: str, now: float) -> bool:
        """``now``: any clock that does not go back."""
        if now - self._began >= THROTTLE_SECONDS:
            self._began, self._passed = now, 0
        if self._passed < THROTTLE_LINES:
            self._passed += 1
            return True
        self._held_back[event] = self._held_back.get(event, 0) + 1
        return False

    def take_held_back(self, now: float) -> dict[str, int]:
        """How many lines were left out, by event, once their time is over."""
        if not self._held_back or now - self._began < THROTTLE_SECONDS:
            return {}
        held_back, self._held_back = self._held_back, {}
        return held_back
