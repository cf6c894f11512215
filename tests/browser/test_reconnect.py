"""The connection breaks and comes back: nothing that was typed or printed is lost or doubled."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import kill_process

COUNT_LINES = (
    "bash --norc --noprofile -c 'stty -echo; i=0; while read -r line; do i=$((i+1)); echo \"$i:$line.\"; done'"
)
"""Answers each line with its number."""


@contextlib.contextmanager
def no_daemon(daemon: PtydUnderTest) -> Iterator[None]:
    """The daemon is dead, and the keeper cannot start the next one until the end."""
    pid = daemon.daemon_pid()
    os.kill(daemon.keeper_pid(), signal.SIGSTOP)
    try:
        kill_process(pid)
        yield
    finally:
        os.kill(daemon.keeper_pid(), signal.SIGCONT)


def type_while_killing(web: WebPage, daemon: PtydUnderTest, words: list[str], kill_at: set[int]) -> None:
    for index, word in enumerate(words):
        if index in kill_at:
            daemon.kill_daemon()
        web.run(word)


def read_answers(web: WebPage) -> list[str]:
    return re.findall(r"^(\d+:w\d+)\.$", web.text(), re.MULTILINE)


def test_no_key_is_lost_or_doubled_when_the_daemon_is_killed(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session(COUNT_LINES, name="lines")
    words = [f"w{number}" for number in range(60)]
    type_while_killing(web, daemon, words, kill_at={7, 30, 45})
    web.wait_for_text("60:w59.")
    assert read_answers(web) == [f"{number + 1}:{word}" for number, word in enumerate(words)]
    web.wait_for_status("live")
    assert web.errors == []


def test_output_during_the_daemons_death_arrives_once(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("bash --norc --noprofile -c 'read; seq -f n%.0f 1 3000; read'", name="flood")
    web.page.keyboard.press("Enter")
    daemon.kill_daemon()
    web.wait_for_text("n3000")
    numbers = re.findall(r"^n(\d+)$", web.text(), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 3001)]


def test_the_page_says_that_it_is_offline_and_keeps_what_is_typed(
    web: WebPage, context: BrowserContext, daemon: PtydUnderTest
) -> None:
    web.start_session(COUNT_LINES, name="away")
    context.set_offline(True)
    # The network's end alone does not end a connection to this machine: the daemon's end does, and it stays away.
    with no_daemon(daemon):
        expect(web.find("status")).to_have_attribute("data-status", "offline")
        expect(web.find("notice")).to_contain_text("no network")
        web.run("w1")
        expect(web.find("notice")).to_contain_text("3 bytes waiting")
    context.set_offline(False)
    web.wait_for_text("1:w1.")
    expect(web.find("notice")).to_be_hidden()


def test_a_frozen_page_finds_out_when_it_wakes(web: WebPage, context: BrowserContext, daemon: PtydUnderTest) -> None:
    web.start_session(COUNT_LINES, name="frozen")
    devtools = context.new_cdp_session(web.page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    daemon.kill_daemon()
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    web.wait_for_status("live")
    web.run("w1")
    web.wait_for_text("1:w1.")


def test_coming_back_from_the_history_goes_on_in_place(web: WebPage) -> None:
    web.start_session(COUNT_LINES, name="history")
    web.run("w1")
    web.wait_for_text("1:w1.")
    web.page.goto("about:blank")
    web.page.go_back()
    web.wait_for_status("live")
    web.wait_for_phase("live")
    web.page.locator(".xterm-screen").click()
    web.run("w2")
    web.wait_for_text("2:w2.")
    assert read_answers(web) == ["1:w1", "2:w2"]


def test_a_login_that_has_ended_is_said_and_taken_up_again(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session(COUNT_LINES, name="login")
    web.page.context.clear_cookies()
    daemon.kill_daemon()
    expect(web.find("status")).to_have_text("Logged out")
    expect(web.find("notice")).to_contain_text("ptyd up --open")
    web.run("w1")
    other = WebPage(web.page.context.new_page())
    other.log_in(daemon)
    web.wait_for_status("live")
    web.wait_for_text("1:w1.")


def test_an_old_login_link_does_not_work_twice(daemon: PtydUnderTest, context: BrowserContext) -> None:
    url = daemon.request("login_ticket")["url"]
    page = context.new_page()
    page.goto(url)
    page.wait_for_url(url.partition("login")[0])
    page.context.clear_cookies()
    page.goto(url)
    page.get_by_text("This link has been used").wait_for()
