"""Who may do what: rights, and the principals that have them.

A right counts for sessions: those that the principal may see at all, and its own, which it has made itself. What a
principal may not see does not exist for it: whatever it asks, it is answered as if the session were not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ptyd_protocol.access import Right
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.messages import Attach

ALL_RIGHTS: frozenset[Right] = frozenset({"observe", "control", "create", "admin"})

_IMPLIED: dict[Right, frozenset[Right]] = {
    "observe": frozenset({"observe"}),
    "control": frozenset({"observe", "control"}),
    "create": frozenset({"create"}),
    "admin": ALL_RIGHTS,
}


def expand_rights(rights: Iterable[Right]) -> frozenset[Right]:
    """``rights`` with those that they bring along: who controls observes, and an admin may everything."""
    return frozenset().union(*(_IMPLIED[right] for right in rights))


class Possession(Protocol):
    """A session, as far as access is concerned."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str:
        """The name of the principal that created it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever stands behind a connection."""

    name: str
    rights: frozenset[Right]
    sessions: frozenset[str] | None = None
    """The ids of those that ``observe`` and ``control`` count for, besides its own; None: all."""
    grant_id: str = ""
    """The token or share that it came with; empty: the owner's own ways in."""
    login: str = field(default="", compare=False)
    """The digest of the cookie that this browser came with; empty: it came without."""

    @property
    def sees_all(self) -> bool:
        return self.sessions is None and "observe" in self.rights

    def may(self, right: Right) -> bool:
        """Whether it may do what concerns no session."""
        return right in self.rights

    def owns(self, session: Possession) -> bool:
        return "create" in self.rights and session.owner == self.name

    def sees(self, session: Possession) -> bool:
        return self._may_on("observe", session)

    def controls(self, session: Possession) -> bool:
        return self._may_on("control", session)

    def _may_on(self, right: Right, session: Possession) -> bool:
        in_scope = self.sessions is None or session.id in self.sessions
        return (in_scope and right in self.rights) or self.owns(session)

    # --- refusals ---

    def require(self, right: Right, deed: str) -> None:
        """Raises Refusal (not_allowed): it lacks a right that concerns no session."""
        if not self.may(right):
            raise Refusal(ErrorCode.NOT_ALLOWED, f"{self.name} may not {deed}: that takes the right to {right}")

    def require_control(self, session: Possession, deed: str) -> None:
        """Raises Refusal (not_allowed): it may look at the session, and no more."""
        if not self.controls(session):
            raise Refusal(ErrorCode.NOT_ALLOWED, f"{self.name} may not {deed}: that takes the right to control")

    def require_naming(self, session: Possession, deed: str) -> None:
        """Names belong to all sessions: whoever may not see those learns nothing of them by what is taken.

        Raises:
            Refusal: not_allowed.
        """
        self.require_control(session, deed)
        if self.sessions is not None and not self.owns(session):
            raise Refusal(ErrorCode.NOT_ALLOWED, f"{self.name} may not {deed}: it was let into this session only")


def check_attach(principal: Principal, session: Possession, request: Attach) -> None:
    """Whether a principal that sees ``session`` may attach so.

    Raises:
        Refusal: not_allowed.
    """
    if principal.controls(session):
        return
    if request.role == "control":
        raise Refusal(
            ErrorCode.NOT_ALLOWED, f"{principal.name} may only observe this session: attach read-only (attach -r)"
        )
    if request.lossless:
        # The program would have to wait for one who has no say in it.
        raise Refusal(ErrorCode.NOT_ALLOWED, f"{principal.name} may only observe this session, and not losslessly")


OWNER = Principal("owner", ALL_RIGHTS)
"""Whoever runs the daemon."""
