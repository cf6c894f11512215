"""Examples of the methods about approvals."""

from typing import Any

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

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("approvals", {}, {"session": None, "closed": False}),
    ("approvals", {"session": "b", "closed": True}, {"session": "b", "closed": True}),
    ("answer_approval", {"decision": "deny"}, {"decision": "deny"} | ANSWER_DEFAULTS),
    ("answer_approval", WHOLE_ANSWER, WHOLE_ANSWER),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("approvals", {"closed": 1}, "closed is a number"),
    ("answer_approval", {}, "decision is missing"),
    ("answer_approval", {"decision": "ask"}, "decision is another word"),
    ("answer_approval", {"decision": "allow", "always": -1}, "always is negative"),
    ("answer_approval", {"decision": "allow", "answers": {"Which?": 1}}, "an answer is a number"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("approvals", [], []),
    ("approvals", [APPROVAL, WHOLE_APPROVAL], [WHOLE_APPROVAL_DEFAULTS, WHOLE_APPROVAL]),
    ("answer_approval", WHOLE_APPROVAL, WHOLE_APPROVAL),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("approvals", [APPROVAL | {"state": "asked"}], "state is another word"),
    ("answer_approval", APPROVAL | {"input": []}, "input is a list"),
]
