"""Examples of every method's parameters and results, for ``vectors/method_params.json`` and
``vectors/method_results.json``.

Each part has four lists:

- PARAMS: (method, what is sent, what it means with the defaults)
- BAD_PARAMS: (method, what is sent, what is wrong)
- RESULTS: (method, what a Reply carries, what it means with the defaults)
- BAD_RESULTS: (method, what a Reply carries, what is wrong)
"""

from typing import Any

from examples import access, activity, approvals, capture, conversations, daemon, files, prompts, runs, sessions
from examples.sessions import WHOLE_SESSION

PARTS = (sessions, capture, activity, approvals, prompts, runs, conversations, files, access, daemon)
SESSION_ONLY = ("get", "detach")
ANSWERED_BY_SESSION = (
    *("create", "get", "rename", "resize", "signal", "kill", "detach", "send", "lock", "wait", "mark", "paste"),
    *("resume", "keep"),
)
WITHOUT_PARAMS = ("list", "unsubscribe", "status", "login_ticket", "access_token", "restart", "token_list")

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *((method, {}, {}) for method in WITHOUT_PARAMS),
    *((method, {}, {"session": ""}) for method in SESSION_ONLY),
    *((method, {"session": "1a2b3c4d"}, {"session": "1a2b3c4d"}) for method in SESSION_ONLY),
    *(
        (
            "capture",
            {"format": form, "join": True},
            {"session": "", "scrollback": 0, "format": form, "join": True},
        )
        for form in ("text", "vt", "html", "cells", "terminal")
    ),
    *(example for part in PARTS for example in part.PARAMS),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    *(example for part in PARTS for example in part.BAD_PARAMS),
]

RESULTS: list[tuple[str, Any, Any]] = [
    *((method, WHOLE_SESSION, WHOLE_SESSION) for method in ANSWERED_BY_SESSION),
    *(example for part in PARTS for example in part.RESULTS),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    *(example for part in PARTS for example in part.BAD_RESULTS),
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
