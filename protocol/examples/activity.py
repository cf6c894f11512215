"""Examples of the methods about what programs do, and of events."""

from typing import Any

ACTIVITY: dict[str, Any] = {"state": "waiting", "since": 1_700_000_001.5, "waits_for": "permission"}
ACTIVITY_DEFAULTS: dict[str, Any] = {
    "detail": "",
    "source": "output",
    "prompt": "",
    "tool": "",
    "tool_detail": "",
    "model": "",
    "conversation": "",
    "transcript": "",
    "permission_mode": "",
    "context_tokens": None,
    "background_tasks": 0,
    "command_status": None,
    "bell_at": None,
}
WHOLE_ACTIVITY = ACTIVITY | ACTIVITY_DEFAULTS
EVIDENCE: dict[str, Any] = {"at": 1_700_000_001.5, "source": "registry", "text": "it says so"}
WHOLE_EVIDENCE = EVIDENCE | {"state": None, "waits_for": None, "count": 1, "last_at": 0.0}
EVENT: dict[str, Any] = {
    "seq": 1_700_000_000_000_007,
    "at": 1_700_000_001.5,
    "kind": "removed",
    "session": "1a2b3c4d",
    "data": {},
}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("explain", {}, {"session": ""}),
    ("events", {}, {"since": 0, "session": None, "max_events": 1024}),
    ("events", {"since": 7, "session": "b", "max_events": 1}, {"since": 7, "session": "b", "max_events": 1}),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("events", {"since": None}, "since is nil"),
    ("events", {"max_events": 0}, "max_events is under its minimum"),
    ("events", {"max_events": 1025}, "max_events is over its maximum"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    (
        "explain",
        {"activity": ACTIVITY, "reason": "it says so", "evidence": [EVIDENCE]},
        {"activity": WHOLE_ACTIVITY, "reason": "it says so", "evidence": [WHOLE_EVIDENCE]},
    ),
    ("events", {"events": [EVENT], "seq": 7}, {"events": [EVENT], "seq": 7, "is_late": False, "more": False}),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("explain", {"activity": ACTIVITY, "reason": "", "evidence": [EVIDENCE | {"source": "guess"}]}, "another word"),
    ("events", {"events": [EVENT | {"seq": None}], "seq": 7}, "seq is nil"),
]
