"""Examples of the methods about the daemon itself."""

from typing import Any

from examples.sessions import NO_LIMITS

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

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("listen", {}, PLAIN_LISTENING | {"host": "127.0.0.1", "port": 0}),
    ("listen", {"host": "::1", "port": 65_535}, PLAIN_LISTENING | {"host": "::1", "port": 65_535}),
    ("listen", TLS_LISTENING, TLS_LISTENING),
    ("shutdown", {}, {"kill_sessions": False}),
    ("shutdown", {"kill_sessions": True}, {"kill_sessions": True}),
    ("notify_test", {}, {}),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("listen", {"port": 65_536}, "port is over its maximum"),
    ("listen", {"host": 1}, "host is a number"),
    ("listen", {"tls": 1}, "tls is a number"),
    ("shutdown", {"kill_sessions": 1}, "kill_sessions is a number"),
]

RESULTS: list[tuple[str, Any, Any]] = [
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
    ("restart", None, None),
    ("shutdown", {"sessions_left": 2}, {"sessions_left": 2}),
    (
        "notify_test",
        {"outcomes": [{"number": 1, "service": "ntfy"}]},
        {"outcomes": [{"number": 1, "service": "ntfy", "reason": ""}], "warnings": []},
    ),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("status", STATUS | {"clients": [{}]}, "a client without its fields"),
    ("shutdown", {}, "sessions_left is missing"),
    ("notify_test", {"outcomes": [{"service": "ntfy"}]}, "an outcome without its number"),
]
