"""The one principal there is."""

from ptyd.core.access import OWNER, Principal


def test_the_owner_may_everything() -> None:
    assert all(OWNER.may(right) for right in ("observe", "control", "create", "admin"))


def test_others_may_what_they_are_given() -> None:
    guest = Principal("guest", frozenset({"observe"}))
    assert guest.may("observe")
    assert not guest.may("control")
