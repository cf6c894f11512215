"""Fork a program that has no terminal: its output goes into a pipe, which takes the place of the PTY's master.

ptyprocess forks into terminals only, so this is the same by hand: over a pipe of its own, which closes when it becomes
its program, the child says why it could not.
"""

import os
import signal
from typing import Final

from ptyd.keeper.child_side import Program, become_program

MAX_FAILURE_BYTES: Final = 1024


class ChildFailed(Exception):
    """The child did not become its program. The text is that of its SetupFailed."""


def fork_piped(program: Program) -> int:
    """Start ``program``, whose ``stdio`` is set, as leader of a session without a controlling terminal, and return its
    process id when it runs. The caller has blocked all signals but that of its deadline.

    Raises:
        ChildFailed: it was not started.
        OSError: there is no room for another process.
    """
    report_read, report_write = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
        if pid == 0:
            _live_as_child(program, report_write)
    except OSError:
        os.close(report_read)
        raise
    finally:
        os.close(report_write)
    try:
        failure = os.read(report_read, MAX_FAILURE_BYTES)  # nothing: it was closed by exec
    except BaseException:
        os.kill(pid, signal.SIGKILL)  # not reaped yet, hence still ours
        raise
    finally:
        os.close(report_read)
    if failure:
        raise ChildFailed(failure.decode(errors="replace"))
    return pid


def _live_as_child(program: Program, report: int) -> None:
    """Never returns into the keeper's code."""
    try:
        os.setsid()
        become_program(program)
    except BaseException as error:
        os.write(report, str(error).encode()[:MAX_FAILURE_BYTES] or b"unknown")
    finally:
        os._exit(os.EX_OSERR)
