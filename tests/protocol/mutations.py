"""Messages gone wrong: whole ones, built from the declarations, with bytes or values changed at random."""

import random
from collections.abc import Iterator
from typing import Any

import msgpack  # type: ignore[import-untyped]
from ptyd_protocol.methods import METHODS

from tests.protocol.vector_files import list_message_files, load_vectors

SPITEFUL_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**53,
    2**63,
    2**64 - 1,
    1.0,
    float("nan"),
    float("inf"),
    "",
    "\x00",
    "x" * 300,
    "control",
    b"",
    b"\xff" * 300,
    [],
    [[]],
    {},
    {"": {}},
    {1: 2},
    msgpack.ExtType(5, b"x"),
    msgpack.Timestamp(0, 0),
)
PARAMETER_NAMES = sorted({name for row in METHODS.values() for name in row.params.__struct_fields__})
SPITEFUL_BYTES = bytes.fromhex("00 7f 80 8f 90 9f c0 c1 c6 c9 cf d3 db dd df ff")
"""The first and last of MessagePack's ranges of codes, and the headers with the widest lengths."""


def list_valid_messages(sender: str) -> list[bytes]:
    contents = [load_vectors(name) for name in list_message_files()]
    return [
        bytes.fromhex(vector["hex"]) for content in contents if content["from"] == sender for vector in content["valid"]
    ]


def mutate_messages(sender: str, seed: int, count: int) -> Iterator[bytes]:
    """``count`` mutated messages, always the same for the same seed."""
    randomness = random.Random(seed)
    valid = list_valid_messages(sender)
    for _ in range(count):
        data = randomness.choice(valid)
        for _ in range(randomness.choice((1, 1, 1, 2, 5))):
            data = randomness.choice(MUTATIONS)(randomness, data, valid)
        yield data


def change_byte(randomness: random.Random, data: bytes, valid: list[bytes]) -> bytes:
    at = randomness.randrange(len(data) + 1)
    new = randomness.choice(SPITEFUL_BYTES) if randomness.random() < 0.5 else randomness.randrange(256)
    return data[:at] + bytes([new]) + data[at + 1 :]


def insert_bytes(randomness: random.Random, data: bytes, valid: list[bytes]) -> bytes:
    at = randomness.randrange(len(data) + 1)
    return data[:at] + randomness.randbytes(randomness.randint(1, 6)) + data[at:]


def cut(randomness: random.Random, data: bytes, valid: list[bytes]) -> bytes:
    begin = randomness.randrange(len(data) + 1)
    return data[:begin] + data[begin + randomness.randint(0, 8) :]


def splice(randomness: random.Random, data: bytes, valid: list[bytes]) -> bytes:
    other = randomness.choice(valid)
    return data[: randomness.randrange(len(data) + 1)] + other[randomness.randrange(len(other)) :]


def change_value(randomness: random.Random, data: bytes, valid: list[bytes]) -> bytes:
    """Well-formed MessagePack with a field of another type, too many, too few or in another order."""
    try:
        fields = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException):  # TypeError: a list as a key
        return data
    if not isinstance(fields, list) or not fields:
        return data
    at = randomness.randrange(len(fields))
    if isinstance(fields[at], dict):
        for key in [*fields[at], randomness.choice(PARAMETER_NAMES)]:
            fields[at][key] = randomness.choice(SPITEFUL_VALUES)
    match randomness.randrange(6):
        case 0:
            fields[at] = randomness.choice(SPITEFUL_VALUES)
        case 1:
            del fields[at]
        case 2:
            fields.insert(at, randomness.choice(SPITEFUL_VALUES))
        case 3:
            randomness.shuffle(fields)
    packed: bytes = msgpack.packb(fields)
    return packed


MUTATIONS = (change_byte, insert_bytes, cut, splice, change_value, change_value)
