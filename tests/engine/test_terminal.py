"""The engine as the daemon uses it."""

import pytest
from ptyd_protocol.messages import Appearance

from ptyd.core.screen.engine import EngineStateDamaged
from ptyd.engine.terminal import CONTINUATION_MAX_BYTES, GhosttyEngineMaker

MAKER = GhosttyEngineMaker()


def test_a_snapshot_rebuilds_screen_and_scrollback() -> None:
    engine = MAKER.create(40, 5, 1000)
    for number in range(20):
        engine.feed(b"\x1b[3%dmline %d\x1b[0m\r\n" % (number % 8, number))
    other = MAKER.create(40, 5, 1000)
    other.feed(engine.snapshot(-1))
    assert other.grid(-1) == engine.grid(-1)
    assert other.text(-1) == "".join(f"line {number}\n" for number in range(20)) + "\n"


def test_a_snapshot_has_as_much_scrollback_as_was_asked_for() -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.feed(b"".join(b"line %d\r\n" % number for number in range(100)))
    other = MAKER.create(40, 5, 1000)
    other.feed(engine.snapshot(10))
    assert other.text(-1).splitlines()[0] == "line 86"
    assert other.text(0) == engine.text(0)


def test_the_title_is_what_the_program_said_last() -> None:
    engine = MAKER.create(40, 5, 1000)
    assert engine.title == ""
    engine.feed("\x1b]0;first\x07\x1b]2;zweiter Titel ü\x1b\\".encode())
    assert engine.title == "zweiter Titel ü"


@pytest.mark.parametrize(("cols", "lines"), [(10, 100), (40, 1000), (80, 2000), (200, 10_000)])
def test_as_many_lines_are_kept_as_was_said(cols: int, lines: int) -> None:
    engine = MAKER.create(cols, 24, lines)
    line = b"\x1b[31m" + b"x" * (cols - 1) + b"\x1b[0m\r\n"
    engine.feed(line * lines)
    for _ in range(8):
        engine.feed(line * 150)
        assert engine.snapshot(lines).count(b"\r\n") == lines + 23


def test_a_saved_state_lives_on_where_it_was_cut() -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.feed(b"one\r\ntwo\x1b[3")
    restored = MAKER.restore(engine.save())
    for terminal in (engine, restored):
        terminal.feed(b"1mred")
    assert restored.grid(-1) == engine.grid(-1)
    assert restored.snapshot(-1) == engine.snapshot(-1)


@pytest.mark.parametrize("damage", ["cut", "bit", "magic", "empty"])
def test_a_damaged_state_is_refused(damage: str) -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.feed(b"hello")
    state = bytearray(engine.save())
    if damage == "cut":
        del state[-1:]
    elif damage == "bit":
        state[len(state) // 2] ^= 1
    elif damage == "magic":
        state[0] ^= 1
    else:
        state.clear()
    with pytest.raises(EngineStateDamaged):
        MAKER.restore(bytes(state))


def test_an_endless_sequence_is_no_obstacle() -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.feed(b"before\x1b]52;c;")
    for _ in range(CONTINUATION_MAX_BYTES // 65536 + 2):
        engine.feed(b"A" * 65536)
    restored = MAKER.restore(engine.save())
    copy = MAKER.create(40, 5, 1000)
    copy.feed(engine.snapshot(-1))
    for terminal in (engine, restored, copy):
        terminal.feed(b"AAAA\x07after")
        assert terminal.text(0).splitlines()[0] == "beforeafter"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"\x1b[>c", b"\x1b[>1;10;0c"),
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[3;4H\x1b[6n", b"\x1b[3;4R"),
        (b"\x1b[3;4H\x1b[?6n", b"\x1b[?3;4R"),
        (b"\x1b[14t", b"\x1b[4;80;320t"),
        (b"\x1b[16t", b"\x1b[6;16;8t"),
        (b"\x1b[18t", b"\x1b[8;5;40t"),
        (b"\x1b]10;?\x07", b"\x1b]10;rgb:cccc/cccc/cccc\x07"),
        (b"\x1b]11;?\x1b\\", b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
        (b"\x1b[?996n", b"\x1b[?997;1n"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1bP+q544e\x1b\\", b"\x1bP1+r544E=787465726D2D323536636F6C6F72\x1b\\"),
        (b"\x1bP$qm\x1b\\", b"\x1bP1$r0m\x1b\\"),
        (b"\x05", b""),
    ],
)
def test_questions_are_answered(question: bytes, answer: bytes) -> None:
    assert MAKER.create(40, 5, 1000).feed(question) == answer


def test_the_version_is_ptyds() -> None:
    assert MAKER.create(40, 5, 1000).feed(b"\x1b[>q").startswith(b"\x1bP>|ptyd ")


def test_answers_come_in_the_order_of_the_questions_however_they_are_cut() -> None:
    questions = b"\x1b[5n\x1b[?6n\x1b[6n\x1b[2;2H\x1b[?6n\x1b[c"
    want = b"\x1b[0n\x1b[?1;1R\x1b[1;1R\x1b[?2;2R\x1b[?62;22c"
    for cut in range(len(questions) + 1):
        engine = MAKER.create(40, 5, 1000)
        assert engine.feed(questions[:cut]) + engine.feed(memoryview(questions)[cut:]) == want


def test_answers_are_those_of_the_appearance_shown() -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.show(
        Appearance(
            channel=1,
            foreground=0x010203,
            background=0xFFFFFF,
            cursor=0x00FF00,
            palette=[0xAA0000],
            cell_width=10,
            cell_height=20,
        )
    )
    assert engine.feed(b"\x1b]10;?\x07\x1b]11;?\x07") == b"\x1b]10;rgb:0101/0202/0303\x07\x1b]11;rgb:ffff/ffff/ffff\x07"
    assert (
        engine.feed(b"\x1b]12;?\x07\x1b]4;0;?\x07") == b"\x1b]12;rgb:0000/ffff/0000\x07\x1b]4;0;rgb:aaaa/0000/0000\x07"
    )
    assert engine.feed(b"\x1b[14t\x1b[16t") == b"\x1b[4;100;400t\x1b[6;20;10t"
    assert engine.feed(b"\x1b[?996n") == b"\x1b[?997;2n"


def test_a_program_that_asked_for_it_is_told_of_a_new_size() -> None:
    engine = MAKER.create(40, 5, 1000)
    assert engine.resize(50, 6) == b""
    engine.feed(b"\x1b[?2048h")
    assert engine.resize(60, 7) == b"\x1b[48;7;60;112;480t"


def test_closing_may_be_repeated() -> None:
    engine = MAKER.create(40, 5, 1000)
    engine.close()
    engine.close()
