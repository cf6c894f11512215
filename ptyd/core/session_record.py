"""What the keeper remembers of a session for the next daemon, beside its log. JSON, read by newer and older daemons."""

from typing import Any

import msgspec
from msgspec import Struct
from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.conversation import ConversationState
from ptyd.core.log.asciicast import CastSettings
from ptyd.core.runs.run import RunRecord
from ptyd.core.session import Session


class SessionRecord(Struct, frozen=True, kw_only=True):
    """Fields as those of Session. A new one goes to the end and has a default."""

    name: str
    argv: list[str]
    cwd: str
    kind: str
    created_at: float
    cast: CastSettings = msgspec.field(default_factory=CastSettings)
    owner: str = ""
    limits: SessionLimits = SessionLimits()
    began_at: float | None = None
    end_reason: str = ""
    registry_folder: str = ""
    run: RunRecord | None = None
    conversation: ConversationState | None = None

    def to_json(self) -> dict[str, Any]:
        """As the keeper is given it."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def record_of(session: Session) -> SessionRecord:
    return SessionRecord(
        name=session.name,
        argv=session.argv,
        cwd=session.cwd,
        kind=session.kind,
        created_at=session.created_at,
        cast=session.cast,
        owner=session.owner,
        limits=session.limits,
        began_at=session.began_at,
        end_reason=session.end_reason,
        registry_folder=session.registry_folder,
        run=session.run,
        conversation=session.conversation,
    )
