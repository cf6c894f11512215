"""Limits as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol.limit_values import (
    LIMIT_NAMES,
    BadLimit,
    find_name,
    format_amount,
    format_limit,
    parse_limit,
    read_limits,
    unit_of,
)
from ptyd_protocol.session_limits import SessionLimits

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("memory_bytes", "512M", 512 * MIB),
        ("memory_bytes", "1.5GiB", 1536 * MIB),
        ("memory_bytes", "2gb", 2048 * MIB),
        ("memory_bytes", " 4096 ", 4096),
        ("output_bytes_per_second", "64K/s", 65536),
        ("lifetime_seconds", "2h30m", 9000),
        ("lifetime_seconds", "90", 90),
        ("idle_seconds", "0.5s", 0.5),
        ("idle_seconds", "1w", 604_800),
        ("cpus", "1.5", 1.5),
        ("processes", "64", 64),
        ("memory_bytes", "none", 0),
        ("core_bytes", "Unlimited", -1),
        ("core_bytes", "0", 0),
    ],
)
def test_values(name: str, text: str, value: float) -> None:
    assert parse_limit(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("memory_bytes", "lots"),
        ("memory_bytes", "-1"),
        ("memory_bytes", ""),
        ("memory_bytes", "1e9"),
        ("memory_bytes", "99999999T"),
        ("lifetime_seconds", "2h30"),
        ("lifetime_seconds", "inf"),
        ("cpus", "nan"),
        ("processes", "1.5"),
        ("scrollback_lines", "none"),
    ],
)
def test_what_is_no_value(name: str, text: str) -> None:
    with pytest.raises(BadLimit, match=name):
        parse_limit(name, text)


def test_names_may_be_shortened() -> None:
    words = ["mem=1G", "lifetime=1h", "open-files=64", "input=1K", "memory_bytes=2G"]
    assert read_limits(words) == SessionLimits(
        memory_bytes=2048 * MIB, lifetime_seconds=3600.0, open_files=64, input_bytes_per_second=1024
    )


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("memory", "is not NAME=VALUE"),
        ("c=1", "could be any of cpus, core_bytes"),
        ("ram=1G", "there is no limit 'ram'; there are memory_bytes"),
        ("=1", "there is no limit ''"),
    ],
)
def test_words_that_say_nothing(word: str, complaint: str) -> None:
    with pytest.raises(BadLimit, match=complaint):
        read_limits([word])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("memory_bytes", 8192 * MIB, "8 GiB"),
        ("memory_bytes", 1_500_000, "1.4 MiB"),
        ("memory_bytes", 300, "300 B"),
        ("memory_bytes", 0, "none"),
        ("memory_bytes", None, "default"),
        ("core_bytes", 0, "0 B"),
        ("core_bytes", -1, "none"),
        ("scrollback_lines", 0, "0"),
        ("lifetime_seconds", 9000.0, "2h30m"),
        ("idle_seconds", 0.5, "0.5s"),
        ("idle_seconds", 90_061, "1d1h"),
        ("cpus", 1.5, "1.5"),
        ("output_bytes_per_second", MIB, "1 MiB/s"),
    ],
)
def test_how_they_are_shown(name: str, value: float | None, text: str) -> None:
    assert format_limit(name, value) == text


def test_every_limit_has_a_unit_and_its_own_name() -> None:
    for name in LIMIT_NAMES:
        assert find_name(name) == name
        assert unit_of(name)


@given(st.sampled_from([name for name in LIMIT_NAMES if unit_of(name) != "seconds"]), st.integers(1, 4096))
def test_what_is_shown_can_be_typed(name: str, amount: int) -> None:
    text = format_amount(name, amount * 1024 if unit_of(name).startswith("bytes") else amount)
    assert format_amount(name, parse_limit(name, text.replace(" ", ""))) == text
