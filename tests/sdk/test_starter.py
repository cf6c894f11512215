"""Starting keeper and daemon, for real."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_sdk import DaemonUnreachable, connect
from ptyd_sdk.oneshot import request
from ptyd_sdk.starter import ensure_daemon

from tests.support.remains import find_remains
from tests.support.waiting import wait_for_process_end


@pytest.fixture
def clean_dir(runtime_dir: Path) -> Iterator[Path]:
    """Where nothing runs before the test, and nothing is left behind it."""
    yield runtime_dir / "run"
    keeper = 0
    with contextlib.suppress(DaemonUnreachable):
        keeper = request("status", runtime_dir=runtime_dir / "run").keeper_pid
        request("shutdown", {"kill_sessions": True}, runtime_dir=runtime_dir / "run")
    if keeper:
        wait_for_process_end(keeper)
    assert find_remains(runtime_dir) == []


def test_starts_once_and_finds_it_the_next_time(clean_dir: Path) -> None:
    pid = ensure_daemon(clean_dir)
    assert ensure_daemon(clean_dir) == pid == request("status", runtime_dir=clean_dir).daemon_pid


def test_many_starters_at_once_share_one_daemon(clean_dir: Path) -> None:
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(ensure_daemon(clean_dir))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4 and len(set(pids)) == 1


def test_the_keeper_takes_nothing_over_from_its_starter(clean_dir: Path) -> None:
    """Neither ignored signals (Ctrl-C would not work in sessions), nor the terminal's session, nor descriptors."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ensure_daemon(clean_dir)
    finally:
        signal.signal(signal.SIGINT, previous)
        os.close(writer)
    keeper = request("status", runtime_dir=clean_dir).keeper_pid
    assert os.getsid(keeper) == keeper
    assert os.read(reader, 1) == b""
    os.close(reader)
    ignored = next(
        line for line in Path(f"/proc/{keeper}/status").read_text().splitlines() if line.startswith("SigIgn")
    )
    assert int(ignored.split()[1], 16) & (1 << (signal.SIGINT - 1)) == 0


def test_says_why_it_cannot_start(runtime_dir: Path) -> None:
    (runtime_dir / "file").touch()
    with pytest.raises(DaemonUnreachable, match="not a directory"):
        ensure_daemon(runtime_dir / "file")
    with pytest.raises(DaemonUnreachable, match="cannot start"):
        ensure_daemon(runtime_dir / "file" / "below")
    with pytest.raises(DaemonUnreachable, match="too long"):
        ensure_daemon(runtime_dir / ("x" * 100))


async def test_connect_starts_it(clean_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_DIR", str(clean_dir))
    async with connect(start=True) as ptyd:
        assert (await ptyd.status()).sessions == 0


def test_only_our_own_can_be_started() -> None:
    with pytest.raises(ValueError, match="Unix socket"):
        connect("http://localhost:7000", start=True)
