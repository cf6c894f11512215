"""Rights: what they bring along, for which sessions they count, and what is said to whoever lacks them."""

from typing import Any, NamedTuple

import pytest
from ptyd_protocol.access import Right
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach

from ptyd.core.access.principal import ALL_RIGHTS, OWNER, Principal, check_attach, expand_rights


class Named(NamedTuple):
    """A session as access sees it (Possession)."""

    id: str
    owner: str = "owner"


OTHER, MINE, SHARED = Named("00000001"), Named("00000002", "me"), Named("00000003")


def be(*rights: Right, sessions: set[str] | None = None) -> Principal:
    return Principal("me", expand_rights(rights), None if sessions is None else frozenset(sessions), "aa")


def code_of(deed: Any, *arguments: Any) -> ErrorCode | None:
    try:
        deed(*arguments)
    except Refusal as refusal:
        return refusal.code
    return None


def test_the_owner_may_everything() -> None:
    assert all(OWNER.may(right) for right in ALL_RIGHTS)
    assert OWNER.sees_all
    assert all(OWNER.controls(one) for one in (OTHER, MINE, SHARED))


def test_what_rights_bring_along() -> None:
    assert expand_rights(["control"]) == {"observe", "control"}
    assert expand_rights(["admin"]) == ALL_RIGHTS
    assert expand_rights(["create"]) == {"create"}
    assert expand_rights(["observe", "create"]) == {"observe", "create"}


@pytest.mark.parametrize(
    ("principal", "seen", "controlled"),
    [
        (be("observe"), {OTHER, MINE, SHARED}, set()),
        (be("control"), {OTHER, MINE, SHARED}, {OTHER, MINE, SHARED}),
        (be("create"), {MINE}, {MINE}),
        (be("observe", "create"), {OTHER, MINE, SHARED}, {MINE}),
        (be("observe", sessions={SHARED.id}), {SHARED}, set()),
        (be("control", sessions={SHARED.id}), {SHARED}, {SHARED}),
        (be("observe", "create", sessions={SHARED.id}), {SHARED, MINE}, {MINE}),
        (be("control", sessions=set()), set(), set()),
        (be(), set(), set()),
    ],
)
def test_for_which_sessions(principal: Principal, seen: set[Named], controlled: set[Named]) -> None:
    for session in (OTHER, MINE, SHARED):
        assert principal.sees(session) == (session in seen)
        assert principal.controls(session) == (session in controlled)


def test_refusals() -> None:
    assert code_of(be("observe").require, "create", "x") is ErrorCode.NOT_ALLOWED
    assert code_of(be("create").require, "create", "x") is None
    assert code_of(be("observe").require_control, OTHER, "x") is ErrorCode.NOT_ALLOWED
    assert code_of(be("control").require_control, OTHER, "x") is None


def test_names_are_not_for_guests_of_one_session() -> None:
    assert code_of(be("control", sessions={SHARED.id}).require_naming, SHARED, "x") is ErrorCode.NOT_ALLOWED
    assert code_of(be("create", sessions={SHARED.id}).require_naming, MINE, "x") is None
    assert code_of(be("control").require_naming, SHARED, "x") is None


@pytest.mark.parametrize(
    ("principal", "role", "lossless", "good"),
    [
        (be("control"), "control", True, True),
        (be("observe"), "observe", False, True),
        (be("observe"), "control", False, False),
        (be("observe"), "observe", True, False),  # the program would have to wait for it
        (be("create"), "control", True, False),  # of another's session
    ],
)
def test_attaching(principal: Principal, role: Any, lossless: bool, good: bool) -> None:
    request = Attach(1, OTHER.id, role, 80, 24, lossless=lossless)
    assert code_of(check_attach, principal, OTHER, request) is (None if good else ErrorCode.NOT_ALLOWED)
