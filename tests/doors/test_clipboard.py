"""A program's hand on the clipboard of whoever attaches with a terminal. (The web client's: test_page.py.)"""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_cli.attach.clipboard_filter import ClipboardFilter

from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest, running_ptyd

COPIES = {
    "OSC 52": b"\x1b]52;c;ZXZpbA==\x07",
    "OSC 52 to the selection": b"\x1b]52;p;ZXZpbA==\x1b\\",
    "OSC 52 that clears": b"\x1b]52;c;\x07",
    "leading zeros": b"\x1b]00052;c;ZXZpbA==\x07",
    "controls in the number": b"\x1b]5\x002\x01;c;ZXZpbA==\x07",
    "controls in the introducer": b"\x1b\x00\n]52;c;ZXZpbA==\x07",
    "8-bit": b"\xc2\x9d52;c;ZXZpbA==\xc2\x9c",
    "cut off": b"\x1b]52;c;ZXZpbA==\x1b[1m",
    "cancelled": b"\x1b]52;c;ZXZpbA==\x18",
    "long": b"\x1b]52;c;" + b"QUFB" * 5000 + b"\x07",
    "question": b"\x1b]52;c;?\x07",
    "kitty": b"\x1b]5522;type=write:id=1\x1b\\",
    "iTerm2": b"\x1b]1337;Copy=:ZXZpbA==\x07",
    "iTerm2's two parts": b"\x1b]1337;CopyToClipboard=general\x07",
    "within tmux's passthrough": b"\x1b\x1b]52;c;ZXZpbA==\x07",
}
OTHERS = [
    b"text",
    b"\x1b]0;52;c;title\x07",
    b"\x1b]2;a title\x1b\\",
    b"\x1b]8;;http://x/\x1b\\x\x1b]8;;\x1b\\",
    b"\x1b]520;x\x07",
    b"\x1b]5;1;?\x07",
    b"\x1b]133;A\x07",
    b"\x1b]1337;SetMark\x07",
    b"\x1b]1337;CurrentDir=/\x07",
    b"\x1b[52;1H",
    "naïve ".encode(),
    b"\x1bP+q544e\x1b\\",
    b"\x1b]\x07",
]


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES.keys())
def test_nothing_is_left_of_it_in_any_two_pieces(copy: bytes) -> None:
    for cut in range(0, len(copy) + 1, 1 + len(copy) // 500):
        clipboard = ClipboardFilter()
        left = clipboard.feed(b"a" + copy[:cut]) + clipboard.feed(copy[cut:] + b"b\x1b\\")
        assert b"ZXZ" not in left and b"QUFB" not in left and b"52" not in left.replace(b"[52", b""), cut
        assert clipboard.attempts == 1
        assert left.startswith(b"a")
        assert b"b" in left


@given(st.lists(st.sampled_from(OTHERS), max_size=8), st.lists(st.integers(0, 200), max_size=6))
def test_everything_else_stays_in_any_pieces(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces) + b"end"
    clipboard = ClipboardFilter()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[one:other] for one, other in pairwise(places)]
    assert b"".join(clipboard.feed(part) for part in parts) == data
    assert clipboard.attempts == 0


@given(
    st.lists(st.sampled_from([*OTHERS, *COPIES.values(), b"\x1b", b"]", b"5", b"2;", b"\xc2"]), max_size=8),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_any_split_gives_the_same(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces) + b"\x1b\\end"
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    split = ClipboardFilter()
    whole = ClipboardFilter()
    parts = [data[one:other] for one, other in pairwise(places)]
    assert b"".join(split.feed(part) for part in parts) == whole.feed(data)


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


COMMAND = r"echo ready; read x; printf '\033]52;c;ZXZpbA==\007'; echo said-$((1+1)); read x"
"""What was printed before somebody attached comes as a screen, which fills no clipboard."""


@pytest.mark.parametrize(
    ("options", "env", "may"),
    [
        ((), {}, False),
        (("--clipboard", "refuse"), {"PTYD_CLIPBOARD": "allow"}, False),
        (("--clipboard", "allow"), {}, True),
        ((), {"PTYD_CLIPBOARD": "allow"}, True),
    ],
)
def test_attach_asks_the_settings(
    ptyd: PtydUnderTest, options: tuple[str, ...], env: dict[str, str], may: bool
) -> None:
    with Outer(["new", *options, "--", "sh", "-c", COMMAND], {**ptyd.env, **env}, cols=80, rows=24) as outer:
        outer.wait_for_text("ready")
        outer.type("\r")
        outer.wait_for_text("said-2")
        if not may:
            outer.terminal.wait_for(lambda _: b"--clipboard=allow" in outer.terminal.raw, "the hint")
        assert (b"ZXZpbA==" in outer.terminal.raw) is may
        outer.type("\r")
        assert outer.check_restored() == 0


def test_the_file_is_asked_last(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / ".config" / "ptyd" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[cli]\nclipboard = "sometimes"\n')
    refused = ptyd.cli("attach", "x")
    assert refused.returncode == 2
    assert "[cli] clipboard: 'sometimes' is neither of refuse and allow" in refused.stderr
    path.unlink()
