"""Floods of three kinds: plain text, a colour on every word, and a full-screen program that redraws.

They differ in what they cost whoever keeps the screen of it: ptyd, by its engine, and tmux. terminado and node-pty
only pass the bytes on. Subjects take turns in rounds; the bare C loop runs right before ptyd.
"""

import statistics
from collections import defaultdict

import uvloop

from bench import streams
from bench.figures import Bar, Figure, Finding, Skipped
from bench.flood_run import make_stream_flood, run_flood, run_kernel_limit
from bench.peers import NODE_PTY, PTYD, TERMINADO, TMUX
from bench.peers.base import OutputEnded, Peer
from bench.plan import Plan, report, running_peers, take_turns

PEERS = (PTYD, TERMINADO, NODE_PTY, TMUX)
LINES = 10_000
FRAMES = 1_000
TMUX_BAR = Bar("ratio", ">=", 1.8)
LIMIT_BAR = Bar("ratio", ">=", 0.9)

Runs = dict[Peer, list[float]]
"""MB/s of each round."""


def measure_plain(plan: Plan) -> list[Finding]:
    return measure(plan, "flood plain", streams.store("plain", streams.make_plain_lines(LINES)), LIMIT_BAR)


def measure_colour(plan: Plan) -> list[Finding]:
    return measure(plan, "flood colour", streams.store("colour", streams.make_colour_lines(LINES)), None)


def measure_tui(plan: Plan) -> list[Finding]:
    stream = streams.store("tui", streams.make_tui_frames(FRAMES), streams.TUI_SIZE)
    return measure(plan, "flood tui", stream, None)


def measure(plan: Plan, name: str, stream: streams.Stream, limit_bar: Bar | None) -> list[Finding]:
    flood = make_stream_flood(plan, stream)
    with running_peers(name, PEERS) as (addresses, skipped):
        runs: Runs = defaultdict(list)
        limits: list[float] = []
        for number in range(plan.kind_rounds):
            report(f"{name}: round {number + 1} of {plan.kind_rounds}")
            for peer in take_turns(list(addresses), number):
                if peer is PTYD:
                    limits.append(run_kernel_limit(plan, flood))
                try:
                    runs[peer].append(uvloop.run(run_flood(peer, addresses[peer], flood)))
                except OutputEnded as reason:
                    if peer is PTYD:
                        raise
                    # The others are still worth their figures.
                    skipped.append(Skipped(name, peer.name, str(reason)))
                    addresses.pop(peer)
                    runs.pop(peer, None)
    return [*make_figures(name, runs, limits, limit_bar), *skipped]


def make_figures(name: str, runs: Runs, limits: list[float], limit_bar: Bar | None) -> list[Finding]:
    """Everybody's throughput; ours relative to the C loop's and to each peer's of the same round."""
    figures: list[Finding] = [
        Figure(name, "bare C loop", "throughput", statistics.median(limits), "MB/s", samples=limits)
    ]
    for peer, rates in runs.items():
        what = "throughput" if peer.sends_every_byte else "until the last line shows"
        is_ours = peer is PTYD
        figures.append(
            Figure(
                name,
                peer.name,
                what,
                statistics.median(rates),
                "MB/s",
                ratio=median_ratio(rates, limits) if is_ours else None,
                ratio_to="the C loop",
                bar=limit_bar if is_ours else None,
                samples=rates,
            )
        )
    ours = runs[PTYD]
    for peer, rates in runs.items():
        if peer is not PTYD:
            figures.append(
                Figure(
                    name,
                    PTYD.name,
                    f"against {peer.name}",
                    statistics.median(ours),
                    "MB/s",
                    ratio=median_ratio(ours, rates),
                    ratio_to=peer.name,
                    bar=TMUX_BAR if peer is TMUX else None,
                )
            )
    return figures


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Round by round."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
