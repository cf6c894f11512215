"""Start one program, in a new pseudo-terminal or on a pipe, or say why not, in words for a person."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ptyprocess import PtyProcess

from ptyd.keeper.child_side import Program, Stdio, become_program
from ptyd.keeper.piped_child import fork_piped
from ptyd.keeper.process import count_fd_limit, list_own_fds
from ptyd.keeper.spawn_errors import SpawnError, explain_failure
from ptyd.keeper.spawn_request import SpawnRequest

INPUT_PIPE_BYTES: Final = 16 * 1024
"""One Input message of the greatest size fits, so that a key is taken whole or not at all."""

SPAWN_DEADLINE_SECONDS: Final = 10
"""A child that has not become its program by then sits on a dead file system; the keeper waits no longer."""

RESERVED_FDS: Final = 32
"""Kept free, so that a keeper full of sessions can still start the daemon and talk to it."""

FDS_PER_SPAWN: Final = 10
"""Held at the same time at most while one child is started."""

PLACEHOLDER: Final = "/proc/self/exe"
"""ptyprocess insists on an executable to look for. Never run: the child executes its program first."""


class SpawnTimeout(Exception):
    """The child did not become its program in time."""


@dataclass
class Terminal:
    """A running child and the keeper's descriptors of it, all close-on-exec; master and pipe do not block. Where it has
    no terminal the master is the end of the pipe that its output comes from, and nobody uses the input pipe."""

    pid: int
    master: int
    input_read: int
    input_write: int
    pidfd: int
    is_closed: bool = False

    @property
    def fds(self) -> tuple[int, ...]:
        """In the order of the wire; none when closed."""
        return () if self.is_closed else (self.master, self.input_read, self.input_write, self.pidfd)

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        self.is_closed = True


class _ForkedPty(PtyProcess):  # type: ignore[misc]
    """The fork of ptyprocess without its ownership: nothing is closed or killed by the collector."""

    latest: "_ForkedPty | None" = None
    """The child of the spawn under way: ``spawn`` itself gives a failed one to nobody."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd
        self.closed = True
        _ForkedPty.latest = self


def spawn_terminal(request: SpawnRequest, nofile_soft: int, mark: int = 0, groups: Sequence[str] = ()) -> Terminal:
    """Start the program as leader of a session, with a controlling terminal of its own unless the request names files.

    Args:
        nofile_soft: the soft limit of open files the child gets (the keeper has raised its own) unless it is limited.
        mark: of the session, which all its processes inherit.
        groups: ``cgroup.procs`` files of the groups that it goes into.

    Raises:
        SpawnError: nothing runs, and no descriptor was left open.
    """
    program = Program(
        argv=request.argv,
        env=request.env,
        cwd=request.cwd,
        nofile_soft=nofile_soft,
        limits=request.limits,
        mark=mark,
        groups=tuple(groups),
    )
    fds_before = _list_fds_with_room()
    _ForkedPty.latest = None
    try:
        return _open_terminal(request, program)
    except SpawnError:
        _undo(fds_before)
        raise
    except SpawnTimeout as error:
        _undo(fds_before)
        text = f"{request.argv[0]} did not start within {SPAWN_DEADLINE_SECONDS} s"
        raise SpawnError("no_resources", text) from error
    except Exception as error:
        _undo(fds_before)
        raise explain_failure(error, request.argv[0], request.cwd) from error


def _open_terminal(request: SpawnRequest, program: Program) -> Terminal:
    input_read, input_write = _open_input_pipe()
    pid, master = _fork_child(request, program) if request.files is None else _fork_on_pipe(request, program)
    os.set_inheritable(master, False)
    os.set_blocking(master, False)
    return Terminal(pid=pid, master=master, input_read=input_read, input_write=input_write, pidfd=os.pidfd_open(pid))


def _fork_child(request: SpawnRequest, program: Program) -> tuple[int, int]:
    with _forking():
        child = _ForkedPty.spawn(
            [PLACEHOLDER],
            env={},
            preexec_fn=lambda: become_program(program),
            dimensions=(request.rows, request.cols),
        )
    return child.pid, child.fd


def _fork_on_pipe(request: SpawnRequest, program: Program) -> tuple[int, int]:
    assert request.files is not None
    output_read, output_write = os.pipe2(os.O_CLOEXEC)
    stdio = Stdio(stdin=request.files.stdin, stderr=request.files.stderr, output=output_write)
    with _forking():
        pid = fork_piped(replace(program, stdio=stdio))
    os.close(output_write)  # or its end would never be read
    return pid, output_read


@contextlib.contextmanager
def _forking() -> Iterator[None]:
    """Fork inside, within the deadline; the child does not come out again."""
    keeper_pid = os.getpid()
    # A signal that reached the child before its dispositions are reset would be told to the keeper as its
    # own, by the wake-up socket that both share. SIGALRM is for the deadline; a child inherits no timer.
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGALRM})
    try:
        with deadline(SPAWN_DEADLINE_SECONDS):
            yield
    finally:
        if os.getpid() != keeper_pid:
            # Whatever went wrong in the child: it must never return into the keeper's code.
            os._exit(os.EX_OSERR)
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def _open_input_pipe() -> tuple[int, int]:
    input_read, input_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        granted = fcntl.fcntl(input_write, fcntl.F_SETPIPE_SZ, INPUT_PIPE_BYTES)
    except OSError as error:
        raise SpawnError("no_resources", f"no memory for pipes is left to this user: {error.strerror}") from error
    if granted < INPUT_PIPE_BYTES:
        raise SpawnError("no_resources", f"the system grants pipes of {granted} bytes only")
    return input_read, input_write


def _list_fds_with_room() -> set[int]:
    """The open descriptors; no spawn may take the last ones."""
    limit = count_fd_limit()
    try:
        fds = list_own_fds()
    except OSError as error:
        raise _make_fd_error(limit) from error
    if len(fds) + FDS_PER_SPAWN + RESERVED_FDS > limit:
        raise _make_fd_error(limit)
    return fds


def _make_fd_error(limit: int) -> SpawnError:
    return SpawnError("no_ptys", f"no terminal is left: the keeper may open {limit} files and has as many")


def _undo(fds_before: set[int]) -> None:
    """Close what a failed spawn has opened, and end its child.

    ``pty.fork`` and ptyprocess forget descriptors when a fork fails, so they are found by what is new.
    """
    child = _ForkedPty.latest
    if child is not None:
        # Not reaped yet, hence still ours. Usually it is a zombie, which does not mind.
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    for fd in list_own_fds() - fds_before:
        with contextlib.suppress(OSError):
            os.close(fd)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Interrupt a blocking call after ``seconds``: ptyprocess waits for its child without a limit.

    Raises:
        SpawnTimeout: in the midst of whatever was running.
    """

    def give_up(_number: int, _frame: Any) -> None:
        raise SpawnTimeout

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
