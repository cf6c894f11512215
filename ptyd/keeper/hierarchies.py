"""Which cgroup hierarchies there are, and where in them this process is. Reads; changes nothing."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WANTED: Final = ("memory", "pids", "cpu")
"""Controllers that a limit of ours is kept by."""


@dataclass(frozen=True)
class Hierarchy:
    """``base``: the group that this process is in. A v1 hierarchy has the ``controllers`` that it was mounted with,
    the v2 one those that its group may hand on."""

    version: int
    controllers: frozenset[str]
    base: Path


def find_hierarchies(proc: Path = Path("/proc/self")) -> list[Hierarchy]:
    """Those in which a group of ours would be of use, v2 first. Empty where there is nothing to be seen."""
    try:
        mounts = _parse_mounts((proc / "mountinfo").read_text(errors="surrogateescape"))
        lines = (proc / "cgroup").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        controllers = frozenset(names.split(",")) if names else frozenset[str]()
        base = next((_locate(mount, path) for mount in mounts if mount.controllers == controllers), None)
        if base is None:
            continue
        if not controllers:
            found.append(Hierarchy(2, read_words(base / "cgroup.controllers") & frozenset(WANTED), base))
        elif controllers & {*WANTED, "cpuacct"}:
            found.append(Hierarchy(1, controllers, base))
    return sorted(found, key=lambda one: -one.version)


def read_words(path: Path) -> frozenset[str]:
    """The words in a file; none if it cannot be read."""
    try:
        return frozenset(path.read_text().split())
    except OSError:
        return frozenset()


@dataclass(frozen=True)
class _Mount:
    """``root``: the group that the mount point shows. ``controllers`` of v2: none."""

    root: str
    point: str
    controllers: frozenset[str]


_NO_CONTROLLERS: Final = re.compile(
    r"rw|ro|name=.*|xattr|clone_children|release_agent=.*|nsdelegate|memory_.*|cpuset_.*"
)


def _parse_mounts(text: str) -> list[_Mount]:
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, words = left.split(" "), right.split(" ")
        if len(fields) < 5 or len(words) < 3 or words[0] not in ("cgroup", "cgroup2"):
            continue
        options = frozenset() if words[0] == "cgroup2" else frozenset(words[2].split(","))
        controllers = frozenset(word for word in options if not _NO_CONTROLLERS.fullmatch(word))
        if controllers or words[0] == "cgroup2":
            mounts.append(_Mount(_unescape(fields[3]), _unescape(fields[4]), controllers))
    return mounts


def _locate(mount: _Mount, path: str) -> Path | None:
    """Where the group ``path`` is to be found, None if the mount does not show it."""
    below = os.path.relpath(path, mount.root)
    if below.startswith("..") or path.startswith("/.."):
        return None
    return Path(mount.point, below)


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
