"""Examples of the methods about files and pasting."""

from typing import Any

UPLOAD = "0123456789abcdef"
FILE_PIECE: dict[str, Any] = {"upload": UPLOAD, "name": "a.png", "size": 0, "offset": 0, "data": b"", "session": ""}
FILE_GOT: dict[str, Any] = {"data": b"hi", "size": 7, "version": "8.1f"}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
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
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("file_put", {"upload": UPLOAD, "name": "a", "data": b""}, "size is missing"),
    ("file_put", FILE_PIECE | {"upload": "short"}, "upload has 5 characters"),
    ("file_put", FILE_PIECE | {"upload": "../../../../etc/x"}, "upload has other characters"),
    ("file_put", FILE_PIECE | {"name": ""}, "name is empty"),
    ("file_put", FILE_PIECE | {"size": -1}, "size is negative"),
    ("file_put", FILE_PIECE | {"data": "x"}, "data is text"),
    ("file_get", {}, "path is missing"),
    ("file_get", {"path": "a", "max_bytes": 524_289}, "max_bytes is over its maximum"),
    ("paste", {"text": ""}, "text is empty"),
    ("paste", {"text": "x" * 65_537}, "text has 65,537 characters"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    ("file_put", {"received": 4}, {"received": 4, "path": ""}),
    ("file_put", {"received": 7, "path": "/run/a.png"}, {"received": 7, "path": "/run/a.png"}),
    ("file_get", FILE_GOT, FILE_GOT),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("file_put", {"path": "/run/a.png"}, "received is missing"),
    ("file_get", FILE_GOT | {"data": "hi"}, "data is text"),
]
