"""The page as an application: it can be installed, and its shell is there while the daemon is not; nothing else is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

import ptyd
from tests.browser.page import WebPage
from tests.doors.other_site import other_site
from tests.support.certificates import make_certificate
from tests.support.chromium import find_headless_shell
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.nginx import find_free_port, running_nginx
from tests.support.waiting import wait_until

CONTROLLED = "navigator.serviceWorker?.controller?.state === 'activated'"
KEPT = """(async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    return found.sort();
})()"""


def built(base: str) -> list[str]:
    """The addresses of the shell's files."""
    assets = (Path(ptyd.__file__).parent / "static" / "assets").iterdir()
    shell = [f"{base}assets/{path.name}" for path in assets if path.suffix in {".js", ".css", ".svg"}]
    return sorted([base, *shell])


def wait_until_kept(web: WebPage) -> None:
    web.wait_for(CONTROLLED, "the service worker to be in control")


def test_only_the_shell_is_kept(web: WebPage, daemon: PtydUnderTest) -> None:
    wait_until_kept(web)
    web.start_session("bash -c 'echo SECRET-OUTPUT; cat'")
    web.page.reload()
    web.wait_for_phase("live")
    web.page.evaluate("fetch('metrics').then((response) => response.text())")
    assert web.page.evaluate(KEPT) == built("/")


def test_the_page_is_there_without_the_daemon(web: WebPage, daemon: PtydUnderTest, context: BrowserContext) -> None:
    wait_until_kept(web)
    web.start_session("bash --norc --noprofile")
    context.set_offline(True)
    web.page.reload()
    web.wait_for("document.querySelector('[data-testid=status]')?.dataset.status === 'offline'", "the page, offline")
    context.set_offline(False)
    web.wait_for_status("live")
    web.wait_for_phase("live")
    web.run("echo back-$((1+1))")
    web.wait_for_text("back-2")


def test_whoever_is_logged_out_is_told_so(web: WebPage, context: BrowserContext) -> None:
    """The kept page must not stand before what the daemon says."""
    wait_until_kept(web)
    context.clear_cookies()
    response = web.page.reload()
    assert response is not None and response.status == 401
    assert "Not logged in" in web.page.inner_text("body")


def test_an_earlier_build_is_forgotten(web: WebPage) -> None:
    """A worker of another build has left its cache behind."""
    wait_until_kept(web)
    earlier = "`ptyd ${location.origin}/ earlier`"
    web.page.evaluate(f"caches.open({earlier}).then((c) => c.put('./assets/old.js', new Response('old')))")
    web.page.evaluate("caches.open('of another application').then((c) => c.put('./mine', new Response('mine')))")
    web.page.evaluate("navigator.serviceWorker.getRegistration().then((found) => found.unregister())")
    web.page.reload()
    wait_until_kept(web)
    web.wait_for("caches.keys().then((names) => names.every((name) => !name.endsWith(' earlier')))", "the old to go")
    assert web.page.evaluate("caches.has('of another application')")


def test_other_sites_get_no_more_than_before(web: WebPage, context: BrowserContext) -> None:
    """What they may is judged by the daemon, though the worker asks it: a link leads here, a frame does not."""
    wait_until_kept(web)
    url = web.page.url
    with other_site() as site:
        site.pages["/link"] = f'<!doctype html><title>other</title><a href="{url}">here</a>'
        site.pages["/frame"] = f'<!doctype html><title>other</title><iframe src="{url}"></iframe>'
        visitor = context.new_page()
        for host in ("127.0.0.1", "other.localhost"):  # the same site on another port, and another site
            visitor.goto(site.url("/link", host))
            with visitor.expect_navigation(url=url) as arrived:
                visitor.click("a")
            answer = arrived.value
            # A strict cookie may be kept back on the way from elsewhere: then the page says how to log in.
            assert answer is not None and answer.status in (200, 401)
            visitor.goto(site.url("/frame", host))
            wait_until(lambda: any(frame.url.startswith("chrome-error:") for frame in visitor.frames))


def test_the_manifest(web: WebPage, context: BrowserContext) -> None:
    devtools = context.new_cdp_session(web.page)
    answer = devtools.send("Page.getAppManifest")
    assert answer["errors"] == []
    manifest = json.loads(answer["data"])
    assert manifest["display"] == "standalone"
    assert (answer["manifest"]["startUrl"], answer["manifest"]["scope"]) == (f"{web.page.url}", f"{web.page.url}")
    for icon in manifest["icons"]:
        response = web.page.request.get(f"{web.page.url}assets/{icon['src']}")
        assert (response.status, response.headers["content-type"]) == (200, "image/png")
        assert "immutable" in response.headers["cache-control"]
    wait_until_kept(web)

    def find_errors() -> list[str]:
        errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
        return [error["errorId"] for error in errors]

    # A test's browser is one of those that keep nothing, and that is all that is wrong.
    wait_until(lambda: find_errors() in ([], ["in-incognito"]), what=lambda: str(find_errors()))


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[PtydUnderTest]:
    port, daemon_port, made = find_free_port(), find_free_port(), make_certificate(tmp_path)
    url = f"https://localhost:{port}/ptyd"
    with (
        running_ptyd(
            PTYD_LISTEN=f"127.0.0.1:{daemon_port}", PTYD_PUBLIC_URL=url, PTYD_TRUSTED_PROXIES="127.0.0.1"
        ) as running,
        running_nginx(tmp_path, port, daemon_port, made, strips=True),
    ):
        yield running


def test_below_a_base_path(proxied: PtydUnderTest, browser: Browser) -> None:
    chromium = browser.browser_type.launch(
        executable_path=find_headless_shell(), args=["--no-sandbox", "--ignore-certificate-errors"]
    )
    context = chromium.new_context()
    try:
        web = WebPage(context.new_page())
        web.page.goto(proxied.request("login_ticket")["url"])
        web.wait_for_status("live")
        wait_until_kept(web)
        assert web.page.evaluate(KEPT) == built("/ptyd/")
        manifest = context.new_cdp_session(web.page).send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert manifest["manifest"]["startUrl"].endswith("/ptyd/")
        context.set_offline(True)
        web.page.reload()
        web.wait_for("document.querySelector('[data-testid=status]') !== null", "the page, offline")
    finally:
        chromium.close()
