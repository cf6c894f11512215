"""A key's echo while the daemon reads a transcript of 100 MB: as a whole, searches it, and writes it out.

Each round the file is a new one to the daemon, so that nothing of it has been read before. The quiet daemon's echo is
beside it.
"""

import asyncio
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from ptyd_sdk import Connection

from bench.figures import Figure, Finding, percentile
from bench.peers import PTYD
from bench.peers.base import Terminal
from bench.peers.ptyd_server import PtydServer, running_ptyd
from bench.plan import MB, Plan, report
from bench.scenarios.echo import WARM_UP_KEYS, type_key
from bench.transcripts import CONVERSATION, write_transcript

NAME = "transcripts"
TIMEOUT_SECONDS = 300
MISSING = "words that nobody said"

Job = Callable[[Connection], Awaitable[object]]


def measure(plan: Plan) -> list[Finding]:
    length = (10 if plan.quick else 100) * MB
    with running_ptyd() as server:
        path = Path(server.env["HOME"]) / ".claude" / "projects" / "-srv-repo" / f"{CONVERSATION}.jsonl"
        write_transcript(path, length)
        return uvloop.run(measure_all(plan, server, path))


async def measure_all(plan: Plan, server: PtydServer, path: Path) -> list[Finding]:
    jobs: dict[str, Job] = {
        "reading it": lambda ptyd: ptyd.conversations(),
        "searching it": lambda ptyd: ptyd.search_conversations(MISSING),
        "writing it out": export_all,
    }
    findings: list[Finding] = []
    async with (
        asyncio.timeout(TIMEOUT_SECONDS),
        server.connect() as ptyd,
        PTYD.opened(str(server.socket_path), [plan.programs.echo]) as terminal,
    ):
        await terminal.read_until(b"READY")
        for _ in range(WARM_UP_KEYS):
            await type_key(terminal)
        quiet = [await type_key(terminal) for _ in range(plan.keys_a_round)]
        findings += make_echo_figures("quiet", quiet)
        length = (await asyncio.to_thread(path.stat)).st_size
        for what, job in jobs.items():
            report(f"transcripts: {what}")
            seconds, latencies = await measure_job(plan, terminal, ptyd, path, job)
            rate = length / MB / statistics.median(seconds)
            findings.append(Figure(NAME, "ptyd", what, rate, "MB/s", samples=seconds))
            findings += make_echo_figures(what, latencies)
    return findings


async def export_all(ptyd: Connection) -> None:
    async for _ in ptyd.export_conversation(CONVERSATION, "html"):
        pass


async def measure_job(
    plan: Plan, terminal: Terminal, ptyd: Connection, path: Path, job: Job
) -> tuple[list[float], list[float]]:
    """How long it took each time, and what keys took meanwhile, in milliseconds."""
    seconds: list[float] = []
    latencies: list[float] = []
    for _ in range(plan.echo_rounds):
        await asyncio.to_thread(make_new, path)
        begin = time.perf_counter()
        task = asyncio.ensure_future(job(ptyd))  # noqa: TID251 - a client's
        while not task.done():
            latencies.append(await type_key(terminal))
        await task
        seconds.append(time.perf_counter() - begin)
    return seconds, latencies


def make_new(path: Path) -> None:
    """The same in another file of this name: a daemon that knew the one before reads it all."""
    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    copy.replace(path)


def make_echo_figures(condition: str, latencies: list[float]) -> list[Finding]:
    figures = {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99), "largest": max(latencies)}
    return [
        Figure(NAME, "ptyd", f"echo, {condition}, {name}", value, "ms", samples=latencies if name == "p99" else ())
        for name, value in figures.items()
    ]
