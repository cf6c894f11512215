"""Token, tickets, cookies."""

import hashlib
import json
import stat
from pathlib import Path

import pytest
from ptyd_protocol.errors import Refusal

from ptyd.core.access.principal import OWNER
from ptyd.edge.net import logins as logins_module
from ptyd.edge.net.logins import COOKIE_SECONDS, MAX_TICKETS, TICKET_SECONDS, Logins


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
    assert (tmp_path / "logins").read_text().count("until") == 1  # the old one is not kept for ever


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


def test_files_that_cannot_be_written_are_no_reason_to_let_nobody_in(tmp_path: Path, clock: Clock) -> None:
    """As on a full disk: token and cookies are good as long as the daemon lives."""
    for name in ("token.new", "logins.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "in the way").touch()
    logins = Logins(tmp_path)
    assert logins.knows_token(logins.token)
    cookie = logins.log_in(logins.make_ticket(OWNER))
    assert cookie is not None
    assert logins.find_cookie(cookie.cookie)
    assert not (tmp_path / "token").exists()


def test_files_that_were_removed_are_written_anew(tmp_path: Path, clock: Clock) -> None:
    logins = Logins(tmp_path)
    cookie = logins.log_in(logins.make_ticket(OWNER))
    assert cookie is not None
    for path in list(tmp_path.iterdir()):
        path.unlink()
    logins.write_anew()
    again = Logins(tmp_path)
    assert again.token == logins.token
    assert again.find_cookie(cookie.cookie)


# --- grants


def test_a_token_is_good_for_what_it_was_given(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    secret, grant = logins.grant("token", ["control"], "0000000a", name="ci")
    for reader in (logins, Logins(tmp_path)):
        principal = reader.find_bearer(secret)
        assert principal is not None
        assert (principal.name, principal.sessions, principal.grant_id) == ("ci", {"0000000a"}, grant.id)
        assert reader.find_bearer(grant.id) is reader.find_bearer(grant.digest) is reader.find_bearer("") is None
    assert secret not in (tmp_path / "grants").read_text()
    assert stat.S_IMODE((tmp_path / "grants").stat().st_mode) == 0o600


def test_revoked_at_once_and_for_good(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    ended: list[str] = []
    secret, grant = logins.grant("share", ["observe"], "0000000a")
    other, _ = logins.grant("token", ["observe"])
    login = logins.log_in(secret)
    assert login is not None
    principals = [logins.find_cookie(login.cookie), logins.find_bearer(other)]
    logins.on_ended = lambda concerns, reason: ended.extend(
        f"{one.name}: {reason}" for one in principals if one is not None and concerns(one)
    )
    logins.revoke([grant], "revoked")
    assert ended == [f"{grant.name}: revoked"]
    for reader in (logins, Logins(tmp_path)):
        assert reader.log_in(secret) is None
        assert reader.find_cookie(login.cookie) is None
        assert reader.find_bearer(other) is not None
    assert principals[0] is not None and not logins.is_good(principals[0])


def test_a_share_is_no_bearer_token(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    secret, _ = logins.grant("share", ["observe"], "0000000a")
    assert logins.find_bearer(secret) is None


def test_uses_are_counted_over_restarts(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    secret, _ = logins.grant("token", ["observe"], uses=2)
    assert logins.find_bearer(secret) is not None
    again = Logins(tmp_path)
    login = again.log_in(secret)
    assert login is not None
    assert again.find_bearer(secret) is again.log_in(secret) is None
    assert again.find_cookie(login.cookie) is not None  # who is in stays in


def test_a_ticket_logs_in_as_whoever_asked_for_it_and_counts(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    secret, grant = logins.grant("token", ["observe"], uses=2)
    principal = logins.find_bearer(secret)
    assert principal is not None
    tickets = [logins.make_ticket(principal) for _ in range(2)]
    login = logins.log_in(tickets[0])
    assert login is not None and login.principal.grant_id == grant.id
    assert logins.log_in(tickets[1]) is None


def test_a_cookie_lives_no_longer_than_its_token(tmp_path: Path, clock: Clock) -> None:
    logins = Logins(tmp_path)
    secret, _ = logins.grant("share", ["observe"], "0000000a", expires_seconds=60)
    ended: list[str] = []
    logins.on_ended = lambda concerns, reason: ended.append(reason)
    login = logins.log_in(secret)
    assert login is not None and login.seconds == 60
    clock.now += 59
    logins.end_expired()
    assert logins.find_cookie(login.cookie) is not None and not ended
    clock.now += 1
    assert logins.find_cookie(login.cookie) is None
    logins.end_expired()
    assert ended == ["the time of this login is over"]
    assert list(logins.grants) == []


def test_what_is_for_one_session_ends_with_it(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    for_one, _ = logins.grant("token", ["observe"], "0000000a")
    for_all, _ = logins.grant("token", ["observe"])
    logins.keep_sessions({"0000000a"})
    assert logins.find_bearer(for_one) is not None
    logins.keep_sessions({"0000000b"})
    assert logins.find_bearer(for_one) is None
    assert logins.find_bearer(for_all) is not None


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token is given that would not last; one that is revoked is so at once all the same."""
    logins = Logins(tmp_path)
    secret, grant = logins.grant("token", ["observe"])
    counted, _ = logins.grant("token", ["observe"], uses=9)

    def fail(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logins_module, "_write_private", fail)
    with pytest.raises(Refusal, match="cannot be written down"):
        logins.grant("token", ["observe"])
    assert logins.find_bearer(counted) is None
    with pytest.raises(Refusal, match="only until the daemon is started again"):
        logins.revoke([grant], "revoked")
    assert logins.find_bearer(secret) is None
    assert len(list(logins.grants)) == 1


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\xff"])
def test_grants_that_are_spoilt_let_nobody_in(tmp_path: Path, content: str) -> None:
    secret, _ = Logins(tmp_path).grant("token", ["observe"])
    (tmp_path / "grants").write_text(content, "latin-1")
    assert Logins(tmp_path).find_bearer(secret) is None


def test_cookies_of_an_older_daemon_are_the_owners(tmp_path: Path) -> None:
    cookie = log_in(Logins(tmp_path))
    digest = hashlib.sha256(cookie.encode()).hexdigest()
    (tmp_path / "logins").write_text(json.dumps({digest: 9e9}))
    assert Logins(tmp_path).find_cookie(cookie) == OWNER
