"""50 MB of text through one session to one client, against the kernel's limit.

From the key that starts the flood to its last line at the client. Each run is preceded by one of the bare C loop on a
PTY of its own with the same producer: a ratio compares two neighbours, and the table shows the medians.
"""

import statistics
from collections import defaultdict

import uvloop

from bench.figures import Bar, Figure, Finding
from bench.flood_run import make_lines_flood, run_flood, run_kernel_limit
from bench.peers import NODE_PTY, PTYD, PTYD_BY_SDK, TERMINADO, TMUX
from bench.peers.base import Peer
from bench.plan import Plan, report, running_peers, take_turns

NAME = "flood"
PEERS = (PTYD, PTYD_BY_SDK, TERMINADO, NODE_PTY, TMUX)
OURS = (PTYD, PTYD_BY_SDK)
LIMIT_BAR = Bar("ratio", ">=", 0.9)
PEER_BAR = Bar("ratio", ">=", 1.0)

Runs = dict[Peer, list[tuple[float, float]]]
"""For each peer and round: its MB/s, and those of the C loop right before it."""


def measure(plan: Plan) -> list[Finding]:
    flood = make_lines_flood(plan)
    with running_peers(NAME, PEERS) as (addresses, skipped):
        runs: Runs = defaultdict(list)
        for number in range(plan.flood_rounds):
            report(f"flood: round {number + 1} of {plan.flood_rounds}")
            for peer in take_turns(list(addresses), number):
                limit = run_kernel_limit(plan, flood)
                runs[peer].append((uvloop.run(run_flood(peer, addresses[peer], flood)), limit))
    return [*make_figures(runs), *skipped]


def make_figures(runs: Runs) -> list[Finding]:
    limits = [limit for pairs in runs.values() for _, limit in pairs]
    figures: list[Finding] = [
        Figure(NAME, "bare C loop", "throughput", statistics.median(limits), "MB/s", samples=limits)
    ]
    for peer, pairs in runs.items():
        figures.append(
            Figure(
                NAME,
                peer.name,
                "throughput" if peer.sends_every_byte else "until the last line shows",
                statistics.median(rate for rate, _ in pairs),
                "MB/s",
                ratio=statistics.median(rate / limit for rate, limit in pairs),
                ratio_to="the C loop",
                bar=LIMIT_BAR if peer in OURS else None,
                samples=[rate for rate, _ in pairs],
            )
        )
    figures += [compare(runs, peer) for peer in runs if peer not in OURS]
    return figures


def compare(runs: Runs, peer: Peer) -> Figure:
    """ptyd against a peer, round by round."""
    ours = [rate for rate, _ in runs[PTYD]]
    theirs = [rate for rate, _ in runs[peer]]
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    return Figure(
        NAME, PTYD.name, f"against {peer.name}", statistics.median(ours), "MB/s", ratio, peer.name, PEER_BAR, ours
    )
