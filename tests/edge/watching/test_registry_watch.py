"""The files that programs keep of their own state, by a kernel that says when they change."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ptyd.edge.watching.inotify import Inotify
from ptyd.edge.watching.registry_watch import RegistryWatch
from tests.support.waiting import wait_until_async


@pytest.fixture
async def watch() -> AsyncIterator[RegistryWatch]:
    inotify = Inotify()
    yield RegistryWatch(inotify)
    inotify.close()


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """The ids of a process and of its child."""
    process = subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    yield process.pid, child
    os.kill(child, signal.SIGKILL)
    process.communicate()


async def test_follows_a_file_from_before_its_folder_is_there(watch: RegistryWatch, tmp_path: Path) -> None:
    folder, told = tmp_path / "home" / ".claude" / "sessions", []
    watch.follow(folder, os.getpid(), told.append)
    folder.mkdir(parents=True)
    file = folder / f"{os.getpid()}.json"
    file.write_text("one")
    await wait_until_async(lambda: told == [b"one"])
    file.write_text("two")
    await wait_until_async(lambda: told[-1] == b"two")
    (folder / "1.json").write_text("of somebody else")
    (folder / f"{os.getpid()}.key").write_text("of another kind")
    file.unlink()
    await wait_until_async(lambda: told[-1] is None)
    assert told == [b"one", b"two", None]


async def test_is_told_at_once_what_is_there(watch: RegistryWatch, tmp_path: Path) -> None:
    (tmp_path / f"{os.getpid()}.json").write_text("there")
    told: list[bytes | None] = []
    watch.follow(tmp_path, os.getpid(), told.append)
    assert told == [b"there"]


async def test_a_folder_that_is_made_anew(watch: RegistryWatch, tmp_path: Path) -> None:
    folder, told = tmp_path / "sessions", []
    folder.mkdir()
    watch.follow(folder, os.getpid(), told.append)
    folder.rename(tmp_path / "away")
    folder.mkdir()
    (folder / f"{os.getpid()}.json").write_text("again")
    await wait_until_async(lambda: b"again" in told)


async def test_what_a_killed_process_has_left_is_not_believed(watch: RegistryWatch, tmp_path: Path) -> None:
    file = tmp_path / f"{os.getpid()}.json"
    file.write_text("of another process with this id")
    os.utime(file, (1, 1))
    told: list[bytes | None] = []
    watch.follow(tmp_path, os.getpid(), told.append)
    assert told == []
    file.write_text("ours")
    await wait_until_async(lambda: told == [b"ours"])


async def test_the_file_of_a_descendant(watch: RegistryWatch, tmp_path: Path, family: tuple[int, int]) -> None:
    parent, child = family
    told: list[bytes | None] = []
    watch.follow(tmp_path, parent, told.append)
    (tmp_path / f"{child}.json").write_text("of the child")
    await wait_until_async(lambda: told == [b"of the child"])


async def test_several_share_a_folder(watch: RegistryWatch, tmp_path: Path, family: tuple[int, int]) -> None:
    other = family[0]
    told: dict[int, list[bytes | None]] = {os.getpid(): [], other: []}
    for pid, mine in told.items():
        watch.follow(tmp_path, pid, mine.append)
    for pid in told:
        (tmp_path / f"{pid}.json").write_text(str(pid))
    await wait_until_async(lambda: all(mine == [str(pid).encode()] for pid, mine in told.items()))
    watch.unfollow(tmp_path, other)
    (tmp_path / f"{other}.json").write_text("nobody cares")
    (tmp_path / f"{os.getpid()}.json").write_text("more")
    await wait_until_async(lambda: told[os.getpid()][-1] == b"more")
    assert len(told[other]) == 1


def test_no_process_is_started_to_watch_folders() -> None:
    """The daemon never forks: ctypes.util.find_library would."""
    code = (
        "import asyncio, os, pathlib\n"
        "os.posix_spawn = os.fork = None\n"
        "import subprocess; subprocess.Popen = None\n"
        "from ptyd.edge.watching.inotify import CREATE, Inotify\n"
        "async def main():\n"
        "    Inotify().watch(pathlib.Path('/tmp'), CREATE, print)\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_without_a_descriptor_for_it_one_look_has_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Inotify, function: object, *arguments: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Inotify, "_call", refuse)
    (tmp_path / f"{os.getpid()}.json").write_text("there")
    told: list[bytes | None] = []
    inotify = Inotify()
    RegistryWatch(inotify).follow(tmp_path, os.getpid(), told.append)
    assert told == [b"there"]
    inotify.close()


async def test_what_a_descendant_has_written_before(
    watch: RegistryWatch, tmp_path: Path, family: tuple[int, int]
) -> None:
    parent, child = family
    (tmp_path / f"{child}.json").write_text("of the child")
    watch.follow(tmp_path, os.getpid(), lambda content: None)
    told: list[bytes | None] = []
    watch.follow(tmp_path, parent, told.append)
    await wait_until_async(lambda: told == [b"of the child"])
