"""The door, on every route of a real daemon; secrets where nobody else can read them."""

import base64
import contextlib
import http.client
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ptyd_protocol.codec import decode_daemon_message, encode
from ptyd_protocol.messages import Reply, Request

from tests.daemon.client import connected
from tests.support.daemon import PtydUnderTest, UnixHttpConnection, running_ptyd
from tests.support.waiting import wait_until

OWN_ORIGIN = "http://127.0.0.1:{port}"
FOREIGN_HOSTS = [
    *("evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "127.0.0.1", "127.0.0.1:1"),
    *("localhost", "0.0.0.0:{port}", "127.0.0.1:{port}.evil.example", "[::1", "", None),
]
FOREIGN_ORIGINS = [
    *("http://evil.example", "https://evil.example:{port}", "null", "", "file://", "http://127.0.0.1:1"),
    *("http://127.0.0.1", "chrome-extension://abc", "http://localhost.evil.example:{port}"),
    *("http://127.0.0.1:{port}.evil.example", "//127.0.0.1:{port}", "127.0.0.1:{port}"),
]

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    "Sec-WebSocket-Protocol": "ptyd.v1",
}
API_BODY = encode(Request(1, "status"))


@dataclass(frozen=True)
class Route:
    """One thing that can be asked for, and the status of the answer to whoever may."""

    method: str
    path: str
    good_status: int | tuple[int, ...]
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}{' upgrade' if self.headers else ''}"


ROUTES = [
    Route("GET", "/", (200, 503)),  # 503: the web client was not built here
    Route("HEAD", "/", (200, 503)),
    Route("GET", "/assets/nothing.js", 404),
    Route("GET", "/assets/../../daemon.py", 404),
    Route("GET", "/no-such-page", 404),
    Route("POST", "/api/request", 200, API_BODY),
    Route("GET", "/api/request", 405),
    Route("POST", "/logout", 204),
    Route("GET", "/ws", (404, 426), headers={}),
    Route("GET", "/ws", 101, headers=UPGRADE),
    Route("GET", "/other", 404, headers=UPGRADE),
    Route("GET", "/api/request", 404, headers=UPGRADE),
]
ticketless = pytest.mark.parametrize("route", ROUTES, ids=str)


@dataclass
class Web:
    """A daemon that listens on TCP, and what is needed to get in."""

    ptyd: PtydUnderTest
    host: str
    port: int
    token: str

    def ask(
        self, route: Route, host: str | None = "127.0.0.1:{port}", origin: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=15)
        try:
            connection.putrequest(route.method, route.path, skip_host=True, skip_accept_encoding=True)
            values: dict[str, str | None] = {"Host": host, "Origin": origin, **route.headers}
            values |= {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in values.items():
                if value is not None:
                    connection.putheader(name, value.replace("{port}", str(self.port)))
            if route.method == "POST":
                connection.putheader("Content-Length", str(len(route.body)))
            connection.endheaders(route.body)
            response = connection.getresponse()
            body = b""
            if response.status != 101:
                with contextlib.suppress(ConnectionResetError):  # refused before the request was read to its end
                    body = response.read()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, body
        finally:
            connection.close()

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def log_in(self) -> str:
        """A Cookie header."""
        ticket = self.ptyd.request("login_ticket")["ticket"]
        status, headers, _ = self.ask(Route("GET", f"/login?ticket={ticket}", 200))
        assert status == 200
        return headers["set-cookie"].partition(";")[0]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with running_ptyd() as ptyd:
        place = ptyd.request("listen")
        yield Web(ptyd, place["host"], place["port"], ptyd.request("access_token")["token"])


def is_good(route: Route, status: int) -> bool:
    return status in (route.good_status if isinstance(route.good_status, tuple) else (route.good_status,))


# --- who may


@ticketless
def test_with_the_token(web: Web, route: Route) -> None:
    status, _, body = web.ask(route, **web.bearer())
    assert is_good(route, status), (status, body)


@ticketless
def test_with_a_cookie(web: Web, route: Route) -> None:
    status, _, body = web.ask(route, origin=OWN_ORIGIN, Cookie=web.log_in())
    assert is_good(route, status), (status, body)


@ticketless
@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}"])
def test_from_our_own_page(web: Web, route: Route, host: str) -> None:
    status, _, _ = web.ask(route, host=host, origin="http://localhost:{port}", **web.bearer())
    assert is_good(route, status)


# --- who may not


@ticketless
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic {token}"},
        {"Authorization": "{token}"},
        {"Authorization": "Bearer {token}x"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": "ptyd=wrong"},
        {"Cookie": "ptyd="},
        {"Cookie": "ptyd=\xff"},
        {"Cookie": "ptyd={token}"},
        {"Cookie": "other=1; ptyd"},
        {"Cookie": "{{{;;==,"},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
    ids=str,
)
def test_without_credentials(web: Web, route: Route, headers: dict[str, str]) -> None:
    values = {name: value.replace("{token}", web.token) for name, value in headers.items()}
    status, _, body = web.ask(route, **values)
    assert status == 401
    assert web.token.encode() not in body


@ticketless
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_foreign_host(web: Web, route: Route, host: str | None) -> None:
    status, _, _ = web.ask(route, host=host, **web.bearer())
    # A request without Host is no HTTP/1.1 at all.
    assert status == (400 if host is None else 421)


@ticketless
@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_foreign_origin(web: Web, route: Route, origin: str) -> None:
    status, _, _ = web.ask(route, origin=origin, **web.bearer())
    assert status == 403


def test_two_hosts_or_origins(web: Web) -> None:
    """What is given twice fits no list."""
    for name, value, wanted in (
        ("Host", f"evil.example:{web.port}", {400, 421}),
        ("Origin", "http://evil.example", {403}),
    ):
        for route in ROUTES:
            with socket.create_connection((web.host, web.port), 15) as sock:
                lines = [f"{route.method} {route.path} HTTP/1.1", f"Host: 127.0.0.1:{web.port}"]
                lines += [f"Origin: http://127.0.0.1:{web.port}", f"{name}: {value}", "Content-Length: 0"]
                lines += [f"{header}: {text}" for header, text in {**route.headers, **web.bearer()}.items()]
                sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                assert int(sock.recv(12).split()[1]) in wanted, route


def test_login_is_only_for_our_hosts_and_pages(web: Web) -> None:
    for headers, wanted in (({"host": "evil.example"}, 421), ({"origin": "http://evil.example"}, 403)):
        ticket = web.ptyd.request("login_ticket")["ticket"]
        assert web.ask(Route("GET", f"/login?ticket={ticket}", 200), **headers)[0] == wanted
        assert web.ask(Route("GET", f"/login?ticket={ticket}", 200))[0] == 200  # it was not used up


# --- tickets and cookies


def test_a_ticket_is_good_once(web: Web) -> None:
    ticket = web.ptyd.request("login_ticket")
    assert ticket["url"] == f"http://127.0.0.1:{web.port}/login#{ticket['ticket']}"
    route = Route("GET", f"/login?ticket={ticket['ticket']}", 200)
    status, headers, _ = web.ask(route)
    assert status == 200
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in headers["set-cookie"].split(";")}
    assert headers["cache-control"] == "no-store"
    status, headers, _ = web.ask(route)
    assert status == 401
    assert "set-cookie" not in headers


@pytest.mark.parametrize("query", ["?ticket=", "?ticket=wrong", "?ticket=%00"])
def test_no_ticket(web: Web, query: str) -> None:
    status, headers, _ = web.ask(Route("GET", f"/login{query}", 200))
    assert status == 401
    assert "set-cookie" not in headers


def test_a_ticket_opens_nothing_else(web: Web) -> None:
    ticket = web.ptyd.request("login_ticket")["ticket"]
    assert web.ask(ROUTES[0], Authorization=f"Bearer {ticket}")[0] == 401
    assert web.ask(ROUTES[0], Cookie=f"ptyd={ticket}")[0] == 401
    assert web.ask(Route("GET", f"/?ticket={ticket}", 200))[0] == 401


def test_logging_out(web: Web) -> None:
    cookie, other = web.log_in(), web.log_in()
    assert cookie != other
    status, headers, _ = web.ask(Route("POST", "/logout", 204), origin=OWN_ORIGIN, Cookie=cookie)
    assert status == 204
    assert 'ptyd=""' in headers["set-cookie"]
    for route in ROUTES:
        assert web.ask(route, Cookie=cookie)[0] == 401, route
    assert web.ask(Route("POST", "/api/request", 200, API_BODY), origin=OWN_ORIGIN, Cookie=other)[0] == 200


def test_cookies_outlive_the_daemon_and_tickets_do_not(web: Web) -> None:
    cookie = web.log_in()
    ticket = web.ptyd.request("login_ticket")["ticket"]
    web.ptyd.wait_for_new_daemon(web.ptyd.kill_daemon())
    api = Route("POST", "/api/request", 200, API_BODY)
    assert web.ask(api, origin=OWN_ORIGIN, Cookie=cookie)[0] == 200
    assert web.ask(api, **web.bearer())[0] == 200
    assert web.ask(Route("GET", f"/login?ticket={ticket}", 200))[0] == 401


def test_a_person_is_told_what_to_do(web: Web) -> None:
    status, headers, body = web.ask(ROUTES[0])
    assert status == 401
    assert headers["content-type"].startswith("text/html")
    assert b"ptyd up --open" in body


def test_every_answer_protects_its_reader(web: Web) -> None:
    for route in ROUTES:
        for credential in ({}, web.bearer()):
            status, headers, _ = web.ask(route, **credential)
            if route.headers:
                continue  # the library's own answers to a handshake: no page can read them
            assert headers["x-content-type-options"] == "nosniff", route
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers
            assert status < 600


# --- one-shot requests


@pytest.mark.parametrize(
    "body", [b"", b"junk", encode(Reply(1, None)), b"\x91\x3f", encode(Request(1, "status")) + b"x", bytes(1_048_577)]
)
def test_a_body_that_is_no_request(web: Web, body: bytes) -> None:
    status, headers, text = web.ask(Route("POST", "/api/request", 400, body), **web.bearer())
    assert status == 400
    assert headers["content-type"].startswith("text/plain")
    assert b"Traceback" not in text


def test_one_shot_over_tcp(web: Web) -> None:
    status, headers, body = web.ask(Route("POST", "/api/request", 200, API_BODY), **web.bearer())
    answer = decode_daemon_message(body)
    assert (status, headers["content-type"]) == (200, "application/msgpack")
    assert isinstance(answer, Reply)
    assert answer.result["daemon_pid"] == web.ptyd.daemon_pid()


# --- listeners


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "10.0.0.1"])
def test_only_loopback_is_listened_on_without_tls(web: Web, host: str) -> None:
    with connected(web.ptyd.sock_path) as client:
        asked = client.begin_request("listen", host=host)
        with pytest.raises(Exception, match=r"not_allowed: .* is not a loopback address"):
            client.end_request(asked)


@pytest.mark.parametrize("host", ["", "example.com", "127.0.0.1:1"])
def test_addresses_are_listened_on_and_not_names(web: Web, host: str) -> None:
    with connected(web.ptyd.sock_path) as client, pytest.raises(Exception, match=r"bad_request: .* is not the address"):
        client.request("listen", host=host)


def test_a_port_in_use(web: Web) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, connected(web.ptyd.sock_path) as client:
        port = other.getsockname()[1]
        with pytest.raises(Exception, match=f"unavailable: cannot listen on 127.0.0.1:{port}: Address already in use"):
            client.request("listen", port=port)


def test_listening_there_already(web: Web) -> None:
    place = {"host": "127.0.0.1", "port": web.port, "tls": False, "fingerprint": ""}
    assert web.ptyd.request("listen") == place
    assert web.ptyd.request("listen", host="localhost", port=web.port) == place
    with pytest.raises(Exception, match=f"unavailable: 127.0.0.1:{web.port} is listened on already, without TLS"):
        web.ptyd.request("listen", port=web.port, tls=True)


def test_allowed_hosts_are_allowed() -> None:
    with running_ptyd(PTYD_LISTEN="127.0.0.1:0", PTYD_ALLOWED_HOSTS="Box.Example:8080, other.example") as ptyd:
        (place,) = [one for one in ptyd.request("status")["listeners"] if one["kind"] == "tcp"]
        host, _, port = place["address"].rpartition(":")
        web = Web(ptyd, host, int(port), ptyd.request("access_token")["token"])
        api = Route("POST", "/api/request", 200, API_BODY)
        for name in ("box.example:8080", "Box.Example:8080", "other.example"):
            assert web.ask(api, host=name, origin=f"https://{name}", **web.bearer())[0] == 200
        assert web.ask(api, host="box.example", **web.bearer())[0] == 421


def test_unix_socket_has_its_own_host(web: Web) -> None:
    for host, wanted in (("localhost", 200), (f"127.0.0.1:{web.port}", 421), ("evil.example", 421)):
        connection = UnixHttpConnection(web.ptyd.sock_path)
        with contextlib.closing(connection):
            connection.request("POST", "/api/request", API_BODY, {"Host": host})
            assert connection.getresponse().status == wanted


# --- files and secrets


def test_modes(web: Web) -> None:
    web.log_in()
    web.ptyd.request("create", argv=["cat"])
    modes = {
        path.relative_to(web.ptyd.runtime_dir): stat.S_IMODE(path.lstat().st_mode)
        for path in web.ptyd.runtime_dir.rglob("*")
    }
    assert stat.S_IMODE(web.ptyd.runtime_dir.stat().st_mode) == 0o700
    assert modes.pop(Path("sessions")) == 0o700
    assert {Path("ptyd.sock"), Path("keeper.sock"), Path("token"), Path("logins"), Path("daemon.log")} <= set(modes)
    folders = {path for path in modes if path.suffix == ".agent"}
    assert {modes.pop(path) for path in folders} == {0o700}
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o177} == {}


def test_cookies_are_kept_as_digests(web: Web) -> None:
    cookie = web.log_in().partition("=")[2]
    assert cookie not in (web.ptyd.runtime_dir / "logins").read_text()


CONNECT_AS_NOBODY = """
import os, socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.settimeout(10)
os.setresuid(65534, 65534, 0)
os.seteuid(65534)
try:
    sock.connect(sys.argv[1])
    sock.sendall(b"POST /api/request HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n")
    print("answered" if sock.recv(1) else "cut off")
except PermissionError:
    print("not let in")
except ConnectionError:
    print("cut off")
"""


def test_another_user_is_cut_off() -> None:
    """By the directory's mode; and were that wrong, by the kernel's word for who is there."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with running_ptyd() as ptyd:

        def connect() -> str:
            command = [sys.executable, "-c", CONNECT_AS_NOBODY, str(ptyd.sock_path)]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

        assert connect() == "not let in"
        for path, mode in ((ptyd.runtime_dir.parent, 0o711), (ptyd.runtime_dir, 0o711), (ptyd.sock_path, 0o666)):
            path.chmod(mode)
        assert connect() == "cut off"
        assert "refused a connection of user 65534" in (ptyd.runtime_dir / "daemon.log").read_text()
        ptyd.runtime_dir.chmod(0o700)


def test_secrets_are_nowhere(web: Web) -> None:
    """Neither token, ticket nor cookie in a log, a command line or an environment."""
    cookie = web.log_in().partition("=")[2]
    ticket = web.ptyd.request("login_ticket")["ticket"]
    web.ask(Route("GET", f"/login?ticket={ticket}", 200))
    web.ask(Route("GET", f"/login?ticket={ticket}", 401))
    web.ask(ROUTES[0], Authorization=f"Bearer {web.token}x")
    info = web.ptyd.request("create", argv=["sh", "-c", "cat /proc/self/environ; exec sleep 600"])
    wait_until(lambda: web.ptyd.request("get", session=info["id"])["log_head"] > 0)
    secrets = [web.token, cookie, ticket]
    for name in ("daemon.log", "keeper.log", f"sessions/{info['id']}.log"):
        content = (web.ptyd.runtime_dir / name).read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], name
    for process in Path("/proc").iterdir():
        if re.fullmatch(r"\d+", process.name) and int(process.name) != os.getpid():
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):
                    content = (process / name).read_bytes()
                    assert [secret for secret in secrets if secret.encode() in content] == [], (process, name)


def test_no_error_came_of_all_this(web: Web) -> None:
    log = (web.ptyd.runtime_dir / "daemon.log").read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
