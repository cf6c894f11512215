"""Failures of the system itself, which a test has to stage: nothing may stay open behind them."""

import errno
import os
import signal
from collections.abc import Iterator
from typing import NoReturn

import pytest

from ptyd.keeper import spawn
from ptyd.keeper.process import list_own_fds
from ptyd.keeper.spawn import spawn_terminal
from ptyd.keeper.spawn_errors import SpawnError, explain_failure
from ptyd.keeper.spawn_request import SpawnRequest

REQUEST = SpawnRequest(argv=["true"], env={}, cwd="/", cols=80, rows=24)


@pytest.fixture(autouse=True)
def fds_unchanged() -> Iterator[None]:
    before = list_own_fds()
    yield
    assert list_own_fds() <= before  # what tests before have left may go meanwhile


def failing_with(number: int) -> object:
    def fail(*_arguments: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def refuse() -> SpawnError:
    with pytest.raises(SpawnError) as caught:
        spawn_terminal(REQUEST, nofile_soft=1024)
    return caught.value


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_no_process_can_be_forked(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "forkpty", failing_with(number))
    monkeypatch.setattr(os, "fork", failing_with(number))
    assert refuse().code == "no_resources"


def test_no_pty_device_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "forkpty", failing_with(errno.ENOSPC))
    monkeypatch.setattr(os, "openpty", failing_with(errno.ENOSPC))
    assert refuse().code == "no_ptys"


def test_no_descriptor_for_the_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    pids = []

    def fail(pid: int) -> NoReturn:
        pids.append(pid)
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(os, "pidfd_open", fail)
    assert refuse().code == "no_ptys"
    _, status = os.waitpid(pids[0], 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL, "the child does not live on"


def test_no_memory_for_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "INPUT_PIPE_BYTES", 1 << 40)
    assert refuse().code in ("no_resources", "no_ptys")


def test_child_that_never_becomes_its_program_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "SPAWN_DEADLINE_SECONDS", 0.2)
    monkeypatch.setattr(spawn, "become_program", lambda _program: signal.pause())
    error = refuse()
    assert error.code == "no_resources"
    assert "did not start" in error.message
    child = spawn._ForkedPty.latest
    assert child is not None
    _, status = os.waitpid(child.pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Exception("directory 2"), "no_such_directory"),
        (Exception("directory 20"), "no_such_directory"),
        (Exception("directory 40"), "no_such_directory"),
        (Exception("directory 13"), "permission_denied"),
        (Exception("directory 5"), "internal"),
        (Exception("command 2"), "command_not_found"),
        (Exception("command 13"), "permission_denied"),
        (Exception("command 8"), "permission_denied"),
        (Exception("command 7"), "bad_request"),
        (Exception("command 12"), "no_resources"),
        (Exception("command 5"), "internal"),
        (Exception("interpreter 2"), "command_not_found"),
        (Exception("limits 1"), "internal"),
        (Exception("something else"), "internal"),
        (OSError("out of pty devices"), "no_ptys"),
        (OSError(errno.EMFILE, "x"), "no_ptys"),
        (OSError(errno.ENOSPC, "x"), "no_ptys"),
        (OSError(errno.EAGAIN, "x"), "no_resources"),
        (OSError(errno.EIO, "x"), "internal"),
    ],
    ids=repr,
)
def test_codes(error: Exception, code: str) -> None:
    explained = explain_failure(error, "tool", "/place")
    assert explained.code == code
    assert explained.message
