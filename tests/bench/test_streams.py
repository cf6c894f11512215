"""The made-up output of the benchmarks."""

import hashlib
import re
from pathlib import Path

import pyte
import pytest

from bench import streams
from bench.peers.base import Size

CURSOR_ADDRESS = re.compile(rb"\x1b\[(\d+);(\d+)H")
PAINTED_WORD = re.compile(rb"\x1b\[[\d;]+m[a-z]+\x1b\[0m")


@pytest.mark.parametrize(
    ("made", "digest"),
    [
        (streams.make_plain_lines(200), "5286c2e76a3ad6ff"),
        (streams.make_colour_lines(200), "e9f1c1be94f68960"),
        (streams.make_tui_frames(120), "377dd19925a1b0bc"),
    ],
    ids=["plain", "colour", "tui"],
)
def test_streams_are_the_same_everywhere(made: bytes, digest: str) -> None:
    assert hashlib.sha256(made).hexdigest()[:16] == digest


def test_plain_lines_have_no_control_sequences_and_are_numbered() -> None:
    lines = streams.make_plain_lines(50).split(b"\n")
    assert lines.pop() == b""
    assert [int(line.split()[0]) for line in lines] == list(range(50))
    assert re.fullmatch(rb"[a-z0-9 ]+", b"".join(lines))


def test_each_word_of_a_coloured_line_has_a_colour_of_its_own() -> None:
    for line in streams.make_colour_lines(50).splitlines():
        number, *words = line.split(b" ")
        assert number.startswith(b"\x1b[2m")
        assert all(PAINTED_WORD.fullmatch(word) for word in words)


def test_each_frame_is_inside_synchronized_output_and_inside_the_screen() -> None:
    frames = streams.make_tui_frames(120).split(b"\x1b[?2026l")
    assert frames.pop() == b""
    assert len(frames) == 120
    for frame in frames:
        assert frame.startswith(b"\x1b[?2026h")
        assert frame.count(b"\x1b[?2026h") == 1
        for row, col in CURSOR_ADDRESS.findall(frame):
            assert 1 <= int(row) <= streams.TUI_SIZE.rows
            assert 1 <= int(col) <= streams.TUI_SIZE.cols


def test_most_frames_redraw_a_part() -> None:
    frames = streams.make_tui_frames(2 * streams.FULL_PAINT_EVERY).split(b"\x1b[?2026l")[:-1]
    whole = [number for number, frame in enumerate(frames) if b"\x1b[2J" in frame]
    assert whole == [0, streams.FULL_PAINT_EVERY]


def test_the_frames_paint_a_monitor_and_leave_the_terminal_as_it_was() -> None:
    screen = pyte.Screen(*streams.TUI_SIZE)
    pyte.ByteStream(screen).feed(streams.make_tui_frames(30))
    assert screen.display[0].strip() == "monitor"
    assert "frame 000029" in screen.display[38]
    assert screen.display[39].startswith("> ")
    assert (screen.cursor.x, screen.cursor.y) == (2, 39)
    assert screen.display[streams.LOG_BOTTOM - 1].startswith("000029 ")
    assert screen.display[streams.LOG_BOTTOM - 2].startswith("000028 ")
    assert screen.margins is None
    assert screen.cursor.attrs == screen.default_char
    assert not screen.cursor.hidden


def test_a_stream_is_stored_once_and_named_after_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_BENCH_CACHE", str(tmp_path))
    size = Size(120, 40)
    first = streams.store("some", b"one", size)
    assert first.path.read_bytes() == b"one"
    assert first == streams.store("some", b"one", size)
    assert streams.store("some", b"another", size).path != first.path
    assert len(list((tmp_path / "streams").iterdir())) == 2


def test_whole_streams_are_written() -> None:
    stream = streams.Stream("some", Path("/nowhere"), 30, Size(80, 24))
    assert [stream.repeated_length(asked) for asked in (1, 30, 31, 60)] == [30, 30, 60, 60]
