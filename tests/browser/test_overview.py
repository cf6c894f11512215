"""All sessions at a glance: live, without being counted as clients, with the keyboard, on a phone."""

from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

COLOURS = """(name) => {
    const card = [...document.querySelectorAll('[data-testid=card]')].find((one) => one.textContent.includes(name));
    const canvas = card?.querySelector('canvas');
    if (!canvas?.width) return [];
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) found.add(data.slice(i, i + 3).join());
    return [...found];
}"""


def wait_for_colour(web: WebPage, name: str, rgb: str) -> None:
    wait_until(lambda: rgb in web.page.evaluate(COLOURS, name), what=lambda: str(web.page.evaluate(COLOURS, name)))


def paint(colour: str) -> list[str]:
    return ["sh", "-c", f"printf '\\033[48;2;{colour}m\\033[2J'; read x; printf '\\033[48;2;1;2;3m\\033[2J'; read x"]


def test_miniatures_are_live(open_page: Callable[[], WebPage], daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=paint("200;10;20"), name="red")
    daemon.request("create", argv=paint("10;20;200"), name="blue")
    web = open_page()
    expect(web.find("card")).to_have_count(2)
    wait_for_colour(web, "red", "200,10,20")
    wait_for_colour(web, "blue", "10,20,200")
    daemon.request("send", session="red", data=b"\n")
    wait_for_colour(web, "red", "1,2,3")
    # Whoever looks so is no client, and changes no size.
    assert [session["clients"] for session in daemon.sessions()] == [0, 0]
    daemon.request("create", argv=paint("10;200;20"), name="green")
    wait_for_colour(web, "green", "10,200,20")
    daemon.request("kill", session="green", grace_seconds=0)
    expect(web.find("card").filter(has_text="green")).to_contain_text("ended by signal")
    daemon.request("kill", session="green")
    expect(web.find("card")).to_have_count(2)


def test_by_the_keyboard(open_page: Callable[[], WebPage], daemon: PtydUnderTest) -> None:
    for name in ("first", "second"):
        daemon.request("create", argv=["sh", "-c", f"echo {name}-ready; cat"], name=name)
    web = open_page()
    web.page.get_by_test_id("overview").get_by_role("button", name="first").focus()
    web.page.keyboard.press("Tab")
    web.page.keyboard.press("Enter")
    web.wait_for_phase("live")
    web.wait_for_text("second-ready")
    expect(web.find("overview")).to_be_hidden()
    web.page.get_by_role("button", name="Show all sessions").press("Enter")
    expect(web.find("card")).to_have_count(2)
    assert "#" not in web.page.url


def test_nothing_is_asked_while_nobody_looks(open_page: Callable[[], WebPage], daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=["sh", "-c", "while echo tick; do sleep 0.05; done"], name="ticker")
    web = open_page()
    shown = "Number(document.querySelector('[data-testid=card] canvas')?.dataset.offset ?? 0)"
    web.wait_for(f"{shown} > 0", "a miniature")
    web.open_session("ticker")
    before = web.evaluate(shown)
    web.run("")
    web.wait_for_text("tick\n" * 8)
    assert web.evaluate(shown) == before
    web.find("show-all").click()
    web.wait_for(f"{shown} > {before}", "the miniature to go on")


def test_a_link_shows_one_session_only(daemon: PtydUnderTest, context: BrowserContext) -> None:
    daemon.request("create", argv=["cat"], name="mine")
    daemon.request("create", argv=["cat"], name="other")
    web = WebPage(context.new_page())
    web.page.goto(daemon.request("share", session="mine")["url"])
    web.wait_for_phase("live")
    expect(web.find("overview")).to_be_hidden()


def test_on_a_small_phone(browser: Browser, daemon: PtydUnderTest) -> None:
    for name in ("one", "two", "three"):
        daemon.request("create", argv=paint("200;10;20"), name=f"{name}-with-a-rather-long-name-of-a-session")
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    try:
        web = WebPage(context.new_page())
        web.log_in(daemon)
        wait_for_colour(web, "one-with", "200,10,20")
        assert web.evaluate("document.documentElement.scrollWidth") == 360
        box = web.find("card").first.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
        web.find("card").nth(1).tap()
        web.wait_for_phase("live")
        for control in ("menu", "status", "share", "lock", "search", "theme", "key-files"):
            place = web.find(control).bounding_box()
            assert place is not None, control
            if control != "key-files":  # the key bar scrolls
                assert place["x"] >= 0 and place["x"] + place["width"] <= 360, control
        web.find("menu").tap()
        web.find("show-all").tap()
        expect(web.find("card").first).to_be_in_viewport()
        expect(web.row("one-with")).not_to_be_in_viewport()
    finally:
        context.close()
