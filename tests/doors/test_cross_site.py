"""Pages of other sites: every route and the WebSocket, with the cookie that a browser adds by itself."""

import base64
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyd_protocol.codec import encode
from ptyd_protocol.messages import Request

from ptyd.edge.net.door import HARMLESS_METHODS
from ptyd.edge.net.http_app import HEALTH_PATHS
from tests.doors.asgi import ORIGIN, App
from tests.support.daemon import PtydUnderTest, running_ptyd

OPEN_TO_ALL = {"/login", "/login.js"}
"""Routes that ask for no login. Whoever adds one says here that he has thought about it."""

CHANGES_BY_GET = {"/login"}
"""It makes a login out of a ticket, which is good once, and takes no notice of a cookie."""

FOREIGN = [
    pytest.param({"origin": "http://evil.example"}, id="origin"),
    pytest.param({"origin": "null"}, id="null-origin"),
    pytest.param({"origin": "http://127.0.0.1:9"}, id="other-port"),
    pytest.param({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, id="fetch-cross-site"),
    pytest.param({"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"}, id="fetch-other-port"),
    pytest.param(
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "iframe"}, id="frame"
    ),
    pytest.param({"host": "evil.example:8080"}, id="rebound-name"),
]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    return App(tmp_path, monkeypatch)


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_route_takes_anything_from_another_site(app: App, headers: dict[str, str]) -> None:
    cookie = app.log_in()
    for method, path in app.list_requests():
        status, _, _ = app.ask(method, path, cookie=cookie, **headers)
        assert status in (403, 421), (method, path, status)
    assert app.answered == []


def test_no_route_changes_anything_by_the_cookie_alone(app: App) -> None:
    """A state-changing route without an Origin: no browser of today sends that, so nobody's cookie counts there."""
    changing = [(method, path) for method, path in app.list_requests() if method not in HARMLESS_METHODS]
    assert {path for _, path in changing} >= {"/logout", "/api/request"}
    for method, path in changing:
        if path in OPEN_TO_ALL:  # takes a secret of its own, and no notice of a cookie
            assert "set-cookie" not in app.ask(method, path, cookie=app.log_in(), origin=ORIGIN)[1]
            continue
        assert app.ask(method, path, cookie=app.log_in())[0] == 403, path
        assert app.ask(method, path, cookie=app.log_in(), origin=ORIGIN)[0] in (200, 204, 400), path
        assert app.answered == []


def test_what_takes_get_changes_nothing(app: App) -> None:
    """The table of what may be asked by GET, which a link of any page can do; a new route is to be looked at."""
    by_get = {path for method, path in app.list_requests() if method in HARMLESS_METHODS}
    known = {"/", "/assets/app.js", "/login", "/login.js", "/metrics", "/sw.js"}
    assert by_get == known, "is this harmless, or does it belong to POST?"
    assert known >= CHANGES_BY_GET
    assert "set-cookie" not in app.ask("GET", "/login", cookie=app.log_in())[1]


def test_a_probe_is_told_one_word(app: App) -> None:
    """Before the door, whoever asks under whatever name: so there is nothing in it to be read or to be changed."""
    for path in HEALTH_PATHS:
        for headers in ({}, {"host": "evil.example", "origin": "null", "sec_fetch_site": "cross-site"}):
            assert app.ask("GET", path, **headers)[::2] == (200, b"ok\n")
            assert app.ask("POST", path, **headers)[0] in (401, 403, 421)
    app.problems = ["the secret of the disk"]
    assert app.ask("GET", "/readyz")[::2] == (503, b"not ready\n")


def test_every_route_asks_who_is_there(app: App) -> None:
    for method, path in app.list_requests():
        if path not in OPEN_TO_ALL:
            assert app.ask(method, path, origin=ORIGIN)[0] == 401, path


def test_no_route_is_open_to_other_sites_readers(app: App) -> None:
    for method, path in [*app.list_requests(), *(("GET", path) for path in HEALTH_PATHS)]:
        for headers in ({}, {"cookie": app.log_in()}, {"origin": ORIGIN}):
            _, answer, _ = app.ask(method, path, **headers)
            assert "frame-ancestors 'none'" in answer["content-security-policy"], path
            assert answer["cross-origin-resource-policy"] == "same-origin"
            assert answer["cross-origin-opener-policy"] == "same-origin"
            assert answer["referrer-policy"] == "no-referrer"
            assert not [name for name in answer if name.startswith("access-control-")]


def test_a_link_on_another_site_leads_here(app: App) -> None:
    """The browser keeps a strict cookie back then; a link in a chat must not end in an error of ours."""
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert app.ask("GET", "/", cookie=app.log_in(), **link)[0] == 200
    assert app.ask("GET", f"/login?ticket={app.logins.make_ticket()}", **link)[0] == 200


@pytest.fixture(scope="module")
def daemon() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_LISTEN="127.0.0.1:0") as running:
        yield running


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 101),
        ("http://localhost:{port}", 101),
        (None, 403),
        ("null", 403),
        ("http://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("http://127.0.0.1", 403),
        ("file://", 403),
    ],
)
@pytest.mark.parametrize("path", ["/ws", "/ws/claude"])
def test_websocket_hijack_with_the_cookie(daemon: PtydUnderTest, origin: str | None, status: int, path: str) -> None:
    place = daemon.request("listen")
    headers = {
        "Host": f"127.0.0.1:{place['port']}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Protocol": "ptyd.v1",
    }
    connection = http.client.HTTPConnection(place["host"], place["port"], timeout=30)
    connection.request("GET", f"/login?ticket={daemon.request('login_ticket')['ticket']}")
    login = connection.getresponse()
    login.read()
    headers["Cookie"] = (login.getheader("set-cookie") or "").partition(";")[0]
    if origin is not None:
        headers["Origin"] = origin.replace("{port}", str(place["port"]))
    connection.close()
    connection.request("GET", path, headers=headers)
    assert connection.getresponse().status == status
    connection.close()


def test_forged_request_by_a_forms_encodings(app: App) -> None:
    """What a form of another page can send: it has an Origin, be it null, and that is the end of it."""
    body = encode(Request(1, "shutdown", {"kill_sessions": True}))
    cookie = app.log_in()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        for origin in ("null", "http://evil.example", "https://127.0.0.1:8081"):
            assert app.ask("POST", "/api/request", body, cookie=cookie, content_type=kind, origin=origin)[0] == 403
    assert app.answered == []
