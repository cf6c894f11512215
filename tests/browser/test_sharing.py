"""Several pages on one session: one decides the size, the others look on without disturbing it."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, ViewportSize, expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

SMALL: ViewportSize = {"width": 700, "height": 500}
DEVICE_ATTRIBUTES = "\x1b[?62;22"
"""What the daemon's terminal says it is, up to the "c". (What xterm.js would say is shorter.)"""


def open_both(open_page: Callable[[], WebPage]) -> tuple[WebPage, WebPage]:
    """A large page that controls a session, and a small one that looks on."""
    large = open_page()
    large.start_session("bash --norc --noprofile", name="shared")
    small = open_page()
    small.page.set_viewport_size(SMALL)
    small.find("menu").click()
    small.open_session("shared")
    return large, small


def test_another_page_is_letterboxed_until_it_takes_control(
    open_page: Callable[[], WebPage], daemon: PtydUnderTest
) -> None:
    large, small = open_both(open_page)
    size = large.size()
    expect(small.find("observed")).to_contain_text(f"{size[0]}×{size[1]}")
    assert small.size() == size

    def fits() -> bool:
        screen = small.page.locator(".xterm-screen").bounding_box()
        host = small.find("terminal").bounding_box()
        assert screen is not None and host is not None
        return screen["width"] <= host["width"] and screen["height"] <= host["height"]

    wait_until(fits, what="the whole screen to be on the page")

    small.find("take-control").click()
    expect(small.find("observed")).to_be_hidden()
    expect(large.find("observed")).to_be_visible()
    wait_until(lambda: large.size() == small.size() != size)
    assert daemon.sessions()[0]["cols"] == small.size()[0]


def test_typing_takes_control_and_pointing_does_not(open_page: Callable[[], WebPage]) -> None:
    large, small = open_both(open_page)
    large.run(r"printf '\e[?1003h\e[?1006h\e[?1004h'; echo reports-$((1+1))")
    small.wait_for_text("reports-2")
    size = large.size()
    small.page.mouse.move(200, 300)
    small.page.mouse.move(220, 320)
    small.page.mouse.click(220, 320)
    expect(small.find("observed")).to_be_visible()
    assert large.size() == size
    small.run(r"printf '\e[?1003l\e[?1006l\e[?1004l'")
    expect(small.find("observed")).to_be_hidden()
    expect(large.find("observed")).to_be_visible()


def test_one_question_gets_one_answer(open_page: Callable[[], WebPage]) -> None:
    large, small = open_both(open_page)
    large.run(r"IFS= read -rsd c -t 5 -p $'\e[c' a; IFS= read -rsd c -t 1 b; echo got-${#a}-${#b}.")
    large.wait_for_text(f"got-{len(DEVICE_ATTRIBUTES)}-0.")
    small.wait_for_text(f"got-{len(DEVICE_ATTRIBUTES)}-0.")


def test_the_first_question_of_a_new_session_is_answered(web: WebPage) -> None:
    ask = 'printf "\\033[c"; IFS= read -rsd c -t 10 answer; echo "got-${#answer}."; read'
    web.start_session(f"bash --norc --noprofile -c '{ask}'")
    web.wait_for_text(f"got-{len(DEVICE_ATTRIBUTES)}.")


def test_a_question_asked_while_nobody_was_there_is_answered_then_and_not_later(
    web: WebPage, daemon: PtydUnderTest
) -> None:
    web.start_session("bash --norc --noprofile", name="alone")
    # Without its login the page cannot come back.
    web.page.context.clear_cookies()
    daemon.kill_daemon()
    web.wait_for_status("logged_out")
    daemon.request("send", data=b"IFS= read -rsd c -t 10 -p $'\\e[c' a; echo asked-${#a}.\r")
    asked = f"asked-{len(DEVICE_ATTRIBUTES)}."
    wait_until(lambda: asked in daemon.request("capture", scrollback=-1)["text"])
    WebPage(web.page.context.new_page()).log_in(daemon)
    web.wait_for_text(asked)
    web.run("echo prompt-$((2+2))")
    web.wait_for_text("prompt-4")
    assert "22c" not in web.text()


def test_no_answer_to_questions_of_the_past(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile", name="asked")
    web.run(r"IFS= read -rsd R -t 5 -p $'\e[6n' a; printf '\e]11;?\e\\'; read -rsd '\\' b; echo asked-${#a}")
    web.wait_for_text("\nasked-")
    web.page.reload()
    web.wait_for_phase("live")
    web.wait_for_text("\nasked-")
    web.run("echo prompt-$((2+2))")
    web.wait_for_text("prompt-4")
    lines = [line for line in web.text().splitlines() if "prompt-$((2+2))" in line]
    assert [line.split("# ")[-1] for line in lines] == ["echo prompt-$((2+2))"]


def test_a_duplicated_tab_is_a_client_of_its_own(web: WebPage, context: BrowserContext, daemon: PtydUnderTest) -> None:
    web.start_session("cat", name="twice")
    copied = web.page.evaluate("JSON.stringify(sessionStorage)")
    context.add_init_script(
        f"if (!sessionStorage.length) for (const [key, value] of Object.entries({copied}))"
        " sessionStorage.setItem(key, value)"
    )
    twin = WebPage(context.new_page())
    twin.page.goto(web.page.url)
    twin.wait_for_phase("live")
    assert web.evaluate("window.ptyd.readStatus()") == "live"
    assert len({client["client_id"] for client in daemon.request("status")["clients"]}) == 2


def test_a_hidden_page_leaves_the_size_alone(open_page: Callable[[], WebPage], daemon: PtydUnderTest) -> None:
    page = open_page()
    page.start_session("cat", name="hidden")
    size = page.size()
    page.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => window.isHidden, configurable: true});"
        "window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.page.set_viewport_size(SMALL)
    page.type("x\n")
    page.wait_for_text("x")
    assert page.size() == size
    page.page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(lambda: page.size() != size)
