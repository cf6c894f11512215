"""Streams that programs write, and broken ones, for hypothesis."""

from hypothesis import strategies as st

COUNTS = st.one_of(st.just(b""), st.integers(0, 12).map(lambda count: b"%d" % count), st.sampled_from([b"50", b"999"]))
TEXTS = st.one_of(
    st.sampled_from(["a", "hello ", "  ", "word word word ", "x" * 15, "0123456789" * 3]),
    st.sampled_from(
        ["é", "e\u0301", "日本", "語", "한국", "🎉", "👩\u200d👧", "🇩🇪", "❤\ufe0f", "✈", "\u0301", "ﬁ", "─│┌"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6),
).map(str.encode)
CONTROLS = st.sampled_from([b"\r", b"\n", b"\r\n", b"\b", b"\t", b"\x0b", b"\x0e", b"\x0f", b"\x07", b"\x18", b"\x00"])
ESCAPES = st.sampled_from(
    [
        b"\x1b" + tail
        for tail in (*(bytes([byte]) for byte in b"78DEMH=>NOnoVW}~|"), b"#8", b"(0", b"(B", b")0", b"*A", b"+0")
    ]
)
COLOURS = st.one_of(
    st.integers(30, 37),
    st.integers(40, 47),
    st.integers(90, 107),
    st.sampled_from([0, 1, 2, 3, 4, 5, 7, 8, 9, 21, 22, 24, 27, 39, 49, 53, 59]),
).map(lambda number: b"%d" % number)
SGR = st.lists(
    st.one_of(
        COLOURS,
        st.sampled_from([b"38;5;200", b"48;5;3", b"48;2;1;2;3", b"38;2;9;8;7", b"4:3", b"58:5:3", b"58:2::1:2:3"]),
    ),
    max_size=3,
).map(lambda parameters: b"\x1b[" + b";".join(parameters) + b"m")
MOVES = st.builds(
    lambda count, other, final: (
        b"\x1b[%s;%s%c" % (count, other, final) if final in b"Hrf" else b"\x1b[%s%c" % (count, final)
    ),
    COUNTS,
    COUNTS,
    st.sampled_from(b"ABCDEFGHIZ`adefrHHHH"),
)
EDITS = st.builds(lambda count, final: b"\x1b[%s%c" % (count, final), COUNTS, st.sampled_from(b"@LMPSTXb"))
ERASES = st.sampled_from(
    [b"\x1b[%s%d%s" % (mark, n, f) for mark in (b"", b"?") for n in (0, 1, 2) for f in (b"J", b"K")] + [b"\x1b[3J"]
)
MODE_NUMBERS = (1, 3, 5, 6, 7, 9, 12, 25, 40, 45, 47, 66, 67, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016)
MORE_MODES = (1035, 1036, 1039, 1045, 1047, 1048, 1049, 1049, 2004, 2026, 2027, 2031)
MODES = st.one_of(
    st.builds(
        lambda number, final: b"\x1b[?%d%c" % (number, final),
        st.sampled_from(MODE_NUMBERS + MORE_MODES),
        st.sampled_from(b"hhhllrs"),
    ),
    st.builds(lambda number, final: b"\x1b[%d%c" % (number, final), st.sampled_from([4, 20]), st.sampled_from(b"hl")),
)
OTHERS = st.sampled_from(
    [
        *(b"\x1b[%d q" % shape for shape in range(7)),
        *(b"\x1b[>%du" % flags for flags in (0, 1, 5, 31)),
        *(b"\x1b[<%du" % count for count in (1, 2, 9)),
        b"\x1b[=3;1u",
        b"\x1b[=4;2u",
        b"\x1b[>4;2m",
        b"\x1b[>4m",
        b'\x1b[1"q',
        b'\x1b[0"q',
        b"\x1b[3;15s",
        b"\x1b[s",
        b"\x1b[u",
        b"\x1b[g",
        b"\x1b[3g",
        b"\x1b[?5W",
        b"\x1b[!p",
        b"\x1b[c",
        b"\x1b[6n",
    ]
)
STRINGS = st.sampled_from(
    [
        b"\x1b]0;title\x07",
        "\x1b]2;Tïtle\x1b\\".encode(),
        b"\x1b]2;\x07",
        b"\x1b]7;file:///tmp\x07",
        b"\x1b]8;;http://a/\x1b\\",
        b"\x1b]8;id=x;http://b/;c\x07",
        b"\x1b]8;;\x1b\\",
        b"\x1b]4;1;#010203\x07",
        b"\x1b]104;1\x07",
        b"\x1b]104\x07",
        b"\x1b]10;#ff0000\x07",
        b"\x1b]11;rgb:00/ff/00\x1b\\",
        b"\x1b]12;blue\x07",
        b"\x1b]110\x07",
        b"\x1b]112\x07",
        b"\x1bP$qm\x1b\\",
        b"\x1b_ignored\x1b\\",
        b"\x1b^also\x1b\\",
    ]
)
RARE = st.sampled_from([b"\x1bc", b"\x1b#8", b"\x1b[?1049h", b"\x1b[?1049l"])
BROKEN = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"\x1b", b"\x1b[", b"\x1b[3", b"\x1b[38;2;1", b"\x1b]2;half", b"\x1bP", b"\xe6\x97", b"\xf0\x9f\x8e", b"\xff"]
    ),
)
PIECES = st.one_of(
    TEXTS,
    TEXTS,
    TEXTS,
    CONTROLS,
    CONTROLS,
    ESCAPES,
    SGR,
    SGR,
    MOVES,
    EDITS,
    ERASES,
    MODES,
    OTHERS,
    STRINGS,
    RARE,
    BROKEN,
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)
SIZES = st.tuples(st.integers(2, 30), st.integers(1, 8))  # in one column the library drops wide characters
STEPS = st.lists(st.one_of(STREAMS, STREAMS, SIZES), min_size=1, max_size=5)
"""Output and changes of size, (cols, rows)."""
