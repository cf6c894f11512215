"""A screen on its way: cut into messages, and consumed or not."""

import pytest
from ptyd_protocol.limits import MAX_OUTPUT_BYTES
from ptyd_protocol.messages import Snapshot

from ptyd.core.screen.screen_source import ScreenSnapshot
from ptyd.core.viewing.screen_delivery import ScreenDelivery


def begin(length: int, offset: int = 100) -> tuple[ScreenDelivery, bytes]:
    data = bytes(index % 251 for index in range(length))
    delivery = ScreenDelivery()
    delivery.is_awaited = True
    delivery.begin(3, ScreenSnapshot(offset, 0, 80, 24, data))
    return delivery, data


@pytest.mark.parametrize(
    "length", [0, 1, MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES + 1, 2 * MAX_OUTPUT_BYTES, 3 * MAX_OUTPUT_BYTES - 1]
)
def test_parts(length: int) -> None:
    delivery, data = begin(length)
    assert not delivery.is_awaited
    parts: list[Snapshot] = []
    while delivery.is_due:
        assert delivery.held_bytes == length - sum(len(part.data) for part in parts)
        parts.append(delivery.pop_message())
        assert delivery.is_half_sent == delivery.is_due
    assert b"".join(part.data for part in parts) == data
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    assert all(len(part.data) <= MAX_OUTPUT_BYTES for part in parts)
    assert {(part.channel, part.offset, part.cols, part.rows, part.kind) for part in parts} == {
        (3, 100, 80, 24, "screen")
    }


def test_it_is_consumed_when_its_offset_is_acknowledged() -> None:
    delivery, _ = begin(1000)
    delivery.pop_message()
    delivery.acknowledge(99)
    assert delivery.unacked_bytes == 1000
    delivery.acknowledge(100)
    assert delivery.unacked_bytes == 0


def test_an_ack_before_the_last_part_is_of_something_else() -> None:
    delivery, _ = begin(MAX_OUTPUT_BYTES + 1)
    delivery.pop_message()
    delivery.acknowledge(100)
    assert delivery.unacked_bytes == MAX_OUTPUT_BYTES + 1


def test_one_that_was_not_sent_makes_way() -> None:
    delivery, _ = begin(1000)
    delivery.begin(3, ScreenSnapshot(200, 1, 90, 20, b"new"))
    assert delivery.pop_message() == Snapshot(3, 200, 90, 20, b"new", "screen", False)
    assert not delivery.is_due
    assert delivery.unacked_bytes == 3
