"""Examples of every method's parameters and results, for ``vectors/methods.json``; from PROTOCOL.md."""

from typing import Any

import vector_conversation_examples as conversations

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
CONVERSATION_OF_SESSION = {
    "id": conversations.ID,
    "path": "/home/ada/t.jsonl",
    "keep": "ask",
    "restart_on_failure": True,
}
APPROVAL: dict[str, Any] = {
    "id": "0a1b2c3d4e",
    "session": "1a2b3c4d",
    "name": "build",
    "kind": "permission",
    "tool": "Bash",
    "asked_at": 1_700_000_001.5,
}
APPROVAL_DEFAULTS: dict[str, Any] = {
    "state": "waiting",
    "input": {},
    "is_cut": False,
    "detail": "",
    "diff": "",
    "cwd": "",
    "suggestions": [],
    "decision": None,
    "answered_at": None,
    "answered_by": "",
    "answered_how": None,
    "problem": "",
}
WHOLE_APPROVAL_DEFAULTS = APPROVAL | APPROVAL_DEFAULTS
WHOLE_APPROVAL: dict[str, Any] = APPROVAL | {
    "state": "answered",
    "input": {"command": "make install", "options": [1, None, {"force": True}]},
    "is_cut": True,
    "detail": "make install",
    "diff": "--- a\n+++ a\n",
    "cwd": "/home/ada",
    "suggestions": ["allow Bash(make *)"],
    "decision": "deny",
    "answered_at": 1_700_000_002.5,
    "answered_by": "owner",
    "answered_how": "client",
    "problem": "",
}
PROMPT: dict[str, Any] = {
    "id": "0a1b2c3d",
    "session": "1a2b3c4d",
    "text": "why?\n",
    "added_at": 1_700_000_001.5,
}
WHOLE_PROMPT_DEFAULTS: dict[str, Any] = PROMPT | {
    "added_by": "",
    "state": "queued",
    "taken_at": None,
    "finished_at": None,
    "outcome": None,
    "message": "",
    "tools": [],
    "waits_for": None,
    "problem": "",
}
WHOLE_PROMPT: dict[str, Any] = PROMPT | {
    "added_by": "owner",
    "state": "done",
    "taken_at": 1_700_000_002.5,
    "finished_at": 1_700_000_003.5,
    "outcome": "ok",
    "message": "Because.",
    "tools": ["Read", "Bash"],
    "waits_for": "permission",
    "problem": "",
}
PROMPT_WAIT_DEFAULTS: dict[str, Any] = {"session": "", "or_waiting": False, "timeout_seconds": None}
ANSWER_DEFAULTS: dict[str, Any] = {
    "approval": "",
    "session": None,
    "message": "",
    "interrupt": False,
    "always": None,
    "answers": {},
}
WHOLE_ANSWER: dict[str, Any] = {
    "decision": "allow",
    "approval": "0a1b2c3d4e",
    "session": "build",
    "message": "no",
    "interrupt": True,
    "always": 0,
    "answers": {"Which colour?": "Blue"},
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
PLAIN_LISTENING: dict[str, Any] = {"tls": False, "insecure": False, "tls_cert": "", "tls_key": ""}
TLS_LISTENING: dict[str, Any] = {
    "host": "192.0.2.1",
    "port": 7071,
    "tls": True,
    "insecure": False,
    "tls_cert": "/etc/ssl/box.pem",
    "tls_key": "/etc/ssl/box.key",
}
FINGERPRINT = "sha256:" + "0123456789abcdef" * 4
STATUS: dict[str, Any] = {
    "daemon_pid": 100,
    "keeper_pid": 99,
    "version": "0.1.0",
    "uptime": 3.5,
    "sessions": 2,
    "sessions_running": 1,
    "max_sessions": 256,
    "restarts": 0,
    "engine": "none",
    "runtime_dir": "/run/user/1000/ptyd",
    "listeners": [
        {"kind": "unix", "address": "/run/user/1000/ptyd/ptyd.sock", "tls": False, "fingerprint": ""},
        {"kind": "tcp", "address": "127.0.0.1:7071", "tls": True, "fingerprint": FINGERPRINT},
    ],
    "clients": [
        {
            "session": "1a2b3c4d",
            "client": "ptyd-cli/0.1.0",
            "client_id": "client-0123456789",
            "role": "control",
            "lossless": False,
            "cols": 80,
            "rows": 24,
            "epoch": 3,
            "sent": 12_345,
            "acked": 12_000,
            "window": 262_144,
            "hidden": True,
            "unacked": 345,
            "allowed": 4_096,
            "held": 70_000,
            "resyncs": 2,
            "principal": "owner",
        }
    ],
}
STATUS_DEFAULTS: dict[str, Any] = {
    "capacities": [],
    "limits": NO_LIMITS,
    "enforcement": {},
    "crashes": 0,
    "recent_crashes": 0,
    "is_over_budget": False,
    "last_crash": "",
    "last_crash_at": 0.0,
    "quarantined": [],
    "keeper_gone": False,
}
WHOLE_STATUS = STATUS | {
    "capacities": [{"name": "sessions", "used": 1, "allowed": 256}],
    "limits": NO_LIMITS | {"memory_bytes": 1_073_741_824, "core_bytes": 0},
    "enforcement": {"memory_bytes": "cgroup v2", "cpus": "only measured"},
    "crashes": 7,
    "recent_crashes": 6,
    "is_over_budget": True,
    "last_crash": "killed by SIGSEGV",
    "last_crash_at": 1_700_000_002.0,
    "quarantined": ["build"],
    "keeper_gone": True,
}
CLIENT_DEFAULTS: dict[str, Any] = {
    "hidden": False,
    "unacked": 0,
    "allowed": 0,
    "held": 0,
    "resyncs": 0,
    "principal": "",
}
OLD_STATUS = STATUS | {
    "clients": [{key: value for key, value in STATUS["clients"][0].items() if key not in CLIENT_DEFAULTS}]
}
OLD_STATUS_MEANS = STATUS | STATUS_DEFAULTS | {"clients": [STATUS["clients"][0] | CLIENT_DEFAULTS]}
TOKEN: dict[str, Any] = {
    "id": "0a1b2c3d",
    "name": "ci",
    "kind": "token",
    "rights": ["control", "create"],
    "session": None,
    "created_at": 1_700_000_000.25,
}
WHOLE_TOKEN = TOKEN | {"expires_at": None, "uses_left": None}
SHARE = TOKEN | {
    "name": "share-0a1b2c3d",
    "kind": "share",
    "rights": ["observe"],
    "session": "1a2b3c4d",
    "expires_at": 1_700_007_200.25,
    "uses_left": 2,
}
STYLE_DEFAULTS: dict[str, Any] = {
    "fg": None,
    "bg": None,
    "bold": False,
    "faint": False,
    "italic": False,
    "underline": "none",
    "underline_color": None,
    "blink": False,
    "inverse": False,
    "invisible": False,
    "strikethrough": False,
    "overline": False,
}
WHOLE_STYLE: dict[str, Any] = {
    "fg": "#c0ffee",
    "bg": 250,
    "bold": True,
    "faint": True,
    "italic": True,
    "underline": "curly",
    "underline_color": 1,
    "blink": True,
    "inverse": True,
    "invisible": True,
    "strikethrough": True,
    "overline": True,
}
CELL_DEFAULTS: dict[str, Any] = {"text": "", "width": 1, "style": 0, "link": ""}
GRID: dict[str, Any] = {
    "cols": 80,
    "rows": [
        {"cells": [{"text": "世", "width": 2, "style": 1, "link": "https://example.org/"}, {}], "wrapped": True},
        {"cells": []},
    ],
    "scrollback": 1,
    "styles": [{}, WHOLE_STYLE],
    "cursor_col": 2,
    "cursor_row": 0,
    "cursor_visible": True,
    "alternate": False,
    "title": "vim",
}
GRID_MEANS = GRID | {
    "rows": [
        {"cells": [CELL_DEFAULTS | GRID["rows"][0]["cells"][0], CELL_DEFAULTS], "wrapped": True},
        {"cells": [], "wrapped": False},
    ],
    "styles": [STYLE_DEFAULTS, WHOLE_STYLE],
}
CELLS: dict[str, Any] = {"text": "", "source": "screen", "offset": 300, "grid": GRID}
NO_TERMINAL: dict[str, Any] = {"data": None, "cols": 0, "rows": 0}
TERMINAL: dict[str, Any] = {
    "text": "",
    "source": "screen",
    "offset": 300,
    "data": b"\x1b[0m$ ls",
    "cols": 80,
    "rows": 24,
}
TICKET: dict[str, Any] = {
    "ticket": "t1cket",
    "url": "http://127.0.0.1:7071/login?ticket=t1cket",
    "expires_seconds": 60,
}

NOT_KEPT: dict[str, Any] = {"keep": None, "restart_on_failure": False}
NOT_RECORDED: dict[str, Any] = {"record": "", "record_input": False, "limits": NO_LIMITS} | NOT_KEPT
EXPORT: dict[str, Any] = {"data": b'[0.000, "o", "hi"]\n', "resume": "3.0.2.1.0.7.7", "start": 0}
AUDIT: dict[str, Any] = {"data": b'{"event":"created"}\n', "start": 100, "position": 120}
UPLOAD = "0123456789abcdef"
FILE_PIECE: dict[str, Any] = {"upload": UPLOAD, "name": "a.png", "size": 0, "offset": 0, "data": b"", "session": ""}
FILE_GOT: dict[str, Any] = {"data": b"hi", "size": 7, "version": "8.1f"}
MINIATURE: dict[str, Any] = {"session": "1a2b3c4d", "offset": 7, "cols": 80, "rows": 24, "text": "\x1b[0;1mhi\n"}

SESSION_ONLY = ("get", "detach")
ANSWERED_BY_SESSION = (
    *("create", "get", "rename", "resize", "signal", "kill", "detach", "send", "lock", "wait", "mark", "paste"),
    *("resume", "keep"),
)
WITHOUT_PARAMS = ("list", "unsubscribe", "status", "login_ticket", "access_token", "restart", "token_list")

# (method, what is sent, what it means with the defaults)
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
    *((method, {}, {}) for method in WITHOUT_PARAMS),
    *((method, {}, {"session": ""}) for method in SESSION_ONLY),
    *((method, {"session": "1a2b3c4d"}, {"session": "1a2b3c4d"}) for method in SESSION_ONLY),
    ("rename", {"name": "new"}, {"name": "new", "session": ""}),
    ("resize", {"cols": 120, "rows": 40}, {"cols": 120, "rows": 40, "session": ""}),
    ("signal", {"signal": "INT"}, {"signal": "INT", "session": ""}),
    ("signal", {"signal": 2, "session": "build"}, {"signal": 2, "session": "build"}),
    ("kill", {}, {"session": "", "grace_seconds": 2.0}),
    ("kill", {"session": "b", "grace_seconds": 0}, {"session": "b", "grace_seconds": 0.0}),
    ("send", {"data": b"ls\r"}, {"data": b"ls\r", "session": ""}),
    ("capture", {}, {"session": "", "scrollback": 0, "format": "text", "join": False}),
    (
        "capture",
        {"session": "b", "scrollback": -1},
        {"session": "b", "scrollback": -1, "format": "text", "join": False},
    ),
    *(
        (
            "capture",
            {"format": form, "join": True},
            {"session": "", "scrollback": 0, "format": form, "join": True},
        )
        for form in ("text", "vt", "html", "cells", "terminal")
    ),
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
    ("listen", {}, PLAIN_LISTENING | {"host": "127.0.0.1", "port": 0}),
    ("listen", {"host": "::1", "port": 65_535}, PLAIN_LISTENING | {"host": "::1", "port": 65_535}),
    ("listen", TLS_LISTENING, TLS_LISTENING),
    ("shutdown", {}, {"kill_sessions": False}),
    ("shutdown", {"kill_sessions": True}, {"kill_sessions": True}),
    ("mark", {}, {"label": "", "session": ""}),
    ("mark", {"label": "grüße", "session": "b"}, {"label": "grüße", "session": "b"}),
    ("export", {}, {"resume": "", "session": ""}),
    ("export", {"resume": "3.0.2.1.0.7.7", "session": "b"}, {"resume": "3.0.2.1.0.7.7", "session": "b"}),
    (
        "token_create",
        {"rights": ["observe"]},
        {"rights": ["observe"], "session": None, "name": "", "expires_seconds": None, "uses": None},
    ),
    (
        "token_create",
        {"rights": ["control", "create"], "session": "", "name": "ci", "expires_seconds": 60, "uses": 1},
        {"rights": ["control", "create"], "session": "", "name": "ci", "expires_seconds": 60.0, "uses": 1},
    ),
    ("token_revoke", {"token": "ci"}, {"token": "ci", "session": None}),
    ("token_revoke", {"session": "b"}, {"token": "", "session": "b"}),
    ("share", {}, {"session": "", "control": False, "expires_seconds": 7200.0, "uses": None}),
    (
        "share",
        {"session": "b", "control": True, "expires_seconds": None, "uses": 3},
        {"session": "b", "control": True, "expires_seconds": None, "uses": 3},
    ),
    ("audit_read", {}, {"position": None, "max_bytes": 1_048_576}),
    ("audit_read", {"position": 120, "max_bytes": 65_536}, {"position": 120, "max_bytes": 65_536}),
    ("subscribe", {}, {"since": None}),
    ("subscribe", {"since": 7}, {"since": 7}),
    ("explain", {}, {"session": ""}),
    ("wait_state", {"states": ["idle"]}, {"states": ["idle"], "session": "", "timeout_seconds": None}),
    (
        "wait_state",
        {"states": ["idle", "waiting"], "session": "b", "timeout_seconds": 30},
        {"states": ["idle", "waiting"], "session": "b", "timeout_seconds": 30.0},
    ),
    ("notify_test", {}, {}),
    ("events", {}, {"since": 0, "session": None, "max_events": 1024}),
    ("events", {"since": 7, "session": "b", "max_events": 1}, {"since": 7, "session": "b", "max_events": 1}),
    ("file_put", {"upload": UPLOAD, "name": "a.png", "size": 0, "data": b""}, FILE_PIECE),
    (
        "file_put",
        {"upload": UPLOAD, "name": "grüße.png", "size": 7, "offset": 4, "data": b"png", "session": "b"},
        {"upload": UPLOAD, "name": "grüße.png", "size": 7, "offset": 4, "data": b"png", "session": "b"},
    ),
    (
        "file_get",
        {"path": "a/b.txt"},
        {"path": "a/b.txt", "offset": 0, "max_bytes": 524_288, "version": "", "session": ""},
    ),
    (
        "file_get",
        {"path": "/repo/b", "offset": 1, "max_bytes": 1, "version": "8.1f", "session": "b"},
        {"path": "/repo/b", "offset": 1, "max_bytes": 1, "version": "8.1f", "session": "b"},
    ),
    ("paste", {"text": "grüße\n"}, {"text": "grüße\n", "session": ""}),
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
    *conversations.PARAMS,
    ("miniatures", {"known": {}}, {"known": {}}),
    ("miniatures", {"known": {"1a2b3c4d": 12_345}}, {"known": {"1a2b3c4d": 12_345}}),
    ("approvals", {}, {"session": None, "closed": False}),
    ("approvals", {"session": "b", "closed": True}, {"session": "b", "closed": True}),
    ("answer_approval", {"decision": "deny"}, {"decision": "deny"} | ANSWER_DEFAULTS),
    ("answer_approval", WHOLE_ANSWER, WHOLE_ANSWER),
    ("prompt_add", {"text": "why?"}, {"text": "why?", "session": ""}),
    ("prompt_add", {"text": "why?", "session": "b"}, {"text": "why?", "session": "b"}),
    ("prompt_list", {}, {"session": "", "closed": False}),
    ("prompt_list", {"session": "b", "closed": True}, {"session": "b", "closed": True}),
    ("prompt_edit", {"prompt": "0a", "text": "how?"}, {"prompt": "0a", "text": "how?", "session": ""}),
    ("prompt_drop", {"prompt": "0a"}, {"prompt": "0a", "session": ""}),
    ("prompt_wait", {"prompt": "0a"}, {"prompt": "0a"} | PROMPT_WAIT_DEFAULTS),
    (
        "prompt_wait",
        {"prompt": "0a", "session": "b", "or_waiting": True, "timeout_seconds": 1.5},
        {"prompt": "0a", "session": "b", "or_waiting": True, "timeout_seconds": 1.5},
    ),
]

# (method, what is sent, what is wrong)
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
    ("capture", {"scrollback": -2}, "scrollback is under its minimum"),
    ("capture", {"format": "png"}, "format is another word"),
    ("capture", {"join": 1}, "join is a number"),
    ("lock", {}, "locked is missing"),
    ("lock", {"locked": "yes"}, "locked is text"),
    ("read_log", {"offset": -1}, "offset is negative"),
    ("read_log", {"max_bytes": 8_388_609}, "max_bytes is over its maximum"),
    ("wait", {}, "until is missing"),
    ("wait", {"until": "later"}, "until is another word"),
    ("wait", {"until": "idle", "idle_seconds": 0}, "idle_seconds is under its minimum"),
    ("wait", {"until": "exit", "timeout_seconds": -1}, "timeout_seconds is negative"),
    ("listen", {"port": 65_536}, "port is over its maximum"),
    ("listen", {"host": 1}, "host is a number"),
    ("listen", {"tls": 1}, "tls is a number"),
    ("shutdown", {"kill_sessions": 1}, "kill_sessions is a number"),
    ("create", {"record": None}, "record is nil"),
    ("create", {"limits": {"cpus": -1}}, "a limit is negative"),
    ("mark", {"label": "n" * 257}, "label has 257 characters"),
    ("export", {"resume": None}, "resume is nil"),
    ("token_create", {"rights": []}, "rights are none"),
    ("token_create", {"rights": ["fly"]}, "a right is another word"),
    ("token_create", {}, "rights are missing"),
    ("token_create", {"rights": ["observe"], "uses": 0}, "uses is under its minimum"),
    ("token_create", {"rights": ["observe"], "expires_seconds": 0}, "expires_seconds is 0"),
    ("token_revoke", {"token": 1}, "token is a number"),
    ("share", {"control": "yes"}, "control is text"),
    ("share", {"expires_seconds": 315_360_001}, "expires_seconds is over its maximum"),
    ("audit_read", {"max_bytes": 65_535}, "max_bytes is under its minimum"),
    ("audit_read", {"position": -1}, "position is negative"),
    ("subscribe", {"since": -1}, "since is negative"),
    ("wait_state", {}, "states are missing"),
    ("wait_state", {"states": []}, "states are none"),
    ("wait_state", {"states": ["bored"]}, "a state is another word"),
    ("wait_state", {"states": ["idle"], "timeout_seconds": -1}, "timeout_seconds is negative"),
    ("events", {"since": None}, "since is nil"),
    ("events", {"max_events": 0}, "max_events is under its minimum"),
    ("events", {"max_events": 1025}, "max_events is over its maximum"),
    ("file_put", {"upload": UPLOAD, "name": "a", "data": b""}, "size is missing"),
    ("file_put", FILE_PIECE | {"upload": "short"}, "upload has 5 characters"),
    ("file_put", FILE_PIECE | {"upload": "../../../../etc/x"}, "upload has other characters"),
    ("file_put", FILE_PIECE | {"name": ""}, "name is empty"),
    ("file_put", FILE_PIECE | {"size": -1}, "size is negative"),
    ("file_put", FILE_PIECE | {"data": "x"}, "data is text"),
    ("file_get", {}, "path is missing"),
    ("file_get", {"path": "a", "max_bytes": 524_289}, "max_bytes is over its maximum"),
    ("paste", {"text": ""}, "text is empty"),
    ("miniatures", {}, "known is missing"),
    ("miniatures", {"known": {"a": -1}}, "an offset is negative"),
    ("miniatures", {"known": ["a"]}, "known is a list"),
    ("paste", {"text": "x" * 65_537}, "text has 65,537 characters"),
    ("run", {}, "prompt is missing"),
    ("run", {"prompt": ""}, "prompt is empty"),
    ("run", {"prompt": "hi", "max_turns": 0}, "max_turns is under its minimum"),
    ("run", {"prompt": "hi", "priority": 101}, "priority is over its maximum"),
    ("run", {"prompt": "hi", "timeout_seconds": 0}, "timeout_seconds is 0"),
    ("run_wait", {"until": "later"}, "until is another word"),
    ("run_stop", {"run": 1}, "run is a number"),
    *conversations.BAD_PARAMS,
    ("approvals", {"closed": 1}, "closed is a number"),
    ("answer_approval", {}, "decision is missing"),
    ("answer_approval", {"decision": "ask"}, "decision is another word"),
    ("answer_approval", {"decision": "allow", "always": -1}, "always is negative"),
    ("answer_approval", {"decision": "allow", "answers": {"Which?": 1}}, "an answer is a number"),
    ("prompt_add", {}, "text is missing"),
    ("prompt_add", {"text": ""}, "text is empty"),
    ("prompt_add", {"text": "x" * 65_537}, "text is too long"),
    ("prompt_edit", {"prompt": "0a"}, "text is missing"),
    ("prompt_drop", {"prompt": ""}, "prompt is empty"),
    ("prompt_wait", {"prompt": "0a", "timeout_seconds": -1}, "timeout_seconds is negative"),
]

# (method, what a Reply carries, what it means with the defaults)
RESULTS: list[tuple[str, Any, Any]] = [
    *((method, WHOLE_SESSION, WHOLE_SESSION) for method in ANSWERED_BY_SESSION),
    ("get", SESSION, WHOLE_SESSION),
    ("kill", EXITED_SESSION, EXITED_SESSION),
    ("list", [], []),
    ("list", [SESSION, EXITED_SESSION], [WHOLE_SESSION, EXITED_SESSION]),
    (
        "capture",
        {"text": "$ ls\n", "source": "log"},
        {"text": "$ ls\n", "source": "log", "offset": 0, "grid": None} | NO_TERMINAL,
    ),
    ("capture", CELLS, CELLS | {"grid": GRID_MEANS} | NO_TERMINAL),
    ("capture", TERMINAL, TERMINAL | {"grid": None}),
    ("read_log", LOG, LOG),
    (
        "subscribe",
        {"seq": 0, "sessions": [SESSION]},
        {"seq": 0, "sessions": [WHOLE_SESSION], "is_late": False},
    ),
    ("subscribe", {"seq": 0, "sessions": [], "is_late": True}, {"seq": 0, "sessions": [], "is_late": True}),
    ("get", SESSION | {"activity": ACTIVITY}, WHOLE_SESSION | {"activity": WHOLE_ACTIVITY}),
    ("unsubscribe", None, None),
    ("status", STATUS, STATUS | STATUS_DEFAULTS),
    ("status", WHOLE_STATUS, WHOLE_STATUS),
    ("status", OLD_STATUS, OLD_STATUS_MEANS),
    (
        "listen",
        {"host": "127.0.0.1", "port": 7071},
        {"host": "127.0.0.1", "port": 7071, "tls": False, "fingerprint": ""},
    ),
    (
        "listen",
        {"host": "192.0.2.1", "port": 7071, "tls": True, "fingerprint": FINGERPRINT},
        {"host": "192.0.2.1", "port": 7071, "tls": True, "fingerprint": FINGERPRINT},
    ),
    ("login_ticket", TICKET, TICKET),
    ("login_ticket", TICKET | {"url": None}, TICKET | {"url": None}),
    ("access_token", {"token": "s3cret"}, {"token": "s3cret"}),
    ("restart", None, None),
    ("shutdown", {"sessions_left": 2}, {"sessions_left": 2}),
    ("export", EXPORT, EXPORT | {"skipped": 0}),
    ("token_create", {"token": "s3cret", "info": TOKEN}, {"token": "s3cret", "info": WHOLE_TOKEN}),
    ("token_list", [], []),
    ("token_list", [TOKEN, SHARE], [WHOLE_TOKEN, SHARE]),
    ("token_revoke", [SHARE], [SHARE]),
    (
        "share",
        {"secret": "s3cret", "url": None, "info": SHARE},
        {"secret": "s3cret", "url": None, "info": SHARE},
    ),
    ("audit_read", AUDIT, AUDIT),
    ("file_put", {"received": 4}, {"received": 4, "path": ""}),
    ("file_put", {"received": 7, "path": "/run/a.png"}, {"received": 7, "path": "/run/a.png"}),
    ("file_get", FILE_GOT, FILE_GOT),
    ("run", RUN, RUN | RUN_DEFAULTS),
    ("run", ENDED_RUN, ENDED_RUN),
    ("run_list", [], []),
    ("run_list", [RUN], [RUN | RUN_DEFAULTS]),
    ("run_wait", ENDED_RUN, ENDED_RUN),
    ("run_wait", RUN | {"outcome": {"kind": "lost"}}, RUN | RUN_DEFAULTS | {"outcome": {"kind": "lost"} | NO_OUTCOME}),
    ("run_stop", RUN, RUN | RUN_DEFAULTS),
    ("get", SESSION | {"kind": "run", "run": ENDED_RUN}, WHOLE_SESSION | {"kind": "run", "run": ENDED_RUN}),
    ("miniatures", [], []),
    ("miniatures", [MINIATURE], [MINIATURE]),
    ("export", EXPORT | {"resume": None, "skipped": 5}, EXPORT | {"resume": None, "skipped": 5}),
    (
        "explain",
        {"activity": ACTIVITY, "reason": "it says so", "evidence": [EVIDENCE]},
        {"activity": WHOLE_ACTIVITY, "reason": "it says so", "evidence": [WHOLE_EVIDENCE]},
    ),
    ("wait_state", SESSION | {"activity": ACTIVITY}, WHOLE_SESSION | {"activity": WHOLE_ACTIVITY}),
    (
        "notify_test",
        {"outcomes": [{"number": 1, "service": "ntfy"}]},
        {"outcomes": [{"number": 1, "service": "ntfy", "reason": ""}], "warnings": []},
    ),
    ("events", {"events": [EVENT], "seq": 7}, {"events": [EVENT], "seq": 7, "is_late": False, "more": False}),
    *conversations.RESULTS,
    ("approvals", [], []),
    ("approvals", [APPROVAL, WHOLE_APPROVAL], [WHOLE_APPROVAL_DEFAULTS, WHOLE_APPROVAL]),
    ("answer_approval", WHOLE_APPROVAL, WHOLE_APPROVAL),
    ("prompt_add", PROMPT, WHOLE_PROMPT_DEFAULTS),
    ("prompt_list", [PROMPT, WHOLE_PROMPT], [WHOLE_PROMPT_DEFAULTS, WHOLE_PROMPT]),
    ("prompt_edit", WHOLE_PROMPT, WHOLE_PROMPT),
    ("prompt_drop", WHOLE_PROMPT, WHOLE_PROMPT),
    ("prompt_wait", WHOLE_PROMPT, WHOLE_PROMPT),
]

# (method, what a Reply carries, what is wrong)
BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("get", None, "nil is no session"),
    ("get", SESSION | {"state": "paused"}, "state is another word"),
    ("get", SESSION | {"pid": "4711"}, "pid is text"),
    ("list", {}, "not a list"),
    ("capture", {"text": "", "source": "guess"}, "source is another word"),
    ("capture", CELLS | {"grid": GRID | {"rows": [{"cells": [{"width": 3}]}]}}, "width is neither 1 nor 2"),
    ("capture", CELLS | {"grid": GRID | {"styles": [{"fg": 1.5}]}}, "a colour is a fraction"),
    ("capture", CELLS | {"grid": GRID | {"cols": None}}, "cols is nil"),
    ("read_log", LOG | {"data": "hi"}, "data is text"),
    ("status", STATUS | {"clients": [{}]}, "a client without its fields"),
    ("shutdown", {}, "sessions_left is missing"),
    ("export", EXPORT | {"data": "hi"}, "data is text"),
    ("token_list", [TOKEN | {"kind": "key"}], "kind is another word"),
    ("audit_read", AUDIT | {"position": None}, "position is nil"),
    ("get", SESSION | {"activity": {"state": "idle"}}, "an activity without its since"),
    ("explain", {"activity": ACTIVITY, "reason": "", "evidence": [EVIDENCE | {"source": "guess"}]}, "another word"),
    ("notify_test", {"outcomes": [{"service": "ntfy"}]}, "an outcome without its number"),
    ("events", {"events": [EVENT | {"seq": None}], "seq": 7}, "seq is nil"),
    ("file_put", {"path": "/run/a.png"}, "received is missing"),
    ("file_get", FILE_GOT | {"data": "hi"}, "data is text"),
    ("run", RUN | {"state": "paused"}, "state is another word"),
    ("run", RUN | {"outcome": {}}, "an outcome without its kind"),
    *conversations.BAD_RESULTS,
    ("miniatures", [MINIATURE | {"text": None}], "text is nil"),
    ("approvals", [APPROVAL | {"state": "asked"}], "state is another word"),
    ("answer_approval", APPROVAL | {"input": []}, "input is a list"),
    ("prompt_wait", PROMPT | {"outcome": "well"}, "outcome is another word"),
    ("prompt_list", [PROMPT | {"text": None}], "text is nil"),
]

METHOD_VECTORS: dict[str, list[dict[str, Any]]] = {
    "params": [
        *({"method": method, "sent": sent, "means": means} for method, sent, means in PARAMS),
        *({"method": method, "sent": sent | {"a_newer_key": [1]}, "means": means} for method, sent, means in PARAMS),
    ],
    "bad_params": [
        {"method": method, "sent": sent, "error": "bad_request", "why": why} for method, sent, why in BAD_PARAMS
    ]
    + [{"method": "fly", "sent": {}, "error": "unknown_method", "why": "no such method"}],
    "results": [
        *({"method": method, "sent": sent, "means": means} for method, sent, means in RESULTS),
        *(
            {"method": method, "sent": sent | {"a_newer_key": [1]}, "means": means}
            for method, sent, means in RESULTS
            if isinstance(sent, dict)
        ),
    ],
    "bad_results": [{"method": method, "sent": sent, "why": why} for method, sent, why in BAD_RESULTS],
}
