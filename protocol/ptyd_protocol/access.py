"""Requests about who may what: rights, tokens, shares, logins, the audit."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import Offset, SessionRef
from ptyd_protocol.sessions import Name

Right = Literal["observe", "control", "create", "admin"]


class TicketResult(Struct, frozen=True, kw_only=True):
    """A login ticket for a browser: good once, for ``expires_seconds``. ``url`` is None without a TCP listener."""

    ticket: str
    url: str | None
    expires_seconds: int


class TokenResult(Struct, frozen=True, kw_only=True):
    token: str


class TokenInfo(Struct, frozen=True, kw_only=True):
    """A token or a share link, without its secret. Times are Unix seconds."""

    id: str
    name: str
    """That of the principal that comes with it."""
    kind: Literal["token", "share"]
    rights: list[Right]
    session: str | None
    """The id of the one that it is for; None: all."""
    created_at: float
    expires_at: float | None = None
    uses_left: int | None = None
    """How often it may still be presented; None: any number of times."""


Lifetime = Annotated[float, Meta(ge=0.01, le=limits.MAX_TOKEN_SECONDS)] | None
Uses = Annotated[int, Meta(ge=1, le=1_000_000)] | None


class TokenCreateParams(Struct, frozen=True, kw_only=True):
    """``session`` None: for all sessions. ``expires_seconds`` None: never. ``uses`` None: any number of times.
    ``name`` empty: made up."""

    rights: Annotated[list[Right], Meta(min_length=1, max_length=4)]
    session: SessionRef | None = None
    name: Name = ""
    expires_seconds: Lifetime = None
    uses: Uses = None


class TokenCreated(Struct, frozen=True, kw_only=True):
    """``token`` is the secret. The daemon does not keep it and cannot say it again."""

    token: str
    info: TokenInfo


class TokenRevokeParams(Struct, frozen=True, kw_only=True):
    """A token or share by its id or name; or all shares of a ``session``. One of the two."""

    token: Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)] = ""
    session: SessionRef | None = None


class ShareParams(Struct, frozen=True, kw_only=True):
    """A link that opens one session in a browser: to look at or, with ``control``, to type, too."""

    session: SessionRef = ""
    control: bool = False
    expires_seconds: Lifetime = 7200.0
    uses: Uses = None


class ShareResult(Struct, frozen=True, kw_only=True):
    """``secret``: what the link holds behind its ``#``; it is said once. ``url`` is None without a TCP listener."""

    secret: str
    url: str | None
    info: TokenInfo


class AuditReadParams(Struct, frozen=True, kw_only=True):
    """Whole lines of the audit. ``position``: of the result before; None: from the oldest that is kept."""

    position: Offset | None = None
    max_bytes: Annotated[int, Meta(ge=64 * limits.KIB, le=limits.MIB)] = limits.MIB


class AuditReadResult(Struct, frozen=True, kw_only=True):
    """``data``: JSON, a line for each event; empty: there is no more for now. ``start``: where it begins, beyond the
    position that was asked for if that is not kept any more. ``position``: where to go on."""

    data: bytes
    start: int
    position: int
