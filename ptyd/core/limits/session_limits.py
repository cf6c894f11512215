"""Every limit of a session, once: its default, its range, when it warns, and what it is for.

What is in force for a session is, in this order: what was asked for with ``create``, the daemon's configuration, what
is known of the kind of program (``ptyd/agents``), and the default here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.limit_values import ZERO_COUNTS, Unit, format_amount, format_limit, unit_of
from ptyd_protocol.limits import KIB, MAX_SCROLLBACK_LINES, MAX_SEQ, MIB
from ptyd_protocol.session_limits import SessionLimits

DAY_SECONDS: Final = 86_400.0
LOG_STEP_BYTES: Final = 64 * KIB
"""A log's size is a multiple of it (core/log/replay_log.py)."""

NEAR: Final = 0.9
"""A session that has used so much of what it may is warned."""


@dataclass(frozen=True, slots=True)
class LimitRule:
    """One limit. ``least``: the smallest that leaves a session usable, 0 (none) aside."""

    name: str
    default: float
    description: str
    soft_fraction: float | None = None
    """At this part of it the session is warned; None: reaching it does no harm, so there is nothing to warn of."""
    least: float = 0
    most: float = MAX_SEQ

    @property
    def unit(self) -> Unit:
        return unit_of(self.name)


RULES: Final = {
    rule.name: rule
    for rule in (
        # Claude Code takes 200-300 MB, but what it starts (compilers, browsers, test runs) takes what it takes, and a
        # plain command may be the user's largest job: ptyd/agents knows more, and here nothing is assumed.
        LimitRule("memory_bytes", 0, "Memory of all its processes together.", NEAR, 16 * MIB),
        LimitRule("cpus", 0, "CPUs that all its processes together may keep busy.", None, 0.01, 4096),
        # A parallel build has hundreds of processes; a limit that is sane for all would protect from nothing.
        LimitRule("processes", 0, "Processes and threads at once.", NEAR, 2),
        LimitRule("open_files", 0, "Open files of one process.", NEAR, 16),
        LimitRule("file_bytes", 0, "The largest file that one process may write.", None, 4 * KIB),
        # Nobody looks for a core dump of a program that ran in a session, and each is as large as its memory.
        LimitRule("core_bytes", 0, "The largest core dump.", None),
        LimitRule("lifetime_seconds", 0, "Ends when it has run for so long.", NEAR, 0.1, 3650 * DAY_SECONDS),
        LimitRule(
            "idle_seconds",
            0,
            "Ends when for so long nothing was written and nobody was attached.",
            NEAR,
            0.1,
            3650 * DAY_SECONDS,
        ),
        # These two have options of their own in [daemon], whose values take the place of the defaults here.
        LimitRule("log_bytes", 8 * MIB, "Replay log, in whole 64 KiB.", None, 512 * KIB, 1024 * MIB),
        LimitRule("scrollback_lines", 10_000, "Lines above the screen that are kept.", None, 0, MAX_SCROLLBACK_LINES),
        LimitRule("input_bytes_per_second", 0, "Input beyond it waits.", None, 16),
        LimitRule("output_bytes_per_second", 0, "Beyond it the program waits; nothing is lost.", None, 1 * KIB),
    )
}


def resolve_limits(wish: SessionLimits, *defaults: SessionLimits) -> SessionLimits:
    """Every limit said: by ``wish``, by the first of ``defaults`` that says it, or by its rule.

    Raises:
        Refusal: a value out of range.
    """
    limits = complete_limits(wish, *defaults)
    for name, rule in RULES.items():
        _check(rule, getattr(limits, name))
    log_bytes = limits.log_bytes or 0
    return msgspec.structs.replace(limits, log_bytes=-(-log_bytes // LOG_STEP_BYTES) * LOG_STEP_BYTES)


def complete_limits(*said: SessionLimits) -> SessionLimits:
    """The same without judging: what an older daemon has let in stays in force."""
    values: dict[str, Any] = {}
    for name, rule in RULES.items():
        found = [getattr(limits, name) for limits in said if not _is_open(name, getattr(limits, name))]
        values[name] = found[0] if found else _default_of(rule)
    return SessionLimits(**values)


def check_caps(limits: SessionLimits, caps: SessionLimits) -> None:
    """Whether ``limits``, resolved, are within ``caps``.

    Raises:
        Refusal: more was asked for than is allowed.
    """
    for name in RULES:
        cap, value = getattr(caps, name), getattr(limits, name)
        if cap is None or is_unlimited(name, cap):
            continue
        if is_unlimited(name, value) or value > cap:
            raise Refusal(
                ErrorCode.NOT_ALLOWED,
                f"{name} may be {format_limit(name, cap)} at most, and not {format_limit(name, value)};"
                f" ask for less with --limit {name}=...",
            )


def lower_to_caps(defaults: SessionLimits, caps: SessionLimits) -> SessionLimits:
    """Defaults for principals with caps: where a default is more than the cap, the cap."""
    lowered = {
        name: cap
        for name in RULES
        if (cap := getattr(caps, name)) is not None
        and not is_unlimited(name, cap)
        and ((value := getattr(defaults, name)) is None or is_unlimited(name, value) or value > cap)
    }
    return msgspec.structs.replace(defaults, **lowered)


def process_limits(limits: SessionLimits) -> dict[str, float]:
    """Those that the keeper has the kernel keep, resolved ones."""
    return {
        name: value
        for name in ("memory_bytes", "cpus", "processes", "open_files", "file_bytes", "core_bytes")
        if (value := getattr(limits, name)) is not None
    }


def describe_enforcement(means: Mapping[str, str], problem: str) -> dict[str, str]:
    """By what each limit on processes is kept, and how trees end: for ``status``. ``means``: the keeper's word."""
    why = f": {problem}" if problem else ""
    return {
        "memory_bytes": means.get("memory_bytes", f"watched{why}"),
        "processes": means.get("processes", f"watched{why}"),
        "cpus": means.get("cpus", f"only measured{why}"),
        "open_files": "rlimit of each process",
        "file_bytes": "rlimit of each process",
        "core_bytes": "rlimit of each process",
        "end": means.get("end", "signals to all that carry the session's marks"),
    }


def is_unlimited(name: str, value: float | None) -> bool:
    if value is None:
        return True
    return value < 0 if name in ZERO_COUNTS else value == 0


def find_near(limits: SessionLimits, name: str, used: float) -> "Crossing | None":
    """Whether ``used`` is near the limit ``name``, or over it."""
    allowed, soft = getattr(limits, name), RULES[name].soft_fraction
    if is_unlimited(name, allowed):
        return None
    if used >= allowed:
        return Crossing(name, used, allowed, is_hard=True)
    return Crossing(name, used, allowed) if soft is not None and used >= soft * allowed else None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A session has come near a limit, or has reached it."""

    limit: str
    used: float
    allowed: float
    is_hard: bool = False

    @property
    def message(self) -> str:
        """For a person: what is used of what."""
        used, allowed = format_amount(self.limit, self.used), format_amount(self.limit, self.allowed)
        match self.limit:
            case "lifetime_seconds":
                text = f"it has run for {used} of the {allowed} that it may"
            case "idle_seconds":
                text = f"for {used} of the {allowed} that it may nothing was written and nobody was attached"
            case "memory_bytes":
                text = f"its processes use {used} of memory of the {allowed} that they may"
            case "processes":
                text = f"it has {used} processes of the {allowed} that it may"
            case "open_files":
                text = f"one of its processes has {used} open files of the {allowed} that it may"
            case "input_bytes_per_second":
                text = f"what is typed waits: it is more than {allowed}"
            case "output_bytes_per_second":
                text = f"its program waits: it writes more than {allowed}"
            case _:
                text = f"it has used {used} of the {allowed} that it may"
        return f"{text} ({self.limit})"

    @property
    def reason(self) -> str:
        """For a person: why the session was ended."""
        allowed = format_amount(self.limit, self.allowed)
        match self.limit:
            case "lifetime_seconds":
                text = f"it had run for {allowed}"
            case "idle_seconds":
                text = f"for {allowed} nothing was written and nobody was attached"
            case "memory_bytes":
                text = f"its processes used more than {allowed} of memory"
            case "processes":
                text = f"it wanted more than {allowed} processes and threads"
            case "file_bytes":
                text = f"it wrote a file of more than {allowed}"
            case _:
                text = f"it used more than {allowed}"
        return f"{text}, which is its limit ({self.limit})"

    def to_event(self) -> dict[str, Any]:
        """The data of the Event ``limit_warning``."""
        return {"limit": self.limit, "used": self.used, "allowed": self.allowed, "message": self.message}


def _is_open(name: str, value: float | None) -> bool:
    return value is None or (name == "log_bytes" and value == 0)


def _default_of(rule: LimitRule) -> float:
    return rule.default if rule.unit in ("seconds", "cpus") else int(rule.default)


def _check(rule: LimitRule, value: float) -> None:
    if is_unlimited(rule.name, value):
        return
    if not rule.least <= value <= rule.most:
        raise Refusal(
            ErrorCode.BAD_REQUEST,
            f"limit {rule.name}: {format_amount(rule.name, value) if value < MAX_SEQ else 'that'} is not between"
            f" {format_amount(rule.name, rule.least)} and {format_amount(rule.name, rule.most)}",
        )
