"""What is to be known of the machine and the versions beside a figure."""

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import psutil

from ptyd.engine import find_engine_maker

LIBRARIES = ("msgspec", "uvicorn", "uvloop", "websockets")
QUIET_LOAD = 0.5
"""More runnable processes than this before we begin, and somebody else is measured too."""


def describe_machine() -> dict[str, object]:
    """Facts for the head of the table and for the JSON. Memory in bytes."""
    return {
        "cpu": find_cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "ptyd": metadata.version("ptyd"),
        "commit": read_output(["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]),
        "python": platform.python_version(),
        **{library: metadata.version(library) for library in LIBRARIES},
        "engine": describe_engine(),
        "tmux": read_output(["tmux", "-V"]).removeprefix("tmux "),
        "node": read_output(["node", "--version"]),
    }


def describe_engine() -> str:
    """What the daemon keeps the screens with."""
    maker = find_engine_maker()
    return "none" if maker is None else maker.name


def find_cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def read_output(command: Sequence[str]) -> str:
    """The first line that ``command`` prints; empty where it fails or is missing."""
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return finished.stdout.partition("\n")[0].strip() if finished.returncode == 0 else ""


def describe_load() -> str | None:
    """A warning where the machine was not quiet."""
    load = os.getloadavg()[0]
    if load <= QUIET_LOAD:
        return None
    return f"the machine is not quiet (load {load:.2f}): other processes take part in these figures"
