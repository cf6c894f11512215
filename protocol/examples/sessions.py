"""Examples of the methods about sessions."""

from typing import Any

from examples import conversations
from examples.activity import ACTIVITY, WHOLE_ACTIVITY
from examples.runs import ENDED_RUN

NO_LIMITS: dict[str, Any] = {
    "memory_bytes": None,
    "cpus": None,
    "processes": None,
    "open_files": None,
    "file_bytes": None,
    "core_bytes": None,
    "lifetime_seconds": None,
    "idle_seconds": None,
    "log_bytes": None,
    "scrollback_lines": None,
    "input_bytes_per_second": None,
    "output_bytes_per_second": None,
}
SESSION: dict[str, Any] = {
    "id": "1a2b3c4d",
    "name": "build",
    "state": "running",
    "pid": 4711,
    "argv": ["bash", "-l"],
    "cwd": "/home/ada",
    "cols": 80,
    "rows": 24,
    "created_at": 1_700_000_000.25,
    "last_output_at": 1_700_000_001.5,
    "clients": 1,
    "controller": None,
    "epoch": 3,
    "log_start": 0,
    "log_head": 12_345,
}
CONVERSATION_OF_SESSION = {
    "id": conversations.ID,
    "path": "/home/ada/t.jsonl",
    "keep": "ask",
    "restart_on_failure": True,
}
SESSION_DEFAULTS: dict[str, Any] = {
    "exit_code": None,
    "exit_signal": None,
    "exited_at": None,
    "kind": "command",
    "title": "",
    "locked": False,
    "recording": "",
    "owner": "",
    "limits": NO_LIMITS,
    "usage": None,
    "end_reason": "",
    "engine": "none",
    "activity": None,
    "run": None,
    "conversation": None,
}
WHOLE_SESSION = SESSION | SESSION_DEFAULTS
EXITED_SESSION = WHOLE_SESSION | {
    "state": "exited",
    "clients": 0,
    "controller": "client-0123456789",
    "exit_signal": 9,
    "exited_at": 1_700_000_002.5,
    "kind": "claude",
    "title": "grüße, 世界",
    "locked": True,
    "recording": "/home/ada/build.cast",
    "conversation": CONVERSATION_OF_SESSION,
    "owner": "owner",
    "limits": NO_LIMITS | {"memory_bytes": 1_073_741_824, "cpus": 1.5, "processes": 64, "core_bytes": -1},
    "usage": {"memory_bytes": 300_000_000, "cpus": 0.25, "processes": 7, "open_files": 40, "at": 1_700_000_002.0},
    "end_reason": "its processes used more than 1 GiB of memory (memory_bytes)",
    "engine": "quarantined",
}
LOG: dict[str, Any] = {"offset": 2, "data": b"\x1b[0mhi", "epoch": 3, "log_start": 0, "log_head": 8}
NOT_KEPT: dict[str, Any] = {"keep": None, "restart_on_failure": False}
NOT_RECORDED: dict[str, Any] = {"record": "", "record_input": False, "limits": NO_LIMITS} | NOT_KEPT
EXPORT: dict[str, Any] = {"data": b'[0.000, "o", "hi"]\n', "resume": "3.0.2.1.0.7.7", "start": 0}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "create",
        {},
        {"argv": [], "cwd": "", "env": {}, "cols": 80, "rows": 24, "name": "", "kind": "command"} | NOT_RECORDED,
    ),
    (
        "create",
        {
            "argv": ["claude", "-c"],
            "cwd": "/repo",
            "env": {"LANG": "C.UTF-8"},
            "cols": 1000,
            "rows": 1,
            "name": "fix-42",
            "kind": "claude",
        },
        {
            "argv": ["claude", "-c"],
            "cwd": "/repo",
            "env": {"LANG": "C.UTF-8"},
            "cols": 1000,
            "rows": 1,
            "name": "fix-42",
            "kind": "claude",
        }
        | NOT_RECORDED,
    ),
    (
        "create",
        {"record": "/tmp/it.cast", "record_input": True},
        {"argv": [], "cwd": "", "env": {}, "cols": 80, "rows": 24, "name": "", "kind": "command"}
        | {"record": "/tmp/it.cast", "record_input": True, "limits": NO_LIMITS}
        | NOT_KEPT,
    ),
    (
        "create",
        {"limits": {"memory_bytes": 0, "output_bytes_per_second": 1_000_000}},
        {"argv": [], "cwd": "", "env": {}, "cols": 80, "rows": 24, "name": "", "kind": "command"}
        | NOT_RECORDED
        | {"limits": NO_LIMITS | {"memory_bytes": 0, "output_bytes_per_second": 1_000_000}},
    ),
    ("rename", {"name": "new"}, {"name": "new", "session": ""}),
    ("resize", {"cols": 120, "rows": 40}, {"cols": 120, "rows": 40, "session": ""}),
    ("signal", {"signal": "INT"}, {"signal": "INT", "session": ""}),
    ("signal", {"signal": 2, "session": "build"}, {"signal": 2, "session": "build"}),
    ("kill", {}, {"session": "", "grace_seconds": 2.0}),
    ("kill", {"session": "b", "grace_seconds": 0}, {"session": "b", "grace_seconds": 0.0}),
    ("send", {"data": b"ls\r"}, {"data": b"ls\r", "session": ""}),
    ("lock", {"locked": True}, {"locked": True, "session": ""}),
    ("lock", {"locked": False, "session": "b"}, {"locked": False, "session": "b"}),
    ("read_log", {}, {"session": "", "offset": None, "max_bytes": 8_388_608}),
    ("read_log", {"offset": 7, "max_bytes": 0}, {"session": "", "offset": 7, "max_bytes": 0}),
    (
        "wait",
        {"until": "exit"},
        {"until": "exit", "session": "", "idle_seconds": 1.0, "timeout_seconds": None},
    ),
    (
        "wait",
        {"until": "idle", "session": "b", "idle_seconds": 0.25, "timeout_seconds": 30},
        {"until": "idle", "session": "b", "idle_seconds": 0.25, "timeout_seconds": 30.0},
    ),
    ("mark", {}, {"label": "", "session": ""}),
    ("mark", {"label": "grüße", "session": "b"}, {"label": "grüße", "session": "b"}),
    ("export", {}, {"resume": "", "session": ""}),
    ("export", {"resume": "3.0.2.1.0.7.7", "session": "b"}, {"resume": "3.0.2.1.0.7.7", "session": "b"}),
    ("subscribe", {}, {"since": None}),
    ("subscribe", {"since": 7}, {"since": 7}),
    ("wait_state", {"states": ["idle"]}, {"states": ["idle"], "session": "", "timeout_seconds": None}),
    (
        "wait_state",
        {"states": ["idle", "waiting"], "session": "b", "timeout_seconds": 30},
        {"states": ["idle", "waiting"], "session": "b", "timeout_seconds": 30.0},
    ),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("create", {"argv": "bash"}, "argv is not a list"),
    ("create", {"argv": [1]}, "argv holds a number"),
    ("create", {"argv": ["x"] * 1025}, "argv has 1,025 items"),
    ("create", {"env": {"A": 1}}, "env holds a number"),
    ("create", {"cols": 1}, "cols is under its minimum"),
    ("create", {"rows": 1001}, "rows is over its maximum"),
    ("create", {"name": "n" * 65}, "name has 65 characters"),
    ("create", {"cwd": None}, "cwd is nil"),
    ("create", {"kind": 1}, "kind is a number"),
    ("get", {"session": 1}, "session is a number"),
    ("detach", {"session": "n" * 65}, "session has 65 characters"),
    ("rename", {"session": "b"}, "name is missing"),
    ("resize", {"cols": 80}, "rows is missing"),
    ("signal", {}, "signal is missing"),
    ("signal", {"signal": 1.5}, "signal is a fraction"),
    ("kill", {"grace_seconds": 61}, "grace_seconds is over its maximum"),
    ("kill", {"grace_seconds": -0.5}, "grace_seconds is negative"),
    ("kill", {"grace_seconds": "2"}, "grace_seconds is text"),
    ("send", {}, "data is missing"),
    ("send", {"data": "ls"}, "data is text"),
    ("lock", {}, "locked is missing"),
    ("lock", {"locked": "yes"}, "locked is text"),
    ("read_log", {"offset": -1}, "offset is negative"),
    ("read_log", {"max_bytes": 8_388_609}, "max_bytes is over its maximum"),
    ("wait", {}, "until is missing"),
    ("wait", {"until": "later"}, "until is another word"),
    ("wait", {"until": "idle", "idle_seconds": 0}, "idle_seconds is under its minimum"),
    ("wait", {"until": "exit", "timeout_seconds": -1}, "timeout_seconds is negative"),
    ("create", {"record": None}, "record is nil"),
    ("create", {"limits": {"cpus": -1}}, "a limit is negative"),
    ("mark", {"label": "n" * 257}, "label has 257 characters"),
    ("export", {"resume": None}, "resume is nil"),
    ("subscribe", {"since": -1}, "since is negative"),
    ("wait_state", {}, "states are missing"),
    ("wait_state", {"states": []}, "states are none"),
    ("wait_state", {"states": ["bored"]}, "a state is another word"),
    ("wait_state", {"states": ["idle"], "timeout_seconds": -1}, "timeout_seconds is negative"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("get", SESSION, WHOLE_SESSION),
    ("kill", EXITED_SESSION, EXITED_SESSION),
    ("list", [], []),
    ("list", [SESSION, EXITED_SESSION], [WHOLE_SESSION, EXITED_SESSION]),
    ("read_log", LOG, LOG),
    (
        "subscribe",
        {"seq": 0, "sessions": [SESSION]},
        {"seq": 0, "sessions": [WHOLE_SESSION], "is_late": False},
    ),
    ("subscribe", {"seq": 0, "sessions": [], "is_late": True}, {"seq": 0, "sessions": [], "is_late": True}),
    ("get", SESSION | {"activity": ACTIVITY}, WHOLE_SESSION | {"activity": WHOLE_ACTIVITY}),
    ("unsubscribe", None, None),
    ("export", EXPORT, EXPORT | {"skipped": 0}),
    ("get", SESSION | {"kind": "run", "run": ENDED_RUN}, WHOLE_SESSION | {"kind": "run", "run": ENDED_RUN}),
    ("export", EXPORT | {"resume": None, "skipped": 5}, EXPORT | {"resume": None, "skipped": 5}),
    ("wait_state", SESSION | {"activity": ACTIVITY}, WHOLE_SESSION | {"activity": WHOLE_ACTIVITY}),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("get", None, "nil is no session"),
    ("get", SESSION | {"state": "paused"}, "state is another word"),
    ("get", SESSION | {"pid": "4711"}, "pid is text"),
    ("list", {}, "not a list"),
    ("read_log", LOG | {"data": "hi"}, "data is text"),
    ("export", EXPORT | {"data": "hi"}, "data is text"),
    ("get", SESSION | {"activity": {"state": "idle"}}, "an activity without its since"),
]
