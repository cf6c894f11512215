"""Who is connected, counted by address, and which connections nobody has vouched for yet (strangers)."""

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

UNIX_ADDRESS = "unix"
"""The Unix socket: the kernel has made sure that it is the owner."""

CrowdRefusal = Literal["connections", "address", "strangers"]


@dataclass(frozen=True, slots=True)
class CrowdLimits:
    """Connections at once. A stranger is one over TCP that has shown no good credential yet."""

    in_all: int
    per_address: int
    strangers: int
    strangers_per_address: int


def address_group(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits that a household is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return address


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Crowd:
    """Connections are told apart by a key that means nothing here."""

    def __init__(self, limits: CrowdLimits) -> None:
        self._limits = limits
        self._groups: dict[Hashable, str] = {}
        self._by_group: Counter[str] = Counter()
        self._strangers: OrderedDict[Hashable, None] = OrderedDict()
        self._strangers_by_group: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def strangers(self) -> int:
        return len(self._strangers)

    def enter(self, key: Hashable, address: str) -> CrowdRefusal | None:
        """A connection has come. The limit that keeps it out, None where it may stay."""
        if len(self._groups) >= self._limits.in_all:
            return "connections"
        group = address_group(address)
        if address != UNIX_ADDRESS:
            if self._by_group[group] >= self._limits.per_address:
                return "address"
            if self._strangers_by_group[group] >= self._limits.strangers_per_address:
                return "strangers"
            self._strangers[key] = None
            self._strangers_by_group[group] += 1
        self._groups[key] = group
        self._by_group[group] += 1
        return None

    def find_surplus(self) -> Hashable | None:
        """The stranger to let go, where there are too many in all: the one that has had the longest time. Newcomers are
        not kept out by those who only sit there."""
        return next(iter(self._strangers)) if len(self._strangers) > self._limits.strangers else None

    def welcome(self, key: Hashable) -> None:
        """It has shown a good credential."""
        if key in self._strangers:
            del self._strangers[key]
            _count_down(self._strangers_by_group, self._groups[key])

    def leave(self, key: Hashable) -> None:
        self.welcome(key)
        group = self._groups.pop(key, None)
        if group is not None:
            _count_down(self._by_group, group)


def _count_down(counter: Counter[str], group: str) -> None:
    """Groups that have nobody left are forgotten: the table is no larger than the crowd."""
    counter[group] -= 1
    if not counter[group]:
        del counter[group]
