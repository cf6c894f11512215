"""What a session's processes may use, with cgroups and without; real programs that want more."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

MIB = 1024 * 1024


@pytest.fixture(scope="module", params=["auto", "none"])
def ptyd(request: pytest.FixtureRequest) -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_CGROUPS=request.param, PTYD_ENGINE="none") as ptyd:
        yield ptyd


@pytest.fixture
def client(ptyd: PtydUnderTest) -> Iterator[Client]:
    with connected(ptyd.sock_path) as client:
        client.request("subscribe")
        yield client
        for info in client.request("list"):
            with contextlib.suppress(RequestFailed):
                client.request("kill", session=info["id"], grace_seconds=0.1)


def create(client: Client, code: str, **limits: Any) -> str:
    return str(client.request("create", argv=[sys.executable, "-c", code], limits=limits)["id"])


def hold(mib: int) -> str:
    return f"import time; held = b'x' * ({mib} << 20); print('held', flush=True); time.sleep(600)"


def wait_end(client: Client, session: str) -> dict[str, Any]:
    info: dict[str, Any] = client.request("wait", session=session, until="exit", timeout_seconds=60)
    return info


def test_status_says_by_what(ptyd: PtydUnderTest, client: Client) -> None:
    enforcement = client.request("status")["enforcement"]
    assert set(enforcement) == {
        *("memory_bytes", "processes", "cpus", "open_files", "file_bytes", "core_bytes"),
        "end",
    }
    if ptyd.env.get("PTYD_CGROUPS") == "none":
        assert enforcement["memory_bytes"] == "watched: cgroups = none"
        assert enforcement["cpus"] == "only measured: cgroups = none"


def test_too_much_memory_ends_it(client: Client) -> None:
    session = create(client, hold(200), memory_bytes=64 * MIB)
    info = wait_end(client, session)
    assert info["end_reason"] == "its processes used more than 64 MiB of memory, which is its limit (memory_bytes)"


def test_a_childs_memory_counts(client: Client) -> None:
    """The program that is ended is not the one that took it."""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold(200)!r}]); input()"
    info = wait_end(client, create(client, code, memory_bytes=64 * MIB))
    assert "64 MiB of memory" in info["end_reason"]


def test_near_its_memory_it_is_warned(client: Client) -> None:
    session = create(client, hold(200), memory_bytes=216 * MIB)
    warning = client.wait_event("limit_warning", session)
    assert warning.data["limit"] == "memory_bytes"
    assert warning.data["allowed"] == 216 * MIB
    assert 0.9 * 216 * MIB <= warning.data["used"] <= 216 * MIB
    assert client.request("get", session=session)["state"] == "running"


def test_too_many_processes_end_it(client: Client) -> None:
    code = (
        "import os, time\nwhile True:\n  try:\n    if not os.fork(): time.sleep(600)\n  except OSError: time.sleep(1)\n"
    )
    info = wait_end(client, create(client, code, processes=40))
    assert info["end_reason"] == "it wanted more than 40 processes and threads, which is its limit (processes)"


def test_too_large_a_file_ends_the_program(client: Client) -> None:
    info = wait_end(client, create_shell(client, "exec head -c 1M /dev/zero > $HOME/large", file_bytes=64 * 1024))
    assert info["exit_signal"] == 25
    assert info["end_reason"] == "it wrote a file of more than 64 KiB, which is its limit (file_bytes)"


def create_shell(client: Client, command: str, **limits: Any) -> str:
    return str(client.request("create", argv=["bash", "-c", command], limits=limits)["id"])


def test_rlimits(client: Client) -> None:
    session = create_shell(
        client, "ulimit -n; ulimit -Hn; ulimit -c; ulimit -f", open_files=77, core_bytes=2 << 20, file_bytes=1 << 20
    )
    assert wait_end(client, session)["exit_code"] == 0
    output = client.request("read_log", session=session)["data"].split()
    assert output == [b"77", b"77", b"2048", b"1024"]


def test_use_is_shown(client: Client) -> None:
    session = create(client, "import threading, time\nheld = b'x' * (50 << 20)\n" + BUSY)
    log = lambda: client.request("read_log", session=session)["data"]  # noqa: E731
    wait_until(lambda: b"busy" in log(), what="it to be busy")

    def shows_use() -> bool:
        usage = client.request("get", session=session)["usage"]  # maybe of a look before it was busy
        is_whole = usage["memory_bytes"] > 50 * MIB and usage["processes"] == 3 and usage["open_files"] >= 3
        return is_whole and bool(usage["cpus"] > 0.1)

    wait_until(shows_use, what="CPU time to be shown")


BUSY = """
for _ in range(2):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print('busy', flush=True)
while True:
    pass
"""


def test_they_hold_over_a_crash_of_the_daemon(ptyd: PtydUnderTest) -> None:
    code = "import time; input(); held = b'x' * (200 << 20); time.sleep(600)"
    session = ptyd.request("create", argv=[sys.executable, "-c", code], limits={"memory_bytes": 64 * MIB})["id"]
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    ptyd.request("send", session=session, data=b"\r")
    info = ptyd.request("wait", session=session, until="exit", timeout_seconds=60)
    assert "64 MiB of memory" in info["end_reason"]


@pytest.mark.parametrize("cgroups", ["auto", "none"])
def test_without_limits_nothing_is_looked_at_unasked(cgroups: str) -> None:
    """A session whose end nobody watches: the last figures are those of whoever asked last. In a daemon of its own, as
    a session that was out of memory before would still be looked at."""
    with running_ptyd(PTYD_CGROUPS=cgroups, PTYD_ENGINE="none") as ptyd:
        session = ptyd.request("create", argv=["cat"])["id"]
        first = ptyd.request("get", session=session)["usage"]
        assert first is not None
        with connected(ptyd.sock_path) as client:
            client.ping()
            assert client.request("rename", session=session, name="renamed")["usage"]["at"] == first["at"]
