"""Examples of the methods about screens."""

from typing import Any

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
MINIATURE: dict[str, Any] = {"session": "1a2b3c4d", "offset": 7, "cols": 80, "rows": 24, "text": "\x1b[0;1mhi\n"}

PARAMS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("capture", {}, {"session": "", "scrollback": 0, "format": "text", "join": False}),
    (
        "capture",
        {"session": "b", "scrollback": -1},
        {"session": "b", "scrollback": -1, "format": "text", "join": False},
    ),
    ("miniatures", {"known": {}}, {"known": {}}),
    ("miniatures", {"known": {"1a2b3c4d": 12_345}}, {"known": {"1a2b3c4d": 12_345}}),
]

BAD_PARAMS: list[tuple[str, dict[str, Any], str]] = [
    ("capture", {"scrollback": -2}, "scrollback is under its minimum"),
    ("capture", {"format": "png"}, "format is another word"),
    ("capture", {"join": 1}, "join is a number"),
    ("miniatures", {}, "known is missing"),
    ("miniatures", {"known": {"a": -1}}, "an offset is negative"),
    ("miniatures", {"known": ["a"]}, "known is a list"),
]

RESULTS: list[tuple[str, Any, Any]] = [
    (
        "capture",
        {"text": "$ ls\n", "source": "log"},
        {"text": "$ ls\n", "source": "log", "offset": 0, "grid": None} | NO_TERMINAL,
    ),
    ("capture", CELLS, CELLS | {"grid": GRID_MEANS} | NO_TERMINAL),
    ("capture", TERMINAL, TERMINAL | {"grid": None}),
    ("miniatures", [], []),
    ("miniatures", [MINIATURE], [MINIATURE]),
]

BAD_RESULTS: list[tuple[str, Any, str]] = [
    ("capture", {"text": "", "source": "guess"}, "source is another word"),
    ("capture", CELLS | {"grid": GRID | {"rows": [{"cells": [{"width": 3}]}]}}, "width is neither 1 nor 2"),
    ("capture", CELLS | {"grid": GRID | {"styles": [{"fg": 1.5}]}}, "a colour is a fraction"),
    ("capture", CELLS | {"grid": GRID | {"cols": None}}, "cols is nil"),
    ("miniatures", [MINIATURE | {"text": None}], "text is nil"),
]
