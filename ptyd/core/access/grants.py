"""What tokens and share links stand for: rights, a session or all of them, until when, and how often.

A grant is known by the digest of its secret. The secret itself is nowhere.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct
from ptyd_protocol import limits
from ptyd_protocol.access import Right, TokenInfo
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.core.access.principal import OWNER, Principal, expand_rights

MAX_GRANTS = 1000

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{limits.MAX_NAME_CHARS - 1}}}")


class Grant(Struct, kw_only=True):
    """One token or share. Times are Unix seconds."""

    id: str
    name: str
    """That of the principal that comes with it."""
    kind: Literal["token", "share"]
    rights: list[Right]
    digest: str
    created_at: float
    session: str = ""
    """The id of the one that it is for; empty: all."""
    expires_at: float | None = None
    uses_left: int | None = None
    """How often it may still be presented; None: any number of times."""

    def principal(self) -> Principal:
        return Principal(
            name=self.name,
            rights=expand_rights(self.rights),
            sessions=frozenset({self.session}) if self.session else None,
            grant_id=self.id,
        )

    def info(self) -> TokenInfo:
        return TokenInfo(
            id=self.id,
            name=self.name,
            kind=self.kind,
            rights=self.rights,
            session=self.session or None,
            created_at=self.created_at,
            expires_at=self.expires_at,
            uses_left=self.uses_left,
        )

    def has_expired(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class GrantBook:
    """All grants there are. ``now``: Unix seconds."""

    def __init__(self, grants: Iterable[Grant] = ()) -> None:
        self._by_digest = {grant.digest: grant for grant in grants}

    def __iter__(self) -> Iterator[Grant]:
        return iter(list(self._by_digest.values()))

    def check(self, grant: Grant) -> None:
        """Whether ``grant`` may be added.

        Raises:
            Refusal: its name is none or taken, its rights make no sense, or there are too many.
        """
        if not _NAME.fullmatch(grant.name) or grant.name == OWNER.name:
            raise Refusal(ErrorCode.BAD_NAME, f"{grant.name!r} is no name for a token")
        if any(one.name == grant.name for one in self):
            raise Refusal(ErrorCode.NAME_TAKEN, f"there is a token named {grant.name!r}")
        if not grant.rights:
            raise Refusal(ErrorCode.BAD_REQUEST, "a token needs a right at least")
        if grant.session and "admin" in grant.rights:
            raise Refusal(ErrorCode.BAD_REQUEST, "an admin cannot be bound to one session")
        if len(self._by_digest) >= MAX_GRANTS:
            raise Refusal(ErrorCode.NO_RESOURCES, f"there are {MAX_GRANTS} tokens, which is the limit; revoke some")

    def add(self, grant: Grant) -> None:
        self._by_digest[grant.digest] = grant

    def find(self, digest: str, now: float) -> Grant | None:
        """The grant that a secret with this digest opens, if it is still good."""
        grant = self._by_digest.get(digest)
        return None if grant is None or grant.has_expired(now) else grant

    def get(self, grant_id: str, now: float) -> Grant | None:
        """By its id, if it is still good."""
        return next((one for one in self if one.id == grant_id and not one.has_expired(now)), None)

    def spend(self, grant: Grant) -> bool:
        """Take one of its uses; False where none is left."""
        if grant.uses_left is None:
            return True
        if grant.uses_left <= 0:
            return False
        grant.uses_left -= 1
        return True

    def resolve(self, wish: str) -> Grant:
        """The grant with this id or name.

        Raises:
            Refusal: there is none.
        """
        for grant in self:
            if wish in {grant.id, grant.name}:
                return grant
        raise Refusal(ErrorCode.NO_SUCH_TOKEN, f"there is no token {wish!r}; `ptyd token ls` shows those there are")

    def remove(self, grant: Grant) -> None:
        self._by_digest.pop(grant.digest, None)

    def expired(self, now: float) -> list[Grant]:
        return [grant for grant in self if grant.has_expired(now)]

    def encode(self) -> bytes:
        return msgspec.json.encode(list(self))

    @classmethod
    def decode(cls, data: bytes) -> "GrantBook":
        """Raises ValueError: it is not what ``encode`` wrote."""
        return cls(msgspec.json.decode(data, type=list[Grant]))
