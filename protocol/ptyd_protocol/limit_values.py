"""The limits of a session as people write and read them: ``memory=2G``, ``lifetime=2h30m``, ``cpus=1.5``."""

import re
from collections.abc import Iterable
from typing import Final, Literal

from ptyd_protocol.limits import MAX_SEQ
from ptyd_protocol.session_limits import SessionLimits

Unit = Literal["bytes", "bytes a second", "seconds", "cpus", "count"]

LIMIT_NAMES: Final = SessionLimits.__struct_fields__

NO_LIMIT_WORDS: Final = frozenset({"none", "unlimited", "no"})

ZERO_COUNTS: Final = frozenset({"core_bytes", "scrollback_lines"})
"""Limits of which 0 is a size like any other."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?(?:/s)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+|\d+(?:\.\d+)?", re.IGNORECASE)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)", re.IGNORECASE)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class BadLimit(ValueError):
    """Not a limit, or not a value of it; the message says which and what would be one."""


def unit_of(name: str) -> Unit:
    """What a limit is counted in."""
    if name.endswith("_bytes_per_second"):
        return "bytes a second"
    if name.endswith("_bytes"):
        return "bytes"
    if name.endswith("_seconds"):
        return "seconds"
    return "cpus" if name == "cpus" else "count"


def read_limits(words: Iterable[str]) -> SessionLimits:
    """``NAME=VALUE`` each; NAME may be shortened as long as it is clear. The last of two counts.

    Raises:
        BadLimit
    """
    values: dict[str, int | float] = {}
    for word in words:
        name, has_value, text = word.partition("=")
        if not has_value:
            raise BadLimit(f"{word!r} is not NAME=VALUE, such as memory=2G or lifetime=2h")
        whole_name = find_name(name)
        values[whole_name] = parse_limit(whole_name, text)
    return SessionLimits(**values)  # type: ignore[arg-type]  # parse_limit gives each the type of its unit


def find_name(text: str) -> str:
    """The limit that ``text`` is the name or a clear beginning of.

    Raises:
        BadLimit
    """
    wanted = text.strip().lower().replace("-", "_")
    found = [name for name in LIMIT_NAMES if name == wanted] or [
        name for name in LIMIT_NAMES if wanted and name.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadLimit(f"{text!r} could be any of {', '.join(found)}")
    raise BadLimit(f"there is no limit {text!r}; there are {', '.join(LIMIT_NAMES)}")


def parse_limit(name: str, text: str) -> int | float:
    """The value of the limit ``name``: a size (``512M``; K, M, G, T are powers of 1024), a time (``2h30m``; seconds
    without a unit), or a number. ``none`` is no limit.

    Raises:
        BadLimit
    """
    word = text.strip()
    if word.lower() in NO_LIMIT_WORDS:
        if name == "scrollback_lines":
            raise BadLimit("scrollback_lines: there is always a limit; 0 keeps no lines")
        return -1 if name == "core_bytes" else 0
    unit = unit_of(name)
    if unit == "seconds":
        value: int | float = _parse_duration(name, word)
    elif unit == "cpus":
        value = float(_match(_NUMBER, name, word, "1.5")[0])
    elif unit == "count":
        value = int(_match(re.compile(r"\d+"), name, word, "64")[0])
    else:
        number, power = _match(_SIZE, name, word, "512M").groups()
        value = int(float(number) * 1024 ** _POWERS[power.lower()])
    if value > MAX_SEQ:
        raise BadLimit(f"{name}: {text!r} is more than can be counted")
    return value


def _match(pattern: re.Pattern[str], name: str, word: str, example: str) -> re.Match[str]:
    match = pattern.fullmatch(word)
    if match is None:
        raise BadLimit(f"{name}: {word!r} is no value; {example} would be one")
    return match


def _parse_duration(name: str, word: str) -> float:
    _match(_DURATION, name, word, "2h30m")
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _DURATION_PART.findall(word))


def format_limit(name: str, value: float | None) -> str:
    """``8 GiB``, ``2h30m``, ``1 MiB/s``, ``64``; ``none`` for no limit, ``default`` for one that was not said."""
    if value is None:
        return "default"
    if value == (-1 if name == "core_bytes" else 0) and name != "scrollback_lines":
        return "none"
    return format_amount(name, value)


def format_amount(name: str, amount: float) -> str:
    """How much of what the limit ``name`` counts."""
    match unit_of(name):
        case "bytes":
            return format_size(int(amount))
        case "bytes a second":
            return f"{format_size(int(amount))}/s"
        case "seconds":
            return format_duration(amount)
        case "cpus":
            return f"{amount:.2f}".rstrip("0").rstrip(".")
        case "count":
            return str(int(amount))


def format_size(count: int) -> str:
    """``512 B``, ``3.4 KiB``, ``120 KiB``, ``8 GiB``."""
    size, power = float(count), 0
    while size >= 1024 and power < 4:
        size, power = size / 1024, power + 1
    unit = ("B", "KiB", "MiB", "GiB", "TiB")[power]
    number = f"{size:.1f}".removesuffix(".0") if size < 10 else f"{size:.0f}"
    return f"{number} {unit}"


def format_duration(seconds: float) -> str:
    """``2h30m``, ``45s``, ``0.5s``; of the two largest units."""
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.2g}s"
    rest, parts = int(seconds), []
    for letter in "dhms":
        count, rest = divmod(rest, _SECONDS[letter])
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts[:2]) or "0s"
