"""Recordings for the player's tests."""

import json
from collections.abc import Sequence

Row = tuple[float, str, str]


def make_v3(rows: Sequence[Row], *, cols: int = 80, rows_: int = 24, **more: object) -> list[str]:
    """Lines; the times are intervals."""
    header = {"version": 3, "term": {"cols": cols, "rows": rows_}, **more}
    return [json.dumps(header) + "\n", *(json.dumps(list(row)) + "\n" for row in rows)]


def make_v2(rows: Sequence[Row], **more: object) -> list[str]:
    """Lines; the times are since the beginning."""
    header = {"version": 2, "width": 80, "height": 24, **more}
    return [json.dumps(header) + "\n", *(json.dumps(list(row)) + "\n" for row in rows)]
