"""The audit's files: appended, rotated, read by position, and never in the way."""

import json
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ptyd.core.access.audit import NOBODY, format_line
from ptyd.edge import audit_log
from ptyd.edge.audit_log import AuditLog

MAX_BYTES = 4096

Open = Callable[[], AuditLog]


def line(number: int, size: int = 0) -> bytes:
    return format_line(0.0, "test", NOBODY, None, {"n": number, "filling": "x" * size})


@pytest.fixture
async def open_log(tmp_path: Path) -> AsyncIterator[Open]:
    opened: list[AuditLog] = []

    def open_one() -> AuditLog:
        opened.append(AuditLog(tmp_path, MAX_BYTES, 3))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


def records(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(one) for one in data.splitlines()]


def numbers(data: bytes) -> list[int]:
    return [record["facts"]["n"] for record in records(data) if record["event"] == "test"]


def list_files(directory: Path) -> dict[str, int]:
    """Names and sizes."""
    return {path.name: path.stat().st_size for path in directory.iterdir()}


async def read_all(log: AuditLog, position: int | None = None) -> tuple[bytes, int]:
    data = b""
    while True:
        piece = await log.read(position, 1024)
        if position is not None:
            assert piece.start == position
        if not piece.data:
            return data, piece.position
        data, position = data + piece.data, piece.position


async def test_lines_come_back_in_order(open_log: Open, tmp_path: Path) -> None:
    log = open_log()
    for n in range(5):
        log.put(line(n))
    data, position = await read_all(log)
    assert numbers(data) == [0, 1, 2, 3, 4]
    assert stat.S_IMODE((tmp_path / "audit.log").stat().st_mode) == 0o600
    assert (await read_all(log, position)) == (b"", position)
    log.put(line(5))
    assert numbers((await read_all(log, position))[0]) == [5]


async def test_rotation_keeps_positions(open_log: Open, tmp_path: Path) -> None:
    log = open_log()
    seen: list[int] = []
    position: int | None = None
    for n in range(100):
        log.put(line(n, 100))
        data, position = await read_all(log, position)
        seen += numbers(data)
    assert seen == list(range(100))
    files = list_files(tmp_path)
    assert set(files) == {"audit.log", "audit.log.1", "audit.log.2"}
    assert max(files.values()) <= MAX_BYTES
    kept, end = await read_all(log)
    assert numbers(kept) == list(range(100))[-len(numbers(kept)) :]
    assert end == position
    piece = await log.read(0, 1 << 20)
    assert piece.start > 0, "the beginning is not kept, and that is said"


async def test_the_next_daemon_goes_on(open_log: Open) -> None:
    first = open_log()
    for n in range(30):
        first.put(line(n, 100))
    _, position = await read_all(first)
    first.close()
    second = open_log()
    second.put(line(30))
    data, _ = await read_all(second, position)
    assert numbers(data) == [30]


async def test_a_torn_line_does_not_spoil_the_next(open_log: Open, tmp_path: Path) -> None:
    first = open_log()
    first.put(line(0))
    await read_all(first)
    first.close()
    with (tmp_path / "audit.log").open("ab") as file:
        file.write(b'{"time":"2026-')
    second = open_log()
    second.put(line(1))
    data, _ = await read_all(second)
    assert data.splitlines()[-1] + b"\n" == line(1)


async def test_a_removed_file_is_made_anew(open_log: Open, tmp_path: Path) -> None:
    log = open_log()
    log.put(line(0))
    _, position = await read_all(log)
    (tmp_path / "audit.log").unlink()
    log.put(line(1))
    data, _ = await read_all(log, position)
    assert numbers(data) == [1]


async def test_a_link_is_not_followed(open_log: Open, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine\n")
    (tmp_path / "audit.log").symlink_to(target)
    log = open_log()
    log.put(line(0))
    await log.read(None, 1024)
    assert target.read_bytes() == b"mine\n"
    assert log.lost == 1


async def test_a_full_disk_loses_lines_and_says_so(
    open_log: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = open_log()
    log.put(line(0))
    await log.read(None, 1024)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(audit_log.os, "write", lambda fd, data: write(fd, data[:10]))
        log.put(line(1))
        await log.read(None, 1024)
        log.put(line(2))
        await log.read(None, 1024)
    assert log.lost == 2
    assert len([one for one in caplog.records if "audit cannot be written" in one.message]) == 1
    log.put(line(3))
    data, _ = await read_all(log)
    assert numbers(data) == [0, 3]
    assert [one["facts"] for one in records(data) if one["event"] == "lines_lost"] == [{"lines": 2}]


async def test_a_stuck_disk_stops_nobody(open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    stuck, go_on = threading.Event(), threading.Event()

    def get_stuck() -> None:
        stuck.set()
        go_on.wait(60)

    log._queue.put(get_stuck)
    assert stuck.wait(60)
    monkeypatch.setattr(audit_log, "MAX_WAITING_LINES", 3)
    for n in range(5):
        log.put(line(n))
    assert log.lost == 2
    go_on.set()
    assert numbers((await read_all(log))[0]) == [0, 1, 2]
