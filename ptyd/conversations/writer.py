"""What is written out of a transcript, and what a format has to do for that. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ptyd.conversations.transcript import Block

NAMES = {"user": "User", "assistant": "Claude", "tool": "Tool result"}
"""Of roles, for a person."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one line of a transcript adds. ``is_new``: somebody else's turn begins, or another answer."""

    role: str
    at: float
    model: str
    blocks: list[Block]
    is_new: bool

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.at).astimezone().isoformat(" ", "seconds") if self.at else ""


class Writer(Protocol):
    def head(self, facts: dict[str, Any]) -> str: ...
    def part(self, part: Part) -> str: ...
    def tail(self) -> str: ...
