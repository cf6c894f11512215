"""The committed vectors against the codec."""

from typing import Any

import generate_vectors
import msgpack  # type: ignore[import-untyped]
import pytest
from ptyd_protocol.codec import encode
from ptyd_protocol.errors import ProtocolError

from tests.protocol.strategies import ALL_MESSAGES, CLIENT_MESSAGES, get_code
from tests.protocol.vector_files import DECODERS, list_message_files, load_vectors, view_message

MAX_REASON_BYTES = 123
"""What a WebSocket close frame has room for."""

MESSAGE_FILES = {name: load_vectors(name) for name in list_message_files()}


def list_cases(key: str) -> list[Any]:
    """``pytest.param(sender, vector)`` for every vector of one sort in the messages' files."""
    return [
        pytest.param(content["from"], vector, id=f"{content['message']}-{vector['name'][:40]}")
        for content in MESSAGE_FILES.values()
        for vector in content[key]
    ]


def list_cases_by_sender(name: str) -> list[Any]:
    return [
        pytest.param(sender, vector, id=f"{sender}-{vector['name'][:40]}")
        for sender, vectors in load_vectors(name).items()
        for vector in vectors
    ]


def test_every_message_has_vectors() -> None:
    described = {content["message"]: (content["code"], content["from"]) for content in MESSAGE_FILES.values()}
    declared = {cls.__name__: (get_code(cls), "client" if cls in CLIENT_MESSAGES else "daemon") for cls in ALL_MESSAGES}
    assert described == declared
    for content in MESSAGE_FILES.values():
        assert content["valid"] and content["invalid"]


def test_committed_vectors_are_those_of_the_examples() -> None:
    assert generate_vectors.find_differences(generate_vectors.generate()) == []


@pytest.mark.parametrize(("sender", "vector"), list_cases("valid"))
def test_valid_bytes_decode_to_their_message(sender: str, vector: dict[str, Any]) -> None:
    message = DECODERS[sender](bytes.fromhex(vector["hex"]))
    assert message is not None
    assert view_message(message) == vector["message"]


@pytest.mark.parametrize(("sender", "vector"), list_cases("valid"))
def test_encoded_again_they_mean_the_same_to_an_independent_decoder(sender: str, vector: dict[str, Any]) -> None:
    given = bytes.fromhex(vector["hex"])
    message = DECODERS[sender](given)
    assert message is not None
    written = encode(message)
    assert DECODERS[sender](written) == message
    before, after = msgpack.unpackb(given), msgpack.unpackb(written)
    shared = min(len(before), len(after))
    assert before[:shared] == after[:shared]


@pytest.mark.parametrize(("sender", "vector"), list_cases("invalid") + list_cases_by_sender("malformed.json"))
def test_invalid_bytes_close_with_the_code_of_the_vector(sender: str, vector: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        DECODERS[sender](bytes.fromhex(vector["hex"]))
    assert caught.value.close_code == vector["close_code"]
    assert 0 < len(caught.value.reason.encode()) <= MAX_REASON_BYTES


@pytest.mark.parametrize(("sender", "vector"), list_cases_by_sender("unknown.json"))
def test_unknown_codes_are_ignored(sender: str, vector: dict[str, Any]) -> None:
    assert DECODERS[sender](bytes.fromhex(vector["hex"])) is None


@pytest.mark.parametrize(("sender", "vector"), list_cases_by_sender("large.json"))
def test_large_messages(sender: str, vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["prefix"]) + bytes.fromhex(vector["repeat"]) * vector["count"]
    if vector["close_code"] is None:
        message = DECODERS[sender](data)
        assert message is not None
        assert DECODERS[sender](encode(message)) == message
        return
    with pytest.raises(ProtocolError) as caught:
        DECODERS[sender](data)
    assert caught.value.close_code == vector["close_code"]


@pytest.mark.parametrize(
    ("sender", "vector"), [case for case in list_cases("valid") if "hand" in case.values[1]["name"]]
)
def test_bytes_written_by_hand_are_wholly_used(sender: str, vector: dict[str, Any]) -> None:
    """One byte less is malformed: guards against a hand-written length that is too short."""
    with pytest.raises(ProtocolError):
        DECODERS[sender](bytes.fromhex(vector["hex"])[:-1])
