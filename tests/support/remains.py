"""What a ptyd left behind: looked for in /proc by the path of its private directory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.waiting import DeadlineExceeded, wait_until

SETTLE_DEADLINE_SECONDS = 5.0
"""A killed process tree takes a moment to leave /proc."""


def find_remains(place: Path) -> list[str]:
    """Processes started for, sockets bound and files open below ``place``, one line each."""
    try:
        wait_until(lambda: not list_remains(place), SETTLE_DEADLINE_SECONDS)
    except DeadlineExceeded:
        return list_remains(place)
    return []


def list_remains(place: Path) -> list[str]:
    return [*list_processes(place), *list_sockets(place), *list_open_files(place)]


def list_processes(place: Path) -> list[str]:
    """Living processes whose command line or environment names ``place`` (a child carries PTYD_SOCKET)."""
    mark = str(place).encode() + b"/"
    found = []
    for process in iterate_processes():
        try:
            command = (process / "cmdline").read_bytes()
            marked = mark in command or mark in (process / "environ").read_bytes()
        except OSError:
            continue
        if marked and command:  # a zombie has no command line
            words = command.replace(bytes(1), b" ").decode(errors="replace")
            found.append(f"process {process.name} remains: {words}")
    return found


def list_sockets(place: Path) -> list[str]:
    lines = Path("/proc/net/unix").read_text().splitlines()
    return [f"a socket remains: {line.split()[-1]}" for line in lines if f" {place}/" in line]


def list_open_files(place: Path) -> list[str]:
    """Descriptors of any process, this one included, onto files below ``place``."""
    found = []
    for process in iterate_processes(with_self=True):
        for target in list_descriptor_targets(process):
            if target.startswith(f"{place}/"):
                found.append(f"process {process.name} holds {target} open")
    return found


def list_descriptor_targets(process: Path) -> list[str]:
    targets = []
    with contextlib.suppress(OSError):
        for descriptor in list((process / "fd").iterdir()):
            with contextlib.suppress(OSError):
                targets.append(str(descriptor.readlink()))
    return targets


def iterate_processes(with_self: bool = False) -> Iterator[Path]:
    own = Path("/proc/self").resolve().name
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (with_self or entry.name != own):
            yield entry
