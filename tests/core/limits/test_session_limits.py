"""Which limits are in force for a session, and when one is near."""

import math

import pytest
from ptyd_protocol.errors import Refusal
from ptyd_protocol.limits import MIB
from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.limits.session_limits import (
    RULES,
    Crossing,
    check_caps,
    find_near,
    lower_to_caps,
    resolve_limits,
)


def test_every_limit_has_its_rule() -> None:
    assert list(RULES) == list(SessionLimits.__struct_fields__)
    assert all(rule.description for rule in RULES.values())


def test_all_is_said_in_the_end() -> None:
    limits = resolve_limits(SessionLimits())
    assert all(getattr(limits, name) is not None for name in RULES)
    assert limits.memory_bytes == limits.lifetime_seconds == limits.core_bytes == 0


def test_the_first_that_says_it_counts() -> None:
    wish = SessionLimits(processes=10)
    configured = SessionLimits(processes=20, open_files=30)
    known = SessionLimits(open_files=40, memory_bytes=8192 * MIB)
    limits = resolve_limits(wish, configured, known)
    assert (limits.processes, limits.open_files, limits.memory_bytes) == (10, 30, 8192 * MIB)


def test_no_limit_is_something_that_is_said() -> None:
    assert resolve_limits(SessionLimits(memory_bytes=0), SessionLimits(memory_bytes=MIB * 64)).memory_bytes == 0


def test_logs_are_whole_steps() -> None:
    assert resolve_limits(SessionLimits(log_bytes=MIB + 1)).log_bytes == MIB + 64 * 1024
    assert resolve_limits(SessionLimits(log_bytes=0), SessionLimits(log_bytes=2 * MIB)).log_bytes == 2 * MIB


@pytest.mark.parametrize(
    "wish",
    [
        SessionLimits(log_bytes=1),
        SessionLimits(log_bytes=2**40),
        SessionLimits(memory_bytes=1000),
        SessionLimits(lifetime_seconds=math.inf),
        SessionLimits(scrollback_lines=10**6),
        SessionLimits(output_bytes_per_second=1),
        SessionLimits(memory_bytes=2**60),
    ],
)
def test_what_no_session_could_live_with(wish: SessionLimits) -> None:
    with pytest.raises(Refusal, match="is not between") as caught:
        resolve_limits(wish)
    assert caught.value.code == "bad_request"


def test_caps() -> None:
    caps = SessionLimits(memory_bytes=1024 * MIB, core_bytes=0, cpus=0)
    with pytest.raises(Refusal, match="memory_bytes may be 1 GiB at most, and not none") as caught:
        check_caps(resolve_limits(SessionLimits()), caps)
    assert caught.value.code == "not_allowed"
    defaults = lower_to_caps(SessionLimits(memory_bytes=8192 * MIB, processes=5), caps)
    assert defaults == SessionLimits(memory_bytes=1024 * MIB, processes=5, core_bytes=0)
    check_caps(resolve_limits(SessionLimits(memory_bytes=512 * MIB), defaults), caps)
    with pytest.raises(Refusal, match="core_bytes may be 0 B at most, and not none"):
        check_caps(resolve_limits(SessionLimits(core_bytes=-1), defaults), caps)


def test_near_and_over() -> None:
    limits = resolve_limits(SessionLimits(memory_bytes=1000 * MIB, cpus=1))
    assert find_near(limits, "memory_bytes", 899 * MIB) is None
    near = find_near(limits, "memory_bytes", 900 * MIB)
    assert near == Crossing("memory_bytes", 900 * MIB, 1000 * MIB)
    assert near.message == "its processes use 900 MiB of memory of the 1000 MiB that they may (memory_bytes)"
    over = find_near(limits, "memory_bytes", 1000 * MIB)
    assert over is not None and over.is_hard
    assert over.reason == "its processes used more than 1000 MiB of memory, which is its limit (memory_bytes)"
    assert find_near(limits, "cpus", 0.99) is None  # it is kept to it, so there is nothing to warn of
    assert find_near(limits, "processes", 10**6) is None


@pytest.mark.parametrize("name", list(RULES))
def test_each_has_words_of_its_own(name: str) -> None:
    crossing = Crossing(name, 90, 100)
    for text in (crossing.message, crossing.reason):
        assert (text.endswith(f"({name})") and "100" in text) or "1m40s" in text
    assert crossing.to_event() == {"limit": name, "used": 90, "allowed": 100, "message": crossing.message}
