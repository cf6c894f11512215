"""How a session ended is kept until somebody has seen it; then it is gone (here: at once)."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol.messages import Exited

from tests.daemon.client import connected
from tests.daemon.conftest import Connect, Create
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_EXITED_SEEN_SECONDS="0", PTYD_LOG_BYTES=str(512 * 1024)) as ptyd:
        yield ptyd


def log_path(ptyd: PtydUnderTest, session: str) -> Path:
    return ptyd.runtime_dir / "sessions" / f"{session}.log"


def is_listed(ptyd: PtydUnderTest, session: str) -> bool:
    with contextlib.suppress(RequestFailed):
        return bool(ptyd.request("get", session=session))
    return False


def wait_removed(ptyd: PtydUnderTest, session: str) -> None:
    wait_until(lambda: not is_listed(ptyd, session), what="the session to be removed")
    assert not log_path(ptyd, session).exists()


def wait_ended(ptyd: PtydUnderTest, session: str) -> None:
    """Without being somebody who has seen it."""
    wait_until(lambda: ptyd.request("get", session=session)["state"] == "exited")


@pytest.mark.parametrize(("command", "code", "number"), [("exit 42", 42, None), ("kill -9 $$", None, 9)])
def test_kept_for_nobody_and_over_a_crash(
    ptyd: PtydUnderTest, connect: Connect, create: Create, command: str, code: int | None, number: int | None
) -> None:
    info = create("sh", "-c", f"printf last-words; {command}", name="kept")
    wait_ended(ptyd, info["id"])
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    kept = ptyd.request("get", session="kept")
    assert (kept["state"], kept["exit_code"], kept["exit_signal"]) == ("exited", code, number)
    client = connect()
    client.attach(1, info["id"], role="observe")
    exited = client.wait_for(Exited)
    assert (exited.code, exited.signal, exited.offset) == (code, number, 10)
    assert bytes(client.output[1]) == b"last-words"
    wait_removed(ptyd, info["id"])


def test_an_end_while_no_daemon_runs(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    """The keeper tells it to the next one, which reads all output first."""
    info = create("bash", "-c", "trap 'seq 500; exit 3' TERM; echo ready; while :; do sleep 0.01; done")
    client = connect()
    client.attach(1, info["id"])
    client.read_until(1, b"ready\r\n")
    dead = ptyd.kill_daemon()
    os.kill(info["pid"], signal.SIGTERM)  # it is over long before the next daemon has started
    ptyd.wait_for_new_daemon(dead)
    again = connect(client_id=client.client_id)
    again.attach(1, info["id"], epoch=client.epochs[1], offset=client.next_offset[1])
    assert again.wait_for(Exited).code == 3
    assert again.output[1].endswith(b"499\r\n500\r\n")


def test_seen_on_a_channel(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    info = create("true")
    client = connect()
    client.attach(1, info["id"], role="observe")
    assert client.wait_for(Exited).code == 0
    wait_removed(ptyd, info["id"])


@pytest.mark.parametrize("method", ["wait", "kill"])
def test_seen_in_a_reply(ptyd: PtydUnderTest, connect: Connect, create: Create, method: str) -> None:
    info = create("sh", "-c", "read x; exit 6" if method == "wait" else "sleep 600")
    client = connect()
    params = {"until": "exit"} if method == "wait" else {"grace_seconds": 0.5}
    asked = client.begin_request(method, session=info["id"], **params)
    if method == "wait":
        client.request("send", session=info["id"], data=b"\r")
    assert client.end_request(asked)["state"] == "exited"
    wait_removed(ptyd, info["id"])


def test_who_waited_and_left_has_seen_nothing(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    info = create("sh", "-c", "read x; exit 5")
    gone = connect()
    gone.begin_request("wait", session=info["id"], until="exit")
    gone.ping()
    gone.socket.close()
    watcher = connect()
    watcher.request("subscribe")
    watcher.request("send", session=info["id"], data=b"\r")
    watcher.wait_event("exited", info["id"])
    watcher.ping()
    assert watcher.request("get", session=info["id"])["exit_code"] == 5


def test_who_is_still_reading_reads_on(ptyd: PtydUnderTest, connect: Connect, create: Create) -> None:
    """One has seen the end; another, slower one gets every byte before the session is removed."""
    info = create("sh", "-c", "stty raw; seq 20000")
    slow, quick = connect(), connect()
    slow.acknowledges = False
    slow.attach(1, info["id"], role="observe", window=4096, lossless=True)
    quick.attach(1, info["id"], role="observe")
    quick.wait_for(Exited)
    quick.ping()
    assert is_listed(ptyd, info["id"])
    slow.acknowledges = True
    slow.acknowledge(1)
    slow.wait_for(Exited)
    assert bytes(slow.output[1]) == b"".join(b"%d\n" % number for number in range(1, 20001))
    wait_removed(ptyd, info["id"])


def test_an_end_that_nobody_has_seen_keeps_nothing_open(ptyd: PtydUnderTest, create: Create) -> None:
    status = ptyd.request("status")
    daemon, keeper = Path(f"/proc/{status['daemon_pid']}/fd"), Path(f"/proc/{status['keeper_pid']}/fd")

    def count_fds() -> tuple[int, int]:
        return len(list(daemon.iterdir())), len(list(keeper.iterdir()))

    def is_as_before() -> bool:  # or less: what the test before has left may just be going
        return all(now <= then for now, then in zip(count_fds(), before, strict=True))

    before = count_fds()
    infos = [create("sh", "-c", "seq 100") for _ in range(20)]
    for info in infos:
        wait_ended(ptyd, info["id"])
    wait_until(is_as_before, what=lambda: f"{before} descriptors, now {count_fds()}")
    assert ptyd.request("read_log", session=infos[3]["id"])["log_head"] == sum(len(str(n)) + 2 for n in range(1, 101))
    wait_until(is_as_before, what=lambda: f"{before} descriptors, now {count_fds()}")


def test_unseen_is_not_for_ever() -> None:
    with running_ptyd(PTYD_EXITED_UNSEEN_SECONDS="0") as ptyd, connected(ptyd.sock_path) as client:
        client.request("subscribe")
        info = client.request("create", argv=["true"])
        client.wait_event("removed", info["id"])
        assert not log_path(ptyd, info["id"]).exists()
        assert client.request("list") == []


def test_the_keeper_has_died() -> None:
    """Sessions go on; how they end nobody knows any more, but that they do. No new ones."""
    with running_ptyd() as ptyd, connected(ptyd.sock_path) as client:
        first = client.request("create", argv=["cat"], name="first")
        second = client.request("create", argv=["sleep", "600"], name="second")
        client.attach(1, first["id"])
        ptyd.keeper.kill()
        ptyd.keeper.wait()
        client.type(1, 1, b"still here\r")
        client.read_until(1, b"still here\r\nstill here")
        with pytest.raises(RequestFailed, match="keeper has ended") as caught:
            client.request("create", argv=["cat"])
        assert caught.value.code == "unavailable"
        client.type(1, 2, b"\x04")
        exited = client.wait_for(Exited)
        assert (exited.code, exited.signal) == (None, None)
        assert client.request("kill", session=second["id"], grace_seconds=1)["state"] == "exited"
        assert client.request("shutdown", kill_sessions=True) == {"sessions_left": 0}
        assert client.wait_close()[0] == 1001
