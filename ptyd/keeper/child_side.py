"""What happens in the forked child until the program runs: a clean process, the directory, the command.

All that touches the user's paths is done here and not in the keeper: the child has the rights and the view
that the program will have, and a dead network file system stops one child instead of everybody's terminals.
"""

import contextlib
import errno
import os
import signal
import stat
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from ptyd.keeper.limits import NO_LIMITS, Limits, mark_process, set_own_limits

IUTF8: Final = 0o40000
"""From <asm-generic/termbits.h>; ``termios`` does not name it. Backspace then erases a whole character."""

STDIN_FD: Final = 0
STDOUT_FD: Final = 1
STDERR_FD: Final = 2


class SetupFailed(Exception):
    """Crosses to the parent as text, ``"<step> <errno>"``: ptyprocess hands over no more than a message."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(f"{step} {number}")


@dataclass(frozen=True)
class Program:
    """What to run, the soft limit of open files that it shall see unless ``limits`` says one, the mark of its session,
    and the ``cgroup.procs`` files of the groups that it belongs into."""

    argv: list[str]
    env: Mapping[str, str]
    cwd: str
    nofile_soft: int
    limits: Limits = NO_LIMITS
    mark: int = 0
    groups: tuple[str, ...] = ()
    stdio: "Stdio | None" = None
    """None: its standard input, output and error are its terminal already."""


@dataclass(frozen=True)
class Stdio:
    """Paths of what is read and of what errors are appended to; ``output``: the descriptor of the pipe to write to."""

    stdin: str
    stderr: str
    output: int


def become_program(program: Program) -> NoReturn:
    """Turn this freshly forked process, whose terminal is its standard input unless it has none, into the program.

    Raises:
        SetupFailed: with the step (``signals``, ``group``, ``limits``, ``terminal``, ``files``, ``directory``,
            ``command``, ``interpreter``) and the errno.
    """
    with failing_as("signals"):
        restore_signals()
    with failing_as("group"):
        for path in program.groups:
            join_group(path)
    with failing_as("limits"):
        mark_process(program.mark)
        set_own_limits(program.limits, program.nofile_soft)
    if program.stdio is None:
        with failing_as("terminal"):
            mark_terminal_utf8(STDIN_FD)
    else:
        with failing_as("files"):
            open_stdio(program.stdio)
    with failing_as("directory"):
        os.chdir(program.cwd)
    execute_command(program.argv, program.env)


@contextlib.contextmanager
def failing_as(step: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupFailed(step, error.errno or 0) from error
    except Exception as error:
        raise SetupFailed(step, 0) from error


def restore_signals() -> None:
    """Every signal at its default and none blocked: what the keeper ignores, its children must not."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def join_group(path: str) -> None:
    """Move this process, before it can start any other, into the group of a ``cgroup.procs`` file."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, b"0")
    finally:
        os.close(fd)


def mark_terminal_utf8(fd: int) -> None:
    attributes = termios.tcgetattr(fd)
    attributes[0] |= IUTF8
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def open_stdio(stdio: Stdio) -> None:
    """Make these the standard input, output and error."""
    stdin = os.open(stdio.stdin, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    stderr = os.open(stdio.stderr, flags, 0o600)
    for fd, place in ((stdin, STDIN_FD), (stdio.output, STDOUT_FD), (stderr, STDERR_FD)):
        os.dup2(fd, place)


def execute_command(argv: list[str], env: Mapping[str, str]) -> NoReturn:
    """Execute ``argv``, found as by a shell: a name in the PATH of ``env``, a path as it is.

    Unlike ``os.execvpe`` it does not call a command forbidden because some directory of PATH is.
    """
    refused = 0
    for path in list_candidates(argv[0], env):
        try:
            os.execve(path, argv, env)
        except ValueError as error:
            raise SetupFailed("command", errno.EINVAL) from error
        except OSError as error:
            number = error.errno or 0
        if path != argv[0] and not is_file(path):
            continue
        if number == errno.ENOENT and is_file(path):
            raise SetupFailed("interpreter", number)
        if number != errno.EACCES:
            raise SetupFailed("command", number)
        refused = number
    raise SetupFailed("command", refused or errno.ENOENT)


def list_candidates(command: str, env: Mapping[str, str]) -> list[str]:
    if "/" in command:
        return [command]
    return [os.path.join(directory, command) for directory in os.get_exec_path(env)]  # noqa: PTH118 - "" is "."


def is_file(path: str) -> bool:
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a Path would turn "./x" into "x"
    except OSError:
        return False
