"""Whether the user's own means of notification work (PROTOCOL.md, section 10)."""

from msgspec import Struct


class NotifyOutcome(Struct, frozen=True, kw_only=True):
    """``number``: which of the configured URLs, counted from 1; the URL itself is a secret."""

    number: int
    service: str
    """For a person: what is behind it."""
    reason: str = ""
    """For a person: why it failed; empty: it took the notification."""


class NotifyTestResult(Struct, frozen=True, kw_only=True):
    """``warnings``, for a person: what is wrong with the configuration."""

    outcomes: list[NotifyOutcome]
    warnings: list[str] = []
