"""How somebody shows who they are over TCP: the owner's bearer token, a token of a principal, or a cookie, which is
got for a one-time ticket or for a share link's secret.

All but the owner's token is kept as digests only. Cookies and grants outlive a restart of the daemon; tickets live for
a minute, in memory. Secrets have 256 random bits (tickets 192) and are looked up by their digest, so the time that a
look-up takes says nothing about them.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from ptyd_protocol.access import Right
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.access.grants import Grant, GrantBook
from ptyd.core.access.principal import OWNER, Principal

logger = logging.getLogger("ptyd.logins")

logger = logging.getLogger("ptyd.logins")

TICKET_SECONDS = 60
COOKIE_SECONDS = 30 * 24 * 3600
MAX_TICKETS = 32
"""The oldest unused ones give way."""
SECRET_BYTES = 32
GRANT_ID_BYTES = 4


class Cookie(Struct, kw_only=True):
    """A login of one browser. ``grant``: the id of what it came by; empty: it is the owner's."""

    until: float
    grant: str = ""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new login: the cookie to set, for how long, and whose it is."""

    cookie: str
    seconds: int
    principal: Principal


class Logins:
    """Token, grants, tickets and cookies of one daemon. ``directory`` is the runtime directory."""

    def __init__(self, directory: Path) -> None:
        self._cookies_path = directory / "logins"
        self._grants_path = directory / "grants"
        self._token_path = directory / "token"
        self.token = _read_or_make_token(self._token_path)
        self._tickets: dict[str, tuple[float, str]] = {}
        self._cookies: dict[str, Cookie] = {}
        self.on_ended: Callable[[Callable[[Principal], bool], str], None] = lambda concerns, reason: None
        """Principals are no longer who they were: close what they have open."""
        with suppress(OSError, ValueError):
            read = msgspec.json.decode(_read_private(self._cookies_path), type=dict[str, Cookie | float])
            self._cookies = {
                digest: one if isinstance(one, Cookie) else Cookie(until=one) for digest, one in read.items()
            }
        self.grants = self._read_grants()

    def _read_grants(self) -> GrantBook:
        try:
            return GrantBook.decode(_read_private(self._grants_path).encode())
        except FileNotFoundError:
            return GrantBook()
        except (OSError, ValueError) as error:
            logger.error("%s cannot be read (%s): tokens and shares are no longer good", self._grants_path, error)
            return GrantBook()

    # --- who is there ---

    def find_bearer(self, token: str) -> Principal | None:
        """Whose token it is; where it counts how often it is presented, this is once."""
        if self.knows_token(token):
            return OWNER
        grant = self.grants.find(_digest(token), time.time())
        return None if grant is None or grant.kind == "share" or not self._spend(grant) else grant.principal()

    def find_cookie(self, cookie: str) -> Principal | None:
        digest = _digest(cookie)
        login = self._cookies.get(digest)
        if login is None or login.until <= time.time():
            return None
        principal = self._principal_of(login.grant)
        return None if principal is None else replace(principal, login=digest)

    def _principal_of(self, grant_id: str) -> Principal | None:
        if not grant_id:
            return OWNER
        grant = self.grants.get(grant_id, time.time())
        return None if grant is None else grant.principal()

    def is_good(self, principal: Principal) -> bool:
        """Whether it is still who it was."""
        return self._principal_of(principal.grant_id) is not None and (
            not principal.login or principal.login in self._cookies
        )

    def is_good_grant(self, grant_id: str) -> bool:
        """Whether a token or share is still good; "": the owner's own ways in always are."""
        return self._principal_of(grant_id) is not None

    def knows_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(errors="surrogateescape"), self.token.encode())

    def knows_cookie(self, cookie: str) -> bool:
        return self.find_cookie(cookie) is not None

    # --- logging in and out ---

    def make_ticket(self, principal: Principal = OWNER) -> str:
        """A ticket good for one login as ``principal`` within TICKET_SECONDS."""
        while len(self._tickets) >= MAX_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secrets.token_urlsafe(24)
        self._tickets[_digest(ticket)] = (time.monotonic() + TICKET_SECONDS, principal.grant_id)
        return ticket

    def log_in(self, secret: str) -> LoggedIn | None:
        """A new login for a ticket, which is used up by it, or for the secret of a token or share; None: no good."""
        digest = _digest(secret)
        expires, grant_id = self._tickets.pop(digest, (0.0, ""))
        now = time.time()
        if expires >= time.monotonic():
            grant = self.grants.get(grant_id, now) if grant_id else None
            if grant_id and grant is None:
                return None
        else:
            grant = self.grants.find(digest, now)
            if grant is None:
                return None
        if grant is not None and not self._spend(grant):
            return None
        return self._make_cookie(grant, now)

    def redeem(self, ticket: str) -> str | None:
        """As ``log_in``: the cookie alone."""
        login = self.log_in(ticket)
        return None if login is None else login.cookie

    def _make_cookie(self, grant: Grant | None, now: float) -> LoggedIn:
        cookie = secrets.token_urlsafe(SECRET_BYTES)
        until = now + COOKIE_SECONDS
        if grant is not None and grant.expires_at is not None:
            until = min(until, grant.expires_at)
        self._cookies = {digest: one for digest, one in self._cookies.items() if one.until > now}
        self._cookies[_digest(cookie)] = Cookie(until=until, grant="" if grant is None else grant.id)
        self._save_cookies()
        principal = OWNER if grant is None else grant.principal()
        return LoggedIn(cookie, max(1, int(until - now)), principal)

    def log_out(self, cookie: str) -> None:
        """The cookie's login, and whatever is open by it, ends now."""
        digest = _digest(cookie)
        if self._cookies.pop(digest, None) is None:
            return
        self.on_ended(lambda principal: principal.login == digest, "logged out")
        self._save_cookies()

    # --- grants ---

    def grant(
        self,
        kind: Literal["token", "share"],
        rights: list[Right],
        session_id: str = "",
        name: str = "",
        expires_seconds: float | None = None,
        uses: int | None = None,
    ) -> tuple[str, Grant]:
        """A new token or share: its secret, which is kept nowhere, and what it stands for.

        Raises:
            Refusal: it makes no sense, its name is taken, or it cannot be written down.
        """
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = time.time()
        grant_id = secrets.token_hex(GRANT_ID_BYTES)
        grant = Grant(
            id=grant_id,
            name=name or f"{kind}-{grant_id}",
            kind=kind,
            rights=rights,
            digest=_digest(secret),
            created_at=now,
            session=session_id,
            expires_at=None if expires_seconds is None else now + expires_seconds,
            uses_left=uses,
        )
        self.end_expired()
        self.grants.check(grant)
        self.grants.add(grant)
        try:
            self._save_grants()
        except OSError as error:
            self.grants.remove(grant)
            raise Refusal(ErrorCode.NO_RESOURCES, f"the token cannot be written down: {error.strerror}") from error
        return secret, grant

    def revoke(self, grants: list[Grant], reason: str) -> None:
        """They are good for nothing from now on, and whatever is open by them is closed.

        Raises:
            Refusal: that could not be written down; it holds until the daemon is started again.
        """
        for grant in grants:
            self.grants.remove(grant)
        ids = {grant.id for grant in grants}
        self._cookies = {digest: one for digest, one in self._cookies.items() if one.grant not in ids}
        self.on_ended(lambda principal: principal.grant_id in ids, reason)
        try:
            self._save_grants()
            self._save_cookies()
        except OSError as error:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"revoked, but only until the daemon is started again: {self._grants_path}: {error.strerror}",
            ) from error

    def end_expired(self) -> None:
        """Do to those whose time is over what ``revoke`` does."""
        expired = self.grants.expired(time.time())
        if expired:
            with suppress(Refusal):  # they stay expired
                self.revoke(expired, "the time of this login is over")

    def end_session(self, session_id: str) -> None:
        """The session is no more: what was for it alone is for nothing."""
        orphans = [grant for grant in self.grants if grant.session == session_id]
        if orphans:
            with suppress(Refusal):  # no session will have the id again
                self.revoke(orphans, "the session was removed")

    def keep_sessions(self, session_ids: set[str]) -> None:
        """Those that there are: as ``end_session`` for every other."""
        for gone in {grant.session for grant in self.grants if grant.session} - session_ids:
            self.end_session(gone)

    def _spend(self, grant: Grant) -> bool:
        if grant.uses_left is None:
            return True
        if not self.grants.spend(grant):
            return False
        try:
            self._save_grants()
        except OSError as error:
            logger.error("%s: %s: a token whose uses are counted is not let in", self._grants_path, error.strerror)
            return False
        return True

    def write_anew(self) -> None:
        """The files were removed."""
        _write_if_possible(self._token_path, self.token)
        _write_if_possible(self._grants_path, self.grants.encode().decode())
        self._save_cookies()

    def _save_cookies(self) -> None:
        cookies = {digest: msgspec.to_builtins(one) for digest, one in self._cookies.items()}
        _write_if_possible(self._cookies_path, json.dumps(cookies))

    def _save_grants(self) -> None:
        _write_private(self._grants_path, self.grants.encode().decode())


async def end_expired(logins: Logins, interval_seconds: float = 0.5) -> None:
    """Close what is open by tokens whose time is over, for ever. The clock may be set, so it is only looked at."""
    while True:
        await asyncio.sleep(interval_seconds)
        logins.end_expired()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _read_or_make_token(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        token = _read_private(path).strip()
        if token:
            return token
    token = secrets.token_urlsafe(32)
    _write_if_possible(path, token)
    return token


def _read_private(path: Path) -> str:
    """What is in a secret's file, if only we can have written and read it.

    Raises:
        OSError: there is none, or others know it or may have chosen it.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)) as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid() or status.st_nlink != 1 or stat.S_IMODE(status.st_mode) & 0o077:
            raise PermissionError(f"{path} is not ours alone")
        return file.read()


def _write_if_possible(path: Path, text: str) -> None:
    """On a full disk logins are good as long as this daemon lives, which is better than none."""
    try:
        _write_private(path, text)
    except OSError as error:
        logger.error("%s cannot be written; what it should hold is good until the daemon ends: %s", path, error)


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody but the owner can read it at any moment."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    new.replace(path)
