"""The private ptyd of the tests: it serves, comes back after a kill, and leaves nothing."""

import subprocess

import pytest

from tests.support.daemon import RequestFailed, running_ptyd
from tests.support.waiting import wait_until


def test_serves_and_leaves_nothing() -> None:
    with running_ptyd() as ptyd:
        session = ptyd.request("create", argv=["sleep", "600"])
        assert [entry["id"] for entry in ptyd.sessions()] == [session["id"]]
        assert ptyd.request("status")["daemon_pid"] == ptyd.daemon_pid()
        with pytest.raises(RequestFailed, match="no_such_session"):
            ptyd.request("get", session="nobody")
    assert not ptyd.runtime_dir.exists()
    assert ptyd.keeper.poll() is not None


def test_comes_back_after_a_kill_with_its_sessions() -> None:
    with running_ptyd() as ptyd:
        session = ptyd.request("create", argv=["sleep", "600"])
        dead = ptyd.kill_daemon()
        assert ptyd.wait_for_new_daemon(dead) != dead
        assert wait_until(ptyd.sessions)[0]["pid"] == session["pid"]


def test_what_stays_behind_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="remains"), running_ptyd() as ptyd:
        stray = subprocess.Popen(["sleep", "600"], env=ptyd.env)
    stray.kill()
    stray.wait()
