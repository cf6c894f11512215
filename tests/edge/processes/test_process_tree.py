"""Ending a session's processes, wherever they have gone, and nobody else's."""

import asyncio
import contextlib
import errno
import os
import resource
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ptyd.edge.processes.process_tree import MARK_RLIMIT, SESSION_VARIABLE, ProcessTree, end_process_trees
from ptyd.edge.processes.session_marks import Kin, SessionMarks
from tests.edge.descriptors import count_fds
from tests.support.waiting import wait_for_process_end, wait_until

GRACE_SECONDS = 0.3

NAPS = "import os, signal, sys, time\n"
REPORT = "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n')\n"
"""Every process of a tree puts its pid into the file that its command line names."""

NASTY = {
    "a child": "os.fork()\n" + REPORT,
    "a session of its own": "if os.fork() == 0: os.setsid()\n" + REPORT,
    "double-forked": "if os.fork() == 0:\n  os.setsid()\n  if os.fork(): os._exit(0)\n" + REPORT,
    "deaf to HUP": "signal.signal(1, signal.SIG_IGN); os.fork()\n" + REPORT,
    "deaf to HUP and TERM": "signal.signal(1, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN); os.fork()\n" + REPORT,
    "stopped": "if os.fork() == 0:\n  " + REPORT + "  os.kill(os.getpid(), 19)\nelse:\n  " + REPORT,
    "many": "for _ in range(4): os.fork()\n" + REPORT,
    "a child without environment": "if os.fork() == 0:\n  "
    + REPORT
    + "  os.execve('/bin/sleep', ['sleep', '600'], {})\nelse:\n  "
    + REPORT,
    "an orphan without environment, in a session of its own": "if os.fork() == 0:\n  os.setsid()\n"
    "  if os.fork(): os._exit(0)\n  " + REPORT + "  os.execve('/bin/sleep', ['sleep', '600'], {})\nelse:\n  " + REPORT,
    "a parent that is gone": "if os.fork(): os._exit(0)\nos.fork()\n" + REPORT,
    "bears another when told to end": "def more(*_):\n  if os.fork(): os._exit(0)\n"
    "  signal.signal(1, signal.SIG_IGN); signal.signal(15, signal.SIG_IGN)\n  "
    + REPORT
    + "signal.signal(1, more)\n"
    + REPORT,
}
EXPECTED = {"a child": 2, "many": 16, "bears another when told to end": 1, "double-forked": 2}


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


class Tree:
    """A program with descendants, marked as a session's."""

    def __init__(self, place: Path, code: str) -> None:
        self.session_id = secrets.token_hex(4)
        self.mark = secrets.randbits(62)
        self._report = place / self.session_id
        self.root = subprocess.Popen(
            [sys.executable, "-c", NAPS + code + "time.sleep(600)", str(self._report)],
            env={**os.environ, SESSION_VARIABLE: self.session_id},
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(MARK_RLIMIT, (self.mark, self.mark)),
        )
        self.pidfd = os.pidfd_open(self.root.pid)

    def pids(self) -> list[int]:
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in self._report.read_text().split()]
        return []

    def wait_grown(self, count: int) -> list[int]:
        wait_until(lambda: len(self.pids()) >= count, what=lambda: f"{count} processes, now {self.pids()}")
        return self.pids()

    def living_root(self) -> int | None:
        return self.root.pid if is_alive(self.root.pid) else None

    @property
    def kin(self) -> Kin:
        return Kin(self.session_id, self.living_root, SessionMarks(self.mark))

    def end(self) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)
        self.root.kill()
        self.root.wait()
        os.close(self.pidfd)


@pytest.fixture
def grow(tmp_path: Path) -> Iterator[Callable[[str], Tree]]:
    trees: list[Tree] = []

    def grow(code: str) -> Tree:
        trees.append(Tree(tmp_path, code))
        return trees[-1]

    yield grow
    for tree in trees:
        tree.end()


@pytest.mark.parametrize("name", NASTY)
async def test_all_of_it_ends_and_a_bystander_does_not(grow: Callable[[str], Tree], name: str) -> None:
    tree, bystander = grow(NASTY[name]), grow(NASTY["a session of its own"])
    pids = tree.wait_grown(EXPECTED.get(name, 2))
    others = bystander.wait_grown(2)
    await end_process_trees([tree.kin], GRACE_SECONDS)
    for pid in {*pids, *tree.pids()}:
        wait_until(lambda pid=pid: not is_alive(pid), what=f"the end of {pid}")  # type: ignore[misc]
    assert [pid for pid in others if not is_alive(pid)] == []


async def test_nothing_left_to_end() -> None:
    await end_process_trees([Kin("0badf00d")], 600)


async def test_asking_comes_before_making(grow: Callable[[str], Tree], tmp_path: Path) -> None:
    """HUP, then TERM, then KILL; who goes at the first hears no other."""
    heard = tmp_path / "heard"
    note = f"def note(number, _):\n  open({str(heard)!r}, 'a').write(f'{{number}} ')\n"
    tree = grow(note + "signal.signal(1, note); signal.signal(15, note)\n" + REPORT)
    tree.wait_grown(1)
    await end_process_trees([tree.kin], GRACE_SECONDS)
    assert heard.read_text() == "1 15 "
    wait_for_process_end(tree.root.pid)
    assert tree.root.wait() == -signal.SIGKILL
    heard.unlink()
    polite = grow(note + "def go(number, _): note(number, _); os._exit(0)\nsignal.signal(1, go)\n" + REPORT)
    polite.wait_grown(1)
    await end_process_trees([polite.kin], 600)
    assert heard.read_text() == "1 "


async def test_a_mark_that_only_begins_alike_is_another(grow: Callable[[str], Tree]) -> None:
    tree = grow(REPORT)
    tree.wait_grown(1)
    for other in (tree.session_id[:-1], tree.session_id + "0"):
        await end_process_trees([Kin(other)], GRACE_SECONDS)
    assert is_alive(tree.root.pid)


async def test_no_descriptor_is_left(grow: Callable[[str], Tree]) -> None:
    tree = grow(NASTY["many"])
    tree.wait_grown(16)
    before = count_fds()
    found = ProcessTree([tree.kin])
    assert len(found.pidfds) == 16
    assert count_fds() == before + 16
    found.close()
    await end_process_trees([tree.kin], GRACE_SECONDS)
    await asyncio.to_thread(lambda: None)
    assert count_fds() == before


async def test_several_sessions_at_once(grow: Callable[[str], Tree]) -> None:
    trees = [grow(NASTY["deaf to HUP and TERM"]) for _ in range(4)]
    for tree in trees:
        tree.wait_grown(2)
    bystander = trees.pop()
    await end_process_trees([tree.kin for tree in trees], GRACE_SECONDS)
    for tree in trees:
        for pid in tree.pids():
            wait_for_process_end(pid)
    assert all(is_alive(pid) for pid in bystander.pids())


async def test_no_descriptor_to_look_with(grow: Callable[[str], Tree], monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and does not take what it cannot see for gone."""
    tree = grow(NASTY["many"])
    tree.wait_grown(16)
    before = count_fds()
    real_open = os.pidfd_open

    def open_some(pid: int) -> int:
        if count_fds() > before + 5:
            raise OSError(errno.EMFILE, "Too many open files")
        return real_open(pid)

    monkeypatch.setattr(os, "pidfd_open", open_some)
    with pytest.raises(OSError, match="Too many"):
        await end_process_trees([tree.kin], GRACE_SECONDS)
    assert count_fds() == before
