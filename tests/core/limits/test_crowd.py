"""Who may come in while others are there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.limits.crowd import UNIX_ADDRESS, Crowd, CrowdLimits, address_group, is_loopback

LIMITS = CrowdLimits(in_all=6, per_address=3, strangers=4, strangers_per_address=2)


def test_limits_in_their_order() -> None:
    crowd = Crowd(LIMITS)
    assert crowd.enter(1, "10.0.0.1") is None
    assert crowd.enter(2, "10.0.0.1") is None
    assert crowd.enter(3, "10.0.0.1") == "strangers"
    crowd.welcome(1)
    assert crowd.enter(3, "10.0.0.1") is None
    crowd.welcome(3)
    assert crowd.enter(4, "10.0.0.1") == "address"
    for key in (5, 6, 7):
        assert crowd.enter(key, f"10.0.1.{key}") is None
    assert crowd.enter(8, "10.0.2.1") == "connections"
    crowd.leave(5)
    assert crowd.enter(8, UNIX_ADDRESS) is None


def test_the_unix_socket_has_no_limit_of_its_own() -> None:
    crowd = Crowd(LIMITS)
    assert [crowd.enter(key, UNIX_ADDRESS) for key in range(6)] == [None] * 6
    assert crowd.strangers == 0


def test_the_oldest_stranger_gives_way() -> None:
    crowd = Crowd(LIMITS)
    for key in range(5):
        assert crowd.find_surplus() is None
        assert crowd.enter(key, f"10.0.0.{key}") is None
    assert crowd.find_surplus() == 0
    crowd.leave(0)
    assert crowd.find_surplus() is None


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("unix", "unix"),
    ],
)
def test_groups(address: str, group: str) -> None:
    assert address_group(address) == group


def test_loopback() -> None:
    assert is_loopback("127.3.4.5") and is_loopback("::1")
    assert not is_loopback("10.0.0.1") and not is_loopback("unix") and not is_loopback("")


@given(st.lists(st.tuples(st.sampled_from(["enter", "welcome", "leave"]), st.integers(0, 20)), max_size=300))
def test_the_books_are_right_and_empty_in_the_end(steps: list[tuple[str, int]]) -> None:
    crowd = Crowd(LIMITS)
    inside: dict[int, bool] = {}
    for step, key in steps:
        if step == "enter" and key not in inside:
            if crowd.enter(key, f"10.0.0.{key % 4}") is None:
                inside[key] = True
        elif step == "welcome" and key in inside:
            crowd.welcome(key)
            inside[key] = False
        elif step == "leave":
            crowd.leave(key)
            inside.pop(key, None)
        assert len(crowd) == len(inside) <= LIMITS.in_all
        assert crowd.strangers == sum(inside.values())
    for key in list(inside):
        crowd.leave(key)
    assert len(crowd) == crowd.strangers == 0
    assert not crowd._by_group and not crowd._strangers_by_group
