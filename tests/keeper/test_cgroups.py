"""Which cgroups are found and made: in made-up trees, and by a real keeper on this machine."""

import os
from pathlib import Path

import pytest

from ptyd.keeper.cgroups import Cgroups, remove_abandoned
from ptyd.keeper.descendants import read_start_ticks
from ptyd.keeper.hierarchies import Hierarchy, find_hierarchies
from ptyd.keeper.limits import Limits, parse_limits
from ptyd.keeper.spawn_errors import SpawnError
from tests.keeper.harness import FakeDaemon, SpawnRefused


def make_proc(place: Path, mounts: str, groups: str) -> Path:
    proc = place / "proc"
    proc.mkdir()
    (proc / "mountinfo").write_text(mounts.replace("CG", str(place / "cg")))
    (proc / "cgroup").write_text(groups)
    return proc


def test_v1_beside_v2_without_controllers(tmp_path: Path) -> None:
    unified = tmp_path / "cg/unified"
    unified.mkdir(parents=True)
    (unified / "cgroup.controllers").write_text("hugetlb\n")
    proc = make_proc(
        tmp_path,
        "1 0 0:1 / CG/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
        "2 0 0:2 /outer CG/memory rw shared:1 - cgroup cgroup rw,memory\n"
        "3 0 0:3 / CG/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "4 0 0:4 / CG/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
        "5 0 0:5 / /tmp rw - tmpfs tmpfs rw\n",
        "4:name=systemd:/x\n3:cpu,cpuacct:/a/b\n2:memory:/outer/in\n0::/\n",
    )
    assert find_hierarchies(proc) == [
        Hierarchy(2, frozenset(), unified),
        Hierarchy(1, frozenset({"cpu", "cpuacct"}), tmp_path / "cg/cpu/a/b"),
        Hierarchy(1, frozenset({"memory"}), tmp_path / "cg/memory/in"),
    ]


def test_v2_delegated(tmp_path: Path) -> None:
    base = tmp_path / "cg" / "user.slice" / "a b"
    base.mkdir(parents=True)
    (base / "cgroup.controllers").write_text("cpu io memory pids\n")
    proc = make_proc(tmp_path, "1 0 0:1 / CG rw - cgroup2 cgroup2 rw\n", "0::/user.slice/a b\n")
    assert find_hierarchies(proc) == [Hierarchy(2, frozenset({"cpu", "memory", "pids"}), base)]


def test_a_group_that_the_mount_does_not_show(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, "1 0 0:1 /docker/x CG/pids rw - cgroup cgroup rw,pids\n", "1:pids:/elsewhere\n")
    assert find_hierarchies(proc) == []
    assert find_hierarchies(tmp_path / "nothing") == []


def test_nothing_can_be_made(tmp_path: Path) -> None:
    """As where the hierarchy is read-only: it goes without, and says why."""
    base = tmp_path / "no directory"
    base.write_text("")
    cgroups = Cgroups([Hierarchy(1, frozenset({"memory"}), base)])
    assert cgroups.describe() == {}
    assert "no cgroup can be made" in cgroups.problem
    assert cgroups.make("a", Limits(memory_bytes=1 << 20)) == []


def test_limits_are_written(tmp_path: Path) -> None:
    controllers = frozenset({"memory", "pids", "cpu"})
    cgroups = Cgroups([Hierarchy(1, controllers, tmp_path)])
    (group,) = cgroups.make("a", Limits(memory_bytes=1 << 20, processes=7, cpus=1.5))
    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written == {
        "memory.limit_in_bytes": str(1 << 20),
        "pids.max": "7",
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "150000",
    }
    assert cgroups.describe() == dict.fromkeys(("memory_bytes", "processes", "cpus"), "cgroup v1")


def test_a_delegated_group_hands_its_controllers_on(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory pids")
    (tmp_path / "cgroup.subtree_control").write_text("memory pids")
    cgroups = Cgroups([Hierarchy(2, frozenset({"memory", "pids"}), tmp_path)])
    (root,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert (root / "cgroup.subtree_control").read_text() in ("+memory", "+pids")  # a file keeps only the last word
    assert cgroups.make("a", Limits())[0].path == root / "a"


def test_abandoned_groups_are_removed(tmp_path: Path) -> None:
    pid = os.getpid()
    gone, ours = tmp_path / f"ptyd-{pid}.1", tmp_path / f"ptyd-{pid}.{read_start_ticks(pid)}"
    for path in (gone / "a", ours / "a", tmp_path / "ptyd-other"):
        path.mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ours.name, "ptyd-other"])


@pytest.mark.parametrize(
    "value", [[], {"memory_bytes": -1}, {"cpus": "2"}, {"processes": 1.5}, {"open_files": True}, {"core_bytes": -2}]
)
def test_no_limits(value: object) -> None:
    with pytest.raises(SpawnError):
        parse_limits(value)


def test_limits_of_a_newer_daemon() -> None:
    assert parse_limits({"bandwidth": 3, "cpus": 2, "processes": None}) == Limits(cpus=2)


def test_the_child_is_in_its_group_from_the_beginning(daemon: FakeDaemon) -> None:
    if not daemon.welcome["means"]:
        pytest.skip("no cgroup can be made here")
    output = daemon.run("a", ["cat", "/proc/self/cgroup"])
    assert output.count("/a\r\n") >= len(daemon.welcome["means"].keys() - {"end"})


def test_the_keeper_refuses_what_is_no_limit(daemon: FakeDaemon) -> None:
    with pytest.raises(SpawnRefused, match="no value for the limit processes"):
        daemon.spawn("a", ["cat"], limits={"processes": -4})
