"""What docs/disasters.md promises, on the real thing."""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import PTYD_COMMAND, PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import kill_process, stretch_deadline, wait_for_process_end, wait_until

WATCHFUL = {"PTYD_WATCHDOG_SECONDS": "3"}
"""The daemon looks around twice a second."""


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(**WATCHFUL) as ptyd:
        yield ptyd


def start_echo(ptyd: PtydUnderTest, name: str) -> str:
    """A session that shows what is typed."""
    session: str = ptyd.request("create", name=name, argv=["sh", "-c", "stty -echo; echo up; exec cat"])["id"]
    wait_until(lambda: "up" in read_text(ptyd, session))
    return session


def read_text(ptyd: PtydUnderTest, session: str) -> str:
    return bytes(ptyd.request("read_log", session=session)["data"]).decode()


def assert_works(ptyd: PtydUnderTest, session: str, word: str) -> None:
    """What is typed comes out again, behind what was there before."""
    before = read_text(ptyd, session)
    ptyd.request("send", session=session, data=word.encode() + b"\n")
    wait_until(lambda: word in read_text(ptyd, session)[len(before) :])
    assert read_text(ptyd, session).startswith(before)


def try_request(ptyd: PtydUnderTest, method: str, **params: object) -> Any:
    """None where nobody answers."""
    with contextlib.suppress(OSError, json.JSONDecodeError, RequestFailed):
        return ptyd.request(method, **params)
    return None


# --- the runtime directory ---


def test_runtime_directory_removed(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    assert_works(ptyd, session, "before")
    pid = ptyd.sessions()[0]["pid"]
    token = (ptyd.runtime_dir / "token").read_text()
    output = read_text(ptyd, session)
    shutil.rmtree(ptyd.runtime_dir)
    wait_until(lambda: try_request(ptyd, "list"), what="the daemon to be back in its place")
    assert [info["pid"] for info in ptyd.sessions()] == [pid]
    assert read_text(ptyd, session) == output
    assert_works(ptyd, session, "after")
    assert (ptyd.runtime_dir / "token").read_text() == token
    assert (ptyd.runtime_dir.stat().st_mode & 0o777) == 0o700
    assert "running" in ptyd.cli("ls", check=True).stdout
    assert ptyd.cli("new", "-d", "--", "sleep", "600").returncode == 0


def test_socket_removed(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    ptyd.sock_path.unlink()
    (ptyd.runtime_dir / "keeper.sock").unlink()
    wait_until(lambda: try_request(ptyd, "list"), what="the socket to be made anew")
    wait_until(ptyd.try_daemon_pid, what="the keeper to be found again")
    assert_works(ptyd, session, "after")


def test_log_removed(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    before = ptyd.daemon_pid()
    (ptyd.runtime_dir / "sessions" / f"{session}.log").unlink()
    ptyd.wait_for_new_daemon(before)
    assert "up" in read_text(ptyd, session)
    assert_works(ptyd, session, "after")


# --- descriptors ---


def test_no_descriptor_left_in_the_daemon(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    daemon = ptyd.daemon_pid()
    limits = resource.prlimit(daemon, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{daemon}/fd").iterdir()))
    # Enough for a connection; not for a session's log, terminal and pipe.
    resource.prlimit(daemon, resource.RLIMIT_NOFILE, (used + 3, limits[1]))
    with pytest.raises(RequestFailed) as refused:
        ptyd.request("create", argv=["sleep", "600"])
    assert refused.value.code == "no_resources"
    assert_works(ptyd, session, "meanwhile")
    assert ptyd.daemon_pid() == daemon
    resource.prlimit(daemon, resource.RLIMIT_NOFILE, limits)
    assert ptyd.request("create", argv=["sleep", "600"])["state"] == "running"
    wait_until(lambda: count_children(ptyd.keeper_pid()) == 3, what="what was refused to have gone")


def count_children(pid: int) -> int:
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def test_connections_wait_while_no_descriptor_is_left(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    daemon = ptyd.daemon_pid()
    limits = resource.prlimit(daemon, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon, resource.RLIMIT_NOFILE, (3, limits[1]))
    with subprocess.Popen(
        [PTYD_COMMAND, "send", "-t", session, "x"], env=ptyd.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as _:
        pass  # refused or left waiting; the daemon lives
    resource.prlimit(daemon, resource.RLIMIT_NOFILE, limits)
    wait_until(lambda: try_request(ptyd, "list"), what="connections to be taken again")
    assert ptyd.daemon_pid() == daemon
    assert_works(ptyd, session, "after")


def test_no_memory_for_a_new_process(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    keeper = ptyd.keeper_pid()
    limits = resource.prlimit(keeper, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{keeper}/fd").iterdir()))
    resource.prlimit(keeper, resource.RLIMIT_NOFILE, (used + 2, limits[1]))
    with pytest.raises(RequestFailed) as refused:
        ptyd.request("create", argv=["sleep", "600"])
    assert refused.value.code == "no_ptys"
    assert "the keeper may open" in str(refused.value)
    resource.prlimit(keeper, resource.RLIMIT_NOFILE, limits)
    space = resource.prlimit(keeper, resource.RLIMIT_AS)
    pages = int(Path(f"/proc/{keeper}/statm").read_text().split()[0])
    resource.prlimit(keeper, resource.RLIMIT_AS, (pages * resource.getpagesize(), space[1]))
    with contextlib.suppress(RequestFailed):  # with luck the memory that it has is enough
        ptyd.request("create", argv=["sleep", "600"])
    resource.prlimit(keeper, resource.RLIMIT_AS, space)
    assert ptyd.request("create", argv=["sleep", "600"])["state"] == "running"
    assert_works(ptyd, session, "after")


# --- the keeper ---


def test_keeper_killed() -> None:
    with running_ptyd(**WATCHFUL) as ptyd:
        look_at_a_killed_keeper(ptyd)


def look_at_a_killed_keeper(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    ended: str = ptyd.request("create", argv=["sh", "-c", "read x; exit 3"])["id"]
    daemon = ptyd.daemon_pid()
    ptyd.keeper.kill()
    ptyd.keeper.wait()
    wait_until(lambda: ptyd.request("status")["keeper_gone"])
    assert_works(ptyd, session, "after")
    assert "gone; no session can be made" in ptyd.cli("status", check=True).stdout
    new = ptyd.cli("new", "-d", "--", "sleep", "600")
    assert new.returncode == 6
    assert "the keeper has ended" in new.stderr
    restart = ptyd.cli("restart")
    assert restart.returncode == 6
    # An end is seen, but not how.
    ptyd.request("send", session=ended, data=b"\n")
    wait_until(lambda: ptyd.request("get", session=ended)["state"] == "exited")
    # Another keeper's daemon does not take this one's place, and its sessions, away.
    up = ptyd.cli("up")
    assert up.returncode == 6
    assert f"daemon {daemon} still serves here" in up.stderr
    assert_works(ptyd, session, "still")
    down = ptyd.cli("down")
    assert down.returncode == 5
    assert "--kill-sessions" in down.stderr
    pid = ptyd.request("get", session=session)["pid"]
    ptyd.cli("down", "--kill-sessions", check=True)
    wait_for_process_end(daemon)
    wait_for_process_end(pid)
    assert ptyd.cli("up").returncode == 0
    assert ptyd.sessions() == []
    ptyd.cli("down", "--kill-sessions", check=True)


def test_both_killed() -> None:
    with running_ptyd() as ptyd:
        look_at_both_killed(ptyd)


def look_at_both_killed(ptyd: PtydUnderTest) -> None:
    session = start_echo(ptyd, "one")
    pid = ptyd.request("get", session=session)["pid"]
    daemon = ptyd.daemon_pid()
    ptyd.keeper.kill()
    ptyd.keeper.wait()
    kill_process(daemon)
    wait_for_process_end(pid)  # nobody holds its terminal: it hangs up
    assert ptyd.cli("ls", "--json", check=True).stdout.strip() == "[]"
    assert ptyd.cli("new", "-d", "--", "sleep", "600").returncode == 0
    assert f"1 sessions ended when their keeper was killed: {session}" in (ptyd.runtime_dir / "daemon.log").read_text()
    ptyd.cli("down", "--kill-sessions", check=True)


# --- the disk ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(disk: Path, leave_bytes: int) -> Path:
    """A file that takes all of the disk but so much."""
    filler = disk / "filler"
    status = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, status.f_bavail * status.f_frsize - leave_bytes))
    return filler


def test_disk_full(ptyd: PtydUnderTest, small_disk: Path) -> None:
    # The runtime directory moves to the small disk by being removed, which is a test of that, too.
    session = start_echo(ptyd, "one")
    shutil.rmtree(ptyd.runtime_dir)
    ptyd.runtime_dir.symlink_to(small_disk)
    ptyd.runtime_dir.unlink()
    ptyd.runtime_dir.mkdir(mode=0o700)
    subprocess.run(["mount", "--bind", str(small_disk), str(ptyd.runtime_dir)], check=True)
    try:
        look_at_a_full_disk(ptyd, session)
    finally:
        ptyd.request("shutdown", kill_sessions=True)
        ptyd.keeper.wait(stretch_deadline(20))
        subprocess.run(["umount", "-l", str(ptyd.runtime_dir)], check=True)


def look_at_a_full_disk(ptyd: PtydUnderTest, session: str) -> None:
    wait_until(lambda: try_request(ptyd, "list"), what="the daemon to be back")
    flood: str = ptyd.request("create", argv=["sh", "-c", "read x; seq 300000; echo all; exec cat"])["id"]
    filler = fill(ptyd.runtime_dir, 256 * 1024)
    ptyd.request("send", session=flood, data=b"\n")
    wait_until(lambda: "no room for the log" in (ptyd.runtime_dir / "daemon.log").read_text() or is_full(ptyd))
    daemon = ptyd.daemon_pid()
    assert ptyd.request("get", session=session)["state"] == "running"
    assert "running" in ptyd.cli("ls", check=True).stdout
    with pytest.raises(RequestFailed) as refused:
        for _ in range(64):
            ptyd.request("create", argv=["sleep", "600"])
    assert refused.value.code == "no_resources"
    filler.unlink()
    wait_until(lambda: "all" in read_text(ptyd, flood)[-100:], 60, what="the flood to go on")
    text = read_text(ptyd, flood)
    numbers = [int(line) for line in text.split("\r\n") if line.isdigit()]
    assert numbers[-1] == 300_000
    assert numbers == list(range(numbers[0], 300_001))
    assert ptyd.daemon_pid() == daemon


def is_full(ptyd: PtydUnderTest) -> bool:
    return os.statvfs(ptyd.runtime_dir).f_bavail < 16


# --- stopped ---


def test_stopped_keeper_and_daemon_go_on(ptyd: PtydUnderTest) -> None:
    """As in a suspended machine: more time passes than the watchdog gives, and nobody is taken for hung."""
    session = start_echo(ptyd, "one")
    daemon = ptyd.daemon_pid()
    begun = time.monotonic()
    for pid in (ptyd.keeper_pid(), daemon):
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: time.monotonic() - begun > 4, 30)
    for pid in (ptyd.keeper_pid(), daemon):
        os.kill(pid, signal.SIGCONT)
    assert_works(ptyd, session, "after")
    assert ptyd.daemon_pid() == daemon
    assert ptyd.request("status")["crashes"] == 0


# --- ending ---


def test_end_is_bounded_whoever_does_not_answer(ptyd: PtydUnderTest) -> None:
    """A client that is stopped, a child that ignores what it is told."""
    session: str = ptyd.request(
        "create", argv=["sh", "-c", "trap '' HUP TERM INT; echo up; while :; do sleep 1; done"]
    )["id"]
    wait_until(lambda: "up" in read_text(ptyd, session))
    with subprocess.Popen(
        [PTYD_COMMAND, "wait", session], env=ptyd.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as client:
        daemon = ptyd.daemon_pid()
        client.send_signal(signal.SIGSTOP)
        try:
            ptyd.cli("down", "--kill-sessions", check=True)
        finally:
            client.send_signal(signal.SIGCONT)
            client.kill()
    wait_for_process_end(daemon)
    assert ptyd.keeper.wait(stretch_deadline(20)) == 0
