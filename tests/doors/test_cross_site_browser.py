"""Pages of other sites in a real browser, in which the user is logged in to the daemon."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page
from ptyd_protocol.codec import encode
from ptyd_protocol.messages import Request

from tests.browser.page import WebPage
from tests.doors.other_site import OtherSite, other_site
from tests.support.daemon import PtydUnderTest
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

OPEN_WEBSOCKET = """url => new Promise(resolve => {
  const socket = new WebSocket(url, "ptyd.v1");
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""

POST = """([url, body]) => fetch(url, {
  method: "POST", mode: "no-cors", credentials: "include", body: new Uint8Array(body),
}).then(answer => `${answer.type} ${answer.status}`, () => "refused")"""

READ = """url => fetch(url, {credentials: "include"}).then(answer => answer.text(), () => "refused")"""

LOAD = """([tag, url]) => new Promise(resolve => {
  const element = document.createElement(tag);
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("refused");
  if (tag === "link") { element.rel = "stylesheet"; element.href = url; } else element.src = url;
  document.body.append(element);
})"""


@pytest.fixture
def site() -> Iterator[OtherSite]:
    with other_site() as running:
        yield running


def address_of(daemon: PtydUnderTest) -> str:
    place = daemon.request("listen")
    return f"{place['host']}:{place['port']}"


@pytest.fixture
def visitor(web: WebPage, context: BrowserContext, site: OtherSite) -> Page:
    """A page of the other site, in the browser that holds the cookie."""
    assert [one["name"] for one in context.cookies()] == ["ptyd"]
    page = context.new_page()
    page.goto(site.url("/attack"))
    return page


def test_websocket_hijack(daemon: PtydUnderTest, web: WebPage, visitor: Page, context: BrowserContext) -> None:
    url = f"ws://{address_of(daemon)}/ws"
    assert web.page.evaluate(OPEN_WEBSOCKET, url) == "open", "from our own page, so that the attempt can succeed"
    assert visitor.evaluate(OPEN_WEBSOCKET, url) == "refused"
    for name in ("localhost", "127.0.0.1"):
        assert visitor.evaluate(OPEN_WEBSOCKET, url.replace("127.0.0.1", name)) == "refused"


def test_websocket_of_a_page_without_an_origin(daemon: PtydUnderTest, visitor: Page) -> None:
    """A sandboxed frame's Origin is "null"."""
    visitor.set_content('<iframe sandbox="allow-scripts" srcdoc="<p>attack"></iframe>')
    frame = wait_until(lambda: next((one for one in visitor.frames if one.parent_frame), None))
    assert frame.evaluate(OPEN_WEBSOCKET, f"ws://{address_of(daemon)}/ws") == "refused"


def test_forged_requests(daemon: PtydUnderTest, visitor: Page, web: WebPage) -> None:
    url = f"http://{address_of(daemon)}"
    body = list(encode(Request(1, "create", {"argv": ["sleep", "600"]})))
    visitor.evaluate(POST, [f"{url}/api/request", body])
    visitor.evaluate(POST, [f"{url}/logout", []])
    assert visitor.evaluate(READ, f"{url}/") == "refused"
    assert daemon.request("list") == []
    assert web.page.evaluate("fetch('/').then(answer => answer.status)") == 200, "still logged in"


def test_forged_forms(daemon: PtydUnderTest, visitor: Page, web: WebPage) -> None:
    url = f"http://{address_of(daemon)}"
    for path in ("/logout", "/api/request"):
        visitor.set_content(f'<form method="post" enctype="text/plain" action="{url}{path}"><input name=a></form>')
        with visitor.expect_navigation() as arrived:
            visitor.evaluate("document.forms[0].submit()")
        answer = arrived.value
        assert answer is not None
        assert answer.status == 403
        visitor.go_back()
    assert web.page.evaluate("fetch('/').then(answer => answer.status)") == 200


def test_nothing_is_embedded(daemon: PtydUnderTest, visitor: Page) -> None:
    """Neither as an image, a script or a style, which would tell whether somebody is logged in, nor in a frame."""
    url = f"http://{address_of(daemon)}"
    for tag, path in (("img", "/"), ("script", "/assets/"), ("link", "/")):
        assert visitor.evaluate(LOAD, [tag, url + path]) == "refused", tag
    visitor.set_content(f'<iframe src="{url}/"></iframe>')
    wait_until(lambda: any(frame.url.startswith("chrome-error:") for frame in visitor.frames))


def test_rebound_name(daemon: PtydUnderTest, visitor: Page, web: WebPage) -> None:
    """A name of the attacker's that leads to 127.0.0.1, as every name below localhost does in this browser."""
    port = address_of(daemon).rpartition(":")[2]
    answers: list[int] = []
    visitor.on("response", lambda answer: answers.append(answer.status))
    answer = visitor.goto(f"http://rebound.localhost:{port}/")
    assert answer is not None
    assert answer.status == 421
    assert visitor.evaluate(OPEN_WEBSOCKET, f"ws://rebound.localhost:{port}/ws") == "refused"
    assert visitor.evaluate(READ, f"http://rebound.localhost:{port}/api/request").startswith("<!doctype html>")
    assert set(answers) == {421}


def test_another_page_holds_no_handle_on_ours(daemon: PtydUnderTest, visitor: Page, context: BrowserContext) -> None:
    with context.expect_page() as opened:
        visitor.evaluate(f"() => {{ window.theirs = window.open('http://{address_of(daemon)}/') }}")
    opened.value.wait_for_load_state()
    assert visitor.evaluate("window.theirs.closed") is True, "Cross-Origin-Opener-Policy has cut it off"
