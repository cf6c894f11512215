"""Which of the standing claims counts.

In order of trust: the end of the program; its own registry file; hooks; what it writes (marks, title, progress,
notifications), of which the newest counts; the screen's text; and last, that there is output or none.

The registry is right through interrupts, which hooks are not told of. So a hook's claim gives way to what is written
afterwards and contradicts it; the registry's only where a hook and the title both contradict it for longer, which
means that it is not kept up to date any more, or where it comes late, on a machine that is busy, and the title had
changed before. That a tool waits to be allowed which has already run the machine does not believe either.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ptyd_protocol.activity import EvidenceSource

from ptyd.core.agent_state.observation import Observation

REGISTRY_PATIENCE_SECONDS = 3.0
"""It is some 50 ms behind hooks and title; a hook that keeps a turn from ending takes longer, but the title knows."""
LATE_SECONDS = 0.5
"""A file that is written so long after its own stamp: the machine is busy, and more is to come."""
HOOK_PATIENCE_SECONDS = 1.0
"""A spinning title is written once a second."""

WRITTEN: tuple[EvidenceSource, ...] = ("mark", "title", "progress", "notification")

Claims = Mapping[EvidenceSource, Observation]


class Verdict(NamedTuple):
    """``claim``: the one that counts; None: there is none. ``recheck_at``: when time alone may change that."""

    claim: Observation | None
    reason: str
    recheck_at: float | None = None


def judge(claims: Claims, now: float) -> Verdict:
    """``now``: Unix seconds."""
    if (end := claims.get("exit")) is not None:
        return Verdict(end, f"its end is known: {end.text}")
    written = max((claims[source] for source in WRITTEN if source in claims), key=lambda one: one.at, default=None)
    registry, hook = claims.get("registry"), claims.get("hook")
    if registry is not None:
        return _judge_registry(registry, hook, claims.get("title"), now)
    if hook is not None:
        return _judge_hook(hook, written, now)
    for claim in (written, claims.get("screen"), claims.get("output")):
        if claim is not None:
            return Verdict(claim, f"nothing that is trusted more says anything, and {claim.text}")
    return Verdict(None, "nothing has been seen of it yet")


def _judge_registry(registry: Observation, hook: Observation | None, title: Observation | None, now: float) -> Verdict:
    trust = "the program's own registry file is trusted most, and " if registry.source == "registry" else ""
    plain = Verdict(registry, f"{trust}{registry.text}")
    if title is not None and _is_overtaken(registry, title):
        return Verdict(title, f"{title.text}; {registry.text}, but that came late and is older")
    if hook is None or title is None or min(hook.at, title.at) <= registry.at:
        return plain
    if registry.allows(hook) or registry.allows(title) or not hook.allows(title):
        return plain
    due = max(hook.at, title.at) + REGISTRY_PATIENCE_SECONDS
    if now < due:
        return plain._replace(recheck_at=due)
    return Verdict(hook, f"{hook.text} and {title.text} for a while, though {registry.text}: that one is out of date")


def _is_overtaken(registry: Observation, title: Observation) -> bool:
    """The title had changed already when the file was written, long after its stamp. Not one that tells two things."""
    came_late = registry.seen_at - registry.at > LATE_SECONDS
    is_older = registry.at < title.at <= registry.seen_at
    return came_late and is_older and title.or_state is None and not registry.allows(title)


def _judge_hook(hook: Observation, written: Observation | None, now: float) -> Verdict:
    plain = Verdict(hook, f"there is no registry file, and {hook.text}")
    if written is None or written.at <= hook.at or hook.allows(written):
        return plain
    due = written.at + HOOK_PATIENCE_SECONDS
    if now < due:
        return plain._replace(recheck_at=due)
    return Verdict(written, f"{written.text}, which came after {hook.text}: hooks are not told of interrupts")
