"""What /proc says of processes, read without more than is asked for."""

import os
from typing import NamedTuple

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
READ_BYTES = 16 * 1024
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ProcessStat(NamedTuple):
    """One line of /proc/PID/stat. ``start_ticks`` tells two processes of the same id apart."""

    pid: int
    state: str
    parent: int
    cpu_ticks: int
    threads: int
    start_ticks: int
    resident_bytes: int


def read_file(path: str) -> bytes:
    """A small file of the kernel's, whole. These are read by the thousand: `Path.read_text` takes four times as long.

    Raises:
        OSError: there is none, or what it tells of has just gone.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = [os.read(fd, READ_BYTES)]
        while parts[-1]:
            parts.append(os.read(fd, READ_BYTES))
        return b"".join(parts)
    finally:
        os.close(fd)


def list_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - ten times as fast


def read_stat(pid: int) -> ProcessStat | None:
    """None: there is no such process."""
    try:
        data = read_file(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The state follows the command's name, which may itself hold brackets.
    words = data.rpartition(b")")[2].split()
    return ProcessStat(
        pid=pid,
        state=words[0].decode(),
        parent=int(words[1]),
        cpu_ticks=int(words[11]) + int(words[12]),
        threads=int(words[17]),
        start_ticks=int(words[19]),
        resident_bytes=int(words[21]) * PAGE_BYTES,
    )


def count_open_files(pid: int) -> int:
    """0 where that may not be known."""
    try:
        # Linux 6.2 and newer say it in the directory's size.
        return os.stat(f"/proc/{pid}/fd").st_size or len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH116, PTH208
    except OSError:
        return 0


def read_proportional_bytes(pid: int) -> int | None:
    """Resident memory, with what is shared counted in parts (PSS); None where that may not be known.

    Costs some 100 times a look at the resident memory, since the kernel goes over every page.
    """
    try:
        lines = read_file(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:")), None)
