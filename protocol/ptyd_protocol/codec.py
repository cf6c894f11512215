"""Messages to bytes and back. Decoding validates; what is malformed raises ProtocolError."""

from typing import Any, TypeVar

import msgspec

from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import ClientMessage, DaemonMessage, Message
from ptyd_protocol.methods import METHODS

_encoder = msgspec.msgpack.Encoder()

_OUTPUT_BEGIN = bytes([0x94, 69])
"""An array of four, whose first is Output's code."""

_client_decoder: msgspec.msgpack.Decoder[ClientMessage] = msgspec.msgpack.Decoder(ClientMessage)
_daemon_decoder: msgspec.msgpack.Decoder[DaemonMessage] = msgspec.msgpack.Decoder(DaemonMessage)

CLIENT_CODES = frozenset(range(1, 12))
DAEMON_CODES = frozenset(range(64, 78))

T = TypeVar("T")


def encode(message: Message) -> bytes:
    """The message as one binary WebSocket message."""
    return _encoder.encode(message)


def encode_output_head(channel: int, offset: int, length: int) -> bytes:
    """The bytes of an Output before its ``length`` bytes of data, which end it: so output can go from where it lies to
    the socket without being copied into a message first."""
    if length < 1 << 8:
        data_head = b"\xc4" + length.to_bytes(1, "big")
    elif length < 1 << 16:
        data_head = b"\xc5" + length.to_bytes(2, "big")
    else:
        data_head = b"\xc6" + length.to_bytes(4, "big")
    return _OUTPUT_BEGIN + _encoder.encode(channel) + _encoder.encode(offset) + data_head


def decode_client_message(data: bytes) -> ClientMessage | None:
    """A message from a client, or None where its code is unknown.

    Raises:
        ProtocolError: the bytes are not a well-formed message.
    """
    return _decode(_client_decoder, CLIENT_CODES, data)


def decode_daemon_message(data: bytes) -> DaemonMessage | None:
    """A message from the daemon, or None where its code is unknown.

    Raises:
        ProtocolError: the bytes are not a well-formed message.
    """
    return _decode(_daemon_decoder, DAEMON_CODES, data)


def _decode(decoder: msgspec.msgpack.Decoder[T], known_codes: frozenset[int], data: bytes) -> T | None:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        if _is_unknown_code(known_codes, data):
            return None
        raise ProtocolError(CloseCode.BAD_MESSAGE, f"malformed message: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProtocolError(CloseCode.BAD_MESSAGE, f"not MessagePack: {error}") from None


def _is_unknown_code(known_codes: frozenset[int], data: bytes) -> bool:
    """Whether a message that no type fits is a newer peer's, to be ignored, and not a known one gone wrong."""
    try:
        message = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    if not isinstance(message, list) or not message:
        return False
    code = message[0]
    return isinstance(code, int) and not isinstance(code, bool) and code >= 0 and code not in known_codes


def decode_params(method: str, params: dict[str, Any]) -> msgspec.Struct:
    """The typed parameters of a request.

    Raises:
        Refusal: the method is unknown, or a parameter is of the wrong type or out of range.
    """
    row = METHODS.get(method)
    if row is None:
        raise Refusal(ErrorCode.UNKNOWN_METHOD, f"this daemon knows no method {method[:40]!r}")
    try:
        return msgspec.convert(params, row.params)
    except msgspec.ValidationError as error:
        raise Refusal(ErrorCode.BAD_REQUEST, f"{method}: {error}") from None


def params_to_map(params: msgspec.Struct) -> dict[str, Any]:
    """Typed parameters as the map that a Request carries."""
    built: dict[str, Any] = msgspec.to_builtins(params, builtin_types=(bytes,))
    return built


def decode_result(method: str, result: Any) -> Any:
    """The typed result of a method from what a Reply carried.

    Raises:
        ProtocolError: the daemon's result does not fit the method.
    """
    try:
        return msgspec.convert(result, METHODS[method].result)
    except msgspec.ValidationError as error:
        raise ProtocolError(CloseCode.BAD_MESSAGE, f"result of {method}: {error}") from None
