"""What a program in a session gets of ptyd, and what it can make others believe by its environment."""

import os
import resource
from collections.abc import Iterator

import psutil
import pytest

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(SECRET_OF_THE_LOGIN="hunter2") as running:
        yield running


def test_a_child_holds_its_terminal_and_nothing_else(ptyd: PtydUnderTest) -> None:
    ptyd.request("create", argv=["sleep", "600"])
    child = psutil.Process(ptyd.request("create", argv=["sleep", "601"])["pid"])
    files = {os.readlink(f"/proc/{child.pid}/fd/{number}") for number in range(3)}  # noqa: PTH115
    assert len(files) == 1
    assert files.pop().startswith("/dev/pts/")
    assert child.num_fds() == 3
    assert "hunter2" not in str(child.environ())


def test_no_process_of_ptyd_has_a_secret_in_sight(ptyd: PtydUnderTest) -> None:
    """`ps` shows command lines to every user; an environment, to every program of this one."""
    token = ptyd.request("access_token")["token"]
    for pid in (ptyd.daemon_pid(), ptyd.keeper.pid):
        process = psutil.Process(pid)
        assert token not in " ".join(process.cmdline())
        assert token not in str(process.environ())


def test_the_daemon_leaves_no_core(ptyd: PtydUnderTest) -> None:
    assert psutil.Process(ptyd.daemon_pid()).rlimit(resource.RLIMIT_CORE) == (0, 0)


def test_marks_cannot_be_forged_by_a_creator(ptyd: PtydUnderTest) -> None:
    other = ptyd.request("create", argv=["sleep", "600"])
    env = {"PTYD_SESSION": other["id"], "PTYD_SOCKET": "/elsewhere/ptyd.sock", "PTYD": ""}
    info = ptyd.request("create", argv=["sleep", "600"], env=env)
    found = psutil.Process(info["pid"]).environ()
    assert found["PTYD_SESSION"] == info["id"]
    assert found["PTYD_SOCKET"] == str(ptyd.sock_path)


def test_a_forged_mark_ends_only_whom_it_marks(ptyd: PtydUnderTest) -> None:
    """A program that claims to belong to another session dies with that one; no session dies for the claim."""
    victim = ptyd.request("create", argv=["sleep", "600"])
    script = f"PTYD_SESSION={victim['id']} sleep 601 & echo $!; exec sleep 602"
    forger = ptyd.request("create", argv=["sh", "-c", script])
    wait_until(lambda: ptyd.request("get", session=forger["id"])["log_head"] > 0)
    ptyd.request("kill", session=forger["id"], grace_seconds=0.1)
    assert ptyd.request("get", session=victim["id"])["state"] == "running"
    for mark in ("../../x", "", "*", victim["id"][:4], victim["id"] + "0"):
        other = ptyd.request("create", argv=["sh", "-c", f"PTYD_SESSION='{mark}' exec sleep 603"])
        ptyd.request("kill", session=victim["id"], grace_seconds=0.1) if mark == "*" else None
        assert ptyd.request("get", session=other["id"])["state"] == "running"


def test_a_socket_named_by_the_environment_must_be_ours(ptyd: PtydUnderTest) -> None:
    place = ptyd.home / "open"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    env = {"PTYD_DIR": "", "PTYD_SOCKET": str(place / "ptyd.sock"), "PTYD_SESSION": "../../x"}
    done = ptyd.cli("status", **env)
    assert done.returncode == 6
    assert "open to other users" in done.stderr
