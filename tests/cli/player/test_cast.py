"""Reading recordings of both versions."""

import pytest
from ptyd_cli.player.cast import CastError, read_cast

from tests.cli.player.casts import make_v2, make_v3


def test_version_3_has_intervals() -> None:
    cast = read_cast(make_v3([(0.5, "o", "a"), (1.0, "m", "hier"), (0.25, "x", "0")], cols=100, title="demo"))
    assert (cast.cols, cast.rows, cast.title) == (100, 24, "demo")
    assert cast.events == [(0.5, "o", "a"), (1.5, "m", "hier"), (1.75, "x", "0")]
    assert cast.duration == 1.75
    assert [marker.data for marker in cast.markers] == ["hier"]


def test_version_2_has_times() -> None:
    assert read_cast(make_v2([(0.5, "o", "a"), (1.5, "o", "b")])).events == [(0.5, "o", "a"), (1.5, "o", "b")]


@pytest.mark.parametrize("make", [make_v2, make_v3])
def test_pauses_are_limited(make: object) -> None:
    rows = [(0.5, "o", "a"), (100.0, "o", "b")]
    assert read_cast(make(rows), 2.0).events[1].at == 2.5  # type: ignore[operator]
    assert read_cast(make(rows, idle_time_limit=3)).events[1].at == 3.5  # type: ignore[operator]
    assert read_cast(make(rows, idle_time_limit=3), 1.0).events[1].at == 1.5  # type: ignore[operator]


def test_comments_empty_lines_and_a_last_line_that_is_not_finished() -> None:
    lines = [
        *make_v3([(1, "o", "a")]),
        "# a comment\n",
        "\n",
        *make_v3([(1, "o", "b")])[1:],
        '[0.5, "o',
        '[1, "o", "c"]',
    ]
    assert [event.data for event in read_cast(lines).events] == ["a", "b"]
    assert [event.data for event in read_cast([*lines[:-2], lines[-1]]).events] == ["a", "b", "c"]


def test_unknown_codes_are_kept_and_a_recording_may_be_empty() -> None:
    assert read_cast(make_v3([(1, "future", "a")])).events == [(1, "future", "a")]
    assert read_cast(make_v3([])).duration == 0.0


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([], "line 1"),
        (["no json\n"], "line 1"),
        (["[1]\n"], "line 1"),
        (['{"version": 1}\n'], "version 1"),
        (['{"version": 3}\n'], "size"),
        (['{"version": 3, "term": {"cols": true, "rows": 3}}\n'], "size"),
        (['{"version": 2, "width": 0, "height": 3}\n'], "size"),
        ([*make_v3([]), "{}\n"], "line 2"),
        ([*make_v3([]), '[1, "o"]\n'], "line 2"),
        ([*make_v3([]), '[-1, "o", "x"]\n'], "line 2"),
        ([*make_v3([]), '[NaN, "o", "x"]\n'], "line 2"),
        ([*make_v3([(1, "o", "a")]), '[1, "o", 5]\n'], "line 3"),
        ([*make_v3([]), "oops\n"], "line 2"),
    ],
)
def test_what_is_no_recording(lines: list[str], what: str) -> None:
    with pytest.raises(CastError, match=what):
        read_cast(lines)
