"""The keeper's command line."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ptyd.keeper.backoff import CRASH_BUDGET

WATCHDOG_SECONDS: Final = 30.0
"""A daemon that says nothing for so long hangs."""


@dataclass(frozen=True)
class Options:
    runtime_dir: Path
    ready_fd: int | None
    foreground: bool
    daemon_command: list[str]
    crash_budget: int
    watchdog_seconds: float


def parse_options(arguments: Sequence[str]) -> Options:
    """Exits with status 2 and a usage message if they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m ptyd.keeper", description=__doc__)
    parser.add_argument("runtime_dir", type=Path, metavar="RUNTIME_DIR")
    parser.add_argument("--ready-fd", type=int, metavar="N", help="write 'ready', 'running' or an error to it")
    parser.add_argument("--foreground", action="store_true", help="stay in this session and log to standard error")
    parser.add_argument(
        "--daemon-arg",
        action="append",
        default=[],
        metavar="ARG",
        help="an argument for the daemon, behind RUNTIME_DIR; as --daemon-arg=--x",
    )
    # For tests: what is started in place of the daemon.
    parser.add_argument("--daemon-command", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    command = options.daemon_command or [sys.executable, "-m", "ptyd.daemon"]
    runtime_dir = options.runtime_dir.absolute()
    return Options(
        runtime_dir=runtime_dir,
        ready_fd=options.ready_fd,
        foreground=options.foreground,
        daemon_command=[*command, str(runtime_dir), *options.daemon_arg],
        crash_budget=int(read_number(os.environ, "PTYD_CRASH_BUDGET", CRASH_BUDGET)),
        watchdog_seconds=read_number(os.environ, "PTYD_WATCHDOG_SECONDS", WATCHDOG_SECONDS),
    )


def read_number(environ: Mapping[str, str], name: str, default: float) -> float:
    """A variable of the environment; what is no number, or less than 0, is as if it were not there: a keeper that does
    not start for such a reason helps nobody."""
    try:
        value = float(environ.get(name, default))
    except ValueError:
        return default
    return value if 0 <= value < 1e9 else default
