"""The file of a session's times."""

import os
from pathlib import Path

import pytest

from ptyd.core.log.time_index import Entry, IndexDamaged, Kind
from ptyd.edge.files import time_file
from ptyd.edge.files.time_file import TimeFile, read_index

T0 = 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "0000000a.times"
    TimeFile.create(path, 0, T0, (80, 24))
    return path


def open_times(path: Path, head: int = 0, keep_from: int = 0) -> TimeFile:
    return TimeFile(path, head, lambda: keep_from)


def rows(path: Path) -> list[tuple[Kind, int, int]]:
    return [(entry.kind, entry.offset, entry.at_ms) for entry in read_index(path)[0]]


def test_it_is_ours_alone(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert rows(path) == [(Kind.SIZE, 0, T0)]


def test_output_is_noted_where_it_began_and_not_too_often(path: Path) -> None:
    times = open_times(path)
    times.note_output(10, T0)
    times.note_output(20, T0 + 9)
    times.note_output(30, T0 + 10)
    times.note_output(40, T0 + 5)  # the clock was put back
    times.close()
    assert rows(path)[1:] == [(Kind.TIME, 0, T0), (Kind.TIME, 20, T0 + 10), (Kind.TIME, 30, T0 + 5)]


def test_events(path: Path) -> None:
    times = open_times(path)
    told: list[Entry] = []
    times.on_entry = told.append
    times.note_output(10, T0)
    times.note_size(100, 30, T0 + 1)
    times.note_mark("grüße", T0 + 2)
    times.note_input(b"x" * 10_000, T0 + 3)
    times.close()
    entries = read_index(path)[0]
    assert told == entries[1:]
    assert [entry.number for entry in entries] == [0, 1, 1, 2, 3, 4, 5]
    assert b"".join(entry.payload for entry in entries[4:]) == b"x" * 10_000
    again = open_times(path, 10)
    assert again.last_size == (100, 30)
    again.note_mark("more", T0 + 4)
    again.close()
    assert read_index(path)[0][-1].number == 6


def test_an_unfinished_record_is_cut_off(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"unfinished")
    times = open_times(path)
    times.note_output(5, T0 + 50)
    times.close()
    assert rows(path) == [(Kind.SIZE, 0, T0), (Kind.TIME, 0, T0 + 50)]


def test_the_index_of_another_log_is_refused(path: Path) -> None:
    times = open_times(path)
    times.note_output(5, T0)
    times.note_output(500, T0 + 50)
    times.note_mark("", T0 + 60)
    times.close()
    with pytest.raises(IndexDamaged):
        open_times(path, 499)


def test_it_does_not_grow_without_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_file, "MAX_INDEX_BYTES", 4096)
    times = open_times(path, keep_from=1000)
    lengths = []
    for at in range(2000):
        times.note_output(at + 1, T0 + 20 * at)
        lengths.append(path.stat().st_size)
    times.close()
    assert max(lengths) <= 4096 + 16
    entries = rows(path)
    assert entries[0][0] is Kind.SIZE
    assert entries[-1] == (Kind.TIME, 1999, T0 + 20 * 1999)
    kept = [offset for kind, offset, _ in entries if kind is Kind.TIME]
    assert kept == sorted(kept) and kept[0] <= 1000
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_costs_times_and_nothing_else(path: Path) -> None:
    times = open_times(path)
    full = os.open("/dev/full", os.O_WRONLY)
    broken = times._fd
    times._fd = full
    os.close(broken)
    length = path.stat().st_size
    times.note_output(5, T0)
    times.note_output(9, T0 + 100)
    times.close()
    assert path.stat().st_size == length
