"""Whatever bytes come, decoding gives a message, None or ProtocolError; nothing else."""

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol.close_codes import CloseCode
from ptyd_protocol.codec import decode_params, encode
from ptyd_protocol.errors import ErrorCode, ProtocolError, Refusal
from ptyd_protocol.messages import Request
from ptyd_protocol.methods import METHODS

from tests.protocol.mutations import mutate_messages
from tests.protocol.vector_files import DECODERS

MUTATED_MESSAGES = 100_000
SEEDS = (1, 2)


def decode_outcome(sender: str, data: bytes) -> str:
    """One of "message", "ignored" and "refused". A message must survive being written and read again."""
    try:
        message = DECODERS[sender](data)
    except ProtocolError as error:
        assert error.close_code is CloseCode.BAD_MESSAGE
        assert error.reason
        return "refused"
    if message is None:
        return "ignored"
    assert isinstance(message, msgspec.Struct)
    written = encode(message)
    again = DECODERS[sender](written)
    assert again is not None
    assert encode(again) == written  # bytes, because NaN is not equal to itself
    if isinstance(message, Request):
        check_params(message)
    return "message"


def check_params(message: Request) -> None:
    """Parameters that got through the codec, of whatever types, are understood or refused by every method."""
    for method in METHODS:
        try:
            decode_params(method, message.params)
        except Refusal as refusal:
            assert refusal.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sender", ["client", "daemon"])
def test_mutated_messages(sender: str, seed: int) -> None:
    outcomes = Counter(decode_outcome(sender, data) for data in mutate_messages(sender, seed, MUTATED_MESSAGES))
    # All three happen often, or the mutations are too tame or too wild to test anything.
    enough = MUTATED_MESSAGES // 200
    assert all(outcomes[name] > enough for name in ("message", "ignored", "refused")), outcomes


@pytest.mark.parametrize("sender", ["client", "daemon"])
def test_every_message_of_up_to_two_bytes(sender: str) -> None:
    for length in range(3):
        for values in itertools.product(range(256), repeat=length):
            decode_outcome(sender, bytes(values))


@pytest.mark.parametrize("sender", ["client", "daemon"])
@given(data=st.binary(max_size=100))
def test_random_bytes(sender: str, data: bytes) -> None:
    decode_outcome(sender, data)
