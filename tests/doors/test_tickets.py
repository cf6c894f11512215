"""Tickets, cookies and the token: fixed, replayed, guessed, found in an address."""

import threading
from pathlib import Path

import pytest

from ptyd.edge.net.logins import Logins
from tests.doors.asgi import ORIGIN, App

MIN_SECRET_CHARS = 32
"""Of base64: 192 random bits cannot be guessed."""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    return App(tmp_path, monkeypatch)


class Untouchable(str):
    """A secret that may be turned into bytes, to be digested or compared in constant time, and nothing else."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared as text: that takes the longer the more of it is right")

    def __ne__(self, other: object) -> bool:
        raise AssertionError("compared as text")

    def __hash__(self) -> int:
        raise AssertionError("looked up as it is: the table compares it as text")

    def startswith(self, *_: object) -> bool:
        raise AssertionError("compared as text")

    def __contains__(self, other: object) -> bool:
        raise AssertionError("compared as text")


def test_no_secret_is_compared_as_text(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    assert logins.knows_token(Untouchable(logins.token))
    assert not logins.knows_token(Untouchable("wrong"))
    assert logins.redeem(Untouchable("wrong")) is None
    cookie = logins.redeem(Untouchable(logins.make_ticket()))
    assert cookie
    assert logins.knows_cookie(Untouchable(cookie))
    assert not logins.knows_cookie(Untouchable("wrong"))
    logins.log_out(Untouchable(cookie))
    assert not logins.knows_cookie(cookie)


def test_a_secret_compared_as_text_is_found() -> None:
    """That the test above can fail."""
    with pytest.raises(AssertionError, match="compared as text"):
        assert Untouchable("a") == "a"
    with pytest.raises(AssertionError, match="looked up"):
        {}.get(Untouchable("a"))


def test_secrets_cannot_be_guessed(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    tickets = [logins.make_ticket() for _ in range(20)]
    cookies = [logins.redeem(ticket) or "" for ticket in tickets]
    secrets = [logins.token, *tickets, *cookies]
    assert len(set(secrets)) == len(secrets)
    assert min(map(len, secrets)) >= MIN_SECRET_CHARS
    for secret in cookies:
        assert not logins.knows_cookie(secret[:-1])
        assert not logins.knows_cookie(secret.swapcase())


def test_a_cookie_that_was_brought_along_is_never_made_good(app: App) -> None:
    """Fixation: somebody (another port of this host can) sets the cookie before the user logs in."""
    planted = "A" * 43
    answer = app.ask("GET", f"/login?ticket={app.logins.make_ticket()}", cookie=f"ptyd={planted}")[1]
    given = answer["set-cookie"].partition(";")[0].partition("=")[2]
    assert given != planted
    assert not app.logins.knows_cookie(planted)
    assert app.logins.knows_cookie(given)


def test_two_cookies_of_the_same_name_are_no_way_in(app: App) -> None:
    """What another port adds to ours may lock the user out, and lets nobody in."""
    good = app.log_in()
    for cookie in (f"ptyd=bad; {good}", f"{good}; ptyd=bad"):
        assert app.ask("GET", "/", cookie=cookie)[0] in (200, 401)
    assert app.ask("GET", "/", cookie="ptyd=bad; ptyd=worse")[0] == 401


def test_a_ticket_is_good_for_one_of_many_at_once(app: App) -> None:
    ticket = app.logins.make_ticket()
    start = threading.Barrier(8)
    statuses: list[int] = []

    def redeem() -> None:
        start.wait()
        statuses.append(app.ask("GET", f"/login?ticket={ticket}")[0])

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + 7 * [401]


def test_who_only_looks_does_not_use_a_ticket_up(app: App) -> None:
    ticket = app.logins.make_ticket()
    assert app.ask("HEAD", f"/login?ticket={ticket}")[0] == 405
    assert app.ask("GET", f"/login?ticket={ticket}")[0] == 200


def test_no_secret_opens_anything_by_the_address(app: App) -> None:
    """What stands in an address stands in histories and logs."""
    cookie = app.log_in().partition("=")[2]
    for name in ("token", "access_token", "ticket", "ptyd", "cookie", "authorization"):
        for secret in (app.logins.token, cookie, app.logins.make_ticket()):
            assert app.ask("GET", f"/?{name}={secret}", origin=ORIGIN)[0] == 401
            assert app.ask("POST", f"/api/request?{name}={secret}", origin=ORIGIN)[0] == 401
