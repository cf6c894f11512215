"""Each accessor of the library's raw layer: these tests say when a newer library has moved."""

import pytest

from ptyd.engine.raw import Answers, LibraryRefused, RawTerminal, Stopped, library_version
from ptyd.engine.state import MAGIC, MODES, read_state


def make(cols: int = 20, rows: int = 4) -> RawTerminal:
    terminal = RawTerminal.create(cols, rows, Answers(version=b"test 1", cell_width=7, cell_height=9, dark=False))
    terminal.set_continuation_max_bytes(1000)
    return terminal


def ask(terminal: RawTerminal, question: bytes) -> bytes:
    terminal.feed(question)
    return terminal.take_replies()


def test_the_library_has_a_version() -> None:
    assert library_version()[0].isdigit()


def test_size_and_title_and_scrollback() -> None:
    terminal = make()
    assert (terminal.cols, terminal.rows, terminal.scrollback_rows, terminal.title) == (20, 4, 0, b"")
    terminal.feed(b"\x1b]2;hello\x07" + b"\r\n" * 10)
    assert (terminal.scrollback_rows, terminal.title) == (7, b"hello")
    terminal.resize(30, 5)
    assert (terminal.cols, terminal.rows) == (30, 5)


def test_every_callback_answers() -> None:
    terminal = make()
    assert ask(terminal, b"\x1b[16t") == b"\x1b[6;9;7t"
    assert ask(terminal, b"\x1b[18t") == b"\x1b[8;4;20t"
    assert ask(terminal, b"\x1b[?996n") == b"\x1b[?997;2n"
    assert ask(terminal, b"\x1b[>q") == b"\x1bP>|test 1\x1b\\"
    assert ask(terminal, b"\x1b[c\x1b[>c\x1b[=c") == b"\x1b[?62;22c\x1b[>1;10;0c\x1bP!|00000000\x1b\\"


def test_every_colour_is_set() -> None:
    terminal = make()
    terminal.set_foreground(0x010203)
    terminal.set_background(0x040506)
    terminal.set_cursor_colour(0x070809)
    terminal.set_palette([0x0A0B0C, 0x0D0E0F])
    assert ask(terminal, b"\x1b]10;?\x07") == b"\x1b]10;rgb:0101/0202/0303\x07"
    assert ask(terminal, b"\x1b]11;?\x07") == b"\x1b]11;rgb:0404/0505/0606\x07"
    assert ask(terminal, b"\x1b]12;?\x07") == b"\x1b]12;rgb:0707/0808/0909\x07"
    assert ask(terminal, b"\x1b]4;1;?\x07") == b"\x1b]4;1;rgb:0d0d/0e0e/0f0f\x07"
    terminal.set_cursor_colour(None)
    assert ask(terminal, b"\x1b]12;?\x07") == b"\x1b]12;rgb:0101/0202/0303\x07"


def test_the_terminfo_name_is_set() -> None:
    terminal = make()
    terminal.set_terminfo_name(b"vt100")
    assert ask(terminal, b"\x1bP+q544e\x1b\\") == b"\x1bP1+r544E=7674313030\x1b\\"


def test_images_can_be_refused() -> None:
    terminal = make()
    terminal.set_kitty_image_limit(0)
    assert ask(terminal, b"\x1b_Gi=1,a=q,s=1,v=1,f=24;AAAA\x1b\\") == b""


def test_the_scrollback_is_limited() -> None:
    terminal = make()
    terminal.set_scrollback(0, 0)
    terminal.feed(b"\r\n" * 100)
    assert terminal.scrollback_rows == 0


def test_rows_are_formatted() -> None:
    terminal = make()
    terminal.feed(b"old\r\n\x1b[31mred\x1b[0m" + b"x" * 20 + b"\r\n\r\n\r\nend")
    assert terminal.scrollback_rows == 2
    assert terminal.format_rows(0, 0, "text", join=False, trim=False) == b"old"
    assert terminal.format_rows(1, 2, "vt", join=True, trim=False) == b"\x1b[0m\x1b[38;5;1mred\x1b[0m" + b"x" * 20
    assert b"<div" in terminal.format_rows(1, 1, "html", join=True, trim=False)


def test_a_snapshot_is_encoded_and_decoded() -> None:
    terminal = make()
    terminal.feed(b"hello\x1b[3")
    pieces: list[bytes] = []
    assert terminal.encode(pieces.append)
    other = RawTerminal.decode(b"".join(pieces), Answers(), 1000)
    other.feed(b"1m!")
    assert other.format_rows(0, 0, "vt", join=False, trim=False) == b"hello\x1b[0m\x1b[38;5;1m!\x1b[0m"
    with pytest.raises(LibraryRefused):
        RawTerminal.decode(b"".join(pieces)[:-20], Answers(), 1000)


def test_encoding_can_be_stopped() -> None:
    pieces: list[bytes] = []

    def take(piece: bytes) -> None:
        pieces.append(piece)
        raise Stopped

    assert make().encode(take)
    assert pieces[0].startswith(MAGIC) and len(pieces) == 1


def test_a_sequence_longer_than_the_limit_is_not_encoded() -> None:
    terminal = make()
    terminal.feed(b"\x1b]2;" + b"x" * 2000)
    assert not terminal.encode(lambda piece: None)


def test_compressing_changes_nothing() -> None:
    terminal = make()
    terminal.feed(b"line\r\n" * 1000)
    before = terminal.format_rows(0, 900, "text", join=False, trim=False)
    terminal.compress()
    assert terminal.format_rows(0, 900, "text", join=False, trim=False) == before


@pytest.mark.parametrize(("number", "ansi"), MODES)
def test_each_mode_has_the_bit_that_is_read(number: int, ansi: bool) -> None:
    if number in (1048, 5522):
        pytest.skip("an action; not in this library")
    name = f"\x1b[{'' if ansi else '?'}{number}".encode()
    for letter, is_set in ((b"h", True), (b"l", False)):
        terminal = make()
        if number == 3:
            terminal.feed(b"\x1b[?40h")
        terminal.feed(name + letter)
        state = read_state(terminal, 0)
        assert state is not None and state.mode(number, ansi) == is_set


def test_hidden_state_is_read() -> None:
    terminal = make()
    terminal.feed(b"main\x1b[2;3H\x1b[31m\x1b7\x1b[>5u\x1b[3g\x1b[1;6H\x1bH\x1b)0\x0e\x1b[2;3r")
    terminal.feed(b"\x1b[?1049h\x1b[>1u\x1b]7;file:///x\x07")
    state = read_state(terminal, -1)
    assert state is not None
    assert (state.top, state.bottom, state.tab_stops, state.working_directory) == (1, 2, [5], b"file:///x")
    main, alternate = state.screens[0], state.screens[1]
    assert state.active == alternate.key == 1
    assert main.rows[0].plain_text() == "main"
    assert main.saved_cursor is not None and main.saved_cursor.pen[:2] == b"\x01\x01"
    assert main.keyboard_stack[main.keyboard_index] == 5 and alternate.keyboard_stack[alternate.keyboard_index] == 1
    assert alternate.cursor.charsets.sets[1] == 3 and alternate.cursor.charsets.left == 1
