"""Messages to bytes and back. Decoding validates; what is malformed raises ProtocolError."""

from typing import Any, TypeVar

import msgspec

from ptyd_protocol import limits
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import (
    Ack,
    Appearance,
    Attach,
    ClientMessage,
    DaemonMessage,
    Detach,
    Hello,
    Input,
    Message,
    Ping,
    Request,
    Resize,
    TakeControl,
    Visibility,
)
from ptyd_protocol.methods import METHODS

_encoder = msgspec.msgpack.Encoder()

_OUTPUT_BEGIN = bytes([0x94, 69])
"""An array of four, whose first is Output's code."""


class _RawRequest(Request, array_like=True, frozen=True, tag=2):
    """A Request whose parameters ``_read_value`` is to read."""

    params: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


_CheckedClientMessage = (
    Hello | _RawRequest | Attach | Input | Resize | Ack | Detach | TakeControl | Ping | Visibility | Appearance
)
_client_decoder: msgspec.msgpack.Decoder[ClientMessage] = msgspec.msgpack.Decoder(_CheckedClientMessage)
_array_decoder: msgspec.msgpack.Decoder[list[msgspec.Raw]] = msgspec.msgpack.Decoder(list[msgspec.Raw])
_map_decoder: msgspec.msgpack.Decoder[dict[str, msgspec.Raw]] = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])

MAX_PARAMETER_DEPTH = 16
_daemon_decoder: msgspec.msgpack.Decoder[DaemonMessage] = msgspec.msgpack.Decoder(DaemonMessage)

CLIENT_CODES = frozenset(range(1, 12))
DAEMON_CODES = frozenset(range(64, 78))

_MAX_CODE_BYTES = 9
"""The longest integer of MessagePack."""

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
    message = _decode(_client_decoder, CLIENT_CODES, data)
    if isinstance(message, Request):
        return Request(message.id, message.method, _read_params(message.params))
    return message


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


def _read_params(params: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """The values of a Request's map.

    They are not read as Any, which takes arrays as the keys of maps: thousands of different ones have the same hash in
    Python, and one message of 1 MiB would keep the daemon busy for minutes. That of text is secret.

    Raises:
        ProtocolError: keys that are no text, extensions, or more values than any request has.
    """
    budget = [limits.MAX_PARAMETER_VALUES - len(params)]
    try:
        return {name: _read_value(raw, budget, 0) for name, raw in params.items()}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(CloseCode.BAD_MESSAGE, f"malformed message: params: {error}") from None


def _read_value(raw: msgspec.Raw, budget: list[int], depth: int) -> Any:
    """One value. ``budget``: how many more there may be."""
    data = memoryview(raw)
    head = data[0]
    if not (0x80 <= head < 0xA0 or 0xDC <= head <= 0xDF):
        if 0xC7 <= head <= 0xC9 or 0xD4 <= head <= 0xD8:
            raise msgspec.DecodeError("extensions mean nothing here")
        return msgspec.msgpack.decode(data)
    length = head & 15 if head < 0xA0 else int.from_bytes(data[1 : 5 if head & 1 else 3], "big")
    budget[0] -= length
    if budget[0] < 0 or depth == MAX_PARAMETER_DEPTH:
        raise msgspec.DecodeError("too many values, or too deeply nested")
    if head < 0x90 or head >= 0xDE:
        items = _map_decoder.decode(data)
        return {key: _read_value(item, budget, depth + 1) for key, item in items.items()}
    return [_read_value(item, budget, depth + 1) for item in _array_decoder.decode(data)]


def _is_unknown_code(known_codes: frozenset[int], data: bytes) -> bool:
    """Whether a message that no type fits is a newer peer's, to be ignored, and not a known one gone wrong. Nothing is
    built of what is in it."""
    try:
        message = _array_decoder.decode(data)
        code = msgspec.msgpack.decode(message[0]) if message and len(message[0]) <= _MAX_CODE_BYTES else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
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
