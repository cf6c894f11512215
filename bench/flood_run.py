"""One flood through one session to one client, and the same through the bare C loop."""

import asyncio
import subprocess
import time
from dataclasses import dataclass

from bench.peers.base import DEFAULT_SIZE, OutputEnded, Peer, Size
from bench.plan import MB, Plan
from bench.streams import Stream

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Flood:
    """What the flooding program is called with, and the bytes it then writes at least."""

    argv: tuple[str, ...]
    size_bytes: int
    terminal_size: Size = DEFAULT_SIZE


def make_lines_flood(plan: Plan) -> Flood:
    """The program's own lines: what a build or a linter prints."""
    return Flood((plan.programs.flood, str(plan.flood_bytes)), plan.flood_bytes)


def make_stream_flood(plan: Plan, stream: Stream) -> Flood:
    """A stream, as often as it takes."""
    argv = (plan.programs.flood, "-s", str(stream.path), str(plan.flood_bytes))
    return Flood(argv, stream.repeated_length(plan.flood_bytes), stream.size)


def run_kernel_limit(plan: Plan, flood: Flood) -> float:
    """MB/s of the bare C loop."""
    finished = subprocess.run(
        [plan.programs.kernel_limit, *flood.argv], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
    )
    seconds, _, _ = finished.stdout.split()
    return flood.size_bytes / MB / float(seconds)


async def run_flood(peer: Peer, address: str, flood: Flood) -> float:
    """MB/s from the program to the client: from the key that starts the flood to its last line.

    Raises:
        OutputEnded: bytes are missing, or it does not come to its end.
    """
    count = 0
    stage = "opening"
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            peer.opened(address, flood.argv, flood.terminal_size) as terminal,
        ):
            stage = "waiting for the program"
            await terminal.read_until(b"READY")
            stage = "flooding"
            begin = time.perf_counter()
            await terminal.send(b"g")
            count = await terminal.read_until(b"FLOOD-END")
            seconds = time.perf_counter() - begin
            stage = "closing"
    except TimeoutError:
        raise OutputEnded(f"{peer.name}: {stage}, still after {TIMEOUT_SECONDS} s") from None
    if peer.sends_every_byte and count < flood.size_bytes:
        raise OutputEnded(f"{peer.name}: only {count} of {flood.size_bytes} bytes came")
    return flood.size_bytes / MB / seconds
