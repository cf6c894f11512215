"""Lines of a growing file, from any byte on."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptyd.conversations import lines as reading
from ptyd.conversations.lines import Stopped, read_lines


def read(path: Path, offset: int = 0) -> list[tuple[bytes, int]]:
    with path.open("rb") as file:
        return list(read_lines(file, offset))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=20),
    st.binary(max_size=10).map(lambda rest: rest.replace(b"\n", b"")),
    st.integers(1, 64),
)
def test_each_whole_line_and_where_it_ends(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], rest: bytes, size: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"".join(line + b"\n" for line in lines) + rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "READ_BYTES", size)
        found = read(path)
        assert [line for line, _ in found] == lines
        for number, (_, end) in enumerate(found):
            assert read(path, end) == found[number + 1 :]


def test_a_line_that_is_too_long_comes_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "READ_BYTES", 16)
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 40)
    path = tmp_path / "file"
    path.write_bytes(b"a\n" + b"x" * 100 + b"\nb\n" + b"y" * 100)
    assert read(path) == [(b"a", 2), (b"", 103), (b"b", 105)]


def test_who_is_told_to_stop_stops(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n")
    with path.open("rb") as file, pytest.raises(Stopped):
        list(read_lines(file, 0, lambda: True))
