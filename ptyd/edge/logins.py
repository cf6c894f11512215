"""How somebody shows who they are over TCP: the daemon's bearer token, or a cookie bought with a one-time ticket.

The token lives in a file that only the owner can read. Cookies outlive a restart of the daemon, so their digests are
kept in a file; tickets live for a minute, in memory.
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

import msgspec

TICKET_SECONDS = 60
COOKIE_SECONDS = 30 * 24 * 3600
MAX_TICKETS = 32
"""The oldest unused ones give way."""


class Logins:
    """Token, tickets and cookies of one daemon. ``directory`` is the runtime directory."""

    def __init__(self, directory: Path) -> None:
        self._cookies_path = directory / "logins"
        self.token = _read_or_make_token(directory / "token")
        self._tickets: dict[str, float] = {}
        self._cookies: dict[str, float] = {}
        with suppress(OSError, ValueError):
            self._cookies = msgspec.json.decode(_read_private(self._cookies_path), type=dict[str, float])

    def make_ticket(self) -> str:
        """A ticket good for one login within TICKET_SECONDS."""
        while len(self._tickets) >= MAX_TICKETS:
            self._tickets.pop(next(iter(self._tickets)))
        ticket = secrets.token_urlsafe(24)
        self._tickets[_digest(ticket)] = time.monotonic() + TICKET_SECONDS
        return ticket

    def redeem(self, ticket: str) -> str | None:
        """A new cookie for a ticket, which is used up by it; None for one that is not good."""
        expires = self._tickets.pop(_digest(ticket), 0.0)
        if expires < time.monotonic():
            return None
        cookie = secrets.token_urlsafe(32)
        now = time.time()
        self._cookies = {digest: end for digest, end in self._cookies.items() if end > now}
        self._cookies[_digest(cookie)] = now + COOKIE_SECONDS
        self._save()
        return cookie

    def knows_cookie(self, cookie: str) -> bool:
        return self._cookies.get(_digest(cookie), 0.0) > time.time()

    def knows_token(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def log_out(self, cookie: str) -> None:
        if self._cookies.pop(_digest(cookie), None) is not None:
            self._save()

    def _save(self) -> None:
        _write_private(self._cookies_path, json.dumps(self._cookies))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read_or_make_token(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        token = _read_private(path).strip()
        if token:
            return token
    token = secrets.token_urlsafe(32)
    _write_private(path, token)
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


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody but the owner can read it at any moment."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    new.replace(path)
