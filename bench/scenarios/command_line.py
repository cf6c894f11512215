"""How long a person waits: ``ptyd ls``, and from ``ptyd attach`` to a screen with something on it. tmux beside it."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from ptyprocess import PtyProcess

from bench.figures import Bar, Figure, Finding, Skipped, percentile
from bench.peers import TMUX
from bench.peers.base import COLS, ROWS, Unavailable
from bench.peers.ptyd_server import COMMAND, PtydServer, running_ptyd
from bench.peers.tmux import start_session, tmux_environment
from bench.plan import Plan, report

NAME = "command line"
SESSIONS = 5
PAINTED = "PAINTED"
SCREEN = ["sh", "-c", f"seq 1 200; echo {PAINTED}; exec sleep 3600"]
LS_BAR = Bar("value", "<=", 150.0)
ATTACH_BAR = Bar("value", "<=", 250.0)
TIMEOUT_SECONDS = 30
READ_BYTES = 64 * 1024
MS = 1000

Milliseconds = list[float]


def measure(plan: Plan) -> list[Finding]:
    report(f"command line: {plan.command_runs} runs each")
    findings: list[Finding] = []
    with running_ptyd() as server:
        session = asyncio.run(start_screens(server))
        listing = repeat(plan, lambda: time_command([COMMAND, "ls"], server.env))
        attaching = repeat(plan, lambda: time_first_paint([COMMAND, "attach", session], server.env))
    findings += make_figures("ptyd", "ls", listing, LS_BAR)
    findings += make_figures("ptyd", "attach to first paint", attaching, ATTACH_BAR)
    try:
        TMUX.install()
    except Unavailable as reason:
        return [*findings, Skipped(NAME, TMUX.name, str(reason))]
    with TMUX.running() as address:
        env = tmux_environment()
        for _ in range(SESSIONS):
            session = start_session(address, SCREEN)
        listing = repeat(plan, lambda: time_command(["tmux", "-S", address, "ls"], env))
        attaching = repeat(plan, lambda: time_first_paint(["tmux", "-S", address, "attach", "-t", session], env))
    findings += make_figures("tmux", "ls", listing, None)
    findings += make_figures("tmux", "attach to first paint", attaching, None)
    return findings


async def start_screens(server: PtydServer) -> str:
    """Start the sessions; the name of one."""
    async with server.connect() as ptyd:
        for _ in range(SESSIONS):
            session = await ptyd.create(SCREEN, cwd="/", cols=COLS, rows=ROWS)
            await session.wait_text(PAINTED)
    return session.name


def repeat(plan: Plan, run: Callable[[], float]) -> Milliseconds:
    """The first run is not counted: it fills the caches of the file system."""
    run()
    return [run() for _ in range(plan.command_runs)]


def time_command(command: Sequence[str], env: Mapping[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS, check=True)
    return (time.perf_counter() - begin) * MS


def time_first_paint(command: Sequence[str], env: Mapping[str, str]) -> float:
    """From the start of the command in a terminal until the session's screen has been written to it."""
    begin = time.perf_counter()
    process = PtyProcess.spawn(list(command), env=dict(env), dimensions=(ROWS, COLS))
    shown = b""
    try:
        while PAINTED.encode() not in shown:
            shown += os.read(process.fd, READ_BYTES)
        return (time.perf_counter() - begin) * MS
    finally:
        process.close(force=True)


def make_figures(subject: str, what: str, values: Milliseconds, bar: Bar | None) -> list[Finding]:
    return [
        Figure(NAME, subject, f"{what}, median", statistics.median(values), "ms", bar=bar, samples=values),
        Figure(NAME, subject, f"{what}, p90", percentile(values, 90), "ms", bar=bar),
    ]
