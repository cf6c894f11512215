"""What sessions in which nothing happens cost: memory of the daemon for each, and its share of a core."""

import time
from collections.abc import Sequence

import psutil
import uvloop

from bench.figures import Bar, Figure, Finding
from bench.peers.base import COLS, ROWS
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import Plan, report

NAME = "idle"
KIB = 1024
MEMORY_BAR = Bar("value", "<=", 1024.0)
CPU_BAR = Bar("value", "<=", 1.0)


def measure(plan: Plan) -> list[Finding]:
    with running_ptyd() as server:
        return uvloop.run(measure_server(plan, server))


async def measure_server(plan: Plan, server: PtydServer) -> list[Finding]:
    async with server.connect() as ptyd:
        keeper, daemon = psutil.Process(server.keeper_pid), psutil.Process((await ptyd.status()).daemon_pid)
        await start_sessions(plan, server, 1)  # what the first one costs is the daemon's own
        before = {process: process.memory_full_info() for process in (daemon, keeper)}
        report(f"idle: {plan.idle_sessions} sessions")
        await start_sessions(plan, server, plan.idle_sessions)
        after = {process: process.memory_full_info() for process in (daemon, keeper)}
    shares = measure_cpu((daemon, keeper), plan.idle_seconds)

    def make_memory_figure(process: psutil.Process, subject: str, kind: str, bar: Bar | None) -> Figure:
        grown = getattr(after[process], kind) - getattr(before[process], kind)
        return Figure(NAME, subject, f"{kind.upper()} a session", grown / plan.idle_sessions / KIB, "KiB", bar=bar)

    total = after[daemon].pss / KIB / KIB
    return [
        make_memory_figure(daemon, "daemon", "pss", MEMORY_BAR),
        make_memory_figure(daemon, "daemon", "rss", MEMORY_BAR),
        make_memory_figure(keeper, "keeper", "pss", None),
        Figure(NAME, "daemon", f"PSS in all, {plan.idle_sessions} sessions", total, "MiB"),
        Figure(NAME, "daemon", f"CPU over {plan.idle_seconds:g} s", shares[daemon], "%", bar=CPU_BAR),
        Figure(NAME, "keeper", f"CPU over {plan.idle_seconds:g} s", shares[keeper], "%", bar=CPU_BAR),
    ]


async def start_sessions(plan: Plan, server: PtydServer, count: int) -> None:
    """Start so many, and wait until each has said its first word and has come to rest."""
    async with server.connect() as ptyd:
        sessions = []
        for _ in range(count):
            sessions.append(await ptyd.create([plan.programs.echo], cwd="/", cols=COLS, rows=ROWS))
            await sessions[-1].wait_text("READY")
        for session in sessions:
            await session.wait_state("quiet")


def measure_cpu(processes: Sequence[psutil.Process], seconds: float) -> dict[psutil.Process, float]:
    """Percent of one core, user and system, while nobody asks anything of them."""
    for process in processes:
        process.cpu_percent()  # from here on
    time.sleep(seconds)
    return {process: process.cpu_percent() for process in processes}
