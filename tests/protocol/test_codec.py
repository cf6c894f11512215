"""Round trips, and conformance with an encoder and decoder that is not ours."""

from typing import Any

import msgpack  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol import limits
from ptyd_protocol.codec import (
    CLIENT_CODES,
    DAEMON_CODES,
    decode_client_message,
    decode_daemon_message,
    encode,
    encode_output_head,
)
from ptyd_protocol.messages import Output, Ping

from tests.protocol.strategies import (
    ALL_MESSAGES,
    CLIENT_MESSAGES,
    DAEMON_MESSAGES,
    any_value,
    bounded,
    build_message,
    get_code,
    list_fields,
)

each_message = pytest.mark.parametrize("cls", ALL_MESSAGES, ids=lambda cls: cls.__name__)


def decode(cls: type[msgspec.Struct], data: bytes) -> Any:
    return decode_client_message(data) if cls in CLIENT_MESSAGES else decode_daemon_message(data)


@given(
    channel=st.integers(1, limits.MAX_CHANNEL),
    offset=st.integers(0, limits.MAX_SEQ),
    length=st.one_of(st.integers(0, 300), st.integers(65_530, 65_540), st.just(limits.MAX_OUTPUT_BYTES)),
)
def test_the_head_of_an_output_begins_the_message(channel: int, offset: int, length: int) -> None:
    data = bytes(length)
    assert encode_output_head(channel, offset, length) + data == encode(Output(channel, offset, data))


def test_the_sets_of_codes_are_those_declared() -> None:
    assert {get_code(cls) for cls in CLIENT_MESSAGES} == CLIENT_CODES
    assert {get_code(cls) for cls in DAEMON_MESSAGES} == DAEMON_CODES
    assert max(CLIENT_CODES) < 64 <= min(DAEMON_CODES)


@each_message
@bounded
@given(data=st.data())
def test_a_message_comes_back_as_it_was(cls: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(build_message(cls))
    assert decode(cls, encode(message)) == message


@each_message
@bounded
@given(data=st.data())
def test_an_independent_decoder_reads_our_bytes(cls: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(build_message(cls))
    assert msgpack.unpackb(encode(message)) == [get_code(cls), *list_fields(message)]


@each_message
@bounded
@given(data=st.data())
def test_we_read_the_bytes_of_an_independent_encoder(cls: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(build_message(cls))
    extra = data.draw(st.lists(any_value, max_size=2))
    packed = msgpack.packb([get_code(cls), *list_fields(message), *extra])
    assert decode(cls, packed) == message


@each_message
@bounded
@given(data=st.data())
def test_defaults_may_be_left_out_at_the_end(cls: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(build_message(cls))
    fields = list_fields(message)
    required = len(fields) - len(cls.__struct_defaults__)
    kept = data.draw(st.integers(required, len(fields)))
    decoded = decode(cls, msgpack.packb([get_code(cls), *fields[:kept]]))
    assert list_fields(decoded)[:kept] == fields[:kept]
    for name, value in zip(cls.__struct_fields__[kept:], list_fields(decoded)[kept:], strict=True):
        assert value == get_default(cls, name)


def get_default(cls: type[msgspec.Struct], name: str) -> Any:
    field = next(field for field in msgspec.structs.fields(cls) if field.name == name)
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


@given(code=st.integers(0, 2**64 - 1), rest=st.lists(any_value, max_size=3))
def test_unknown_codes_are_ignored_by_both(code: int, rest: list[Any]) -> None:
    packed = msgpack.packb([code, *rest])
    if code not in CLIENT_CODES:
        assert decode_client_message(packed) is None
    if code not in DAEMON_CODES:
        assert decode_daemon_message(packed) is None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_decoded(kind: Any) -> None:
    assert decode_client_message(kind(encode(Ping(5)))) == Ping(5)
