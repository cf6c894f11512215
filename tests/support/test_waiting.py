"""The helpers that every other test trusts."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.remains import list_remains
from tests.support.waiting import (
    DeadlineExceeded,
    kill_process,
    wait_for_event,
    wait_for_process_end,
    wait_readable,
    wait_until,
    wait_until_async,
)


def test_returns_what_came_true() -> None:
    answers = iter([0, "", "yes"])
    assert wait_until(lambda: next(answers)) == "yes"


def test_gives_up_and_says_what_it_waited_for() -> None:
    with pytest.raises(DeadlineExceeded, match="a miracle"):
        wait_until(lambda: False, 0.02, "a miracle")
    with pytest.raises(DeadlineExceeded, match="news"):
        wait_for_event(threading.Event(), 0.02, "news")


async def test_waits_for_coroutines_too() -> None:
    answers = iter([False, True])

    async def ask() -> bool:
        return next(answers)

    assert await wait_until_async(ask)
    with pytest.raises(DeadlineExceeded):
        await wait_until_async(lambda: False, 0.02)


def test_a_silent_descriptor_is_not_readable() -> None:
    reader, writer = os.pipe()
    try:
        with pytest.raises(DeadlineExceeded):
            wait_readable(reader, 0.02)
        os.write(writer, b"x")
        wait_readable(reader)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_killed_process_has_ended() -> None:
    process = subprocess.Popen(["sleep", "600"])
    with pytest.raises(DeadlineExceeded):
        wait_for_process_end(process.pid, 0.02)
    kill_process(process.pid)
    process.wait()
    wait_for_process_end(process.pid)


def test_remains_are_found(tmp_path: Path) -> None:
    assert list_remains(tmp_path) == []
    program = """
import socket, sys
bound = socket.socket(socket.AF_UNIX)
bound.bind(sys.argv[1])
print(flush=True)
input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program, f"{tmp_path}/s"],
        cwd=tmp_path,
        env={**os.environ, "PTYD_DIR": f"{tmp_path}/run"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with (tmp_path / "file").open("wb"):
        assert process.stdout
        process.stdout.readline()
        found = list_remains(tmp_path)
    process.communicate(b"\n")
    assert [line.split()[0] for line in found] == ["process", "a", "process"], found
    assert f"{tmp_path}/file" in found[2]
    assert list_remains(tmp_path) == []
