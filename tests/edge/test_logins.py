"""Token, tickets, cookies."""

import stat
from pathlib import Path

import pytest

from ptyd.edge import logins as logins_module
from ptyd.edge.logins import COOKIE_SECONDS, MAX_TICKETS, TICKET_SECONDS, Logins


class Clock:
    """Both of the clocks, in the test's hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(logins_module, "time", clock)
    return clock


def log_in(logins: Logins) -> str:
    cookie = logins.redeem(logins.make_ticket())
    assert cookie is not None
    return cookie


def test_token_stays(tmp_path: Path) -> None:
    first = Logins(tmp_path)
    assert len(first.token) >= 32
    assert Logins(tmp_path).token == first.token
    assert (tmp_path / "token").read_text().strip() == first.token
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert first.knows_token(first.token)
    assert not first.knows_token("")
    assert not first.knows_token(first.token[:-1])


def test_an_empty_token_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    logins = Logins(tmp_path)
    assert logins.token
    assert not logins.knows_token("")


def test_a_ticket_is_good_once(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    ticket = logins.make_ticket()
    cookie = logins.redeem(ticket)
    assert cookie is not None
    assert logins.knows_cookie(cookie)
    assert logins.redeem(ticket) is None
    assert logins.redeem("") is None


def test_a_ticket_does_not_keep(tmp_path: Path, clock: Clock) -> None:
    logins = Logins(tmp_path)
    early, late = logins.make_ticket(), logins.make_ticket()
    clock.now += TICKET_SECONDS - 1
    assert logins.redeem(early) is not None
    clock.now += 2
    assert logins.redeem(late) is None


def test_many_tickets(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    tickets = [logins.make_ticket() for _ in range(MAX_TICKETS + 1)]
    assert logins.redeem(tickets[0]) is None
    assert logins.redeem(tickets[1]) is not None
    assert logins.redeem(tickets[-1]) is not None


def test_cookies_are_kept_until_they_expire(tmp_path: Path, clock: Clock) -> None:
    cookie = log_in(Logins(tmp_path))
    again = Logins(tmp_path)
    assert again.knows_cookie(cookie)
    clock.now += COOKIE_SECONDS + 1
    assert not again.knows_cookie(cookie)
    log_in(again)
    assert (tmp_path / "logins").read_text().count(":") == 1  # the old one is not kept for ever


def test_logging_out(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    cookie, other = log_in(logins), log_in(logins)
    logins.log_out(cookie)
    logins.log_out("never seen")
    for reader in (logins, Logins(tmp_path)):
        assert not reader.knows_cookie(cookie)
        assert reader.knows_cookie(other)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": "b"}', "3", "\xff"])
def test_a_file_that_is_spoilt_means_new_logins(tmp_path: Path, content: str) -> None:
    (tmp_path / "logins").write_text(content, "latin-1")
    (tmp_path / "logins").chmod(0o600)
    logins = Logins(tmp_path)
    assert not logins.knows_cookie("a")
    assert logins.knows_cookie(log_in(logins))


def test_nothing_readable_for_others_at_any_moment(tmp_path: Path) -> None:
    log_in(Logins(tmp_path))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
