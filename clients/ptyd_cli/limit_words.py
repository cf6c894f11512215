"""The limits of sessions on the command line: the option that asks for them, and how their use is shown."""

import time

import click
from ptyd_protocol.limit_values import BadLimit, format_amount, format_limit, read_limits
from ptyd_protocol.session_limits import SessionLimits
from ptyd_protocol.sessions import SessionInfo

from ptyd_cli.output import printable

NEAR = 0.9
"""A session that has used so much of what it may is shown as near its limit."""

LABELS = {
    "memory_bytes": "memory",
    "cpus": "cpus",
    "processes": "processes",
    "open_files": "open files",
    "file_bytes": "file size",
    "lifetime_seconds": "lifetime",
    "idle_seconds": "idle",
    "log_bytes": "log",
    "input_bytes_per_second": "input",
    "output_bytes_per_second": "output",
}
"""Those that are shown, in this order; scrollback and core dumps are nothing that is used up."""

ENDING = ("memory_bytes", "processes", "open_files", "lifetime_seconds", "idle_seconds")
"""Those that it is worth to know that they are near."""


def _read_words(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> SessionLimits:
    try:
        return read_limits(words)
    except BadLimit as error:
        raise click.BadParameter(str(error)) from None


limit_option = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_read_words,
    help="What it may use: memory=2G, cpus=1.5, processes=64, open_files, file, core, lifetime=8h, idle=30m, log,"
    " scrollback, input=64K (a second), output; none for no limit. May be given several times.",
)


def find_use(info: SessionInfo, name: str, now: float) -> float | None:
    """How much a running session uses of what the limit ``name`` counts; None: nobody knows. ``now``: Unix seconds."""
    if name == "lifetime_seconds":
        return max(0, int(now - info.created_at))
    if name == "idle_seconds":
        return 0 if info.clients else max(0, int(now - max(info.last_output_at, info.created_at)))
    if name == "log_bytes":
        return info.log_head - info.log_start
    return getattr(info.usage, name, None)


def describe_use(info: SessionInfo) -> str:
    """``memory 312 MiB of 8 GiB, cpus 0.3, lifetime 5m of 2h``: all that is limited, and all whose use is known."""
    if info.state != "running":
        return ""
    now = time.time()
    return ", ".join(filter(None, (_describe_one(info, name, now) for name in LABELS)))


def _describe_one(info: SessionInfo, name: str, now: float) -> str:
    allowed: float | None = getattr(info.limits, name)
    used = find_use(info, name, now)
    label = LABELS[name]
    if not allowed:
        is_told = used is not None and info.usage is not None and hasattr(info.usage, name)
        return f"{label} {format_amount(name, used or 0)}" if is_told else ""
    if used is None:
        return f"{label} {format_limit(name, allowed)}"
    return f"{label} {format_amount(name, used)} of {format_amount(name, allowed)}"


def describe_trouble(info: SessionInfo) -> str:
    """Why the daemon ends or has ended it, or which limits are near; empty: nothing is to be said."""
    if info.end_reason:
        return f"{'ending' if info.state == 'running' else 'ended'}: {printable(info.end_reason)}"
    if info.state != "running":
        return ""
    now = time.time()
    near = (name for name in ENDING if _is_near(getattr(info.limits, name), find_use(info, name, now)))
    return ", ".join(_describe_one(info, name, now) for name in near)


def _is_near(allowed: float | None, used: float | None) -> bool:
    return bool(allowed) and used is not None and allowed is not None and used >= NEAR * allowed


def describe_limits(limits: SessionLimits) -> str:
    """``memory 8 GiB, lifetime 2h``: those there are; ``none``."""
    said = [f"{label} {format_limit(name, getattr(limits, name))}" for name, label in LABELS.items()
            if getattr(limits, name)]  # fmt: skip
    return ", ".join(said) or "none"
