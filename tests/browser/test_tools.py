"""Search, links, clipboard, themes, and what keeps the page safe."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.browser.page import WebPage
from tests.support.daemon import PtydUnderTest

FOCUSED_NAME = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"


def test_search_finds_in_the_scrollback(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile")
    web.run("for i in $(seq 300); do echo line-$i; done; echo done-$((1+1))")
    web.wait_for_text("done-2")
    bottom = web.evaluate("window.ptyd.readTopLine()")
    web.page.keyboard.press("Control+Shift+F")
    expect(web.find("search-input")).to_be_focused()
    web.find("search-input").fill("line-7")
    expect(web.find("search-count")).to_have_text("11 of 11")
    web.page.keyboard.press("Shift+Enter")
    expect(web.find("search-count")).to_have_text("10 of 11")
    web.wait_for(f"window.ptyd.readTopLine() < {bottom}", "an earlier line at the top")
    web.find("search-input").fill("line-[")
    web.find("search-regex").click()
    expect(web.find("search-count")).to_have_text("not valid")
    web.page.keyboard.press("Escape")
    web.find("search-close").click()
    web.run("echo back-$((3+4))")
    web.wait_for_text("back-7")


def test_the_theme_follows_the_system_until_it_is_chosen(web: WebPage) -> None:
    root = web.page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    web.page.emulate_media(color_scheme="light")
    expect(root).to_have_attribute("data-theme", "light")
    web.find("theme").click()
    web.find("theme").click()
    expect(root).to_have_attribute("data-theme", "dark")
    web.page.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    web.wait_for_status("live")


def test_paste_is_bracketed(web: WebPage, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.start_session("bash --norc --noprofile -c 'stty -echo raw; printf \"\\e[?2004h\"; cat -v'")
    web.page.evaluate("navigator.clipboard.writeText('two\\nlines')")
    web.page.keyboard.press("Control+Shift+V")
    web.wait_for_text("^[[200~two^Mlines^[[201~")


def test_a_selection_is_copied(web: WebPage, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.start_session("bash --norc --noprofile -c 'echo copyme; cat'")
    web.wait_for_text("copyme")
    screen = web.page.locator(".xterm-screen").bounding_box()
    assert screen is not None
    web.page.mouse.dblclick(screen["x"] + 20, screen["y"] + 8)
    web.page.keyboard.press("Control+Shift+C")
    web.wait_for("navigator.clipboard.readText().then((text) => text === 'copyme')", "the clipboard to be filled")


def test_a_program_may_fill_the_clipboard_but_only_now(web: WebPage, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.start_session("bash --norc --noprofile")
    web.run(r"printf '\e]52;c;%s\a' $(echo -n program | base64)")
    web.find("clipboard-allow").click()
    web.wait_for("navigator.clipboard.readText().then((text) => text === 'program')", "the clipboard to be filled")
    web.page.evaluate("navigator.clipboard.writeText('mine')")
    web.page.reload()
    web.wait_for_phase("live")
    web.run("echo again-$((1+1))")
    web.wait_for_text("again-2")
    expect(web.find("clipboard-prompt")).to_be_hidden()
    assert web.evaluate("navigator.clipboard.readText()") == "mine"


def test_a_link_opens_a_page_of_its_own(web: WebPage, context: BrowserContext) -> None:
    context.route("http://link.invalid/**", lambda route: route.fulfill(body="there", content_type="text/plain"))
    web.start_session("bash --norc --noprofile -c 'echo http://link.invalid/here; cat'")
    web.wait_for_text("link.invalid")
    screen = web.page.locator(".xterm-screen").bounding_box()
    assert screen is not None
    web.page.mouse.move(screen["x"] + 30, screen["y"] + 8)
    web.page.mouse.move(screen["x"] + 40, screen["y"] + 8)
    with context.expect_page() as opened:
        web.page.mouse.click(screen["x"] + 40, screen["y"] + 8)
    opened.value.wait_for_url("http://link.invalid/here")
    assert opened.value.evaluate("window.opener") is None


def test_hostile_counts_do_not_hang_the_page(web: WebPage) -> None:
    web.start_session("bash --norc --noprofile")
    web.run(r"for c in b L M S T I Z; do printf 'x\e[2147483647'$c; done; printf '\ec'; echo alive-$((1+1))")
    web.wait_for_text("alive-2")


def test_nothing_comes_from_another_host(open_page: Callable[[], WebPage], context: BrowserContext) -> None:
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.url))
    web = open_page()
    web.start_session("bash --norc --noprofile")
    assert {url.split("/")[2] for url in seen} == {web.page.url.split("/")[2]}


def test_the_content_security_policy_is_kept(daemon: PtydUnderTest, context: BrowserContext) -> None:
    page = WebPage(context.new_page())
    complaints: list[str] = []
    page.page.on("console", lambda message: complaints.append(message.text))
    page.log_in(daemon)
    page.start_session("bash --norc --noprofile")
    page.run("echo quiet-$((1+1))")
    page.wait_for_text("quiet-2")
    assert [text for text in complaints if "Content Security Policy" in text] == []


def test_the_keyboard_reaches_everything(web: WebPage, daemon: PtydUnderTest) -> None:
    daemon.request("create", argv=["cat"], name="listed")
    expect(web.row("listed")).to_be_visible()
    names: list[str] = []
    for _ in range(12):
        web.page.keyboard.press("Tab")
        names.append(web.evaluate(FOCUSED_NAME))
    for wanted in ("Show all sessions", "New session", "Rename", "End listed", "Conversations"):
        assert wanted in names, names
    assert any(name.startswith("listed, Active") for name in names), names
