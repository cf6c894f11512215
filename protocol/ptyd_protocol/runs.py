"""Structured runs: one prompt for Claude Code, whose answer comes as lines of JSON instead of a screen.

A run waits in a queue until one of the places for runs is free. Then it is a session of the kind "run", under the id
that it had in the queue: its output is that of any session, and is read in the same way; ``run_events.py`` reads the
lines.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import SessionRef

RunState = Literal["queued", "running", "ended"]

OutcomeKind = Literal[
    "success",
    "api_error",
    "max_turns",
    "max_budget",
    "interrupted",
    "timeout",
    "refused",
    "terminated",
    "killed",
    "failed",
    "lost",
]

Priority = Annotated[int, Meta(ge=-100, le=100)]
Seconds = Annotated[float, Meta(ge=0.01, le=31_536_000)] | None


class RunParams(Struct, frozen=True, kw_only=True):
    """One prompt. ``cwd`` empty: the home directory. ``resume``: the id of a conversation to go on with; ``fork``: in a
    new one that begins as it. ``priority``: the highest waits least, among equals the oldest. ``timeout_seconds``:
    counted from its start; None: as the daemon is configured. ``partial``: pieces of messages as they come, too.
    ``program`` empty: ``claude`` from the PATH. ``label``: whatever its creator wants to know it by."""

    prompt: Annotated[str, Meta(min_length=1, max_length=limits.MAX_PROMPT_CHARS)]
    model: Annotated[str, Meta(max_length=256)] = ""
    cwd: str = ""
    env: dict[str, str] = {}
    max_turns: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    timeout_seconds: Seconds = None
    resume: Annotated[str, Meta(max_length=256)] = ""
    fork: bool = False
    priority: Priority = 0
    partial: bool = True
    name: Annotated[str, Meta(max_length=limits.MAX_NAME_CHARS)] = ""
    program: str = ""
    label: Annotated[str, Meta(max_length=limits.MAX_LABEL_CHARS)] = ""


class RunOutcome(Struct, frozen=True, kw_only=True):
    """How a run ended. ``kind`` counts, and not the exit code: the CLI ends with 0 where it was interrupted."""

    kind: OutcomeKind
    message: str = ""
    """For a person: what went wrong and what to do; empty where nothing did."""
    result: str = ""
    """The final answer."""
    turns: int = 0
    duration_ms: int = 0
    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    conversation: str = ""
    """What ``resume`` takes."""
    denied: list[str] = []
    """The tools whose use was not permitted, each as often as that was."""
    api_status: int | None = None
    """The HTTP status of the API's refusal."""
    exit_code: int | None = None
    exit_signal: int | None = None
    stderr: str = ""
    """The end of what the CLI wrote there."""


class RunInfo(Struct, frozen=True, kw_only=True):
    """What is known of one run, from the queue to its end. Times are Unix seconds."""

    id: str
    """That of its session, too, once it has one."""
    name: str
    """Of the session; in the queue the wish, which may be empty."""
    state: RunState
    prompt: str
    """Its beginning: 200 characters at most."""
    owner: str = ""
    model: str = ""
    cwd: str = ""
    priority: int = 0
    label: str = ""
    conversation: str = ""
    timeout_seconds: float | None = None
    queued_at: float = 0.0
    started_at: float | None = None
    position: int = 0
    """In the queue, from 1 on; 0: it does not wait."""
    outcome: RunOutcome | None = None
    """Where it has ended. In a SessionInfo ``result`` and ``stderr`` are cut after 2,000 characters."""


class RunRefParams(Struct, frozen=True, kw_only=True):
    """``run``: the id of one that waits in the queue, or names its session."""

    run: SessionRef = ""


class RunWaitParams(Struct, frozen=True, kw_only=True):
    """Fails with "timeout" after ``timeout_seconds``, and with the reason where the run could not be started."""

    run: SessionRef = ""
    until: Literal["start", "end"] = "end"
    timeout_seconds: Annotated[float, Meta(ge=0)] | None = None
