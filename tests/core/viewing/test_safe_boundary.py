"""Where output may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.viewing.safe_boundary import SEARCH_BYTES, find_safe_boundary


@pytest.mark.parametrize(
    ("data", "index"),
    [
        (b"", 0),
        (b"tail of a line\nnext", 15),
        (b"5;1H\x1b[2Jtext", 4),
        (b"5;1H\x1b[2J\ntext", 9),  # a line feed is better than an escape, wherever it is
        (b"\x96\x87 end", 2),
        (b"plain", 0),
        (b"\x80\x80", 0),
        (b"\n", 1),
    ],
)
def test_choice(data: bytes, index: int) -> None:
    assert find_safe_boundary(data) == index


def test_search_is_bounded() -> None:
    assert find_safe_boundary(b"x" * SEARCH_BYTES + b"\n") == 0


@given(st.text(), st.integers(0, 3))
def test_no_character_is_cut(text: str, cut: int) -> None:
    data = text.encode()[cut:]
    rest = data[find_safe_boundary(data) :]
    # Nothing but a whole character's first byte is at the front, unless there is none at all.
    assert not rest or rest[0] & 0xC0 != 0x80 or all(byte & 0xC0 == 0x80 for byte in data)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert 0 <= find_safe_boundary(memoryview(data)) <= len(data)
