"""The state machine of one session: observations in, Activity out, and the evidence kept for ``explain``."""

from collections import deque

import msgspec
from msgspec import Struct
from ptyd_protocol.activity import Activity, ActivityState, Evidence, EvidenceSource, ExplainResult

from ptyd.core.agent_state.observation import Facts, Observation, ToolUse
from ptyd.core.agent_state.verdict import WRITTEN, Verdict, judge

MAX_EVIDENCE = 200
MAX_TOOLS = 64
"""In use at once, or just ended, that are remembered."""
STARTING_SECONDS = 30.0
"""A program that is known, and of which nothing but output is seen for so long, is treated like any other."""
REPORT_SECONDS = 2.0
"""Its report of itself comes so much later than its first title, at most."""


class _Saved(Struct, frozen=True, kw_only=True):
    """The machine between two daemons."""

    activity: Activity
    claims: dict[EvidenceSource, Observation]
    failure: str
    evidence: list[Evidence]
    tools: list[ToolUse]
    asked: ToolUse | None


class AgentState:
    """``is_known``: the program tells more of itself than its output, so it is starting until it does. ``reports``: by
    a registry file or hooks, and what it writes before these is too early to be taken for ready."""

    def __init__(self, began_at: float, *, is_known: bool = False, reports: bool = False) -> None:
        self._began_at = began_at
        self._is_known = is_known
        self._reports = reports
        self._claims: dict[EvidenceSource, Observation] = {}
        self._evidence: deque[Evidence] = deque(maxlen=MAX_EVIDENCE)
        self._tools: dict[str, ToolUse] = {}
        """In use, by id, the latest last."""
        self._asked: ToolUse | None = None
        self._ended_tools: deque[str] = deque(maxlen=MAX_TOOLS)
        self._failure = ""
        self.activity = Activity(state="starting" if is_known else "active", since=began_at)
        self._verdict = self._judge(began_at)
        self._told = self.activity
        """What ``activity`` was when it was last concluded."""

    @property
    def recheck_at(self) -> float | None:
        """When ``pass_time`` should be called though nothing was seen; Unix seconds."""
        if self._verdict.recheck_at is None and self.activity.state == "starting":
            return self._began_at + STARTING_SECONDS
        return self._verdict.recheck_at

    def note(self, seen: Observation, now: float) -> bool:
        """Something was seen; whether ``activity`` has changed by it."""
        self._keep(seen.to_evidence())
        self._learn(seen.facts)
        if self._asked is not None and seen.ends is not None and _are_alike(self._asked, seen.ends):
            self._asked = None
            self._note_answered(seen)
        self._follow_tools(seen)
        if seen.is_withdrawal:
            self._claims.pop(seen.source, None)
        elif seen.state is not None:
            self._claim(seen)
        return self._conclude(now)

    def pass_time(self, now: float) -> bool:
        """Nothing was seen up to ``now``; whether ``activity`` has changed by that."""
        return self._conclude(now)

    def explain(self) -> ExplainResult:
        return ExplainResult(activity=self.activity, reason=self._verdict.reason, evidence=list(self._evidence))

    # --- what is kept ---

    def _keep(self, evidence: Evidence) -> None:
        """What repeats itself (a spinning title) is counted. That there is output, or none, is not worth a word of one
        that tells more."""
        if evidence.state in ("active", "quiet") and self._claims.keys() - {"output"}:
            return
        for place, one in enumerate(reversed(self._evidence), 1):
            if one.source != evidence.source:
                continue
            if (one.text, one.state, one.waits_for) == (evidence.text, evidence.state, evidence.waits_for):
                again = msgspec.structs.replace(one, count=one.count + 1, last_at=evidence.at)
                self._evidence[-place] = again
                return
            break
        self._evidence.append(evidence)

    def _claim(self, seen: Observation) -> None:
        """One that says the same as before is as old as that."""
        before = self._claims.get(seen.source)
        is_answered = before is not None and before.source != seen.source and seen.at <= before.at
        if is_answered and seen.state == "waiting":
            return  # that it waited, before it was answered
        if before is not None and _meaning(before) == _meaning(seen):
            seen = msgspec.structs.replace(seen, at=before.at)
        self._claims[seen.source] = seen

    def _note_answered(self, seen: Observation) -> None:
        """The tool that the registry file says waits for leave has run: until it says something else, that it works."""
        registry = self._claims.get("registry")
        if registry is not None and registry.state == "waiting" and seen.at > registry.at:
            text = f"{seen.text}, which is what it waited for"
            self._claims["registry"] = Observation(source=seen.source, at=seen.at, text=text, state="working")

    def _learn(self, facts: Facts) -> None:
        known = {name: value for name, value in msgspec.structs.asdict(facts).items() if value is not None}
        self._failure = known.pop("failure", self._failure)
        if known:
            self.activity = msgspec.structs.replace(self.activity, **known)

    def _follow_tools(self, seen: Observation) -> None:
        if seen.ends_all:
            self._tools.clear()
            self._asked = None
        if seen.ends is not None:
            self._tools.pop(seen.ends.id, None)
            self._ended_tools.append(seen.ends.id)
        if seen.begins is not None and seen.begins.id not in self._ended_tools:
            self._tools[seen.begins.id] = seen.begins
            while len(self._tools) > MAX_TOOLS:
                del self._tools[next(iter(self._tools))]
        if seen.asks_about is not None:
            self._asked = seen.asks_about

    # --- what follows from it ---

    def _conclude(self, now: float) -> bool:
        before = self._told
        self._verdict = self._judge(now)
        assert self._verdict.claim is not None
        self._take(self._verdict.claim, now)
        self._told = self.activity
        return before != self.activity

    def _judge(self, now: float) -> Verdict:
        verdict = judge(self._claims, now)
        if verdict.claim is None:
            state: ActivityState = "starting" if self._is_known else "active"
            claim = Observation(source="output", at=self._began_at, text="it was started", state=state)
            return Verdict(claim, "it was started, and nothing has been seen of it yet")
        if self.activity.state != "starting" or not self._is_known:
            return verdict
        due = self._ready_at(verdict.claim)
        if now >= due:
            return verdict
        claim = Observation(source="output", at=self._began_at, text="it was started", state="starting")
        return Verdict(claim, f"it was started, and is not ready yet, though {verdict.claim.text}", due)

    def _ready_at(self, claim: Observation) -> float:
        """When a program that is known, and was starting, is to be believed that it is not any more."""
        if claim.source == "output":
            return self._began_at + STARTING_SECONDS  # more is to come than that there is output
        if claim.source in WRITTEN and self._reports:
            return claim.at + REPORT_SECONDS
        return claim.at

    def _take(self, claim: Observation, now: float) -> None:
        activity, state = self.activity, claim.state
        assert state is not None
        if state in ("idle", "exited"):
            self._tools.clear()
            self._asked = None
        tool = None
        if state == "waiting" and claim.waits_for in ("permission", "question"):
            tool = self._asked
        if tool is None and state in ("working", "waiting"):
            tool = next(reversed(self._tools.values()), None)
        is_same = (activity.state, activity.waits_for) == (state, claim.waits_for)
        self.activity = msgspec.structs.replace(
            activity,
            state=state,
            since=activity.since if is_same else min(now, max(claim.at, activity.since)),
            waits_for=claim.waits_for,
            detail=claim.detail or (self._failure if state == "idle" else ""),
            source=claim.source,
            tool=tool.name if tool else "",
            tool_detail=tool.detail if tool else "",
        )

    # --- between two daemons ---

    def save(self) -> bytes:
        """For ``restore``, of this version or another one."""
        return msgspec.json.encode(
            _Saved(
                activity=self.activity,
                claims=self._claims,
                failure=self._failure,
                evidence=list(self._evidence),
                tools=list(self._tools.values()),
                asked=self._asked,
            )
        )

    def restore(self, saved: bytes, now: float) -> None:
        """Go on where ``save`` was called. Bytes of another kind change nothing."""
        try:
            state = msgspec.json.decode(saved, type=_Saved)
        except msgspec.DecodeError:
            return
        self.activity = self._told = state.activity
        self._claims = dict(state.claims)
        self._failure = state.failure
        self._evidence.extend(state.evidence)
        self._tools = {tool.id: tool for tool in state.tools}
        self._asked = state.asked
        self._conclude(now)


def _meaning(claim: Observation) -> tuple[object, ...]:
    return claim.state, claim.or_state, claim.waits_for, claim.detail


def _are_alike(asked: ToolUse, ended: ToolUse) -> bool:
    """What is asked about has no id."""
    return (asked.name, asked.detail) == (ended.name, ended.detail)
