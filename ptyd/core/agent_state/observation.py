"""What the sources of evidence hand to the state machine, whatever program it comes from."""

from msgspec import Struct
from ptyd_protocol.activity import ActivityState, Evidence, EvidenceSource, WaitsFor


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was learned beside the state; None: nothing. Names and meanings as in Activity."""

    prompt: str | None = None
    model: str | None = None
    conversation: str | None = None
    transcript: str | None = None
    permission_mode: str | None = None
    context_tokens: int | None = None
    background_tasks: int | None = None
    command_status: int | None = None
    bell_at: float | None = None
    failure: str | None = None
    """Why the last turn failed; empty: it did not, or another one has begun."""


class ToolUse(Struct, frozen=True):
    """``id`` empty: the program does not number them."""

    id: str
    name: str
    detail: str = ""


NO_FACTS = Facts()


class Observation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing seen. ``at``: when it came to be, in Unix seconds, as well as its source knows."""

    source: EvidenceSource
    at: float
    text: str
    """For a person."""
    state: ActivityState | None = None
    """What it claims; None: it claims nothing, and an earlier claim of this source stands."""
    or_state: ActivityState | None = None
    """It may as well be this one: some titles do not tell idle from waiting."""
    waits_for: WaitsFor | None = None
    detail: str = ""
    """For a person: what exactly the claim is."""
    seen_at: float = 0.0
    """When it was seen, where that was later; 0: it was not."""
    is_withdrawal: bool = False
    """The source is gone: its claim does not stand any more."""
    facts: Facts = NO_FACTS
    begins: ToolUse | None = None
    asks_about: ToolUse | None = None
    ends: ToolUse | None = None
    """That has ended."""
    ends_all: bool = False
    """No tool is in use: a new prompt was taken."""

    def allows(self, other: "Observation") -> bool:
        """Whether both can be true."""
        mine, others = {self.state, self.or_state} - {None}, {other.state, other.or_state} - {None}
        return bool(mine & others)

    def to_evidence(self) -> Evidence:
        return Evidence(at=self.at, source=self.source, text=self.text, state=self.state, waits_for=self.waits_for)
