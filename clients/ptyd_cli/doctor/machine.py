"""What the machine has left."""

import os
import resource
import time
from pathlib import Path
from typing import Final

from ptyd_sdk import discovery

from ptyd_cli.doctor.finding import Check, Finding, State
from ptyd_cli.output import format_bytes

FEW_PTYS: Final = 16
MIB: Final = 1024 * 1024
LITTLE_DISK_BYTES: Final = 64 * MIB
NO_DISK_BYTES: Final = 4 * MIB
LITTLE_MEMORY_BYTES: Final = 300 * MIB
"""What one session of Claude Code takes."""
FEW_FILES: Final = 1024
OLDEST_CLOCK: Final = 1_735_689_600
"""The start of 2025 in Unix seconds: ptyd was not there before."""
CLOCK_TOLERANCE_SECONDS: Final = 600


def check_ptys() -> list[Finding]:
    directory = Path("/proc/sys/kernel/pty")
    most, used = (int((directory / name).read_text()) for name in ("max", "nr"))
    left = most - used
    if left >= FEW_PTYS:
        return [Finding(check="terminals", state="ok", what=f"{left} of {most} are left")]
    return [
        Finding(
            check="terminals",
            state="error" if left <= 0 else "warning",
            what=f"{max(left, 0)} of {most} are left on this system",
            why="each session needs one",
            to_do="end sessions, or as root: sysctl kernel.pty.max=16384",
        )
    ]


def check_files() -> list[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= FEW_FILES:
        return [Finding(check="open files", state="ok", what=f"a process may have {hard}")]
    return [
        Finding(
            check="open files",
            state="warning",
            what=f"a process may have {hard} only",
            why="keeper and daemon need about five for each session and one for each client",
            to_do="raise the hard limit (ulimit -Hn, limits.conf, LimitNOFILE=)",
        )
    ]


def check_disk() -> list[Finding]:
    place = discovery.runtime_dir()
    while not place.exists():
        place = place.parent
    status = os.statvfs(place)
    free = status.f_bavail * status.f_frsize
    state: State = "error" if free < NO_DISK_BYTES else "warning" if free < LITTLE_DISK_BYTES else "ok"
    if state == "ok" and status.f_files and status.f_favail < FEW_PTYS:
        state, what = "error", f"no room for more files at {place}"
    else:
        what = f"{format_bytes(free)} are free at {place}"
    if state == "ok":
        return [Finding(check="disk", state=state, what=what)]
    return [
        Finding(
            check="disk",
            state=state,
            what=what,
            why="the logs of sessions are there: on a full disk programs have to wait, and no session can be made",
            to_do="make room, or set PTYD_DIR to another place",
        )
    ]


def check_memory() -> list[Finding]:
    import psutil  # noqa: PLC0415 - takes its time

    free = psutil.virtual_memory().available
    if free >= LITTLE_MEMORY_BYTES:
        return [Finding(check="memory", state="ok", what=f"{format_bytes(free)} are available")]
    return [
        Finding(
            check="memory",
            state="warning",
            what=f"{format_bytes(free)} are available",
            why="the kernel kills when there is none; one session of Claude Code takes some 300 MiB",
            to_do="end what is not needed",
        )
    ]


def check_cgroups() -> list[Finding]:
    path = find_own_cgroup()
    if path is not None and os.access(path / "cgroup.procs", os.W_OK) and os.access(path, os.W_OK):
        controllers = (path / "cgroup.controllers").read_text().split()
        return [
            Finding(check="cgroups", state="ok", what=f"{path} may be used: {' '.join(controllers) or 'cgroup.kill'}")
        ]
    return [
        Finding(
            check="cgroups",
            state="note",
            what="no cgroup (v2) may be used here",
            why="limits on memory and CPU are then kept by rlimits and by watching, which is slower to notice",
            to_do="run ptyd as a systemd service with Delegate=yes (docs/systemd)",
        )
    ]


def find_own_cgroup() -> Path | None:
    """Where this process is in the hierarchy of version 2."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), None)
    if own is None:
        return None
    roots = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    places = [root / own.lstrip("/") for root in roots]
    return next((place for place in places if (place / "cgroup.procs").exists()), None)


def check_clock() -> list[Finding]:
    now = time.time()
    newest = 0.0
    if (directory := discovery.runtime_dir()).is_dir():
        newest = max((entry.lstat().st_mtime for entry in directory.iterdir()), default=0.0)
    if now >= OLDEST_CLOCK and newest - now < CLOCK_TOLERANCE_SECONDS:
        return [Finding(check="clock", state="ok", what=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)))]
    return [
        Finding(
            check="clock",
            state="warning",
            what="the clock was set back, or is wrong",
            why="browsers' logins and tokens end by it, and ages are wrong; nothing that runs depends on it",
            to_do="set the clock (timedatectl set-ntp true)",
        )
    ]


CHECKS: Final[dict[str, Check]] = {
    "terminals": check_ptys,
    "open files": check_files,
    "disk": check_disk,
    "memory": check_memory,
    "cgroups": check_cgroups,
    "clock": check_clock,
}
