"""What the keeper asks of the kernel for itself: descriptors, limits, a session of its own, orphans."""

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Final

PR_SET_CHILD_SUBREAPER: Final = 36
"""From <linux/prctl.h>."""

FIRST_FD_AFTER_STDIO: Final = 3


def become_subreaper() -> None:
    """Orphans of our children become our children, not init's: they can be found, ended and reaped.

    Raises:
        OSError: the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def raise_fd_limit() -> int:
    """Lift the soft limit of open files to the hard one, and return the soft one as it was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


def count_fd_limit() -> int:
    """How many files this process may open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def list_own_fds() -> set[int]:
    """The descriptors open in this process, without the one that the listing itself takes.

    Raises:
        OSError: no descriptor is left to look.
    """
    lowest_free = os.open("/proc/self/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.close(lowest_free)
    return {int(entry.name) for entry in Path("/proc/self/fd").iterdir()} - {lowest_free}


def close_inherited_fds(keep: Collection[int | None]) -> None:
    """Close all beyond standard error but ``keep``: a pipe of our starter must not stay open for ever."""
    for fd in list_own_fds() - set(keep):
        if fd >= FIRST_FD_AFTER_STDIO:
            os.close(fd)


def detach_from_terminal() -> None:
    """Lead a session of our own, unless we do already (the kernel then refuses)."""
    with contextlib.suppress(PermissionError):
        os.setsid()


def redirect_stdio(log_fd: int) -> None:
    """Read nothing, and write to the log."""
    null_fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null_fd, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    if null_fd >= FIRST_FD_AFTER_STDIO:
        os.close(null_fd)


def ignore_hangups() -> None:
    """A closed terminal or a vanished reader is no reason to end."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
