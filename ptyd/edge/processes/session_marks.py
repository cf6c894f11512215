"""By what a session's processes are known, as the keeper tells it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ptyd.edge.processes.proc_files import read_file

LivingRoot = Callable[[], int | None]
"""Gives the pid of a session's own program while it is alive."""


@dataclass(frozen=True, slots=True)
class SessionGroup:
    """The session's cgroup in one hierarchy, with the controllers in force in it."""

    version: int
    controllers: frozenset[str]
    path: Path

    def list_pids(self) -> set[int]:
        """Those in the group now, zombies among them; none once it is gone."""
        try:
            return {int(word) for word in read_file(f"{self.path}/cgroup.procs").split()}
        except OSError:
            return set()


@dataclass(frozen=True, slots=True)
class SessionMarks:
    """``number``: what the session's processes have for RLIMIT_LOCKS; 0: nothing, a keeper of old has started it."""

    number: int = 0
    groups: tuple[SessionGroup, ...] = ()

    @classmethod
    def from_json(cls, message: Mapping[str, Any]) -> "SessionMarks":
        groups = [
            SessionGroup(group["version"], frozenset(group["controllers"]), Path(group["path"]))
            for group in message.get("groups", [])
        ]
        return cls(message.get("mark", 0), tuple(groups))


def _no_root() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Kin:
    """What makes a process one of a session's."""

    session_id: str
    living_root: LivingRoot = _no_root
    marks: SessionMarks = field(default_factory=SessionMarks)
