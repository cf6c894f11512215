"""Five hundred sessions, begun and ended in every way: nothing of them stays."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol.messages import Exited

from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

ROUNDS = 10
SESSIONS_A_ROUND = 50
FILLING = bytes(300_000)


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_EXITED_SEEN_SECONDS="0", PTYD_LOG_BYTES=str(512 * 1024)) as ptyd:
        yield ptyd


def list_fds(pid: int) -> list[str]:
    """What the process has open. Sockets and pipes by kind only: their numbers tell nothing."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(entry.readlink()).partition(":")[0])
    return sorted(found)


def list_children(pid: int) -> list[str]:
    """Every process below, zombies, too."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            name, _, rest = (process / "stat").read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                found.append(f"{name})" + (" zombie" if rest.split()[0] == "Z" else ""))
    return sorted(found)


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


def run_round(client: Client, sessions: int) -> None:
    """Begin so many sessions at once; they end by themselves, watched, killed, with children, in the midst of input."""
    commands = [
        ["true"],
        ["sh", "-c", "echo hello; exit 3"],
        ["sh", "-c", "seq 20000"],
        ["cat"],
        ["sh", "-c", "sleep 600 & setsid sleep 600 & wait"],
    ]
    asked = [client.begin_request("create", argv=commands[number % 5]) for number in range(sessions)]
    ids = [client.end_request(request_id)["id"] for request_id in asked]
    for channel, session in enumerate(ids[2::5], 1):
        client.attach(channel, session, lossless=True, role="observe")
    waiting = []
    for number, session in enumerate(ids):
        if number % 5 == 3:
            client.begin_request("send", session=session, data=FILLING[:100_000])
        if number % 5 in (3, 4):
            waiting.append(client.begin_request("kill", session=session, grace_seconds=1))
        elif number % 5 != 2:
            waiting.append(client.begin_request("wait", session=session, until="exit"))
    for request_id in waiting:
        assert client.end_request(request_id)["state"] == "exited"
    for channel in range(1, len(ids[2::5]) + 1):
        client.wait_for(Exited, lambda exited, channel=channel: exited.channel == channel)  # type: ignore[misc]
        assert len(client.output.pop(channel)) == sum(len(str(number)) + 2 for number in range(1, 20001))
    wait_until(lambda: client.request("list") == [], 30, "all sessions to be forgotten")


def test_nothing_stays(ptyd: PtydUnderTest) -> None:
    daemon, keeper = ptyd.daemon_pid(), ptyd.keeper_pid()
    with connected(ptyd.sock_path) as client:
        run_round(client, 10)  # what is opened once and for all
        fds = {pid: list_fds(pid) for pid in (daemon, keeper)}
        children = list_children(keeper)
    resident = []
    for _ in range(ROUNDS):
        with connected(ptyd.sock_path) as client:
            run_round(client, SESSIONS_A_ROUND)
        resident.append(resident_bytes(daemon))
    with connected(ptyd.sock_path) as client:
        wait_until(lambda: {pid: list_fds(pid) for pid in fds} == fds, 10, lambda: f"{list_fds(daemon)}, not {fds}")
        wait_until(lambda: list_children(keeper) == children, 10, lambda: f"{list_children(keeper)}, not {children}")
        assert len(children) == 1  # the daemon
        assert list((ptyd.runtime_dir / "sessions").iterdir()) == []
        status = client.request("status")
        assert (status["sessions"], status["clients"], status["restarts"]) == (0, [], 0)
    assert resident[-1] - resident[2] < 8 * 1024 * 1024, resident
    assert "Traceback" not in (ptyd.runtime_dir / "daemon.log").read_text()
    assert "ERROR" not in (ptyd.runtime_dir / "daemon.log").read_text()
