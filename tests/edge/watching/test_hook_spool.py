"""Hooks as the program calls them: by a shell, whether a daemon is there or not."""

import asyncio
import json
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ptyd.agents.claude_settings import build_hooks
from ptyd.edge.watching import hook_spool
from ptyd.edge.watching.hook_spool import HookCall, HookSpool
from ptyd.edge.watching.inotify import Inotify
from tests.support.waiting import wait_until, wait_until_async

SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/zsh") if Path(shell).exists()]
DECIDING = frozenset({"PermissionRequest"})


@pytest.fixture
async def inotify() -> AsyncIterator[Inotify]:
    inotify = Inotify()
    yield inotify
    inotify.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    return folder


def start_hook(folder: Path, event: str, told: object, shell: str = "/bin/sh") -> subprocess.Popen[bytes]:
    """Call a hook as Claude Code does."""
    command = build_hooks(folder)[event][0]["hooks"][0]["command"]
    process = subprocess.Popen(
        [shell, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    process.stdin = None
    return process


async def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    """Exit status, output, errors. The loop goes on meanwhile."""
    out, err = await asyncio.to_thread(process.communicate)
    return process.returncode, out, err


@pytest.mark.parametrize("shell", SHELLS)
async def test_what_a_hook_is_told_arrives(inotify: Inotify, folder: Path, shell: str) -> None:
    calls: list[HookCall] = []
    spool = HookSpool(inotify, folder, DECIDING, calls.append)
    told = {"prompt": "x" * 100_000}
    assert await finish(start_hook(folder, "Stop", told, shell)) == (0, b"", b"")
    await wait_until_async(lambda: calls)
    assert (calls[0].event, json.loads(calls[0].content)) == ("Stop", told)
    assert not calls[0].is_waiting
    wait_until(lambda: not list(folder.glob("*")))
    spool.close()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("event", ["Stop", "PermissionRequest"])
def test_without_a_folder_nothing_is_said(tmp_path: Path, shell: str, event: str) -> None:
    process = start_hook(tmp_path / "gone", event, {}, shell)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_hook_that_waits_is_answered(inotify: Inotify, folder: Path, shell: str) -> None:
    calls: list[HookCall] = []
    spool = HookSpool(inotify, folder, DECIDING, calls.append)
    process = start_hook(folder, "PermissionRequest", {"tool_name": "Bash"}, shell)
    await wait_until_async(lambda: calls)
    assert calls[0].is_waiting
    assert process.poll() is None
    output = b'{"decision": "' + b"y" * 200_000 + b'"}'
    assert calls[0].answer(output)
    assert not calls[0].is_waiting
    assert not calls[0].answer(None)  # once
    assert await finish(process) == (0, output, b"")
    wait_until(lambda: not list(folder.iterdir()))
    spool.close()


async def test_a_hook_for_which_nothing_is_decided_says_nothing(inotify: Inotify, folder: Path) -> None:
    spool = HookSpool(inotify, folder, DECIDING, lambda call: call.answer(None) and None)
    assert await finish(start_hook(folder, "PermissionRequest", {})) == (0, b"", b"")
    spool.close()


async def test_a_hook_that_was_killed_does_not_wait(inotify: Inotify, folder: Path) -> None:
    calls: list[HookCall] = []
    spool = HookSpool(inotify, folder, DECIDING, calls.append)
    process = start_hook(folder, "PermissionRequest", {})
    await wait_until_async(lambda: calls)
    process.kill()
    await finish(process)
    assert not calls[0].is_waiting
    assert not calls[0].answer(b"{}")
    spool.close()


async def test_the_next_daemon_finds_what_came_meanwhile_and_who_waits(inotify: Inotify, folder: Path) -> None:
    """In the order in which it came."""
    told: list[str] = []
    assert await finish(start_hook(folder, "PreToolUse", {})) == (0, b"", b"")
    process = start_hook(folder, "PermissionRequest", {})
    wait_until(lambda: [path for path in folder.glob("PermissionRequest.*[0-9]") if path.read_bytes().endswith(b"}")])
    for _ in range(2):  # the first of them dies
        waiting: list[HookCall] = []

        def take(call: HookCall, waiting: list[HookCall] = waiting) -> None:
            told.append(call.event)
            if call.is_waiting:
                waiting.append(call)

        HookSpool(inotify, folder, DECIDING, take).close()
        assert len(waiting) == 1
    assert told == ["PreToolUse", "PermissionRequest", "PermissionRequest"]
    waiting[0].answer(b"{}")
    assert await finish(process) == (0, b"{}", b"")


async def test_strange_files_are_let_be(inotify: Inotify, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_spool, "MAX_CALL_BYTES", 10)
    calls: list[HookCall] = []
    spool = HookSpool(inotify, folder, DECIDING, calls.append)
    os.mkfifo(folder / "Stop.1")
    (folder / "Stop.2").symlink_to("/etc/passwd")
    (folder / "Stop.3").mkdir()
    (folder / "what.is.this").write_text("x")
    (folder / "Stop.4").write_text("x" * 11)  # too large: only its event is known
    await wait_until_async(lambda: calls)
    assert [(call.event, call.content) for call in calls] == [("Stop", b"")]
    assert not (folder / "Stop.4").exists()
    spool.close()


def test_the_folders_name_is_quoted() -> None:
    command = build_hooks(Path("/x; rm -r $HOME"))["Stop"][0]["hooks"][0]["command"]
    assert "'/x; rm -r $HOME'/Stop" in "".join(shlex.split(command, posix=False)) or "'/x; rm -r $HOME'" in command


async def test_a_file_that_is_being_written_is_taken_when_it_is_done(inotify: Inotify, folder: Path) -> None:
    calls: list[HookCall] = []
    with (folder / "Stop.7").open("w") as file:
        file.write('{"prompt": "x')
        file.flush()
        spool = HookSpool(inotify, folder, DECIDING, calls.append)
        assert calls == []
        file.write('"}')
    await wait_until_async(lambda: calls)
    assert calls[0].content == b'{"prompt": "x"}'
    spool.close()


async def test_the_next_process_with_the_same_id(inotify: Inotify, folder: Path) -> None:
    calls: list[HookCall] = []
    spool = HookSpool(inotify, folder, DECIDING, calls.append)
    for number in (1, 2):
        reply = folder / "PermissionRequest.7.reply"
        os.mkfifo(reply)
        with reply.open("r+b", buffering=0):
            (folder / "PermissionRequest.7").write_text("{}")
            await wait_until_async(lambda number=number: len(calls) == number)
            assert calls[-1].answer(None)
        reply.unlink()
    spool.close()
