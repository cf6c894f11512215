"""The player's keys, in every way in which a terminal may send them."""

import pytest
from ptyd_cli.player.keys import KeyReader, Wish


@pytest.mark.parametrize(
    ("typed", "wishes"),
    [
        (b" ", [Wish.PAUSE]),
        (b"<>-+", [Wish.SLOWER, Wish.FASTER, Wish.SLOWER, Wish.FASTER]),
        (b".m", [Wish.STEP, Wish.MARKER]),
        (b"q", [Wish.QUIT]),
        (b"\x03", [Wish.QUIT]),
        (b"\x1b[D\x1b[C", [Wish.BACK, Wish.FORWARD]),
        (b"\x1bOD\x1bOC", [Wish.BACK, Wish.FORWARD]),
        (b"\x1b[1;1:1D\x1b[1;1:3D\x1b[1;2C", [Wish.BACK, Wish.FORWARD]),
        (b"\x1b[113u\x1b[32;1:3u\x1b[99;5u\x1b[109;1u", [Wish.QUIT, Wish.QUIT, Wish.MARKER]),
        (b"xyz\x1b[A\x1b[15~\xc3\xbc", []),
        (b"\x1b[<0;10;5M\x1b[<0;10;5m\x1b[Mq q\x1b[I\x1b[O", []),
        (b"\x1b[?62;22c\x1b[1;1R\x1b]11;rgb:0/0/0\x1b\\"[:17], []),
    ],
)
def test_keys(typed: bytes, wishes: list[Wish]) -> None:
    assert KeyReader().feed(typed) == wishes


@pytest.mark.parametrize("sequence", [b"\x1b[D", b"\x1bOD", b"\x1b[1;1:1D", b"\x1b[Mq q "])
def test_sequences_in_pieces(sequence: bytes) -> None:
    whole = KeyReader().feed(sequence)
    for cut in range(1, len(sequence)):
        reader = KeyReader()
        assert reader.feed(sequence[:cut]) + reader.feed(sequence[cut:]) == whole
