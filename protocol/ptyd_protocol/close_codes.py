"""WebSocket close codes, each with its one meaning."""

from enum import IntEnum


class CloseCode(IntEnum):
    """Why a connection ended. Codes are never reused."""

    DONE = 1000
    """Orderly end."""
    GOING_AWAY = 1001
    """The daemon goes down for good; sessions may live on, but nobody serves them."""
    NOT_BINARY = 1003
    """A text frame came; messages are binary."""
    BAD_MESSAGE = 1008
    """A message was malformed or out of order; the reason says how. Do not retry the same bytes."""
    TOO_BIG = 1009
    """A message was over its limit."""
    INTERNAL = 1011
    """The daemon's own fault."""
    RESTARTING = 1012
    """The daemon is being replaced: come back at once."""
    OVERLOADED = 1013
    """Too slow or too much: come back later."""
    UNAUTHENTICATED = 4001
    """The credentials are missing or no longer good. Do not retry with the same."""
    UNSUPPORTED_VERSION = 4002
    """No protocol version in common; the reason names the daemon's."""
    FORBIDDEN = 4003
    """The principal may not do this at all."""
    TAKEN_OVER = 4009
    """The same client_id has connected again; this connection is the older one."""


RETRY_CLOSE_CODES = frozenset(
    {1005, 1006, CloseCode.GOING_AWAY, CloseCode.INTERNAL, CloseCode.RESTARTING, CloseCode.OVERLOADED}
)
"""After these a client reconnects by itself (1005 and 1006: the connection broke without a word)."""
