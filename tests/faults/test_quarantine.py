"""Output that makes the engine crash costs its session the exact screen, and the other sessions nothing."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.messages import Attached, Input, InputAck

from ptyd.engine import find_engine_maker
from tests.daemon.client import connected
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import kill_process, wait_for_process_end, wait_until

CRASHING_DAEMON = [sys.executable, str(Path(__file__).with_name("crashing_daemon.py"))]

pytestmark = pytest.mark.skipif(find_engine_maker() is None, reason="there is no engine here to crash")


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    checkout = str(Path(__file__).parents[2])
    with running_ptyd(CRASHING_DAEMON, PYTHONPATH=checkout, PTYD_WATCHDOG_SECONDS="3") as ptyd:
        yield ptyd


def start(ptyd: PtydUnderTest, name: str) -> str:
    """A session that shows what it is told to."""
    session: str = ptyd.request("create", name=name, argv=["sh", "-c", "stty -echo; echo up; exec cat"])["id"]
    wait_until(lambda: "up" in capture(ptyd, session)["text"])
    return session


def capture(ptyd: PtydUnderTest, session: str) -> Any:
    return ptyd.request("capture", session=session, scrollback=-1)


def read_engines(ptyd: PtydUnderTest) -> dict[str, str]:
    return {info["name"]: info["engine"] for info in ptyd.sessions()}


def type_into(ptyd: PtydUnderTest, session: str, data: bytes) -> None:
    ptyd.request("send", session=session, data=data)


@pytest.mark.parametrize("signal_name", ["SEGV", "ABRT"])
def test_only_the_poisoned_session_loses_its_screen(ptyd: PtydUnderTest, signal_name: str) -> None:
    poisoned, healthy = start(ptyd, "poisoned"), start(ptyd, "healthy")
    type_into(ptyd, healthy, b"\033[31mbefore\n")
    pids = {info["name"]: info["pid"] for info in ptyd.sessions()}
    before = ptyd.daemon_pid()
    type_into(ptyd, poisoned, f"POISON_{signal_name}\n".encode())
    ptyd.wait_for_new_daemon(before)
    assert read_engines(ptyd) == {"poisoned": "quarantined", "healthy": "exact"}
    assert {info["name"]: info["pid"] for info in ptyd.sessions()} == pids

    type_into(ptyd, healthy, b"after\n")
    wait_until(lambda: "after" in capture(ptyd, healthy)["text"])
    assert capture(ptyd, healthy)["source"] == "screen"
    type_into(ptyd, poisoned, b"goes on\n")
    wait_until(lambda: "goes on" in capture(ptyd, poisoned)["text"])
    assert capture(ptyd, poisoned)["source"] == "log"

    status = ptyd.request("status")
    assert (status["crashes"], status["quarantined"]) == (1, ["poisoned"])
    assert f"SIG{signal_name}" in status["last_crash"]
    assert re.search(r"without screen +poisoned: their output", ptyd.cli("status", check=True).stdout)
    assert "running, raw" in ptyd.cli("ls", check=True).stdout
    # An end and a kill later it still is, and the daemon does not die of it again.
    for end in (lambda: ptyd.request("restart"), lambda: os.kill(ptyd.daemon_pid(), signal.SIGKILL)):
        before = ptyd.daemon_pid()
        end()
        ptyd.wait_for_new_daemon(before)
        assert read_engines(ptyd) == {"poisoned": "quarantined", "healthy": "exact"}
    assert ptyd.request("status")["crashes"] == 2
    log = (ptyd.runtime_dir / "daemon.log").read_text()
    assert f"session {poisoned}: its output made the screen engine" in log
    assert "crashing_daemon.py" in log, "where it was, as faulthandler says"


def test_keys_and_output_of_a_quarantined_session(ptyd: PtydUnderTest) -> None:
    poisoned = start(ptyd, "poisoned")
    before = ptyd.daemon_pid()
    type_into(ptyd, poisoned, b"POISON_SEGV\n")
    ptyd.wait_for_new_daemon(before)
    with connected(ptyd.sock_path) as client:
        attached = client.attach(1, poisoned)
        assert isinstance(attached, Attached)
        assert not attached.answers, "its own terminal does"
        client.send(Input(1, 1, b"typed\n"))
        client.wait_for(InputAck)
        wait_until(lambda: client.receive() and b"typed" in client.output[1])


def test_engine_that_does_not_come_back(ptyd: PtydUnderTest) -> None:
    hanging, healthy = start(ptyd, "hanging"), start(ptyd, "healthy")
    before = ptyd.daemon_pid()
    # More than the loop would feed by itself, so that the engine thread is the one that hangs.
    type_into(ptyd, hanging, b"POISON_HANG\n" * 100)
    ptyd.wait_for_new_daemon(before)
    assert read_engines(ptyd) == {"hanging": "quarantined", "healthy": "exact"}
    type_into(ptyd, healthy, b"after\n")
    wait_until(lambda: "after" in capture(ptyd, healthy)["text"])


def test_kill_while_an_engine_is_at_work_is_nobodys_fault(ptyd: PtydUnderTest) -> None:
    session = start(ptyd, "one")
    before = ptyd.daemon_pid()
    type_into(ptyd, session, b"POISON_MARKED\n" * 100)
    log = ptyd.runtime_dir / "sessions" / f"{session}.log"
    wait_until(lambda: is_engine_at_work(log))
    kill_process(before)
    ptyd.wait_for_new_daemon(before)
    assert read_engines(ptyd) == {"one": "exact"}


def is_engine_at_work(log: Path) -> bool:
    with log.open("rb") as file:
        file.seek(24 * 8)
        return file.read(8) != bytes(8)


def test_daemon_that_hangs_is_replaced(ptyd: PtydUnderTest) -> None:
    session = start(ptyd, "one")
    hung = ptyd.daemon_pid()
    os.kill(hung, signal.SIGUSR2)  # its loop does nothing any more
    wait_for_process_end(hung)
    ptyd.wait_for_new_daemon(hung)
    type_into(ptyd, session, b"after\n")
    wait_until(lambda: "after" in capture(ptyd, session)["text"])
    assert "hung" in ptyd.request("status")["last_crash"]
    assert "hang_for_ever" in (ptyd.runtime_dir / "daemon.log").read_text()


def test_stopped_daemon_is_replaced_and_nothing_is_lost(ptyd: PtydUnderTest) -> None:
    session = start(ptyd, "one")
    stopped = ptyd.daemon_pid()
    os.kill(stopped, signal.SIGSTOP)
    wait_for_process_end(stopped)
    ptyd.wait_for_new_daemon(stopped)
    type_into(ptyd, session, b"after\n")
    wait_until(lambda: "after" in capture(ptyd, session)["text"])
    assert read_engines(ptyd) == {"one": "exact"}
