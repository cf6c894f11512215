"""Three ways to use a session, with one face, so that a story is told once and played by each.

A viewer starts a program in a session of a ptyd, types, looks, changes its size, detaches and comes back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Program:
    """What to run in a session. ``env`` is added to what ptyd gives a child."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    kind: str = "command"


class Viewer(Protocol):
    """One user of one session."""

    name: str
    """The session's."""

    def start(self, program: Program) -> None:
        """Create the session and attach to it."""

    def open(self, session: str) -> None:
        """Attach to a session that somebody else has created."""

    def type(self, keys: str) -> None:
        """Press the keys; ``\\r`` is Enter, ``\\x1b`` Escape, ``\\x03`` Ctrl-C."""

    def text(self) -> str:
        """What is on the viewer's screen."""

    def wait_for_text(self, text: str) -> None: ...

    def wait_until_gone(self, text: str) -> None: ...

    def shrink(self) -> tuple[int, int]:
        """Make the window smaller; the columns and rows it has then."""

    def detach(self) -> None:
        """Leave; the program goes on."""

    def come_back(self) -> None:
        """Attach again."""

    def wait_for_end(self) -> None:
        """Wait until the viewer has been told that the program has ended."""

    def close(self) -> None: ...


def find_session(ptyd: PtydUnderTest, name: str) -> dict[str, object]:
    """The SessionInfo of the session called ``name``."""
    found: dict[str, object] = ptyd.request("get", session=name)
    return found


def wait_for_size(ptyd: PtydUnderTest, name: str, size: tuple[int, int]) -> None:
    """Wait until the session's PTY has this size."""
    wait_until(
        lambda: (find_session(ptyd, name)["cols"], find_session(ptyd, name)["rows"]) == size,
        what=lambda: f"a size of {size}, not as in {find_session(ptyd, name)}",
    )


def wait_for_clients(ptyd: PtydUnderTest, name: str, count: int) -> None:
    """Wait until ``count`` clients are attached."""
    wait_until(lambda: find_session(ptyd, name)["clients"] == count, what=f"{count} clients of {name}")
