"""One daemon after another: restart, shutdown and start, and what they find of their predecessors'."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.messages import Detached, Exited, Input, Output

from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, ask_keeper, running_ptyd, start_daemon, start_keeper
from tests.support.waiting import wait_for_process_end, wait_until

FLOOD = b"".join(b"%d\n" % number for number in range(1, 300_001))


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as ptyd:
        yield ptyd


def attach_again(stack: contextlib.ExitStack, ptyd: PtydUnderTest, client: Client, session: str, **more: Any) -> Client:
    """The same client on a new connection, where it left off."""
    again = stack.enter_context(connected(ptyd.sock_path, client.client_id))
    attached = again.attach(1, session, epoch=client.epochs[1], offset=client.next_offset[1], lossless=True, **more)
    assert (attached.mode, attached.offset) == ("exact", client.next_offset[1])
    return again


# --- restart


def test_restart(ptyd: PtydUnderTest) -> None:
    """Everybody is told to come back; sessions, names, sizes, listeners and logins are as they were."""
    with contextlib.ExitStack() as stack:
        client, other = (stack.enter_context(connected(ptyd.sock_path)) for _ in range(2))
        info = client.request("create", argv=["cat"], name="before")
        client.request("rename", session=info["id"], name="steady")
        place = client.request("listen")
        client.attach(1, info["id"], cols=99, rows=33)
        client.type(1, 1, b"one\r")
        client.read_until(1, b"one\r\none\r\n")
        daemon = ptyd.daemon_pid()
        assert client.request("restart") is None
        assert client.wait_close() == (1012, "the daemon is being replaced")
        assert other.wait_close()[0] == 1012
        assert ptyd.wait_for_new_daemon(daemon) != daemon
        again = attach_again(stack, ptyd, client, info["id"], cols=99, rows=33)
        again.type(1, 2, b"two\r")
        assert again.read_until(1, b"two\r\ntwo\r\n") == b"two\r\ntwo\r\n"
        after = again.request("get", session="steady")
        assert {name: after[name] for name in ("id", "pid", "argv", "cwd", "created_at", "epoch", "cols", "rows")} == {
            **{name: info[name] for name in ("id", "pid", "argv", "cwd", "created_at", "epoch")},
            **{"cols": 99, "rows": 33},
        }
        assert after["last_output_at"] > info["created_at"]
        status = again.request("status")
        assert (status["restarts"], status["keeper_pid"]) == (1, ptyd.keeper_pid())
        assert again.request("listen", port=place["port"]) == place
        socket.create_connection((place["host"], place["port"])).close()
        # The daemon that went away was told so in order; the keeper had nobody to kill.
        assert "killed" not in (ptyd.runtime_dir / "keeper.log").read_text().lower()


def test_restart_in_a_flood(ptyd: PtydUnderTest) -> None:
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connected(ptyd.sock_path))
        info = client.request("create", argv=["sh", "-c", "stty raw -echo; printf +; read x; seq 300000"])
        client.attach(1, info["id"], lossless=True)
        client.read_until(1, b"+")
        client.send(Input(1, 1, b"\n"))
        got = b""
        for _ in range(3):
            client.wait_for(Output)
            daemon = ptyd.daemon_pid()
            client.request("restart")
            assert client.wait_close()[0] == 1012
            ptyd.wait_for_new_daemon(daemon)
            got += bytes(client.output[1])
            client = attach_again(stack, ptyd, client, info["id"])
        client.wait_for(Exited)
        assert got + bytes(client.output[1]) == b"+" + FLOOD


def test_a_request_that_is_waiting_ends_with_the_connection(ptyd: PtydUnderTest) -> None:
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        client.begin_request("wait", session=info["id"], until="exit")
        client.request("restart")
        assert client.wait_close()[0] == 1012
    wait_until(ptyd.try_daemon_pid)
    assert wait_until(ptyd.sessions)[0]["state"] == "running"


# --- shutdown and start


def test_shutdown_leaves_the_sessions_with_the_keeper(ptyd: PtydUnderTest) -> None:
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connected(ptyd.sock_path))
        info = client.request("create", argv=["sh", "-c", "stty raw -echo; echo ready; exec cat"])
        client.attach(1, info["id"], lossless=True)
        client.type(1, 1, b"before")
        client.read_until(1, b"before")
        daemon = ptyd.daemon_pid()
        assert client.request("shutdown") == {"sessions_left": 1}
        assert client.wait_close() == (1001, "the daemon goes down")
        wait_for_process_end(daemon)
        assert ptyd.keeper.poll() is None
        os.kill(info["pid"], 0)
        with pytest.raises(FileNotFoundError):  # nobody is kept waiting at a door that nobody opens
            ptyd.request("list")
        assert start_daemon(ptyd.runtime_dir) != daemon
        again = attach_again(stack, ptyd, client, info["id"])
        again.type(1, 2, b"after")
        again.read_until(1, b"after")


def test_a_terminate_signal_is_a_shutdown(ptyd: PtydUnderTest) -> None:
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"])
        daemon = ptyd.daemon_pid()
        os.kill(daemon, signal.SIGTERM)
        assert client.wait_close()[0] == 1001
        wait_for_process_end(daemon)
        os.kill(info["pid"], 0)


def test_shutdown_with_the_sessions(ptyd: PtydUnderTest) -> None:
    """Their trees end, too, and the keeper; then everything can begin anew in the same directory."""
    with connected(ptyd.sock_path) as client:
        stubborn = client.request(
            "create", argv=["bash", "-c", "trap '' HUP TERM; setsid sleep 600 & echo ready; wait; wait"], name="again"
        )
        client.attach(1, stubborn["id"], role="observe")
        client.read_until(1, b"ready")
        ended = client.request("create", argv=["true"])
        client.request("wait", session=ended["id"], until="exit")
        daemon = ptyd.daemon_pid()
        assert client.request("shutdown", kill_sessions=True) == {"sessions_left": 0}
        assert client.wait_close()[0] == 1001
    for pid in (daemon, stubborn["pid"]):
        wait_for_process_end(pid)
    assert ptyd.keeper.wait(15) == 0
    assert find_marked(stubborn["id"]) == []
    ptyd.keeper = start_keeper(ptyd.runtime_dir, ptyd.runtime_dir.parent, {})
    assert ptyd.sessions() == []
    assert list((ptyd.runtime_dir / "sessions").iterdir()) == []
    assert ptyd.request("create", argv=["cat"], name="again")["id"] != stubborn["id"]


def find_marked(session: str) -> list[int]:
    """Living processes that carry the session's mark."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and f"PTYD_SESSION={session}".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def test_start_where_one_runs(ptyd: PtydUnderTest) -> None:
    daemon = ptyd.daemon_pid()
    assert ask_keeper(ptyd.runtime_dir, {"op": "start"}) == {"ok": True, "daemon_pid": daemon}


# --- what is found


def test_logs_of_nobody_are_removed(ptyd: PtydUnderTest) -> None:
    stray = ptyd.runtime_dir / "sessions" / "0badf00d.log"
    stray.write_bytes(b"x")
    info = ptyd.request("create", argv=["cat"])
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert {path.stem for path in (ptyd.runtime_dir / "sessions").iterdir()} == {info["id"]}


@pytest.mark.parametrize("damage", ["gone", "short", "garbage"])
def test_a_damaged_log_costs_its_output_and_not_the_session(ptyd: PtydUnderTest, damage: str) -> None:
    with connected(ptyd.sock_path) as client:
        info = client.request("create", argv=["cat"], cols=111, rows=22)
        client.attach(1, info["id"], lossless=True, role="observe")
        log = ptyd.runtime_dir / "sessions" / f"{info['id']}.log"
        content = log.read_bytes()
        log.unlink()  # the daemon goes on with what it has mapped
        if damage != "gone":
            log.write_bytes(content[:5001] if damage == "short" else b"x" * len(content))
        dead = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(dead)
    with connected(ptyd.sock_path, client.client_id) as again:
        refused = again.try_attach(1, info["id"], epoch=client.epochs[1], offset=0, lossless=True)
        assert isinstance(refused, Detached)
        assert refused.code == "output_lost"
        attached = again.attach(2, info["id"], cols=111, rows=22)
        assert attached.epoch != client.epochs[1]
        assert (attached.cols, attached.rows) == (111, 22)
        again.type(2, 1, b"still\r")
        again.read_until(2, b"still\r\nstill\r\n")


def test_crashing_again_and_again_is_survived(ptyd: PtydUnderTest) -> None:
    info = ptyd.request("create", argv=["cat"])
    for _ in range(5):
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    sessions: list[dict[str, Any]] = wait_until(ptyd.sessions)
    assert [(one["id"], one["pid"], one["state"]) for one in sessions] == [(info["id"], info["pid"], "running")]
    assert ptyd.request("status")["restarts"] == 5


def test_a_configuration_that_cannot_be_used_is_explained() -> None:
    with (
        pytest.raises(AssertionError, match=r"configuration: .*max_sessions"),
        running_ptyd(PTYD_MAX_SESSIONS="none"),
    ):
        raise RuntimeError("it must not start")
