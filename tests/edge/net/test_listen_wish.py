"""Where the daemon may listen. Nothing here binds a socket."""

import pytest
from ptyd_protocol.daemon import ListenParams
from ptyd_protocol.errors import Refusal

from ptyd.edge.net.listen_wish import ListenWish

OPEN_HOSTS = ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]


@pytest.mark.parametrize("host", OPEN_HOSTS)
def test_off_loopback_only_with_tls_or_on_purpose(host: str) -> None:
    with pytest.raises(Refusal, match="not a loopback address") as refused:
        ListenWish.of(ListenParams(host=host, port=80))
    assert refused.value.code == "not_allowed"
    assert "--tls" in refused.value.message and "--insecure" in refused.value.message
    assert ListenWish.of(ListenParams(host=host, tls=True)).is_tls
    assert ListenWish.of(ListenParams(host=host, tls_cert="/c", tls_key="/k")).is_tls
    assert not ListenWish.of(ListenParams(host=host, insecure=True)).is_tls


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_without_more(host: str) -> None:
    wish = ListenWish.of(ListenParams(host=host, port=80))
    assert (wish.host, wish.is_tls) == ("127.0.0.1" if host == "localhost" else host, False)


@pytest.mark.parametrize(
    "params",
    [
        ListenParams(host="example.org", tls=True),
        ListenParams(host="", tls=True),
        ListenParams(tls_cert="/c"),
        ListenParams(tls_key="/k"),
    ],
)
def test_nonsense(params: ListenParams) -> None:
    with pytest.raises(Refusal) as refused:
        ListenWish.of(params)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize(
    "wish",
    [
        ListenWish("127.0.0.1", 80),
        ListenWish("::1", 443, True),
        ListenWish("127.0.0.2", 443, True, "/etc/ssl/my box?&:.pem", "/etc/ssl/ü#.key"),
    ],
)
def test_next_daemon_understands_the_name(wish: ListenWish) -> None:
    assert ListenWish.from_name(wish.name()) == wish


@pytest.mark.parametrize("name", ["", "unix:/x", "udp:127.0.0.1:1", "tcp:127.0.0.1", "tls:::1:x"])
def test_other_names(name: str) -> None:
    with pytest.raises(ValueError):
        ListenWish.from_name(name)
