"""Whose word counts for where a client comes from."""

from typing import Any

import pytest

from ptyd.edge.audit import describe_client
from ptyd.edge.net.client_address import (
    NO_PROXIES,
    UNIX_PEER,
    TrustedProxies,
    client_address,
    client_host,
    client_scheme,
    parse_ip,
)

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "::1"])


def from_peer(address: str) -> dict[str, Any]:
    return {"client": (address, 50_000)}


class Transport:
    def __init__(self, peername: Any) -> None:
        self._peername = peername

    def get_extra_info(self, name: str) -> Any:
        assert name == "peername"
        return self._peername


def test_peer_is_the_client_where_nobody_is_trusted() -> None:
    headers = {"x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
    assert client_address(from_peer("127.0.0.1"), headers) == "127.0.0.1"
    assert client_address(from_peer("192.0.2.1"), headers, PROXIES) == "192.0.2.1"
    assert client_scheme(from_peer("192.0.2.1"), headers, PROXIES, "http") == "http"
    assert client_host(from_peer("192.0.2.1"), headers | {"host": "Mine:1"}, PROXIES) == "mine:1"


def test_trusted_proxy_is_believed() -> None:
    headers = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "HTTPS", "x-forwarded-host": "Good.example"}
    peer = from_peer("127.0.0.1")
    assert client_address(peer, headers, PROXIES) == "192.0.2.7"
    assert client_scheme(peer, headers, PROXIES, "http") == "https"
    assert client_host(peer, headers | {"host": "127.0.0.1:8000"}, PROXIES) == "good.example"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.1.2.3", "192.0.2.7"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("6.6.6.6, unknown, 10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
        ("nonsense", "127.0.0.1"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("192.0.2.7:4711", "192.0.2.7"),
    ],
)
def test_what_stands_before_the_first_stranger_is_hearsay(chain: str, client: str) -> None:
    assert client_address(from_peer("127.0.0.1"), {"x-forwarded-for": chain}, PROXIES) == client


def test_last_word_of_several_is_the_nearest_proxy_s() -> None:
    peer = from_peer("127.0.0.1")
    headers = {"x-forwarded-proto": "http, https", "x-forwarded-host": "evil.example, good.example"}
    assert client_scheme(peer, headers, PROXIES, "http") == "https"
    assert client_host(peer, headers, PROXIES) == "good.example"
    assert client_scheme(peer, {"x-forwarded-proto": "gopher"}, PROXIES, "http") == "http"


def test_transports_and_the_unix_socket() -> None:
    assert client_address(Transport(("127.0.0.1", 1)), {"x-forwarded-for": "192.0.2.7"}, PROXIES) == "192.0.2.7"
    assert client_address(Transport(("::ffff:192.0.2.9", 1, 0, 0)), {}, PROXIES) == "192.0.2.9"
    assert client_address(Transport(("::1", 1, 0, 0)), {"x-forwarded-for": "192.0.2.7"}, PROXIES) == "192.0.2.7"
    for nameless in ("", b"", None):
        assert client_address(Transport(nameless), {"x-forwarded-for": "192.0.2.7"}, PROXIES) == UNIX_PEER
    assert client_address({"client": None}, {"x-forwarded-for": "192.0.2.7"}, PROXIES) == UNIX_PEER


def test_entries_must_make_sense() -> None:
    with pytest.raises(ValueError, match="nginx"):
        TrustedProxies(["nginx"])
    assert not NO_PROXIES.trusts(parse_ip("127.0.0.1"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("peer", "forwarded", "told"),
    [
        (("127.0.0.1", 50000), "", "127.0.0.1:50000"),
        (("::1", 50000), "", "[::1]:50000"),
        (("127.0.0.1", 50000), "192.0.2.7", "192.0.2.7"),
        (("198.51.100.1", 50000), "192.0.2.7", "198.51.100.1:50000"),
        (None, "192.0.2.7", "unix"),
    ],
)
def test_what_the_audit_tells_of_it(peer: tuple[str, int] | None, forwarded: str, told: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert describe_client({"client": peer}, headers, TrustedProxies(["127.0.0.1"])) == told
