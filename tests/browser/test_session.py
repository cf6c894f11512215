"""A session's life in the browser: start, type, reload, rename, end."""

import re

from playwright.sync_api import expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until


def test_the_empty_page_tells_how_to_begin(web: WebPage) -> None:
    expect(web.find("empty")).to_contain_text("start a new one")
    expect(web.find("status")).to_have_text("Live")
    assert web.page.title() == "ptyd"


def test_a_session_started_here_shows_what_it_prints(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("bash --norc --noprofile", name="build")
    web.run("echo $((6*7))-$PTYD_SESSION")
    web.wait_for_text(f"42-{daemon.sessions()[0]['id']}")
    assert web.page.title() == "build · ptyd"
    expect(web.row("build")).to_contain_text("bash --norc --noprofile")


def test_a_session_has_the_size_of_the_window(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("bash --norc")
    cols, rows = web.size()
    assert cols > 80 and rows > 24, "it began with the size of the window"
    web.run("stty size")
    web.wait_for_text(f"{rows} {cols}")
    web.page.set_viewport_size({"width": 900, "height": 600})
    wait_until(lambda: daemon.sessions()[0]["cols"] < cols and daemon.sessions()[0]["rows"] < rows)
    wait_until(lambda: [web.size()] == [(info["cols"], info["rows"]) for info in daemon.sessions()])
    cols, rows = web.size()
    expect(web.row("bash")).to_contain_text(f"{cols}×{rows}")


def test_a_reload_brings_the_same_session_and_its_past(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile", name="kept")
    web.run("echo before-$((1+1))")
    web.wait_for_text("before-2")
    web.page.reload()
    web.wait_for_phase("live")
    web.wait_for_text("before-2")
    web.run("echo after-$((1+2))")
    web.wait_for_text("after-3")
    assert web.text().count("before-2") == 1


def test_what_the_daemon_refuses_is_said_beside_its_cause(web: WebPage) -> None:
    web.find("new-session").click()
    web.find("new-command").fill("no-such-program-anywhere")
    web.find("dialog-confirm").click()
    expect(web.find("new-command-error")).to_contain_text("no-such-program-anywhere")
    web.find("new-command").fill("bash")
    web.find("new-directory").fill("/no/such/place")
    web.find("dialog-confirm").click()
    expect(web.find("new-directory-error")).to_contain_text("/no/such/place")
    web.find("new-directory").fill("/")
    web.find("new-name").fill("not a name")
    web.find("dialog-confirm").click()
    expect(web.find("new-name-error")).not_to_be_empty()
    web.find("new-name").fill("good")
    web.find("dialog-confirm").click()
    web.wait_for_phase("live")


def test_a_line_that_needs_a_shell_is_explained(web: WebPage, daemon: PtydUnderTest) -> None:
    web.find("new-session").click()
    web.find("new-command").fill("ls | less")
    web.find("dialog-confirm").click()
    expect(web.find("new-command-error")).to_contain_text("bash -c")
    assert daemon.sessions() == []


def test_rename(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("cat", name="old")
    web.find("session-title").click()
    web.find("rename-name").fill("new")
    web.find("dialog-confirm").click()
    expect(web.row("new")).to_be_visible()
    assert [session["name"] for session in daemon.sessions()] == ["new"]
    assert web.page.title() == "new · ptyd"


def test_ending_asks_first(web: WebPage, daemon: PtydUnderTest) -> None:
    web.start_session("cat", name="doomed")
    web.row("doomed").hover()
    web.find("session-end").click()
    web.find("dialog-cancel").click()
    assert daemon.sessions()[0]["state"] == "running"
    web.row("doomed").hover()
    web.find("session-end").click()
    web.find("dialog-confirm").click()
    expect(web.find("end")).to_contain_text("ended by signal")


def test_an_exit_is_shown_with_its_status_and_can_be_run_again(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile -c 'echo working; exit 7'", name="job", phase="ended")
    expect(web.find("end")).to_contain_text("exited with status 7")
    web.wait_for_text("working")
    first = web.row("job").get_attribute("data-session")
    assert first is not None
    # Both runs end alike: the second is there when it is the one that is shown, and has ended.
    web.find("end-run-again").click()
    second = web.page.locator(f'[data-testid="session"]:not([data-session="{first}"])')
    expect(second.locator("[aria-current]")).to_be_visible()
    web.wait_for_phase("ended")
    expect(web.find("end")).to_contain_text("exited with status 7")
    web.find("end-close").click()
    expect(web.find("empty")).to_be_visible()


def test_sessions_of_others_appear_and_go_by_themselves(web: WebPage, daemon: PtydUnderTest) -> None:
    made = daemon.request("create", argv=["cat"], name="elsewhere", cols=91, rows=31)
    expect(web.row("elsewhere")).to_contain_text("91×31")
    daemon.request("resize", session=made["id"], cols=70, rows=20)
    expect(web.row("elsewhere")).to_contain_text("70×20")
    daemon.request("kill", session=made["id"])
    expect(web.row("elsewhere")).to_have_attribute("data-state", "exited")


def test_a_limit_is_shown_warned_of_and_named_at_the_end(web: WebPage, daemon: PtydUnderTest) -> None:
    limits = {"lifetime_seconds": 3.0, "memory_bytes": 2**33}
    daemon.request("create", argv=["cat"], name="short", limits=limits)
    web.open_session("short")
    expect(web.row("short").locator("button.session")).to_have_attribute("title", re.compile("lifetime: 3 s"))
    expect(web.row("short").locator("button.session")).to_have_attribute("title", re.compile("memory: .*8 GiB"))
    expect(web.find("toasts")).to_contain_text("short: it has run for")
    expect(web.find("end")).to_contain_text("it had run for 3s, which is its limit (lifetime_seconds)")
    expect(web.row("short")).to_contain_text("ended: it had run for 3s")
