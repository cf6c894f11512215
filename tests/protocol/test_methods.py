"""The table of requests: parameters and results, by the vectors and by drawn values."""

from typing import Any

import msgpack  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_params, decode_result, params_to_map
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.methods import METHODS

from tests.protocol.strategies import any_value, bounded, build, build_struct, describe
from tests.protocol.vector_files import load_vectors, read_value, view_value

VECTORS = {**load_vectors("method_params.json"), **load_vectors("method_results.json")}


def list_cases(key: str) -> list[Any]:
    return [pytest.param(vector, id=f"{vector['method']}-{number}") for number, vector in enumerate(VECTORS[key])]


def carry(value: Any) -> Any:
    """The value as it arrives after the wire, by an independent codec."""
    return msgpack.unpackb(msgpack.packb(value))


@pytest.mark.parametrize("key", ["params", "results"])
def test_every_method_has_vectors(key: str) -> None:
    assert {vector["method"] for vector in VECTORS[key]} == set(METHODS)


@pytest.mark.parametrize("vector", list_cases("params"))
def test_parameters_are_understood(vector: dict[str, Any]) -> None:
    params = decode_params(vector["method"], carry(read_value(vector["sent"])))
    assert type(params) is METHODS[vector["method"]].params
    assert view_value(params) == vector["means"]


@pytest.mark.parametrize("vector", list_cases("bad_params"))
def test_bad_parameters_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        decode_params(vector["method"], carry(read_value(vector["sent"])))
    assert caught.value.code == vector["error"]
    assert vector["method"] in caught.value.message


@pytest.mark.parametrize("vector", list_cases("results"))
def test_results_are_understood(vector: dict[str, Any]) -> None:
    assert view_value(decode_result(vector["method"], carry(read_value(vector["sent"])))) == vector["means"]


@pytest.mark.parametrize("vector", list_cases("bad_results"))
def test_bad_results_are_the_daemons_fault(vector: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_result(vector["method"], carry(read_value(vector["sent"])))
    assert caught.value.close_code == CloseCode.BAD_MESSAGE


@pytest.mark.parametrize("method", METHODS)
@bounded
@given(data=st.data())
def test_parameters_come_back_as_they_were(method: str, data: st.DataObject) -> None:
    params = data.draw(build_struct(describe(METHODS[method].params)))
    assert decode_params(method, carry(params_to_map(params))) == params


@pytest.mark.parametrize("method", METHODS)
@bounded
@given(data=st.data())
def test_results_come_back_as_they_were(method: str, data: st.DataObject) -> None:
    result = data.draw(build(msgspec.inspect.type_info(METHODS[method].result)))
    sent = msgspec.to_builtins(result, builtin_types=(bytes,))
    assert decode_result(method, carry(sent)) == result


@pytest.mark.parametrize("method", METHODS)
@bounded
@given(params=st.dictionaries(st.text(max_size=8), any_value, max_size=4))
def test_any_map_is_understood_or_refused(method: str, params: dict[str, Any]) -> None:
    known = METHODS[method].params.__struct_fields__
    renamed = dict(zip([*known, "other"], params.values(), strict=False))
    for sent in (params, renamed):
        try:
            assert type(decode_params(method, sent)) is METHODS[method].params
        except Refusal as refusal:
            assert refusal.code == ErrorCode.BAD_REQUEST


def test_an_unknown_method_is_quoted_briefly() -> None:
    with pytest.raises(Refusal) as caught:
        decode_params("x" * 256, {})
    assert caught.value.code == ErrorCode.UNKNOWN_METHOD
    assert len(caught.value.message) < 100
