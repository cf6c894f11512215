"""The exact screen in the page: what the engine keeps is what is seen, whatever happened in between."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.page import WebPage
from tests.browser.pixels import count_lit_pixels
from tests.browser.test_screen import QUESTIONS, set_hidden
from tests.browser.test_sharing import SMALL, open_both
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

FULL_SCREEN = r"""
printf 'above\r\n'; seq -f before-%.0f 200
printf '\e[?1049h\e[H\e[2Jtop of the screen\e[5;10Hmiddle \e[1;31mred\e[m\e[24;1Hbottom\e[7;3H'
stty -echo raw; read -rsn1; printf '\e[?1049lback\r\n'; cat
"""
"""A program on the alternate screen, until a key is pressed."""


def trim_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def wait_until_exact(web: WebPage, daemon: PtydUnderTest) -> None:
    """Until the page's screen is the engine's. How many lines are above it depends on how fast the page seems to be."""

    def shown() -> str:
        return trim_lines(web.text())

    def kept() -> str:
        return trim_lines(daemon.request("capture", join=True)["text"])

    wait_until(lambda: shown().endswith(kept()), what=lambda: f"{shown()[-2000:]!r} to end in {kept()!r}")


def start_full_screen(web: WebPage, tmp_path: Path) -> None:
    script = tmp_path / "full-screen.sh"
    script.write_text(FULL_SCREEN)
    web.start_session(shlex.join(["bash", str(script)]), name="full")
    web.wait_for_text("middle red")


def test_a_full_screen_program_is_there_after_reload_and_restart(
    web: WebPage, daemon: PtydUnderTest, tmp_path: Path
) -> None:
    start_full_screen(web, tmp_path)
    web.page.reload()
    web.wait_for_phase("live")
    web.wait_for_text("middle red")
    wait_until_exact(web, daemon)
    wait_until(lambda: count_lit_pixels(web.page, ".xterm-screen") > 20, what="letters on the screen")
    daemon.kill_daemon()
    web.page.reload()
    web.wait_for_phase("live")
    web.wait_for_text("middle red")
    wait_until_exact(web, daemon)
    # The main screen under it has come along.
    web.page.locator(".xterm-screen").click()
    web.type("x")
    web.wait_for_text("back")
    web.wait_for_text("before-200")
    wait_until_exact(web, daemon)
    assert web.text().count("before-199\n") == 1


def test_a_page_that_falls_behind_ends_on_the_exact_screen(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("bash --norc --noprofile", name="flood")
    web.run("seq -f '%.0f some words that fill the line somewhat more' 300000; echo finished-$((1+1))")
    web.wait_for_text("finished-2")
    web.run("echo more-$((1+1))")
    web.wait_for_text("more-2")
    visible = daemon.request("capture")["text"].split()
    wait_until(lambda: web.text().split()[-len(visible) :] == visible, what="the screen that the engine has")


def test_the_program_gets_each_answer_once_whoever_looks_on(
    open_page: Callable[[], WebPage], daemon: PtydUnderTest, tmp_path: Path
) -> None:
    large, small = open_both(open_page)
    questions = tmp_path / "questions"
    answers = tmp_path / "answers"
    questions.write_bytes(b"".join(QUESTIONS).replace(b"\x1b[?1004h", b""))
    # What the terminal says to DSR is what ends the answers: nothing may come behind it.
    ask = (
        "import os, sys, tty\n"
        "tty.setraw(0)\n"
        "asked = open(sys.argv[1], 'rb').read()\n"
        "got = b''\n"
        "for _ in range(20):\n"
        "    os.write(1, asked + b'\\x1b[5n')\n"
        "    while got.count(b'\\x1b[0n') % 2 or not got.endswith(b'\\x1b[0n'): got += os.read(0, 65536)\n"
        "    open(sys.argv[2], 'ab').write(got + b'\\n'); got = b''\n"
        "os.write(1, b'asked all ')\n"
        "typed = os.read(0, 65536)\n"
        "os.write(1, repr(typed).encode())\n"
    )
    script = tmp_path / "ask.py"
    script.write_text(ask)
    large.run(shlex.join([sys.executable, str(script), str(questions), str(answers)]))
    for page in (large, small):
        page.wait_for_text("asked all")
    large.page.reload()
    large.wait_for_phase("live")
    large.wait_for_text("asked all")
    small.type("z")
    small.wait_for_text("asked all b'z'")
    rounds = answers.read_bytes().splitlines()
    assert len(rounds) == 20 and len(set(rounds)) == 1, "each round of questions has the same answers"


def test_a_hidden_page_gives_the_size_up_to_one_that_is_looked_at(
    open_page: Callable[[], WebPage], daemon: PtydUnderTest
) -> None:
    large, small = open_both(open_page)
    size = large.size()
    expect(small.find("observed")).to_be_visible()
    set_hidden(large, True)
    expect(small.find("observed")).to_be_hidden()
    wait_until(lambda: large.size() == small.size() != size)
    # Whoever has typed keeps it.
    small.run("echo kept-$((1+1))")
    large.wait_for_text("kept-2")
    set_hidden(large, False)
    expect(large.find("observed")).to_be_visible()
    large.find("take-control").click()
    wait_until(lambda: large.size() == small.size() == size)


def test_typing_does_not_take_control_of_a_locked_session(open_page: Callable[[], WebPage]) -> None:
    large, small = open_both(open_page)
    size = large.size()
    large.find("lock").click()
    expect(small.find("observed")).to_contain_text("Locked")
    small.run("echo typed-$((1+1))")
    for page in (large, small):
        page.wait_for_text("typed-2")
    assert large.size() == small.size() == size
    expect(small.find("observed")).to_be_visible()
    small.find("take-control").click()
    wait_until(lambda: large.size() == small.size() != size)
    expect(large.find("observed")).to_contain_text("Locked")


def test_the_programs_colours_are_those_of_the_page(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile", name="colours")
    ask = r"IFS= read -rsd '\' -t 5 -p $'\e]11;?\e\\' a; printf '%q\n' "
    web.run(ask + '"dark-$a"')
    web.wait_for_text("1414/1616/1b1b")
    web.page.emulate_media(color_scheme="light")
    expect(web.page.locator("html")).to_have_attribute("data-theme", "light")
    web.run(ask + '"light-$a"')
    web.wait_for_text("fdfd/fdfd/fcfc")


def test_the_programs_title_is_the_sessions(open_page: Callable[[], WebPage], daemon: PtydUnderTest) -> None:
    page = open_page()
    page.page.set_viewport_size(SMALL)
    daemon.request("create", argv=["bash", "-c", r"printf '\e]2;a <b>title</b>\a'; cat"], name="titled")
    page.find("menu").click()
    expect(page.row("titled")).to_contain_text("a <b>title</b>")
    page.open_session("titled")
    page.wait_for("document.title === 'a <b>title</b> · titled · ptyd'", "the title of the page")
