"""``90s``, ``30m``, ``2h``, ``7d``, as an option."""

import re
from typing import Any

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[float]):
    """A time in seconds; a number without a unit is seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip())
        seconds = float(match.group(1)) * _UNITS[match.group(2) or "s"] if match else 0.0
        if seconds <= 0:
            self.fail(f"{value!r} is no time; say 90s, 30m, 2h or 7d", param, ctx)
        return seconds
