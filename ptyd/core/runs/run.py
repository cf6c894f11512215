"""What a structured run is beside a session, and what clients are told of it. No I/O."""

from typing import Literal, Protocol

import msgspec
from msgspec import Struct
from ptyd_protocol.runs import RunInfo, RunOutcome, RunParams

RUN_KIND = "run"
"""The kind of a run's session."""

HEAD_CHARS = 200
"""So much of a prompt is told to whoever lists runs."""

SHOWN_RESULT_CHARS = 2000
"""So much of an answer is in a SessionInfo, which many are sent again and again."""


class RunRecord(Struct, frozen=True, kw_only=True):
    """Kept by the keeper, with the session's record. A new field goes to the end and has a default."""

    prompt: str
    """Its head."""
    model: str = ""
    priority: int = 0
    label: str = ""
    conversation: str = ""
    timeout_seconds: float | None = None
    queued_at: float = 0.0
    stopped_by: Literal["", "interrupt", "timeout", "client"] = ""
    """Why the daemon ended it. client: the connection that it was for has gone."""
    is_tied: bool = False
    """It ends with the connection that it is for, so also with the daemon."""


class RunSession(Protocol):
    """What is told of the session that a run is."""

    id: str
    name: str
    owner: str
    cwd: str
    created_at: float
    run: RunRecord | None
    outcome: RunOutcome | None

    @property
    def has_ended(self) -> bool: ...


def head_of(prompt: str) -> str:
    """The beginning of a prompt, on one line."""
    return " ".join(prompt[: 4 * HEAD_CHARS].split())[:HEAD_CHARS]


def make_record(
    params: RunParams, conversation: str, timeout_seconds: float | None, queued_at: float, is_tied: bool
) -> RunRecord:
    return RunRecord(
        prompt=head_of(params.prompt),
        model=params.model,
        priority=params.priority,
        label=params.label,
        conversation=conversation,
        timeout_seconds=timeout_seconds,
        queued_at=queued_at,
        is_tied=is_tied,
    )


def describe_run(session: RunSession, *, is_whole: bool = False) -> RunInfo | None:
    """The run that a session is; None: it is none. ``is_whole``: with the whole answer."""
    record = session.run
    if record is None:
        return None
    outcome = session.outcome
    return RunInfo(
        id=session.id,
        name=session.name,
        state="ended" if session.has_ended else "running",
        prompt=record.prompt,
        owner=session.owner,
        model=record.model,
        cwd=session.cwd,
        priority=record.priority,
        label=record.label,
        conversation=(outcome.conversation if outcome is not None else "") or record.conversation,
        timeout_seconds=record.timeout_seconds,
        queued_at=record.queued_at,
        started_at=session.created_at,
        outcome=outcome if is_whole or outcome is None else _cut(outcome),
    )


def _cut(outcome: RunOutcome) -> RunOutcome:
    return msgspec.structs.replace(
        outcome, result=outcome.result[:SHOWN_RESULT_CHARS], stderr=outcome.stderr[-SHOWN_RESULT_CHARS:]
    )
