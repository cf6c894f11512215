"""Attaching from a real terminal: typing, sizes, detaching, and the terminal left as it was."""

import os
import signal

import pytest

from tests.cli.conftest import OpenOuter
from tests.cli.outer import Outer
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

CHORD = b"\x1cd"
KITTY_CHORD = b"\x1b[92;5u\x1b[100;1u"

# What a full-screen program of today switches on, as one printf format of the shell's.
ALL_MODES = (
    r"\033[?1049h\033[?1h\033=\033[?25l\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?2004h\033[?1004h"
    r"\033[?2031h\033[?7l\033[>1u\033[>4;2m\033[5 q\033[2;10r\033]11;#102030\007\033]2;mine\007\033(0"
)


def start_shell(ptyd: PtydUnderTest, name: str) -> None:
    variables = ("-e", "PS1=inner> ", "-e", "PTYD_DIR")  # the latter for those that run ptyd inside
    ptyd.cli("new", "-d", "-n", name, *variables, "--", "bash", "--norc", "--noprofile", check=True)


def attach_to_shell(ptyd: PtydUnderTest, open_outer: OpenOuter, name: str, *arguments: str, **env: str) -> Outer:
    start_shell(ptyd, name)
    outer = open_outer("attach", name, *arguments, **env)
    outer.wait_for_text("inner>")
    return outer


def test_type_see_and_detach(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "plain")
    outer.type("echo sum-$((40+2))\r")
    outer.wait_for_text("sum-42")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert "[detached (from session plain)]" in outer.terminal.text()
    assert "sum-42" in outer.terminal.text()
    assert ptyd.request("get", session="plain")["state"] == "running"


def test_coming_back_shows_what_happened_meanwhile(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "back")
    outer.type(CHORD)
    outer.wait_for_result()
    ptyd.cli("send", "back", "echo while-$((1+1))-away", "--enter", check=True)
    ptyd.cli("wait", "back", "--text", "while-2-away", check=True)
    again = open_outer("attach", "back")
    again.wait_for_text("while-2-away")
    again.type(CHORD)
    assert again.check_restored() == 0


def test_detach_with_kitty_keys_and_every_mode_on(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "modes")
    outer.type(f"printf '{ALL_MODES}'; read -rs _\r")
    outer.terminal.wait_for(lambda screen: screen.in_alternate and screen.kitty_flags == 1, "the modes")
    assert 1003 in outer.terminal.screen.modes
    outer.type(KITTY_CHORD)
    assert outer.check_restored() == 0
    left = bytes(outer.terminal.raw)
    for reset in (b"\x1b[>4m", b"\x1b[0 q", b"\x1b[r", b"\x1b]111\x1b\\", b"\x1b(B", b"\x1b>"):
        assert reset in left.rsplit(b"mine", 1)[1]


def test_chord_in_two_pieces(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "pieces")
    outer.type(b"\x1c")
    ptyd.cli("send", "pieces", "echo bet$((1+1))een", "--enter", check=True)
    outer.wait_for_text("bet2een")
    outer.type(b"d")
    assert outer.check_restored() == 0


def test_prefix_twice_sends_it(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "twice")
    outer.type("stty -isig; cat -v\r")
    outer.type(b"a\x1c\x1cz\r")
    outer.wait_for_text("a^\\z")
    outer.type(CHORD)
    assert outer.check_restored() == 0


@pytest.mark.parametrize(("keys", "chord"), [("C-a d", b"\x01d"), ("^p,^q", b"\x10\x11")])
def test_other_detach_keys(ptyd: PtydUnderTest, open_outer: OpenOuter, keys: str, chord: bytes) -> None:
    outer = attach_to_shell(ptyd, open_outer, f"keys{chord[0]}", PTYD_DETACH_KEYS=keys)
    outer.type(chord)
    assert outer.check_restored() == 0


def test_detach_keys_of_the_configuration_file(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    config = ptyd.home / ".config" / "ptyd"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[cli]\ndetach_keys = "C-^ x"\n')
    try:
        outer = attach_to_shell(ptyd, open_outer, "file")
        outer.type(b"\x1ex")
        assert outer.check_restored() == 0
    finally:
        (config / "config.toml").unlink()


def test_without_detach_keys_the_verb_detaches(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "none", PTYD_DETACH_KEYS="none")
    outer.type("stty -isig; cat -v\r")
    outer.type(CHORD + b"\r")
    outer.wait_for_text("^\\d")
    ptyd.cli("detach", "none", check=True)
    assert outer.check_restored() == 0
    assert "[detached (from session none)]" in outer.terminal.text()


def test_session_takes_the_window_s_size_and_follows_it(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    start_shell(ptyd, "size")
    outer = open_outer("attach", "size", cols=101, rows=31)
    outer.wait_for_text("inner>")
    outer.type("stty size\r")
    outer.wait_for_text("31 101")
    outer.terminal.resize(91, 27)
    wait_until(lambda: ptyd.request("get", session="size")["cols"] == 91, what="the new size")
    outer.type("stty size\r")
    outer.wait_for_text("27 91")
    outer.type(CHORD)
    assert outer.check_restored() == 0


@pytest.mark.parametrize(
    ("command", "line", "code"),
    [("exit 7", "[exited 7]", 7), ("exit", "[exited 0]", 0), ("kill -9 $$", "[exited 137 (SIGKILL)]", 137)],
)
def test_exit_status_becomes_ours(
    ptyd: PtydUnderTest, open_outer: OpenOuter, command: str, line: str, code: int
) -> None:
    outer = attach_to_shell(ptyd, open_outer, f"exit{code}")
    outer.type(f"printf '\\033[?1049h\\033[?1000h'; {command}\r")
    assert outer.check_restored() == code
    assert line in outer.terminal.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_as_it_was(
    ptyd: PtydUnderTest, open_outer: OpenOuter, number: signal.Signals
) -> None:
    outer = attach_to_shell(ptyd, open_outer, number.name)
    outer.type(f"printf '{ALL_MODES}'; read -rs _\r")
    outer.terminal.wait_for(lambda screen: screen.in_alternate, "the alternate screen")
    os.kill(outer.ptyd_pid(), number)
    assert outer.check_restored() == 128 + number
    assert ptyd.request("get", session=number.name)["state"] == "running"


def test_closing_the_window_ends_the_client(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "closed")
    outer.terminal.close()
    wait_until(lambda: ptyd.request("get", session="closed")["clients"] == 0, what="the client's end")


def test_exited_session_shows_its_last_output_and_status(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    ptyd.cli("new", "-d", "-n", "over", "--", "sh", "-c", "echo last words; exit 5", check=True)
    wait_until(lambda: ptyd.request("get", session="over")["state"] == "exited", what="its end")
    outer = open_outer("attach", "over")
    assert outer.check_restored() == 5
    assert "last words" in outer.terminal.text()
    assert "[exited 5]" in outer.terminal.text()


def test_observer_types_nothing_and_can_leave(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    start_shell(ptyd, "watched")
    outer = open_outer("attach", "watched", "-r", cols=70, rows=20)
    outer.wait_for_text("inner>")
    outer.type("echo intru$((1+1))er\r")
    ptyd.cli("send", "watched", "echo vis$((1+1))ble", "--enter", check=True)
    outer.wait_for_text("vis2ble")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    text = ptyd.cli("capture", "watched", "--scrollback", "-1").stdout
    assert "intru" not in text
    assert ptyd.request("get", session="watched")["cols"] == 80


def test_questions_are_answered_live_and_not_again(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "asked")
    outer.type("stty -echo -icanon; printf '\\033[5n'; cat -v\r")
    outer.wait_for_text("^[[0n")
    outer.type(CHORD)
    outer.wait_for_result()
    again = open_outer("attach", "asked")
    again.wait_for_text("^[[0n")
    again.type("typed\r")
    again.wait_for_text("typed")
    assert again.terminal.text().count("^[[0n") == 1
    again.type(CHORD)
    assert again.check_restored() == 0


def test_new_attaches_answers_and_exits_with_the_status(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    script = "stty -echo -icanon; printf '\\033[c'; head -c 9 | cat -v; exit 4"
    outer = open_outer("new", "-n", "fresh", "--", "sh", "-c", script, cols=90)
    outer.wait_for_text("^[[?62;22c")
    assert outer.check_restored() == 4
    assert "[exited 4]" in outer.terminal.text()


def test_latest_session_is_attached_without_a_name(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    start_shell(ptyd, "older")
    start_shell(ptyd, "newest")
    outer = open_outer("attach")
    outer.wait_for_text("inner>")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert "(from session newest)" in outer.terminal.text()


def test_nesting_is_refused(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "nested")
    outer.type("ptyd attach nested; echo code=$?\r")
    outer.wait_for_text("code=5")
    assert "its own output for ever" in outer.terminal.text().replace("\n", "")
    outer.type("clear; ptyd new; echo code=$?\r")
    outer.wait_for_text("already a session of ptyd")
    outer.wait_for_text("code=5")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_nesting_can_be_forced(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    start_shell(ptyd, "innermost")
    outer = attach_to_shell(ptyd, open_outer, "around")
    outer.type("clear; ptyd attach --force innermost; echo code=$?\r")
    wait_until(lambda: ptyd.request("get", session="innermost")["clients"] == 1, what="the nested client")
    outer.type(b"\x1c\x1cd")  # the prefix, sent to the inner client
    outer.wait_for_text("code=0")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_many_keys_at_once_arrive(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "many")
    outer.type("stty raw -echo; echo rea\\dy; head -c $((400*250)) | cksum; stty sane\r")
    outer.wait_for_text("ready")
    for _ in range(10):
        outer.type(b"x" * 10_000)
    outer.wait_for_text(" 100000")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_a_slow_terminal_ends_on_the_exact_screen(ptyd: PtydUnderTest, open_outer: OpenOuter) -> None:
    outer = attach_to_shell(ptyd, open_outer, "flood")
    outer.type("seq 1 60000; echo all-d$((1+1))ne\r")
    outer.wait_for_text("all-d2ne\ninner>")
    # It may have been passed over by some of it, and given the screen anew.
    captured = ptyd.cli("capture", "flood", check=True).stdout.rstrip()
    assert captured.splitlines()[-3:] == ["60000", "all-d2ne", "inner>"]
    outer.terminal.wait_for(lambda screen: screen.text() == captured, "the exact screen")
    outer.type(CHORD)
    assert outer.check_restored() == 0
