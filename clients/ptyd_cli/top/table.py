"""The table of ``ptyd top``: its rows, their order, and how fast output comes."""

from collections.abc import Sequence
from typing import Final

from ptyd_protocol.sessions import SessionInfo
from rich import box
from rich.table import Table
from rich.text import Text

from ptyd_cli.output import age_of, format_bytes, format_state, printable

SORT_KEYS: Final = ("name", "cpu", "memory", "output", "idle", "age")

HEADS: Final = ("NAME", "STATE", "KIND", "CPU%", "MEM", "PROC", "OUT/s", "CL", "IDLE", "AGE")
NARROW_COLS: Final = 76
LESS_IMPORTANT: Final = frozenset({"KIND", "PROC", "AGE"})
"""Left out of a terminal that is narrower: the names would go instead."""


class Rates:
    """Bytes of output a second, from what two looks have found."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, int]] = {}
        self._rates: dict[str, float] = {}

    def look(self, sessions: Sequence[SessionInfo], now: float) -> None:
        """``now``: any clock that does not go back."""
        for info in sessions:
            at, head = self._before.get(info.id, (now, info.log_head))
            self._rates[info.id] = max(0, info.log_head - head) / (now - at) if now > at else 0.0
        self._before = {info.id: (now, info.log_head) for info in sessions}

    def of(self, info: SessionInfo) -> float:
        return self._rates.get(info.id, 0.0)


def sort_sessions(sessions: Sequence[SessionInfo], rates: Rates, key: str) -> list[SessionInfo]:
    """Names ascending; of everything else the most (of ages: the newest) first, and then by name."""
    return sorted(sessions, key=lambda info: (_measure(info, rates, key), info.name, info.id))


def _measure(info: SessionInfo, rates: Rates, key: str) -> float:
    """What sorts: the least comes first."""
    match key:
        case "cpu":
            return -info.usage.cpus if info.usage else 0.0
        case "memory":
            return -info.usage.memory_bytes if info.usage else 0.0
        case "output":
            return -rates.of(info)
        case "idle":
            return info.last_output_at
        case "age":
            return -info.created_at
        case _:
            return 0.0


def make_table(
    sessions: Sequence[SessionInfo], rates: Rates, sort: str, chosen: str | None, width: int = NARROW_COLS
) -> Table:
    """``chosen``: the id of the session to mark. Fits ``width`` columns; few of them hold fewer figures."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    shown = [number for number, head in enumerate(HEADS) if width >= NARROW_COLS or head not in LESS_IMPORTANT]
    for head in (HEADS[number] for number in shown):
        if head == "NAME":
            table.add_column(head, no_wrap=True, overflow="ellipsis", ratio=1, min_width=8)
        elif head in ("STATE", "KIND"):
            table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=9)
        else:
            table.add_column(head, no_wrap=True, justify="right")
    for info in sort_sessions(sessions, rates, sort):
        cells = make_cells(info, rates)
        style = "reverse" if info.id == chosen else "dim" if info.state == "exited" else ""
        table.add_row(*(Text(cells[number]) for number in shown), style=style)
    return table


def make_cells(info: SessionInfo, rates: Rates) -> tuple[str, ...]:
    usage = info.usage
    return (
        printable(info.name),
        format_state(info),
        printable(info.kind),
        "-" if usage is None else f"{usage.cpus * 100:.0f}",
        "-" if usage is None else format_bytes(usage.memory_bytes),
        "-" if usage is None else str(usage.processes),
        format_bytes(int(rates.of(info))),
        str(info.clients),
        age_of(info.last_output_at),
        age_of(info.created_at),
    )
