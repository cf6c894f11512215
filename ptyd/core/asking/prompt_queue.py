"""The prompts of one session: which is typed next, and what became of each. Pure: told the time."""

from typing import Any

import msgspec
from ptyd_protocol.activity import WaitsFor
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.prompts import Prompt, PromptOutcome

MAX_QUEUED = 100
MAX_CLOSED = 50
OPEN_STATES = frozenset({"queued", "typing", "taken"})


class PromptQueue:
    """``prompts``: in the order in which they were added. At most one is being typed or worked on."""

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []
        self._changed: dict[str, Prompt] = {}

    @property
    def active(self) -> Prompt | None:
        return next((one for one in self.prompts if one.state in ("typing", "taken")), None)

    @property
    def next(self) -> Prompt | None:
        """The one to type, if none is active."""
        if self.active is not None:
            return None
        return next((one for one in self.prompts if one.state == "queued"), None)

    def add(self, prompt: Prompt) -> None:
        """Raises Refusal: there are too many."""
        if sum(one.state == "queued" for one in self.prompts) >= MAX_QUEUED:
            raise Refusal(ErrorCode.UNAVAILABLE, f"{MAX_QUEUED} prompts are queued already: drop some")
        self.prompts.append(prompt)
        self._changed[prompt.id] = prompt
        closed = [one for one in self.prompts if one.state not in OPEN_STATES]
        for old in closed[:-MAX_CLOSED]:
            self.prompts.remove(old)

    def get(self, prompt_id: str) -> Prompt:
        """Raises Refusal: there is none."""
        for one in self.prompts:
            if one.id == prompt_id:
                return one
        raise Refusal(ErrorCode.NO_SUCH_PROMPT, f"there is no prompt {prompt_id!r} in this session")

    def get_queued(self, prompt_id: str) -> Prompt:
        """Raises Refusal: there is none, or it is too late to change it."""
        found = self.get(prompt_id)
        if found.state != "queued":
            raise Refusal(
                ErrorCode.BAD_REQUEST, f"prompt {prompt_id} is {found.state}: only a queued one can be changed"
            )
        return found

    def change(self, prompt: Prompt, **fields: Any) -> Prompt:
        changed = msgspec.structs.replace(prompt, **fields)
        self.prompts[self.prompts.index(prompt)] = changed
        self._changed[prompt.id] = changed
        return changed

    def take_changed(self) -> list[Prompt]:
        """Those that have been added or changed since the last call, as they are now."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    # --- what is seen of the active one; each returns whether that was news ---

    def note_taken(self, now: float) -> bool:
        active = self.active
        if active is None or active.state != "typing":
            return False
        self.change(active, state="taken", taken_at=now, problem="")
        return True

    def note_tool(self, tool: str) -> bool:
        active = self.active
        if active is None or active.state != "taken":
            return False
        self.change(active, tools=[*active.tools, tool])
        return True

    def note_waiting(self, waits_for: WaitsFor | None) -> bool:
        active = self.active
        if active is None or active.state != "taken" or active.waits_for == waits_for:
            return False
        self.change(active, waits_for=waits_for)
        return True

    def note_done(self, outcome: PromptOutcome, message: str, now: float) -> bool:
        active = self.active
        if active is None or active.state != "taken":
            return False
        self.change(active, state="done", outcome=outcome, message=message, finished_at=now, waits_for=None)
        return True

    def note_not_taken(self, problem: str, now: float) -> bool:
        active = self.active
        if active is None or active.state != "typing":
            return False
        self.change(active, state="failed", problem=problem, finished_at=now)
        return True

    def end(self, now: float) -> bool:
        """The program has ended."""
        has_changed = False
        for one in self.prompts:
            if one.state == "taken":
                self.change(one, state="done", outcome="exited", finished_at=now, waits_for=None)
            elif one.state in OPEN_STATES:
                self.change(one, state="failed", problem="the session has ended", finished_at=now)
            else:
                continue
            has_changed = True
        return has_changed

    # --- between two daemons ---

    def save(self) -> bytes:
        return msgspec.json.encode(self.prompts)

    def restore(self, saved: bytes) -> None:
        """Bytes of another kind change nothing."""
        try:
            self.prompts = msgspec.json.decode(saved, type=list[Prompt])
        except msgspec.DecodeError:
            return
