"""The daemon behind nginx, under a path and with TLS there: browser, SDK, command line."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from ptyd_sdk import blocking

from tests.browser.page import WebPage
from tests.support.certificates import TestCertificate, make_certificate
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.nginx import find_free_port, running_nginx


class Site:
    def __init__(self, ptyd: PtydUnderTest, url: str, port: int, daemon_port: int, made: TestCertificate) -> None:
        self.ptyd = ptyd
        self.url = url
        self.port = port
        self.daemon_port = daemon_port
        self.made = made
        self.token: str = ptyd.request("access_token")["token"]


@pytest.fixture(params=[True, False], ids=["path taken off", "path left on"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    port, daemon_port, made = find_free_port(), find_free_port(), make_certificate(tmp_path)
    url = f"https://localhost:{port}/ptyd"
    with (
        running_ptyd(
            PTYD_LISTEN=f"127.0.0.1:{daemon_port}", PTYD_PUBLIC_URL=url, PTYD_TRUSTED_PROXIES="127.0.0.1"
        ) as ptyd,
        running_nginx(tmp_path, port, daemon_port, made, strips=request.param),
    ):
        yield Site(ptyd, url, port, daemon_port, made)


def test_browser_logs_in_attaches_and_types(site: Site, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True)
    try:
        web = WebPage(context.new_page())
        ticket = site.ptyd.request("login_ticket")["url"]
        assert ticket.startswith(f"{site.url}/login")
        web.page.goto(ticket)
        web.wait_for_status("live")
        assert web.page.url.startswith(f"{site.url}/")
        (cookie,) = context.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["path"]) == (True, True, "/ptyd/")
        web.start_session("sh -c 'echo ready; exec cat'", name="proxied")
        web.wait_for_text("ready")
        web.run("typed through nginx")
        web.wait_for(
            "window.ptyd.readText().split('typed through nginx').length > 2", lambda: f"an echo in {web.text()}"
        )
        assert web.errors == []
    finally:
        context.close()


def test_sdk_and_command_line(site: Site) -> None:
    with blocking.connect(host=site.url, token=site.token, ca=site.made.certificate) as ptyd:
        session = ptyd.create(["sh", "-c", "seq 100000; exec cat"], name="far")
        with session.attach() as term:
            seen = b""
            for chunk in term:
                seen += chunk
                if seen.endswith(b"100000\r\n"):
                    break
            assert seen == b"".join(b"%d\r\n" % number for number in range(1, 100_001))
    listed = site.ptyd.cli(
        *("--host", site.url, "--fingerprint", site.made.fingerprint, "ls"), PTYD_TOKEN=site.token, check=True
    )
    assert "far" in listed.stdout


def test_word_of_strangers_counts_for_nothing(site: Site) -> None:
    """From an address that is no trusted proxy's, forwarded headers are not looked at."""
    context = ssl.create_default_context(cafile=str(site.made.certificate))
    through = http.client.HTTPSConnection("localhost", site.port, context=context, timeout=30)
    good = {"Authorization": f"Bearer {site.token}"}
    through.request("GET", "/ptyd/", headers={**good, "Origin": "https://evil.example"})
    assert through.getresponse().status == 403
    through.close()
    public = f"localhost:{site.port}"
    for source, status, is_secure in (("127.0.0.1", 200, True), ("127.0.0.2", 421, False)):
        forwarded = {"X-Forwarded-Host": public, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        assert ask(site, source, "/", {**good, **forwarded, "Host": "evil.example"})[0] == status
        ticket = site.ptyd.request("login_ticket")["ticket"]
        found, cookie = ask(site, source, f"/login?ticket={ticket}", {**forwarded, "Host": public})
        assert (found, "Secure" in cookie) == (200, is_secure)


def ask(site: Site, source: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and Set-Cookie, directly from the daemon."""
    direct = http.client.HTTPConnection("127.0.0.1", site.daemon_port, timeout=30, source_address=(source, 0))
    try:
        direct.request("GET", path, headers=headers)
        response = direct.getresponse()
        return response.status, response.getheader("set-cookie") or ""
    finally:
        direct.close()
