"""Lets sessions and attachments in as long as there is room (core/limits/admission.py), and looks how much there is."""

import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ptyd_protocol.daemon import Capacity

from ptyd.agents import AGENTS
from ptyd.config import Config
from ptyd.core.limits.admission import (
    Room,
    check_attachments,
    check_count,
    check_room,
    count_attachments,
    promised_memory,
)
from ptyd.core.registry import Registry
from ptyd.core.session import Session

PTY_DIRECTORY = Path("/proc/sys/kernel/pty")
MEMORY_FILE = Path("/proc/meminfo")
OPEN_FILES_DIRECTORY = Path("/proc/self/fd")


class Admission:
    """Who and what is let in. One for the daemon."""

    def __init__(self, config: Config, registry: Registry) -> None:
        self._config = config
        self._registry = registry
        self._starting: Counter[tuple[str, str]] = Counter()
        """(owner, kind) of the sessions whose program is being started."""

    @contextmanager
    def admit(self, owner: str, kind: str) -> Iterator[None]:
        """Room for a session of ``owner`` while it is being made; when it is in the registry it counts by itself.

        Raises:
            Refusal: there is none; the message says of what, how much there was, and what to do.
        """
        self._check(owner, kind)
        self._starting[owner, kind] += 1
        try:
            yield
        finally:
            self._starting[owner, kind] -= 1

    def _check(self, owner: str, kind: str) -> None:
        config = self._config
        check_count(self._count(), config.max_sessions, "max_sessions", "")
        check_count(self._count(owner), config.max_sessions_per_principal, "max_sessions_per_principal", f" of {owner}")
        check_room(look_for_room(), config.memory_floor_bytes, AGENTS[kind].usual_memory_bytes, self._promised())

    def _count(self, owner: str | None = None) -> int:
        running = sum(owner in (None, session.owner) for session in self._registry.running())
        return running + sum(count for (one, _), count in self._starting.items() if owner in (None, one))

    def _promised(self) -> int:
        now = time.monotonic()
        young = sum(
            promised_memory(session, AGENTS[session.kind].usual_memory_bytes, now)
            for session in self._registry.running()
            if session.kind in AGENTS
        )
        return young + sum(AGENTS[kind].usual_memory_bytes * count for (_, kind), count in self._starting.items())

    def check_attachment(self, session: Session, principal: str) -> None:
        """Whether ``principal`` may have one more attachment, to ``session``.

        Raises:
            Refusal: too many.
        """
        config = self._config
        count = count_attachments(self._registry, principal)
        check_attachments(session, config.max_clients_per_session, principal, count, config.max_clients_per_principal)

    def capacities(self, principal: str) -> list[Capacity]:
        """What is used of what there is, as ``status`` shows it to ``principal``."""
        config, room = self._config, look_for_room()
        known = [
            Capacity(name="sessions", used=self._count(), allowed=config.max_sessions),
            Capacity(
                name=f"sessions of {principal}", used=self._count(principal), allowed=config.max_sessions_per_principal
            ),
            Capacity(
                name=f"attachments of {principal}",
                used=count_attachments(self._registry, principal),
                allowed=config.max_clients_per_principal,
            ),
        ]
        if room.ptys_used is not None and room.ptys_max is not None:
            known.append(Capacity(name="terminals", used=room.ptys_used, allowed=room.ptys_max))
        if room.files_open is not None and room.files_max is not None:
            known.append(Capacity(name="open files", used=room.files_open, allowed=room.files_max))
        return known


def look_for_room() -> Room:
    """What the system has now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Room(
        ptys_used=_read_number(PTY_DIRECTORY / "nr"),
        ptys_max=_read_number(PTY_DIRECTORY / "max"),
        files_open=_count_open_files(),
        files_max=None if soft == resource.RLIM_INFINITY else soft,
        memory_available_bytes=_read_available_memory(),
    )


def _read_number(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return None


def _count_open_files() -> int | None:
    with suppress(OSError):
        return sum(1 for _ in OPEN_FILES_DIRECTORY.iterdir())
    return None


def _read_available_memory() -> int | None:
    with suppress(OSError, ValueError):
        for line in MEMORY_FILE.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None
