"""Examples of the methods about prompts."""

from typing import Any

from examples import conversations

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
    "cost_usd": None,
    "tokens": None,
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
    "cost_usd": 0.0067,
    "tokens": conversations.TOKENS,
    "waits_for": "permission",
    "problem": "",
}
PROMPT_WAIT_DEFAULTS: dict[str, Any] = {"session": "", "or_waiting": False, "timeout_seconds": None}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
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

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("prompt_add", {}, "text is missing"),
    ("prompt_add", {"text": ""}, "text is empty"),
    ("prompt_add", {"text": "x" * 65_537}, "text is too long"),
    ("prompt_edit", {"prompt": "0a"}, "text is missing"),
    ("prompt_drop", {"prompt": ""}, "prompt is empty"),
    ("prompt_wait", {"prompt": "0a", "timeout_seconds": -1}, "timeout_seconds is negative"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("prompt_add", PROMPT, WHOLE_PROMPT_DEFAULTS),
    ("prompt_list", [PROMPT, WHOLE_PROMPT], [WHOLE_PROMPT_DEFAULTS, WHOLE_PROMPT]),
    ("prompt_edit", WHOLE_PROMPT, WHOLE_PROMPT),
    ("prompt_drop", WHOLE_PROMPT, WHOLE_PROMPT),
    ("prompt_wait", WHOLE_PROMPT, WHOLE_PROMPT),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("prompt_wait", PROMPT | {"outcome": "well"}, "outcome is another word"),
    ("prompt_list", [PROMPT | {"text": None}], "text is nil"),
]
