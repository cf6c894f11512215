"""Eight sessions flood at once on the machine's cores, each with a client in a process of its own.

ptyd serves all of them with its one daemon; of terminado and node-pty there are eight servers, as a server that runs
one command has. Counted is what reached the clients in the same span of time.
"""

import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from bench.figures import Bar, Figure, Finding, Skipped
from bench.peers import NODE_PTY, PTYD, TERMINADO
from bench.peers.base import Peer, Unavailable
from bench.peers.server_process import READY_LINE, end_process, wait_for_line
from bench.plan import MB, Plan, report, take_turns

NAME = "eight floods"
SESSIONS = 8
PEERS: tuple[Peer, ...] = (PTYD, TERMINADO, NODE_PTY)
ENDLESS_BYTES = 10**15
WARM_UP_SECONDS = 1.0
PEER_BAR = Bar("ratio", ">=", 1.0)
SHARE_BAR = Bar("value", ">=", 0.5)
"""Of the least to the most: nobody starves."""


class Run(NamedTuple):
    """``rates``: what each client got, in MB/s."""

    rates: list[float]

    @property
    def total(self) -> float:
        return sum(self.rates)

    @property
    def fairness(self) -> float:
        """The least of all, relative to the most."""
        return min(self.rates) / max(self.rates)


Runs = dict[Peer, list[Run]]


def measure(plan: Plan) -> list[Finding]:
    addresses: dict[Peer, list[str]] = {}
    skipped: list[Finding] = []
    runs: Runs = defaultdict(list)
    with ExitStack() as stack:
        for peer in PEERS:
            try:
                peer.install()
                servers = 1 if peer is PTYD else SESSIONS
                addresses[peer] = [stack.enter_context(peer.running()) for _ in range(servers)]
            except Unavailable as reason:
                skipped.append(Skipped(NAME, peer.name, str(reason)))
        for number in range(plan.eight_rounds):
            report(f"eight floods: round {number + 1} of {plan.eight_rounds}")
            for peer in take_turns(list(addresses), number):
                runs[peer].append(run_floods(plan, peer, addresses[peer]))
    return [*make_figures(runs), *skipped]


def run_floods(plan: Plan, peer: Peer, addresses: Sequence[str]) -> Run:
    clients = [start_client(plan, peer, addresses[number % len(addresses)]) for number in range(SESSIONS)]
    try:
        for client in clients:
            wait_for_line(client, READY_LINE)
        begin = time.monotonic() + WARM_UP_SECONDS
        order = f"{begin} {begin + plan.eight_seconds}\n".encode()
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(order)
            client.stdin.flush()
        return Run([read_count(client) / MB / plan.eight_seconds for client in clients])
    finally:
        for client in clients:
            end_process(client)


def start_client(plan: Plan, peer: Peer, address: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.flood_counter", peer.name, address]
    command += [plan.programs.flood, str(ENDLESS_BYTES)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def read_count(client: subprocess.Popen[bytes]) -> int:
    assert client.stdout is not None
    return int(client.stdout.readline())


def make_figures(runs: Runs) -> list[Finding]:
    figures: list[Finding] = []
    for peer, of_peer in runs.items():
        totals = [run.total for run in of_peer]
        fairness = [run.fairness for run in of_peer]
        figures += [
            Figure(NAME, peer.name, "throughput in all", statistics.median(totals), "MB/s", samples=totals),
            Figure(
                NAME,
                peer.name,
                "least of the eight to the most, worst round",
                min(fairness),
                "",
                bar=SHARE_BAR if peer is PTYD else None,
                samples=fairness,
            ),
        ]
    ours = [run.total for run in runs[PTYD]]
    for peer, of_peer in runs.items():
        if peer is not PTYD:
            ratio = statistics.median(our / their.total for our, their in zip(ours, of_peer, strict=True))
            figures.append(
                Figure(
                    NAME,
                    PTYD.name,
                    f"against eight of {peer.name}",
                    statistics.median(ours),
                    "MB/s",
                    ratio,
                    f"eight of {peer.name}",
                    PEER_BAR,
                )
            )
    return figures
