"""How verbs print: plain tables and JSON. No rich here: ``ptyd ls`` has to feel instant.

What programs and other clients call themselves is a stranger's text: nothing printed here does more than show it.
"""

import re
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from ptyd_protocol.sessions import SessionInfo

_UNPRINTABLE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What json leaves as it is: C1 controls, and what turns the direction of text or is not seen."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def print_json(value: Any) -> None:
    """``value`` (a structure, or a list of them) as JSON, indented where a person reads it."""
    import json  # noqa: PLC0415 - tables need none

    plain = msgspec.to_builtins(value)
    print(escape_json(json.dumps(plain, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)))


def escape_json(text: str) -> str:
    """JSON that means the same, without characters that a terminal might take for more than text."""
    return _UNPRINTABLE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def format_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart; the last one is not padded. Control characters in cells are shown."""
    table = [[printable(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    lines = []
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)


def format_state(info: SessionInfo) -> str:
    """``running``, ``exited 3``, ``killed by SIGHUP``."""
    if info.state == "running":
        return "running"
    if info.exit_signal is not None:
        return f"killed by {signal_name(info.exit_signal)}"
    return "exited" if info.exit_code is None else f"exited {info.exit_code}"


def format_age(seconds: float) -> str:
    """``12s``, ``5m``, ``3h``, ``4d``."""
    whole = max(int(seconds), 0)
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= unit:
            return f"{whole // unit}{letter}"
    return f"{whole}s"


def format_bytes(count: int) -> str:
    """``512 B``, ``3.4 KiB``, ``120 KiB``, ``1.5 MiB``."""
    if count < 1024:
        return f"{count} B"
    size, unit = (count / 1024, "KiB") if count < 1024 * 1024 else (count / 1024 / 1024, "MiB")
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


def age_of(moment: float) -> str:
    """How long ago a Unix time was."""
    return format_age(time.time() - moment)


def printable(text: str) -> str:
    """``text`` with control characters shown, so that a name or a command cannot write to the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def exit_status(info: SessionInfo) -> int:
    """The exit code that stands for a session's end: its own, or 128 + signal, as a shell has it."""
    if info.exit_signal is not None:
        return 128 + info.exit_signal
    return info.exit_code or 0
