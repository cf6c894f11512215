"""Examples of the methods about structured runs."""

from typing import Any

RUN_PARAMS: dict[str, Any] = {
    "model": "",
    "cwd": "",
    "env": {},
    "max_turns": None,
    "timeout_seconds": None,
    "resume": "",
    "fork": False,
    "priority": 0,
    "partial": True,
    "name": "",
    "program": "",
    "label": "",
}
WHOLE_RUN_PARAMS: dict[str, Any] = {
    "prompt": "mend it, bitte: ü",
    "model": "opus",
    "cwd": "/home/ada",
    "env": {"A": "1"},
    "max_turns": 3,
    "timeout_seconds": 0.5,
    "resume": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "fork": True,
    "priority": -100,
    "partial": False,
    "name": "mend",
    "program": "/opt/claude",
    "label": "NIGHTLY",
}
RUN: dict[str, Any] = {"id": "1a2b3c4d", "name": "run", "state": "running", "prompt": "mend it"}
RUN_DEFAULTS: dict[str, Any] = {
    "owner": "",
    "model": "",
    "cwd": "",
    "priority": 0,
    "label": "",
    "conversation": "",
    "timeout_seconds": None,
    "queued_at": 0.0,
    "started_at": None,
    "position": 0,
    "outcome": None,
}
NO_OUTCOME: dict[str, Any] = {
    "message": "",
    "result": "",
    "turns": 0,
    "duration_ms": 0,
    "cost_usd": 0.0,
    "input_tokens": 0,
    "output_tokens": 0,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "conversation": "",
    "denied": [],
    "api_status": None,
    "exit_code": None,
    "exit_signal": None,
    "stderr": "",
}
ENDED_RUN: dict[str, Any] = RUN | {
    "state": "ended",
    "owner": "owner",
    "model": "opus",
    "cwd": "/home/ada",
    "priority": 5,
    "label": "NIGHTLY",
    "conversation": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "timeout_seconds": 300.0,
    "queued_at": 1_700_000_000.25,
    "started_at": 1_700_000_001.5,
    "position": 0,
    "outcome": {
        "kind": "api_error",
        "message": "the API refused",
        "result": "",
        "turns": 1,
        "duration_ms": 2311,
        "cost_usd": 0.25,
        "input_tokens": 20,
        "output_tokens": 30,
        "cache_read_tokens": 40,
        "cache_write_tokens": 50,
        "conversation": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "denied": ["Bash"],
        "api_status": 400,
        "exit_code": 1,
        "exit_signal": None,
        "stderr": "grüße",
    },
}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("run", {"prompt": "hi"}, RUN_PARAMS | {"prompt": "hi"}),
    ("run", WHOLE_RUN_PARAMS, WHOLE_RUN_PARAMS),
    ("run_list", {}, {}),
    ("run_wait", {}, {"run": "", "until": "end", "timeout_seconds": None}),
    (
        "run_wait",
        {"run": "1a2b3c4d", "until": "start", "timeout_seconds": 2.5},
        {"run": "1a2b3c4d", "until": "start", "timeout_seconds": 2.5},
    ),
    ("run_stop", {}, {"run": ""}),
    ("run_stop", {"run": "1a2b3c4d"}, {"run": "1a2b3c4d"}),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("run", {}, "prompt is missing"),
    ("run", {"prompt": ""}, "prompt is empty"),
    ("run", {"prompt": "hi", "max_turns": 0}, "max_turns is under its minimum"),
    ("run", {"prompt": "hi", "priority": 101}, "priority is over its maximum"),
    ("run", {"prompt": "hi", "timeout_seconds": 0}, "timeout_seconds is 0"),
    ("run_wait", {"until": "later"}, "until is another word"),
    ("run_stop", {"run": 1}, "run is a number"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("run", RUN, RUN | RUN_DEFAULTS),
    ("run", ENDED_RUN, ENDED_RUN),
    ("run_list", [], []),
    ("run_list", [RUN], [RUN | RUN_DEFAULTS]),
    ("run_wait", ENDED_RUN, ENDED_RUN),
    ("run_wait", RUN | {"outcome": {"kind": "lost"}}, RUN | RUN_DEFAULTS | {"outcome": {"kind": "lost"} | NO_OUTCOME}),
    ("run_stop", RUN, RUN | RUN_DEFAULTS),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("run", RUN | {"state": "paused"}, "state is another word"),
    ("run", RUN | {"outcome": {}}, "an outcome without its kind"),
]
