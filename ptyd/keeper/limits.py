"""What one session's processes may use, as the daemon says it, and the part of it that is set in the child itself."""

import math
import resource
from dataclasses import dataclass
from typing import Final, TypeGuard

from ptyd.keeper.spawn_errors import SpawnError

MARK_RLIMIT: Final = 10
"""RLIMIT_LOCKS: since Linux 2.4.25 the kernel keeps and inherits it and looks at it no more. ``resource`` does not
name it."""


@dataclass(frozen=True)
class Limits:
    """0: no limit; for ``core_bytes`` 0 is none at all, -1 no limit and None what the keeper has."""

    memory_bytes: int = 0
    cpus: float = 0.0
    processes: int = 0
    open_files: int = 0
    file_bytes: int = 0
    core_bytes: int | None = None


NO_LIMITS: Final = Limits()


def parse_limits(value: object) -> Limits:
    """The ``limits`` of a spawn message; nil and missing ones are not said. Unknown names are a newer daemon's.

    Raises:
        SpawnError: ``bad_request``.
    """
    if value is None:
        return NO_LIMITS
    if not isinstance(value, dict):
        raise SpawnError("bad_request", "the limits are no map")
    said = {name: value[name] for name in Limits.__dataclass_fields__ if value.get(name) is not None}
    for name, number in said.items():
        least = -1 if name == "core_bytes" else 0
        if not _is_number(number) or number < least or (name != "cpus" and not isinstance(number, int)):
            raise SpawnError("bad_request", f"no value for the limit {name}: {number!r}")
    return Limits(**said)


def set_own_limits(limits: Limits, nofile_soft: int) -> None:
    """Give this process, and so all that it starts, its rlimits. None goes beyond the keeper's own hard limit.

    RLIMIT_NPROC is left alone: it counts all processes of the user, so one session would pay for another, and root is
    exempt. So is RLIMIT_AS: runtimes reserve hundreds of times the memory that they use.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limits.open_files:
        _lower(resource.RLIMIT_NOFILE, limits.open_files)
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (nofile_soft, hard))
    if limits.file_bytes:
        _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.core_bytes is not None:
        _lower(resource.RLIMIT_CORE, limits.core_bytes)


def mark_process(mark: int) -> None:
    """Write ``mark`` where all descendants of this process inherit it, whatever they do to their environment, parent
    and session. In a ptyd in a ptyd the mark may be higher than is allowed; then the other signs have to do."""
    try:
        resource.setrlimit(MARK_RLIMIT, (mark, mark))
    except (OSError, ValueError):
        return


def _lower(kind: int, wanted: int) -> None:
    """Both soft and hard; -1 is what is allowed at most."""
    hard = resource.getrlimit(kind)[1]
    granted = hard if wanted < 0 or resource.RLIM_INFINITY != hard < wanted else wanted
    resource.setrlimit(kind, (granted, granted))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
