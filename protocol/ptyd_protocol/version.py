"""The version of the distribution and of the wire."""

from typing import Final

__version__ = "0.1.0"

PROTOCOL_VERSION: Final = 1
"""The number a client offers in ``Hello.versions``."""

SUBPROTOCOL: Final = "ptyd.v1"
"""The WebSocket subprotocol (``Sec-WebSocket-Protocol``)."""
