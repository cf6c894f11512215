"""Examples of the methods about conversations, for the vectors of methods; from PROTOCOL.md."""

from typing import Any

ID = "b3eda9ba-0f8b-45c1-b51d-2c032db853ba"
NO_TOKENS = {"input": 0, "output": 0, "cache_read": 0, "cache_write": 0}
TOKENS = {"input": 1000, "output": 20, "cache_read": 4000, "cache_write": 300}
CONVERSATION: dict[str, Any] = {
    "id": ID,
    "title": "grüße, 世界",
    "cwd": "/home/ada/repo",
    "path": f"/home/ada/.claude/projects/-home-ada-repo/{ID}.jsonl",
    "messages": 2,
    "size": 156_824,
    "began_at": 1_700_000_000.25,
    "last_used_at": 1_700_000_001.5,
}
CONVERSATION_DEFAULTS: dict[str, Any] = {
    "model": "",
    "cost_usd": 0.0,
    "estimated_usd": 0.0,
    "inherited_usd": 0.0,
    "tokens": NO_TOKENS,
    "session": None,
}
WHOLE_CONVERSATION = CONVERSATION | {
    "model": "claude-opus-5-5",
    "cost_usd": 0.0067,
    "estimated_usd": 0.0017,
    "inherited_usd": 0.5,
    "tokens": TOKENS,
    "session": "1a2b3c4d",
}
EXCERPT = {"role": "user", "at": 1_700_000_000.25, "text": "…say grüße", "begin": 5, "end": 10}
RESUME_DEFAULTS: dict[str, Any] = {
    "fork": False,
    "program": "",
    "name": "",
    "env": {},
    "cols": 80,
    "rows": 24,
    "keep": None,
    "restart_on_failure": False,
}
RESUME: dict[str, Any] = {
    "fork": True,
    "program": "/usr/bin/claude",
    "name": "fix-42",
    "env": {"LANG": "C.UTF-8"},
    "cols": 120,
    "rows": 40,
    "keep": "always",
    "restart_on_failure": True,
}
KEPT = {
    "name": "fix-42",
    "conversation": ID,
    "cwd": "/home/ada/repo",
    "keep": "ask",
    "restart_on_failure": False,
    "created_at": 1_700_000_000.25,
}
ROW_DEFAULTS = {"label": "", "cost_usd": 0.0, "estimated_usd": 0.0, "tokens": NO_TOKENS}
ROW_DEFAULTS |= {"answers": 0, "conversations": 0}
ROW = {"key": "2026-11-29", "label": "", "cost_usd": 0.0067, "estimated_usd": 0.0017, "tokens": TOKENS}
ROW |= {"answers": 1, "conversations": 1}
DATA = {"data": b"# Hi\n"}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("conversations", {}, {"cwd": "", "limit": 200}),
    ("conversations", {"cwd": "/home/ada", "limit": 5}, {"cwd": "/home/ada", "limit": 5}),
    ("conversation_search", {"text": "grüße"}, {"text": "grüße", "cwd": "", "limit": 20}),
    ("conversation_export", {"conversation": ID}, {"conversation": ID, "format": "markdown", "resume": ""}),
    (
        "conversation_export",
        {"conversation": "b3ed", "format": "html", "resume": "156824:0a"},
        {"conversation": "b3ed", "format": "html", "resume": "156824:0a"},
    ),
    ("cost", {}, {"by": "day", "since": "", "cwd": "", "limit": 200}),
    (
        "cost",
        {"by": "directory", "since": "2026-11-29", "cwd": "/home/ada", "limit": 3},
        {"by": "directory", "since": "2026-11-29", "cwd": "/home/ada", "limit": 3},
    ),
    ("resume", {"conversation": "fix-42"}, {"conversation": "fix-42"} | RESUME_DEFAULTS),
    ("resume", {"conversation": ID} | RESUME, {"conversation": ID} | RESUME),
    ("keep", {}, {"session": "", "keep": None, "restart_on_failure": None}),
    (
        "keep",
        {"session": "b", "keep": "ask", "restart_on_failure": True},
        {"session": "b", "keep": "ask", "restart_on_failure": True},
    ),
    ("kept", {}, {}),
    ("forget_kept", {"name": "fix-42"}, {"name": "fix-42"}),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("conversations", {"limit": 0}, "limit is under its minimum"),
    ("conversation_search", {}, "text is missing"),
    ("conversation_search", {"text": ""}, "text is empty"),
    ("conversation_export", {"conversation": ID, "format": "pdf"}, "format is another word"),
    ("cost", {"by": "month"}, "by is another word"),
    ("cost", {"since": "2026-11-29T"}, "since has 11 characters"),
    ("resume", {}, "conversation is missing"),
    ("resume", {"conversation": ID, "keep": "perhaps"}, "keep is another word"),
    ("keep", {"keep": "perhaps"}, "keep is another word"),
    ("forget_kept", {"name": ""}, "name is empty"),
    ("create", {"keep": "perhaps"}, "keep is another word"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("conversations", {"conversations": [], "total": 0}, {"conversations": [], "total": 0}),
    (
        "conversations",
        {"conversations": [CONVERSATION, WHOLE_CONVERSATION], "total": 7},
        {"conversations": [CONVERSATION | CONVERSATION_DEFAULTS, WHOLE_CONVERSATION], "total": 7},
    ),
    (
        "conversation_search",
        {"hits": [{"conversation": WHOLE_CONVERSATION, "excerpts": [EXCERPT]}], "is_complete": True},
        {"hits": [{"conversation": WHOLE_CONVERSATION, "excerpts": [EXCERPT]}], "is_complete": True},
    ),
    ("conversation_export", DATA | {"resume": "5:0a"}, DATA | {"resume": "5:0a"}),
    ("conversation_export", DATA | {"resume": None}, DATA | {"resume": None}),
    (
        "cost",
        {"rows": [ROW], "total": {"key": "total"}},
        {"rows": [ROW], "total": {"key": "total"} | ROW_DEFAULTS},
    ),
    ("kept", [], []),
    ("kept", [KEPT], [KEPT | {"problem": ""}]),
    ("forget_kept", None, None),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("conversations", {"conversations": [{}], "total": 1}, "a conversation without its fields"),
    ("conversation_export", {"data": "hi", "resume": None}, "data is text"),
    ("cost", {"rows": []}, "total is missing"),
]
