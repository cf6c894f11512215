"""The door by itself: what is let in, by its headers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.config import Config, ConfigError
from ptyd.core.access.principal import OWNER
from ptyd.edge.net.door import FORWARDING_HEADERS, UNIX_HOSTS, Door, Turned, cookie_of, hosts_of_listener, join_headers
from ptyd.edge.net.front import Front
from ptyd.edge.net.logins import Logins

HOST = "127.0.0.1:8080"


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    return Logins(tmp_path)


@pytest.fixture
def door(logins: Logins) -> Door:
    return Door(hosts_of_listener("127.0.0.1", 8080), logins, trusts_peer=False)


def status_of(door: Door, headers: dict[str, str]) -> int:
    with pytest.raises(Turned) as caught:
        door.admit(headers)
    assert caught.value.reason
    return caught.value.status


def test_token(door: Door, logins: Logins) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert door.admit({"host": HOST, "authorization": f"{scheme} {logins.token}"}) is OWNER


def test_cookie(door: Door, logins: Logins) -> None:
    cookie = logins.redeem(logins.make_ticket())
    headers = {"host": HOST, "cookie": f"a=b; ptyd={cookie}; c=d"}
    assert door.admit(headers, method="GET") == OWNER
    assert door.admit({**headers, "origin": f"http://{HOST}"}) == OWNER
    assert status_of(door, headers) == 403


def test_place_goes_before_person(door: Door, logins: Logins) -> None:
    good = {"authorization": f"Bearer {logins.token}"}
    assert status_of(door, {"host": "evil", **good}) == 421
    assert status_of(door, {"host": HOST, "origin": "http://evil", **good}) == 403
    assert status_of(door, {"host": HOST}) == 401
    assert status_of(door, {}) == 421


def test_the_owners_own_socket(logins: Logins) -> None:
    door = Door(UNIX_HOSTS, logins, trusts_peer=True)
    assert door.admit({"host": "localhost"}) is OWNER
    assert door.admit({"host": "localhost", "origin": "http://localhost"}) is OWNER
    assert status_of(door, {"host": "evil"}) == 421
    assert status_of(door, {"host": "localhost", "origin": "http://evil"}) == 403


@pytest.mark.parametrize(
    ("host", "port", "present", "absent"),
    [
        ("127.0.0.1", 8080, {"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}, {"127.0.0.1", "127.0.0.1:80"}),
        ("::1", 9, {"[::1]:9", "localhost:9"}, {"::1:9", "[::1]"}),
        ("127.0.0.1", 80, {"127.0.0.1", "localhost", "127.0.0.1:80"}, {"127.0.0.1:8080"}),
    ],
)
def test_hosts(host: str, port: int, present: set[str], absent: set[str]) -> None:
    hosts = hosts_of_listener(host, port, ["My.Box:1"])
    assert present | {"my.box:1"} <= hosts
    assert not absent & hosts


@pytest.mark.parametrize(
    ("cookie", "value"),
    [("ptyd=x", "x"), ("a=1; ptyd=x", "x"), ("", ""), ("ptyd", ""), ("ptyd=", ""), ("PTYD=x", ""), ('ptyd="x"', "x")],
)
def test_cookies(cookie: str, value: str) -> None:
    assert cookie_of({"cookie": cookie}) == value


def test_headers_given_twice_are_joined() -> None:
    assert join_headers([("Host", "a"), ("Origin", "b"), ("host", "c")]) == {"host": "a, c", "origin": "b"}


@given(st.dictionaries(st.sampled_from(["host", "origin", "authorization", "cookie"]), st.text(), max_size=4))
def test_nothing_by_chance(tmp_path_factory: pytest.TempPathFactory, headers: dict[str, str]) -> None:
    door = Door(hosts_of_listener("127.0.0.1", 8080), Logins(tmp_path_factory.getbasetemp()), trusts_peer=False)
    for more in ({}, {"host": HOST}):
        with pytest.raises(Turned):
            door.admit(headers | more)


def test_proxy_on_the_unix_socket_is_refused(logins: Logins) -> None:
    door = Door(UNIX_HOSTS, logins, trusts_peer=True)
    for name in FORWARDING_HEADERS:
        assert status_of(door, {"host": "localhost", name: "192.0.2.1"}) == 403


def test_address_that_a_client_has_connected_to(door: Door, logins: Logins) -> None:
    """On a listener for all addresses nobody can list them; and no name can be rebound to a Host of digits."""
    good = {"authorization": f"Bearer {logins.token}"}
    here = {"server": ("192.0.2.9", 8080), "client": ("192.0.2.1", 1)}
    assert door.admit({"host": "192.0.2.9:8080", "origin": "https://192.0.2.9:8080", **good}, here) is OWNER
    for place in ("192.0.2.8:8080", "192.0.2.9:81", "evil.example:8080"):
        for headers in ({"host": place}, {"host": "192.0.2.9:8080", "origin": f"http://{place}"}):
            with pytest.raises(Turned):
                door.admit({**headers, **good}, here)


def test_front_of_a_configuration() -> None:
    front = Front.of(Config(public_url="https://Example.org:8443/ptyd/", trusted_proxies=["10.0.0.0/8"]))
    assert (front.base_path, front.cookie_path, "example.org:8443" in front.allowed_hosts) == ("/ptyd", "/ptyd/", True)
    stripped = [front.strip_base(path) for path in ("/ptyd/ws", "/ptyd", "/ws", "/ptydx/ws", "/a/ptyd/ws")]
    assert stripped == ["/ws", "", "/ws", "/ptydx/ws", "/a/ptyd/ws"]
    for wrong in ({"public_url": "example.org"}, {"base_path": "ptyd"}, {"trusted_proxies": ["nginx"]}):
        with pytest.raises(ConfigError):
            Front.of(Config(**wrong))  # type: ignore[arg-type]
