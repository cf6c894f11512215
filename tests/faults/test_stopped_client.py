"""A client that is stopped for longer than the daemon waits for anybody comes back and has lost nothing."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import stretch_deadline, wait_readable, wait_until

HERE = Path(__file__).parent
IMPATIENT_DAEMON = [sys.executable, str(HERE / "impatient_daemon.py")]
LINES = 2_000_000
"""14 MiB: more than the log and all buffers on the way hold."""


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(
        IMPATIENT_DAEMON,
        PYTHONPATH=str(HERE.parents[1]),
        PTYD_HOLD_GRACE_SECONDS="600",
        PTYD_HOLD_STALL_SECONDS="600",
        PTYD_LOG_BYTES=str(1024 * 1024),
    ) as ptyd:
        yield ptyd


def test_stopped_client_is_given_up_and_loses_nothing(ptyd: PtydUnderTest) -> None:
    command = f"stty raw -echo; printf ready; read x; exec seq {LINES}"
    session = ptyd.request("create", argv=["sh", "-c", command])["id"]
    other = ptyd.request("create", argv=["cat"])["id"]
    with subprocess.Popen(
        [sys.executable, str(HERE / "collector.py"), session],
        env={**ptyd.env, "PYTHONPATH": str(HERE.parents[1])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdout is not None
        wait_readable(client.stdout.fileno(), what="the client to read")
        ptyd.request("send", session=session, data=b"\n")
        wait_until(lambda: ptyd.request("get", session=session)["log_head"] > 100_000)
        client.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: ptyd.request("get", session=session)["clients"] == 0, what="the client to be given up")
            # Nobody else is any worse off.
            ptyd.request("send", session=other, data=b"meanwhile\n")
            wait_until(lambda: b"meanwhile" in bytes(ptyd.request("read_log", session=other)["data"]))
        finally:
            client.send_signal(signal.SIGCONT)
        told, _ = client.communicate(timeout=stretch_deadline(60))
    expected = b"ready" + "".join(f"{number}\n" for number in range(1, LINES + 1)).encode()
    word, count, digest = told.decode().split()
    assert (word, int(count)) == ("reading", len(expected))
    assert digest == hashlib.sha256(expected).hexdigest()
    os.kill(ptyd.daemon_pid(), 0)
