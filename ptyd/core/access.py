"""Who may do what. For now there is one principal, the owner of the daemon, who may do everything; roles and tokens
with narrower rights find their place here."""

from dataclasses import dataclass
from typing import Literal

Right = Literal["observe", "control", "create", "admin"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever stands behind a connection."""

    name: str
    rights: frozenset[Right]

    def may(self, right: Right) -> bool:
        return right in self.rights


OWNER = Principal("owner", frozenset({"observe", "control", "create", "admin"}))
