"""What a fuzz target is, and how bytes are made to go wrong when nothing is known of their structure."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Mutate = Callable[[random.Random, bytes, Sequence[bytes]], bytes]
"""(chance, a good or once mutated case, all the good ones) -> the next case."""

SPITEFUL_BYTES = bytes.fromhex("00 01 0a 0d 20 22 25 2f 3a 7f 80 81 8f 90 c0 c1 c6 cf db df fe ff")
SPITEFUL_WORDS = (0, 1, 2, 2**16 - 1, 2**31, 2**32 - 1, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1)

PIECE_LENGTH_BYTES = 2


class Finding(AssertionError):
    """A case that did what no case may do."""


@dataclass(frozen=True)
class Target:
    """``run`` returns a word or two for what came of a case; whatever it raises is a finding.

    A case whose outcome was never seen before is kept to be mutated further.
    """

    name: str
    run: Callable[[bytes], str]
    seeds: Sequence[bytes]
    mutate: Mutate


def join_pieces(pieces: Sequence[bytes]) -> bytes:
    """Several messages as one case: each behind its length."""
    return b"".join(len(piece).to_bytes(PIECE_LENGTH_BYTES, "big") + piece for piece in pieces)


def split_pieces(case: bytes, most: int = 64) -> list[bytes]:
    """The messages of a case; whatever bytes it has, it is some."""
    pieces: list[bytes] = []
    at = 0
    while at < len(case) and len(pieces) < most:
        begin = at + PIECE_LENGTH_BYTES
        at = begin + int.from_bytes(case[at:begin], "big")
        pieces.append(case[begin:at])
    return pieces


def mutate_bytes(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """One small harm to bytes of any kind."""
    at = chance.randrange(len(data) + 1)
    match chance.randrange(7):
        case 0:
            return data[:at] + bytes([chance.choice(SPITEFUL_BYTES)]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 2:
            return data[:at] + chance.randbytes(chance.randint(1, 6)) + data[at:]
        case 3:
            return data[:at] + data[at + chance.randint(1, 16) :]
        case 4:
            length = chance.choice((2, 4, 8))
            word = chance.choice(SPITEFUL_WORDS) & (1 << 8 * length) - 1
            return data[:at] + word.to_bytes(length, chance.choice(("little", "big"))) + data[at + length :]
        case 5:
            end = min(len(data), at + chance.randint(1, 32))
            return data[:end] + data[at:end] * chance.randint(1, 3) + data[end:]
        case _:
            other = chance.choice(seeds)
            return data[:at] + other[chance.randrange(len(other) + 1) :]


def mutate_pieces(mutate_one: Mutate) -> Mutate:
    """Harm to a list of messages: one of them, their order, or how many there are."""

    def mutate(chance: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
        pieces = split_pieces(data) or [b""]
        at = chance.randrange(len(pieces))
        match chance.randrange(10):
            case 0:
                pieces.insert(at, pieces[chance.randrange(len(pieces))])
            case 1:
                del pieces[at]
            case 2:
                chance.shuffle(pieces)
            case 3:
                pieces[at:at] = split_pieces(chance.choice(seeds))
            case _:
                pieces[at] = mutate_one(chance, pieces[at], pieces)[:65535]
        return join_pieces(pieces[:64])

    return mutate
