"""The query filter: every question goes, nothing else changes, whatever the pieces are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.query_filter import MAX_HELD_BYTES, QueryFilter

QUESTIONS = {
    "DA1": b"\x1b[c",
    "DA1 with 0": b"\x1b[0c",
    "DA2": b"\x1b[>c",
    "DA2 with 0": b"\x1b[>0c",
    "DA3": b"\x1b[=c",
    "DECID": b"\x1bZ",
    "ENQ": b"\x05",
    "status": b"\x1b[5n",
    "cursor": b"\x1b[6n",
    "DECXCPR": b"\x1b[?6n",
    "colour scheme": b"\x1b[?996n",
    "DECRQM": b"\x1b[?2026$p",
    "DECRQM ansi": b"\x1b[4$p",
    "XTVERSION": b"\x1b[>q",
    "XTVERSION with 0": b"\x1b[>0q",
    "kitty keyboard": b"\x1b[?u",
    "DECREQTPARM": b"\x1b[x",
    "window size": b"\x1b[18t",
    "cell size": b"\x1b[16t",
    "pixel size": b"\x1b[14;2t",
    "title report": b"\x1b[21t",
    "XTQMODKEYS": b"\x1b[?4m",
    "XTSMGRAPHICS": b"\x1b[?2;1;0S",
    "checksum": b"\x1b[1;1;1;1;2;2*y",
    "DECRQSS": b"\x1bP$qm\x1b\\",
    "XTGETTCAP": b"\x1bP+q544e\x1b\\",
    "foreground": b"\x1b]10;?\x07",
    "background, ST": b"\x1b]11;?\x1b\\",
    "cursor colour": b"\x1b]12;?\x07",
    "both colours": b"\x1b]10;?;?\x07",
    "palette": b"\x1b]4;1;?\x07",
    "clipboard": b"\x1b]52;c;?\x07",
    "kitty colours": b"\x1b]21;foreground=?\x1b\\",
    "Claude Code's status": b"\x1b]7501;?\x1b\\",
    "iTerm2 cell size": b"\x1b]1337;ReportCellSize\x07",
    "kitty graphics": b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
    "cursor, through a tmux": b"\x1bPtmux;\x1b\x1b[6n\x1b\x1b]11;?\x07\x1b\x1b\\\x1b\\",
    "cursor, through a tmux, cut off": b"\x1bPtmux;\x1b\x1b[6n\x1b[6n",
    "8-bit cursor": b"\xc2\x9b6n",
    "8-bit background": b"\xc2\x9d11;?\xc2\x9c",
}
KEPT = {
    "text": "naïve · plain\r\n".encode(),
    "colour": b"\x1b[1;38;5;196mred\x1b[m",
    "modes": b"\x1b[?1049h\x1b[?25l\x1b[?2004h",
    "kitty push": b"\x1b[>1u",
    "kitty pop": b"\x1b[<u",
    "kitty set": b"\x1b[=5;1u",
    "modifyOtherKeys": b"\x1b[>4;2m",
    "modifyOtherKeys off": b"\x1b[>4n",
    "cursor shape": b"\x1b[3 q",
    "restore cursor": b"\x1b[u",
    "region": b"\x1b[1;20r",
    "title": b"\x1b]0;is it 10;?\x07",
    "link": b"\x1b]8;;http://x/?\x1b\\x\x1b]8;;\x1b\\",
    "set background": b"\x1b]11;rgb:00/00/00\x07",
    "set clipboard": b"\x1b]52;c;aGk=\x07",
    "title stack": b"\x1b[22;0t\x1b[23;0t",
    "soft reset": b"\x1b[!p",
    "save modes": b"\x1b[?1049s",
    "fill": b"\x1b[65;1;1;2;2$x",
    "charset": b"\x1b(0lqk\x1b(B",
    "sixel": b"\x1bPq#0;2;0;0;0~~\x1b\\",
    "APC of others": b"\x1b_hello\x1b\\",
    "two links": b"\x1b]8;id=1;http://x\x07x\x1b]8;;\x07\x1b]133;A\x07",
    "DCS that begins like tmux's": b"\x1bPtm\x1b\\",
    "end of no string": b"a\x1b\\b",
    "broken CSI": b"\x1b[12\x1b[1m",
    "cancelled CSI": b"\x1b[6\x18n",
    "two escapes": b"\x1b\x1b",
}


def split_at(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_question_goes_in_any_two_pieces(question: bytes) -> None:
    data = b"a" + question + b"b"
    for cut in range(len(data) + 1):
        query_filter = QueryFilter()
        assert query_filter.feed(data[:cut]) + query_filter.feed(data[cut:]) == b"ab"


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_everything_else_stays_in_any_two_pieces(kept: bytes) -> None:
    data = b"a" + kept + b"b"
    for cut in range(len(data) + 1):
        query_filter = QueryFilter()
        assert query_filter.feed(data[:cut]) + query_filter.feed(data[cut:]) == data


def test_only_titles_that_were_pushed_are_popped() -> None:
    query_filter = QueryFilter()
    assert query_filter.feed(b"\x1b[23;2t\x1b[22;0t\x1b[22;0;0t\x1b[23;0") == b"\x1b[22;0t\x1b[22;0;0t"
    assert query_filter.feed(b"t\x1b[23t\x1b[23;0tx") == b"\x1b[23;0t\x1b[23tx"
    query_filter.feed(b"\x1b[22;0t")
    query_filter.reset()
    assert query_filter.feed(b"\x1b[23;0tx") == b"x"


def test_controls_inside_a_question_still_happen() -> None:
    assert QueryFilter().feed(b"a\x1b[6\nnb") == b"a\nb"


def test_replayed_pictures_are_told_not_to_answer() -> None:
    sent = b"\x1b_Ga=T,f=100,i=7,q=0;AAAA\x1b\\"
    assert QueryFilter().feed(sent) == b"\x1b_Ga=T,f=100,i=7,q=2;AAAA\x1b\\"


def test_a_graphics_query_of_any_length_is_dropped_in_any_pieces() -> None:
    query = b"\x1b_Ga=q,i=1;" + b"A" * (2 * MAX_HELD_BYTES) + b"\x1b\\"
    query_filter = QueryFilter()
    data = b"x" + query + b"y"
    assert b"".join(query_filter.feed(data[i : i + 7]) for i in range(0, len(data), 7)) == b"xy"


def test_a_long_string_is_not_held_back() -> None:
    query_filter = QueryFilter()
    start = b"\x1b]52;c;" + b"A" * MAX_HELD_BYTES
    assert query_filter.feed(start) == start
    assert query_filter.feed(b"AA\x07") == b"AA\x07"


def test_passing_lets_questions_through_and_hands_out_what_was_held() -> None:
    query_filter = QueryFilter()
    assert query_filter.feed(b"x\x1b[6") == b"x"
    query_filter.passing = True
    assert query_filter.feed(b"n\x1b[c") == b"\x1b[6n\x1b[c"


def test_reset_forgets_the_beginning() -> None:
    query_filter = QueryFilter()
    query_filter.feed(b"\x1b[6")
    query_filter.reset()
    assert query_filter.feed(b"n") == b"n"


PIECES = st.one_of(
    st.sampled_from([*QUESTIONS.values(), *KEPT.values()]),
    st.binary(max_size=6),
    st.sampled_from([b"\x1b", b"[", b"]", b"P", b"_G", b"\\", b"\x07", b"\xc2", b"\x9b", b"?", b";", b"a=q", b"6n"]),
    st.just(b"\x1b]11;" + b"z" * MAX_HELD_BYTES),
)


@given(st.lists(PIECES, max_size=12), st.lists(st.integers(min_value=0, max_value=9000), max_size=10))
def test_any_split_gives_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces) + b"\x1b\\end"
    whole, split = QueryFilter(), QueryFilter()
    assert whole.feed(data) == b"".join(split.feed(piece) for piece in split_at(data, cuts))


@given(st.lists(st.sampled_from(list(KEPT.values())[:-4]), max_size=12))
def test_nothing_without_a_question_changes(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert QueryFilter().feed(data) == data


@given(st.lists(st.sampled_from(list(QUESTIONS.values())), max_size=12))
def test_filtering_again_changes_nothing(pieces: list[bytes]) -> None:
    assert QueryFilter().feed(b"|".join(pieces)) == b"|" * max(len(pieces) - 1, 0)
