"""A key's way to the program and its echo's way back, one key at a time; alone, and beside a session that floods.

The program is a raw echo in C. The flooding session has a client of its own, in a process of its own.
"""

import asyncio
import contextlib
import time
from collections import defaultdict

import uvloop

from bench.figures import Bar, Figure, Finding, percentile
from bench.helper_process import running_helper
from bench.peers import NODE_PTY, PTYD, PTYD_BY_SDK, TERMINADO, TMUX
from bench.peers.base import Peer, Terminal
from bench.plan import Plan, report, running_peers, take_turns

NAME = "echo"
PEERS = (PTYD, PTYD_BY_SDK, TERMINADO, NODE_PTY, TMUX)
COMPARED = (TERMINADO, NODE_PTY)
KEY = b"~"
"""Never part of a control sequence that a program prints."""

WARM_UP_KEYS = 50
TIMEOUT_SECONDS = 120
ENDLESS_BYTES = 10**15
OURS = (PTYD, PTYD_BY_SDK)
BARS = {
    ("alone", 50): Bar("ratio", "<=", 1.0),
    ("alone", 99): Bar("ratio", "<=", 1.0),
    ("beside a flood", 99): Bar("value", "<=", 10.0),
}
MS = 1000

Latencies = dict[Peer, list[float]]
"""Of each key, in milliseconds."""


def measure(plan: Plan) -> list[Finding]:
    with running_peers(NAME, PEERS) as (addresses, skipped):
        alone = measure_rounds(plan, addresses, beside_flood=False)
        beside = measure_rounds(plan, addresses, beside_flood=True)
    return [*make_figures("alone", alone), *make_figures("beside a flood", beside), *skipped]


def measure_rounds(plan: Plan, addresses: dict[Peer, str], *, beside_flood: bool) -> Latencies:
    latencies: Latencies = defaultdict(list)
    for number in range(plan.echo_rounds):
        report(f"echo {'beside a flood' if beside_flood else 'alone'}: round {number + 1} of {plan.echo_rounds}")
        for peer in take_turns(list(addresses), number):
            address = addresses[peer]
            with flooding(plan, peer, address) if beside_flood else contextlib.nullcontext():
                latencies[peer] += uvloop.run(type_keys(plan, peer, address))
    return latencies


def flooding(plan: Plan, peer: Peer, address: str) -> contextlib.AbstractContextManager[None]:
    return running_helper("bench.flooding_client", peer.name, address, plan.programs.flood, str(ENDLESS_BYTES))


async def type_keys(plan: Plan, peer: Peer, address: str) -> list[float]:
    async with asyncio.timeout(TIMEOUT_SECONDS), peer.opened(address, [plan.programs.echo]) as terminal:
        await terminal.read_until(b"READY")
        for _ in range(WARM_UP_KEYS):
            await type_key(terminal)
        return [await type_key(terminal) for _ in range(plan.keys_a_round)]


async def type_key(terminal: Terminal) -> float:
    """Milliseconds until the key is back."""
    begin = time.perf_counter()
    await terminal.send(KEY)
    while KEY not in await terminal.receive():
        pass
    return (time.perf_counter() - begin) * MS


def make_figures(condition: str, latencies: Latencies) -> list[Finding]:
    """p50 and p99 of each; ours relative to the faster of those we are compared with."""
    figures: list[Finding] = []
    for percent in (50, 99):
        best = min((percentile(latencies[peer], percent) for peer in COMPARED if peer in latencies), default=None)
        for peer, values in latencies.items():
            value = percentile(values, percent)
            is_ours = peer in OURS
            figures.append(
                Figure(
                    NAME,
                    peer.name,
                    f"{condition}, p{percent}",
                    value,
                    "ms",
                    ratio=value / best if is_ours and best is not None else None,
                    ratio_to="the faster of terminado and node-pty",
                    bar=BARS.get((condition, percent)) if is_ours else None,
                    samples=values if percent == 99 else (),
                )
            )
    return figures
