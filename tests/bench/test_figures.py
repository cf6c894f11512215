"""Statistics and table of the benchmarks."""

import pytest

from bench.figures import Bar, Figure, Skipped, percentile
from bench.peers import NODE_PTY, PTYD, TMUX
from bench.plan import take_turns
from bench.scenarios import eight, flood_kinds
from bench.scenarios.slow_client import NewestLine
from bench.table import format_markdown, format_row, format_table, make_json


@pytest.mark.parametrize(("percent", "value"), [(50, 5), (90, 9), (99, 10), (100, 10), (1, 1)])
def test_percentile(percent: float, value: float) -> None:
    assert percentile([10, 1, 9, 2, 8, 3, 7, 4, 6, 5], percent) == value


def test_percentile_of_one() -> None:
    assert percentile([3.0], 50) == percentile([3.0], 99) == 3.0


@pytest.mark.parametrize(
    ("bar", "value", "ratio", "is_reached"),
    [
        (Bar("value", "<=", 2.0), 2.0, None, True),
        (Bar("value", "<=", 2.0), 2.1, 1.0, False),
        (Bar("ratio", ">=", 1.8), 0.0, 1.8, True),
        (Bar("ratio", ">=", 1.8), 9.0, 1.7, False),
        (Bar("ratio", ">=", 1.8), 9.0, None, False),
    ],
)
def test_bars(bar: Bar, value: float, ratio: float | None, is_reached: bool) -> None:
    assert bar.is_reached_by(value, ratio) is is_reached


FIGURE = Figure("flood tui", "ptyd", "against tmux", 40.26, "MB/s", 1.5, "tmux", Bar("ratio", ">=", 1.8), [40.0, 41.0])
PLAIN_FIGURE = Figure("attach", "ptyd", "p50", 12.0, "ms", bar=Bar("value", "<=", 30.0))
SKIPPED = Skipped("attach", "engine", "not here")


def test_a_row_says_what_was_reached() -> None:
    assert format_row(FIGURE) == ("ptyd", "against tmux", "40.3 MB/s", "1.50 of tmux", ">= 1.8", "MISSED")
    assert format_row(PLAIN_FIGURE) == ("ptyd", "p50", "12 ms", "", "<= 30 ms", "reached")


def test_the_table_has_a_block_a_scenario_and_says_what_was_not_measured() -> None:
    lines = format_table([FIGURE, PLAIN_FIGURE, SKIPPED]).splitlines()
    assert lines.index("flood tui") < lines.index("attach")
    assert lines[-1] == "  engine: not measured: not here"


def test_the_markdown_has_a_line_a_figure() -> None:
    lines = format_markdown([FIGURE, PLAIN_FIGURE, SKIPPED]).splitlines()
    assert len(lines) == 4
    assert lines[2] == "| flood tui: against tmux | ptyd | 40.3 MB/s | 1.50 of tmux | >= 1.8 MISSED |"


def test_the_json_has_the_samples() -> None:
    results = make_json({}, "2020-01-01", False, [FIGURE, SKIPPED])
    assert results["figures"][0]["samples"] == [40.0, 41.0]
    assert results["figures"][0]["reaches_bar"] is False
    assert results["skipped"] == [{"scenario": "attach", "subject": "engine", "reason": "not here"}]


def test_everybody_is_first_once() -> None:
    peers = [PTYD, TMUX, NODE_PTY]
    assert [take_turns(peers, number)[0] for number in range(4)] == [PTYD, TMUX, NODE_PTY, PTYD]
    assert set(take_turns(peers, 1)) == set(peers)


def test_floods_are_compared_round_by_round() -> None:
    runs = {PTYD: [60.0, 30.0, 90.0], TMUX: [30.0, 10.0, 60.0]}
    figures = flood_kinds.make_figures("flood some", runs, [60.0, 40.0, 100.0], Bar("ratio", ">=", 0.9))
    by_what = {(figure.subject, figure.what): figure for figure in figures if isinstance(figure, Figure)}
    ours = by_what["ptyd", "throughput"]
    assert (ours.value, ours.ratio, ours.reaches_bar) == (60.0, 0.9, True)  # of 1.0, 0.75, 0.9
    against = by_what["ptyd", "against tmux"]
    assert (against.ratio, against.reaches_bar) == (2.0, True)  # of 2.0, 3.0, 1.5
    assert by_what["tmux", "until the last line shows"].bar is None


def test_the_least_of_eight_is_told() -> None:
    run = eight.Run([10.0, 5.0, 8.0])
    assert run.total == 23.0
    assert run.fairness == 0.5


def take_all(*pieces: tuple[bytes, bool]) -> list[float | None]:
    """When the newest line was written, after each piece."""
    newest = NewestLine()
    times = []
    for data, is_screen in pieces:
        newest.take(data, is_screen=is_screen)
        times.append(newest.written_at)
    return times


def test_the_time_of_the_newest_line_is_found_across_pieces() -> None:
    pieces = (b"READY\r\n", b"T0000000001000000 some\r\nT00000", b"00002500000 more\r\nT000")
    assert take_all(*((piece, False) for piece in pieces)) == [None, 1.0, 2.5]


def test_a_screen_has_nothing_to_do_with_what_came_before() -> None:
    cut = (b"T00000000010000", False)
    assert take_all(cut, (b"00\x1b[H", True), (b"\x1b[HT0000000003000000 x", True)) == [None, None, 3.0]
    assert take_all(cut, (b"00 x", False)) == [None, 1.0]
