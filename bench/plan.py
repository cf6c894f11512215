"""How much is measured, and with what."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.figures import Finding, Skipped
from bench.peers.base import Peer, Unavailable
from bench.programs import Programs

MB = 1_000_000


@dataclass(frozen=True)
class Plan:
    """``quick`` plans show that everything works; their figures are not for the README."""

    programs: Programs
    quick: bool = False

    @property
    def flood_bytes(self) -> int:
        return 5 * MB if self.quick else 50 * MB

    @property
    def flood_rounds(self) -> int:
        return 2 if self.quick else 7

    @property
    def kind_rounds(self) -> int:
        """Of the floods of different kinds."""
        return 2 if self.quick else 5

    @property
    def eight_rounds(self) -> int:
        return 1 if self.quick else 3

    @property
    def eight_seconds(self) -> float:
        return 1.0 if self.quick else 4.0

    @property
    def attach_runs(self) -> int:
        return 5 if self.quick else 40

    @property
    def snapshot_runs(self) -> int:
        return 5 if self.quick else 30

    @property
    def snapshot_echo_seconds(self) -> float:
        return 1.0 if self.quick else 5.0

    @property
    def screen_sessions(self) -> int:
        """Idle ones, with something on their screens."""
        return 5 if self.quick else 50

    @property
    def slow_seconds(self) -> float:
        return 5.0 if self.quick else 20.0

    @property
    def echo_rounds(self) -> int:
        return 2 if self.quick else 6

    @property
    def keys_a_round(self) -> int:
        return 50 if self.quick else 500

    @property
    def idle_sessions(self) -> int:
        return 10 if self.quick else 200

    @property
    def idle_seconds(self) -> float:
        return 2 if self.quick else 20

    @property
    def command_runs(self) -> int:
        return 3 if self.quick else 20


@contextlib.contextmanager
def running_peers(scenario: str, peers: Sequence[Peer]) -> Iterator[tuple[dict[Peer, str], list[Finding]]]:
    """Start those that can be had: their addresses, and a Skipped for each of the others."""
    addresses: dict[Peer, str] = {}
    skipped: list[Finding] = []
    with ExitStack() as stack:
        for peer in peers:
            try:
                peer.install()
                addresses[peer] = stack.enter_context(peer.running())
            except Unavailable as reason:
                skipped.append(Skipped(scenario, peer.name, str(reason)))
        yield addresses, skipped


def take_turns(peers: Sequence[Peer], round_number: int) -> list[Peer]:
    """All of them, another first each round: nobody is always measured right after the same one."""
    first = round_number % len(peers)
    return [*peers[first:], *peers[:first]]


def report(text: str) -> None:
    """Progress, for people who wait."""
    print(text, file=sys.stderr, flush=True)
