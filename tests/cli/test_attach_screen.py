"""A session's exact screen in the outer terminal, and a daemon that answers for the terminal."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from ptyd_protocol.messages import Ack, Appearance

from tests.cli.outer import Outer
from tests.cli.scripted import ScreenDaemon, ScreenDaemonThread, serve_in_thread
from tests.sdk.scripted_daemon import short_directory
from tests.support.screen import CELL_PIXELS
from tests.support.waiting import wait_until

CHORD = b"\x1cd"

# 30 lines on 24 rows: six of them scroll away.
SCROLLED = b"".join(b"line-%02d\r\n" % number for number in range(30)) + b"prompt> "
FULL_SCREEN = (
    b"main screen\r\n\x1b[?1049h\x1b[2;3Hfull screen\x1b[?1h\x1b=\x1b[?1000h\x1b[?1006h\x1b[?1004h\x1b[?2004h\x1b[>5u"
    b"\x1b[4 q\x1b]2;its title\x1b\\\x1b]11;rgb:00/11/22\x1b\\\x1b[3;20r\x1b[5;5H\x1b[?25l"
)
QUESTIONS = (
    b"\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b[5n\x1b]10;?\x07\x1b]11;?\x1b\\\x1b]4;1;?\x07\x1b[>q\x1b[?2026$p\x1b[?u\x1b[14t"
    b"\x1b[16t\x1b[18t\x1b[?996n\x1bP+q544e\x1b\\\x1bP$qm\x1b\\\x05\x1bZ"
)

StartDaemon = Callable[[ScreenDaemon], ScreenDaemonThread]
Message = TypeVar("Message")
OpenAttached = Callable[..., Outer]


@pytest.fixture
def directory() -> Iterator[Path]:
    with short_directory() as directory:
        yield directory


@pytest.fixture
def start_daemon(directory: Path) -> Iterator[StartDaemon]:
    with ExitStack() as stack:
        yield lambda daemon: stack.enter_context(serve_in_thread(daemon, directory))


@pytest.fixture
def open_attached(directory: Path, tmp_path: Path) -> Iterator[OpenAttached]:
    """`ptyd attach` to the only session, in a terminal of 80 x 24."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PTYD_DIR": str(directory),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    with ExitStack() as stack:

        def open_one(*arguments: str) -> Outer:
            return stack.enter_context(Outer(["attach", "s", *arguments], env, cols=80, rows=24))

        yield open_one


def wait_for_input(daemon: ScreenDaemonThread, keys: bytes) -> None:
    """Exactly ``keys`` must have arrived, and nothing else."""
    wait_until(lambda: len(daemon.do(lambda it: bytes(it.taken))) >= len(keys), what="the keys")
    assert daemon.do(lambda it: bytes(it.taken)) == keys


def test_screen_with_what_is_above_it(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=SCROLLED))
    outer = open_attached()
    outer.wait_for_text("prompt>")
    lines = outer.terminal.screen.lines()
    assert (lines[0], lines[22], lines[23]) == ("line-07", "line-29", "prompt>")
    assert all(b"line-%02d" % number in outer.terminal.raw for number in range(7)), "the scrollback came too"
    daemon.do(lambda it: it.print(b"typed\r\nnext"))
    outer.wait_for_text("prompt> typed\nnext")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert b"\x1b[3J" not in outer.terminal.raw, "the user's own scrollback is left alone"


def test_the_depth_of_the_scrollback_is_asked_for(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=SCROLLED))
    outer = open_attached("--scrollback", "77")
    outer.wait_for_text("prompt>")
    asked = daemon.do(lambda it: it.attaches[-1])
    assert (asked.history, asked.scrollback, asked.lossless) == (None, 77, False)
    outer.type(CHORD)
    assert outer.check_restored() == 0


@pytest.mark.parametrize("end", ["chord", "signal", "exit"])
def test_alternate_screen_and_modes_are_set_and_given_back(
    start_daemon: StartDaemon, open_attached: OpenAttached, end: str
) -> None:
    daemon = start_daemon(ScreenDaemon(screen=FULL_SCREEN))
    outer = open_attached()
    outer.terminal.wait_for(lambda screen: screen.title == "its title", "the title")
    screen = outer.terminal.screen
    outer.wait_for_text("full screen")
    outer.terminal.wait_for(lambda screen: 2026 not in screen.modes, "the end of the frame")
    assert screen.in_alternate
    assert screen.kitty_flags == 5
    assert screen.modes >= {1, 1000, 1006, 1004, 2004, 1049}
    assert 25 not in screen.modes
    assert screen.cursor == (4, 4)
    if end == "chord":
        outer.type(b"\x1b[92;5u\x1b[100;1u")
    elif end == "signal":
        os.kill(outer.ptyd_pid(), signal.SIGTERM)
    else:
        daemon.do(lambda it: it.exit(3))
    assert outer.check_restored() == {"chord": 0, "signal": 128 + signal.SIGTERM, "exit": 3}[end]
    assert "main screen" in outer.terminal.text()
    left = bytes(outer.terminal.raw).rsplit(b"full screen", 1)[1]
    for reset in (b"\x1b[0 q", b"\x1b]111\x1b\\", b"\x1b[?1049l", b"\x1b[r"):
        assert reset in left


def test_falling_behind_starts_anew_without_remains(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=FULL_SCREEN))
    outer = open_attached()
    outer.wait_for_text("full screen")
    # In the middle of a string, which must not swallow the screen, and with text that is not to stay.
    daemon.do(lambda it: it.print(b"\x1b[10;1Hremains \x1b]2;half a ti"))
    outer.wait_for_text("remains")
    daemon.do(lambda it: it.resynchronise(b"anew \x1b[?2004h\x1b[31mred"))
    outer.wait_for_text("anew red")
    screen = outer.terminal.screen
    outer.terminal.wait_for(lambda screen: 2026 not in screen.modes, "the end of the frame")
    assert outer.terminal.text() == "anew red"
    assert not screen.in_alternate
    assert screen.modes == {7, 25, 2004}
    assert screen.kitty_flags == 0
    daemon.do(lambda it: it.print(b" goes on"))
    outer.wait_for_text("anew red goes on")
    daemon.do(lambda it: it.resynchronise(FULL_SCREEN))
    outer.terminal.wait_for(lambda screen: screen.in_alternate and screen.kitty_flags == 5, "the full screen again")
    outer.type(b"\x1b[92;5u\x1b[100;1u")
    assert outer.check_restored() == 0


def test_screen_that_ends_within_a_sequence_goes_on_with_the_output(
    start_daemon: StartDaemon, open_attached: OpenAttached
) -> None:
    daemon = start_daemon(ScreenDaemon(screen=b"first \x1b]2;half a ti"))
    outer = open_attached()
    outer.wait_for_text("first")
    daemon.do(lambda it: it.print(b"tle\x1b\\after"))
    outer.wait_for_text("first after")
    assert outer.terminal.screen.title == "half a title"
    outer.type(CHORD)
    assert outer.check_restored() == 0


@pytest.mark.parametrize("option", [(), ("-r",)], ids=["in control", "observing"])
def test_the_terminal_answers_nothing_where_the_daemon_does(
    start_daemon: StartDaemon, open_attached: OpenAttached, option: tuple[str, ...]
) -> None:
    daemon = start_daemon(ScreenDaemon(screen=QUESTIONS + b"ready"))
    outer = open_attached(*option)
    outer.wait_for_text("ready")
    for place in range(len(QUESTIONS)):
        daemon.do(lambda it, place=place: it.print(QUESTIONS[:place]))  # type: ignore[misc]
        daemon.do(lambda it, place=place: it.print(QUESTIONS[place:]))  # type: ignore[misc]
    daemon.do(lambda it: it.print(b"\x1b[H\x1b[Jasked"))
    outer.wait_for_text("asked")
    outer.type("typed")
    if not option:
        wait_for_input(daemon, b"typed")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert daemon.do(lambda it: bytes(it.taken)) == (b"" if option else b"typed")


LOOK_ALIKES = b"\x1b]11;rgb:00/00/00\x07\x1b[6;18;9t\x1b[4;1;1t\x1b[?62;22c\x1b[1;2R\x1b[0n\x1bP>|x\x1b\\"
KEYS = [
    b"\x1bOR",
    b"\x1b[R",
    b"\x1b[1;2R",
    b"\x1b[1;5R",
    b"\x1b[13;2~",
    b"\x1b[",
    b"\x1b]",
    b"\x1bO",
    b"\x1bP",
    b"\x1b_",
    b"\x1b",
    b"\x1b[A",
    b"\x1b[I",
    b"\x1b[200~" + LOOK_ALIKES + b"\x1b[?997;1n\x1b[201~",
    "é€😀".encode(),
]


def test_whatever_is_typed_arrives(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=b"ready"))
    outer = open_attached()
    outer.terminal.wait_for_bytes(b"\x1b[c")
    # Some of it at once, while the questions of the start are being answered.
    typed = b""
    for key in KEYS:
        outer.type(key)
        outer.type(b".")
        typed += key + b"."
    wait_for_input(daemon, typed)
    outer.wait_for_text("ready")
    for key in KEYS:
        outer.type(key)
        typed += key
        wait_for_input(daemon, typed)
    outer.type(LOOK_ALIKES)  # nobody has asked for that any more: it is the session's
    wait_for_input(daemon, typed + LOOK_ALIKES)
    outer.type(CHORD)
    assert outer.check_restored() == 0


def test_who_only_watches_is_told_so(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=b"ready"))
    outer = open_attached("-r")
    outer.wait_for_text("ready")
    assert daemon.do(lambda it: it.attaches[-1].role) == "observe"
    outer.type(b"\x1b[I\x1b[<0;5;5M")
    outer.type("x")
    outer.terminal.wait_for(lambda screen: "only watched" in screen.title, "the hint")
    assert "C-\\ d detaches" in outer.terminal.screen.title
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert daemon.do(lambda it: bytes(it.taken)) == b""


def test_who_watches_a_larger_screen_that_cannot_be_painted_is_told_so(
    start_daemon: StartDaemon, open_attached: OpenAttached
) -> None:
    start_daemon(ScreenDaemon(screen=b"ready", size=(120, 24), answers_questions=False))
    outer = open_attached("-r")
    outer.terminal.wait_for_bytes(b"s has 120x24 cells, this window 80x24")
    outer.wait_for_text("ready")
    outer.type(CHORD)
    assert outer.check_restored() == 0


def said_of(daemon: ScreenDaemonThread, kind: type[Message]) -> list[Message]:
    return daemon.do(lambda it: [message for message in it.said if isinstance(message, kind)])


def test_daemon_learns_what_the_terminal_looks_like(start_daemon: StartDaemon, open_attached: OpenAttached) -> None:
    daemon = start_daemon(ScreenDaemon(screen=b"ready"))
    outer = open_attached()
    whole = Appearance(
        channel=1,
        foreground=0x1C1C1C,
        background=0x1C1C1C,
        cursor=0x1C1C1C,
        palette=[0x304050] * 16,
        cell_width=CELL_PIXELS[0],
        cell_height=CELL_PIXELS[1],
        dark=True,
    )
    # Where the machine is slow a first one knows less.
    wait_until(lambda: whole in said_of(daemon, Appearance), what="all of the appearance")
    outer.type(CHORD)
    assert outer.check_restored() == 0
    assert daemon.do(lambda it: bytes(it.taken)) == b""


def test_a_screen_in_parts_is_shown_whole_and_acknowledged(
    start_daemon: StartDaemon, open_attached: OpenAttached
) -> None:
    daemon = start_daemon(ScreenDaemon(screen=SCROLLED, part_bytes=7))
    outer = open_attached()
    outer.wait_for_text("prompt>")
    assert outer.terminal.screen.lines()[0] == "line-07"
    wait_until(lambda: said_of(daemon, Ack), what="the acknowledgement")
    daemon.do(lambda it: it.resynchronise(b"anew"))
    outer.wait_for_text("anew")
    wait_until(lambda: len(said_of(daemon, Ack)) == 2, what="the acknowledgement of the other")
    outer.type(CHORD)
    assert outer.check_restored() == 0
