"""Examples of the methods about who may what."""

from typing import Any

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
TICKET: dict[str, Any] = {
    "ticket": "t1cket",
    "url": "http://127.0.0.1:7071/login?ticket=t1cket",
    "expires_seconds": 60,
}
AUDIT: dict[str, Any] = {"data": b'{"event":"created"}\n', "start": 100, "position": 120}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
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
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
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
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("login_ticket", TICKET, TICKET),
    ("login_ticket", TICKET | {"url": None}, TICKET | {"url": None}),
    ("access_token", {"token": "s3cret"}, {"token": "s3cret"}),
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
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("token_list", [TOKEN | {"kind": "key"}], "kind is another word"),
    ("audit_read", AUDIT | {"position": None}, "position is nil"),
]
