"""The detach chord: every encoding of it, any split of the stream, and no key lost when it is none."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.detach_chord import DEFAULT_DETACH_KEYS, ChordDetector, parse_detach_keys

PREFIXES = {
    "legacy": b"\x1c",
    "kitty": b"\x1b[92;5u",
    "kitty with num lock": b"\x1b[92;133u",
    "kitty, Ctrl-4": b"\x1b[52;5u",
    "kitty press event": b"\x1b[92;5:1u",
    "kitty, base layout key": b"\x1b[1101::92;5u",
    "modifyOtherKeys": b"\x1b[27;5;92~",
}
COMMANDS = {
    "legacy": b"d",
    "Ctrl still held": b"\x04",
    "kitty, all keys": b"\x1b[100;1u",
    "kitty, all keys with text": b"\x1b[100;;100u",
    "kitty, Ctrl still held": b"\x1b[100;5u",
    "modifyOtherKeys": b"\x1b[27;5;100~",
}


def make_detector(keys: str = DEFAULT_DETACH_KEYS) -> ChordDetector:
    return ChordDetector(parse_detach_keys(keys))


def feed_all(detector: ChordDetector, pieces: list[bytes]) -> bytes:
    return b"".join(detector.feed(piece) for piece in pieces) + detector.flush_partial()


def split_at(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES.keys())
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_chord_detaches_in_every_encoding_and_split(prefix: bytes, command: bytes) -> None:
    data = b"ls" + prefix + command
    for cut in range(len(data)):
        detector = make_detector()
        forwarded = detector.feed(data[:cut]) + detector.feed(data[cut:])
        assert detector.detached
        assert forwarded == b"ls"


def test_key_releases_and_modifiers_between_do_not_break_the_chord() -> None:
    detector = make_detector()
    data = b"\x1b[57442;5u" + b"\x1b[92;5u\x1b[92;5:3u\x1b[57442;1:3u" + b"\x1b[100u"
    assert detector.feed(data) == b"\x1b[57442;5u"
    assert detector.detached


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES.keys())
def test_prefix_twice_sends_it_once(prefix: bytes) -> None:
    detector = make_detector()
    assert detector.feed(prefix) == b""
    assert detector.feed(prefix) == prefix
    assert detector.feed(b"d") == b"d"
    assert not detector.detached


def test_prefix_twice_with_releases_sends_the_second_press() -> None:
    detector = make_detector()
    data = b"\x1b[57442;5u\x1b[92;5u\x1b[92;5:3u\x1b[92;5u\x1b[92;5:3u"
    assert detector.feed(data) == b"\x1b[57442;5u\x1b[92;5u\x1b[92;5:3u"


def test_vims_own_use_of_the_prefix_passes_through() -> None:
    detector = make_detector()
    assert detector.feed(b"\x1c") == b""
    assert detector.feed(b"\x0e") == b"\x1c\x0e"
    assert detector.feed(b"d") == b"d"
    assert not detector.detached


def test_focus_mouse_and_replies_neither_wait_nor_break_the_chord() -> None:
    detector = make_detector()
    reports = b"\x1b[I\x1b[<0;10;10M\x1b[?62;22c\x1b[24;80R"
    assert detector.feed(b"\x1c" + reports) == reports
    assert detector.feed(b"d") == b""
    assert detector.detached


def test_nothing_is_forwarded_after_the_chord() -> None:
    detector = make_detector()
    assert detector.feed(b"\x1cdrm -rf x\r") == b""
    assert detector.feed(b"more") == b""


@pytest.mark.parametrize("cut", range(1, 8))
def test_chord_inside_a_bracketed_paste_is_text(cut: int) -> None:
    detector = make_detector()
    paste = b"\x1b[200~a\x1cd b\x1b[92;5ud\x1b[201~"
    pieces = [paste[i : i + cut] for i in range(0, len(paste), cut)]
    assert b"".join(map(detector.feed, pieces)) == paste
    assert not detector.detached
    assert detector.feed(b"\x1cd") == b""
    assert detector.detached


def test_lone_escape_is_partial_until_flushed() -> None:
    detector = make_detector()
    assert detector.feed(b"a\x1b") == b"a"
    assert detector.partial == b"\x1b"
    assert detector.flush_partial() == b"\x1b"
    assert detector.partial == b""


def test_escape_after_the_prefix_sends_both() -> None:
    detector = make_detector()
    assert detector.feed(b"\x1c\x1b") == b""
    assert detector.flush_partial() == b"\x1c\x1b"
    assert detector.feed(b"d") == b"d"


def test_x10_mouse_report_with_the_prefix_byte_in_it_is_one_token() -> None:
    detector = make_detector()
    report = b"\x1b[M\x20\x1cd"
    assert detector.feed(report) == report
    assert not detector.detached


def test_none_switches_it_off() -> None:
    detector = make_detector("none")
    assert detector.feed(b"\x1cd") == b"\x1cd"
    assert not detector.detached


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("^A d", b"\x01d"),
        ("C-a C-a", None),
        ("C-Space q", b"\x00q"),
        ("C-] .", b"\x1d."),
        ("c-^ D", b"\x1ed"),
        ("d d", None),
        ("C-a", None),
        ("C-[ d", None),
        ("C-é d", None),
        ("C-a Enter", None),
        ("", None),
    ],
)
def test_configured_keys(text: str, chord: bytes | None) -> None:
    if chord is None:
        with pytest.raises(ValueError):
            parse_detach_keys(text)
        return
    detector = make_detector(text)
    assert detector.feed(b"x" + chord) == b"x"
    assert detector.detached


def test_kitty_form_of_a_letter_prefix() -> None:
    detector = make_detector("C-a d")
    assert detector.feed(b"\x1b[97;5ud") == b""
    assert detector.detached


def test_alt_with_the_prefix_is_another_key() -> None:
    detector = make_detector()
    assert detector.feed(b"\x1b[92;7ud") == b"\x1b[92;7ud"


KEYS = st.sampled_from(
    [
        *PREFIXES.values(),
        *COMMANDS.values(),
        *(b"a", "é".encode(), b"\r", b"\x1b[A", b"\x1bOP", b"\x1b[I", b"\x1b[92;5:3u"),
        *(b"\x1b[200~", b"\x1b[201~", b"\x1b[<0;3;4M", b"\x1b]11;rgb:0/0/0\x1b\\"),
    ]
)


@given(st.lists(KEYS, max_size=12), st.lists(st.integers(min_value=0, max_value=500), max_size=8))
def test_any_split_gives_the_same(keys: list[bytes], cuts: list[int]) -> None:
    data = b"".join(keys)
    whole, split = make_detector(), make_detector()
    assert feed_all(whole, [data]) == feed_all(split, split_at(data, cuts))
    assert whole.detached == split.detached


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0, max_value=500), max_size=8))
def test_without_the_prefix_every_byte_passes(data: bytes, cuts: list[int]) -> None:
    detector = make_detector("C-\\ d")
    data = data.replace(b"\x1c", b"")
    forwarded = feed_all(detector, split_at(data, cuts))
    assert detector.detached or b"u" in data or b"~" in data or forwarded == data
