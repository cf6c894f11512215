"""The ptyd wire: messages, codec, connection state machines. No I/O. PROTOCOL.md is the normative text."""

from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.version import PROTOCOL_VERSION, SUBPROTOCOL, __version__

__all__ = [
    "PROTOCOL_VERSION",
    "SUBPROTOCOL",
    "CloseCode",
    "ErrorCode",
    "ProtocolError",
    "Refusal",
    "__version__",
]
