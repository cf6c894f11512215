"""What the test vectors are made of: each message's shape, good and bad values, and bytes written by hand.

Written down a second time on purpose, from PROTOCOL.md and not from the declarations: the vectors notice
when those move. Values are Python's; ``None`` is nil, ``bytes`` is bin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_SEQ = 9_007_199_254_740_991
MAX_CHANNEL = 2_147_483_647
MAX_COLOUR = 0xFFFFFF


@dataclass(frozen=True)
class Kind:
    """The values that a field may take (the first is the usual one) and values that it may not."""

    good: tuple[Any, ...]
    bad: Mapping[str, Any]
    """By what is wrong with it."""

    def or_nil(self) -> "Kind":
        return Kind((None, *self.good), {why: value for why, value in self.bad.items() if value is not None})


@dataclass(frozen=True)
class Shape:
    """One message. ``fields`` in wire order; ``defaults`` of those that may be missing at the end."""

    code: int
    sender: str
    fields: Mapping[str, Kind]
    defaults: Mapping[str, Any] = field(default_factory=dict)


_NOT_INTEGERS: dict[str, Any] = {
    "is text": "1",
    "is nil": None,
    "is a fraction": 1.5,
    "is a boolean": True,
    "is an array": [],
}
_NOT_TEXT: dict[str, Any] = {"is a number": 1, "is nil": None, "is bin": b"x"}

INTEGER = Kind((1, 0, MAX_SEQ), _NOT_INTEGERS)
CHANNEL = Kind((1, MAX_CHANNEL), {"is 0": 0, "is negative": -1, "is over its maximum": 2**31} | _NOT_INTEGERS)
OFFSET = Kind((0, 300, MAX_SEQ), {"is negative": -1, "is over its maximum": 2**53} | _NOT_INTEGERS)
SEQ = Kind((1, MAX_SEQ), {"is 0": 0, "is over its maximum": 2**53} | _NOT_INTEGERS)
COLS = Kind((80, 2, 1000), {"is 1": 1, "is over its maximum": 1001} | _NOT_INTEGERS)
ROWS = Kind((24, 1, 1000), {"is 0": 0, "is over its maximum": 1001} | _NOT_INTEGERS)
WINDOW = Kind((262_144, 4096, 8_388_608), {"is too small": 4095, "is too large": 8_388_609} | _NOT_INTEGERS)
LINES = Kind((2_000, 0, 100_000), {"is negative": -1, "is over its maximum": 100_001} | _NOT_INTEGERS)
COLOUR = Kind((0xC0FFEE, 0, MAX_COLOUR), {"is negative": -1, "is over its maximum": MAX_COLOUR + 1} | _NOT_INTEGERS)
PALETTE = Kind(
    ([], [0x000000, 0xCD0000], list(range(256))),
    {
        "has 257 items": list(range(257)),
        "holds nil": [None],
        "holds too large a colour": [MAX_COLOUR + 1],
        "is nil": None,
    },
)
CELL_PIXELS = Kind((9, 0, 1000), {"is negative": -1, "is over its maximum": 1001} | _NOT_INTEGERS)
MOMENT = Kind((0.0, 1_700_000_000.25), {"is text": "0", "is nil": None})
BOOLEAN = Kind((False, True), {"is a number": 1, "is nil": None, "is text": "true"})
TEXT = Kind(("", "grüße, 世界"), _NOT_TEXT)
SHORT_TEXT = Kind(("ptyd", "", "x" * 256, "\U0001f600" * 256), {"has 257 characters": "x" * 257} | _NOT_TEXT)
SESSION_REF = Kind(("1a2b3c4d", "", "n" * 64), {"has 65 characters": "n" * 65} | _NOT_TEXT)
CLIENT_ID = Kind(
    ("client-0123456789", "A" * 16, "z_-9" * 16),
    {
        "has 15 characters": "a" * 15,
        "has 65 characters": "a" * 65,
        "has a space": "a" * 16 + " b",
        "ends in a newline": "a" * 16 + "\n",
        "has a letter outside ASCII": "ä" * 16,
    }
    | _NOT_TEXT,
)
VERSIONS = Kind(
    ([1], [1, 2, 3], list(range(1, 17))),
    {
        "is empty": [],
        "has 17 items": list(range(1, 18)),
        "holds text": ["1"],
        "is a number": 1,
        "is nil": None,
    },
)
CAPS = Kind(
    ([], ["colour", "x" * 256], ["c"] * 64),
    {"has 65 items": ["c"] * 65, "holds a number": [1], "holds too long a word": ["x" * 257], "is text": "c"},
)
RIGHTS = Kind(
    (["observe"], [], ["observe", "something-new"]),
    {"is text": "observe", "holds a number": ["observe", 1], "holds 257 characters": ["x" * 257]},
)
ANY_MAP = Kind(
    (
        {},
        {"session": "build", "cols": 80, "ratio": 0.5, "data": b"\x00\xff", "nested": {"list": [None, True]}},
    ),
    {"is an array": [], "is nil": None, "is text": "{}"},
)
INTEGER_MAP = Kind(
    ({"max_channels": 64}, {}, {"max_input_bytes": 16_384, "a_newer_limit": MAX_SEQ}),
    {"holds text": {"max_channels": "64"}, "is an array": [], "is nil": None},
)
ANYTHING = Kind((None, True, 7, "text", b"\x01", [1, [2]], {"sessions": [{"id": "1a2b3c4d"}]}), {})
INPUT_BYTES = Kind((b"ls\r", b"\x00", bytes(range(256))), {"is empty": b"", "is text": "ls\r", "is nil": None})
OUTPUT_BYTES = Kind((b"hello\r\n", b"", bytes(range(256))), {"is text": "hello", "is nil": None})


def make_words_kind(*words: str) -> Kind:
    return Kind(words, {"is another word": "else", "is empty": "", "is a number": 1, "is nil": None})


SHAPES: dict[str, Shape] = {
    "Hello": Shape(
        1,
        "client",
        {"versions": VERSIONS, "client": SHORT_TEXT, "client_id": CLIENT_ID, "caps": CAPS},
        {"caps": []},
    ),
    "Request": Shape(2, "client", {"id": SEQ, "method": SHORT_TEXT, "params": ANY_MAP}, {"params": {}}),
    "Attach": Shape(
        3,
        "client",
        {
            "channel": CHANNEL,
            "session": SESSION_REF,
            "role": make_words_kind("control", "observe"),
            "cols": COLS,
            "rows": ROWS,
            "epoch": SEQ.or_nil(),
            "offset": OFFSET.or_nil(),
            "window": WINDOW,
            "lossless": BOOLEAN,
            "history": OFFSET.or_nil(),
            "scrollback": LINES,
            "hidden": BOOLEAN,
        },
        {
            "epoch": None,
            "offset": None,
            "window": 262_144,
            "lossless": False,
            "history": None,
            "scrollback": 2_000,
            "hidden": False,
        },
    ),
    "Input": Shape(4, "client", {"channel": CHANNEL, "seq": SEQ, "data": INPUT_BYTES}),
    "Resize": Shape(5, "client", {"channel": CHANNEL, "cols": COLS, "rows": ROWS}),
    "Ack": Shape(6, "client", {"channel": CHANNEL, "offset": OFFSET}),
    "Detach": Shape(7, "client", {"channel": CHANNEL}),
    "TakeControl": Shape(8, "client", {"channel": CHANNEL, "cols": COLS, "rows": ROWS}),
    "Ping": Shape(9, "client", {"nonce": OFFSET}),
    "Visibility": Shape(10, "client", {"channel": CHANNEL, "hidden": BOOLEAN}),
    "Appearance": Shape(
        11,
        "client",
        {
            "channel": CHANNEL,
            "foreground": COLOUR.or_nil(),
            "background": COLOUR.or_nil(),
            "cursor": COLOUR.or_nil(),
            "palette": PALETTE,
            "cell_width": CELL_PIXELS,
            "cell_height": CELL_PIXELS,
            "dark": BOOLEAN.or_nil(),
        },
        {
            "foreground": None,
            "background": None,
            "cursor": None,
            "palette": [],
            "cell_width": 0,
            "cell_height": 0,
            "dark": None,
        },
    ),
    "Welcome": Shape(
        64,
        "daemon",
        {
            "version": INTEGER,
            "daemon": SHORT_TEXT,
            "principal": SHORT_TEXT,
            "limits": INTEGER_MAP,
            "heartbeat_seconds": INTEGER,
            "rights": RIGHTS.or_nil(),
            "session": SHORT_TEXT.or_nil(),
        },
        {"rights": None, "session": None},
    ),
    "Reply": Shape(65, "daemon", {"id": SEQ, "result": ANYTHING}, {"result": None}),
    "Failure": Shape(66, "daemon", {"id": SEQ, "code": SHORT_TEXT, "message": TEXT}),
    "Attached": Shape(
        67,
        "daemon",
        {
            "channel": CHANNEL,
            "session": SHORT_TEXT,
            "name": SHORT_TEXT,
            "epoch": SEQ,
            "mode": make_words_kind("exact", "tail", "snapshot"),
            "offset": OFFSET,
            "cols": COLS,
            "rows": ROWS,
            "controller": SHORT_TEXT.or_nil(),
            "yours": BOOLEAN,
            "input_seq": OFFSET,
            "answers": BOOLEAN,
            "locked": BOOLEAN,
        },
        {"answers": False, "locked": False},
    ),
    "Snapshot": Shape(
        68,
        "daemon",
        {
            "channel": CHANNEL,
            "offset": OFFSET,
            "cols": COLS,
            "rows": ROWS,
            "data": OUTPUT_BYTES,
            "kind": make_words_kind("tail", "screen"),
            "more": BOOLEAN,
        },
        {"kind": "tail", "more": False},
    ),
    "Output": Shape(69, "daemon", {"channel": CHANNEL, "offset": OFFSET, "data": OUTPUT_BYTES}),
    "Resized": Shape(70, "daemon", {"channel": CHANNEL, "offset": OFFSET, "cols": COLS, "rows": ROWS}),
    "Live": Shape(71, "daemon", {"channel": CHANNEL, "offset": OFFSET}),
    "Exited": Shape(
        72,
        "daemon",
        {"channel": CHANNEL, "offset": OFFSET, "code": INTEGER.or_nil(), "signal": INTEGER.or_nil(), "reason": TEXT},
        {"code": None, "signal": None, "reason": ""},
    ),
    "InputAck": Shape(73, "daemon", {"channel": CHANNEL, "seq": SEQ}),
    "ControlChanged": Shape(
        74,
        "daemon",
        {"channel": CHANNEL, "controller": SHORT_TEXT.or_nil(), "yours": BOOLEAN, "locked": BOOLEAN},
        {"locked": False},
    ),
    "Detached": Shape(75, "daemon", {"channel": CHANNEL, "code": SHORT_TEXT, "message": TEXT}),
    "Event": Shape(
        76,
        "daemon",
        {"seq": SEQ, "kind": SHORT_TEXT, "session": SHORT_TEXT, "data": ANY_MAP, "at": MOMENT},
        {"at": 0.0},
    ),
    "Pong": Shape(77, "daemon", {"nonce": OFFSET}),
}

HAND_WRITTEN: dict[str, list[tuple[str, str, list[Any]]]] = {
    # message: [(name, bytes typed by hand from the MessagePack specification, the fields they stand for)]
    "Hello": [
        (
            "by hand",
            "94 01 91 01 a4 64656d6f b0 30313233343536373839616263646566",
            [[1], "demo", "0123456789abcdef"],
        )
    ],
    "Request": [
        ("by hand", "93 02 07 a4 6c697374", [7, "list"]),
        (
            "by hand, with parameters",
            "94 02 08 a3 676574 81 a7 73657373696f6e a5 6275696c64",
            [8, "get", {"session": "build"}],
        ),
    ],
    "Attach": [
        (
            "by hand",
            "96 03 01 a0 a7 636f6e74726f6c 50 18",
            [1, "", "control", 80, 24],
        ),
        (
            "by hand, as before there was scrollback",
            "9b 03 02 a1 62 a7 6f627365727665 cc84 32 0c cd012c cd1000 c3 00",
            [2, "b", "observe", 132, 50, 12, 300, 4096, True, 0],
        ),
        (
            "by hand, all fields",
            "9d 03 02 a1 62 a7 636f6e74726f6c cc84 32 c0 c0 cd1000 c2 c0 cd2710 c3",
            [2, "b", "control", 132, 50, None, None, 4096, False, None, 10_000, True],
        ),
    ],
    "Input": [
        ("by hand", "94 04 01 01 c4 03 6c730d", [1, 1, b"ls\r"]),
        (
            "by hand, every integer wider than need be",
            "dc 0004 d2 00000004 cf 0000000000000001 cd 0002 c6 00000001 03",
            [1, 2, b"\x03"],
        ),
    ],
    "Resize": [("by hand", "94 05 01 78 28", [1, 120, 40])],
    "Ack": [("by hand", "93 06 01 ce 00010000", [1, 65_536])],
    "Detach": [("by hand", "92 07 01", [1])],
    "TakeControl": [("by hand", "94 08 01 02 01", [1, 2, 1])],
    "Ping": [
        ("by hand", "92 09 00", [0]),
        ("by hand, as array 32 and int 64", "dd 00000002 09 d3 0000000000000005", [5]),
    ],
    "Visibility": [("by hand", "93 0a 01 c3", [1, True])],
    "Appearance": [
        ("by hand, nothing is known", "92 0b 01", [1]),
        (
            "by hand",
            "99 0b 01 ce00c0ffee 00 c0 92 00 ce00cd0000 09 12 c3",
            [1, 0xC0FFEE, 0, None, [0, 0xCD0000], 9, 18, True],
        ),
    ],
    "Welcome": [
        (
            "by hand",
            "96 40 01 aa 707479642f302e312e30 a4 756e6978 81 ac 6d61785f6368616e6e656c73 40 0f",
            [1, "ptyd/0.1.0", "unix", {"max_channels": 64}, 15],
        )
    ],
    "Reply": [("by hand", "92 41 07", [7]), ("by hand, an empty list", "93 41 07 90", [7, []])],
    "Failure": [
        (
            "by hand",
            "94 42 07 af 6e6f5f737563685f73657373696f6e a4 6e6f6e65",
            [7, "no_such_session", "none"],
        )
    ],
    "Attached": [
        (
            "by hand",
            "9c 43 01 a8 3161326233633464 a1 62 01 a5 6578616374 00 50 18 c0 c2 00",
            [1, "1a2b3c4d", "b", 1, "exact", 0, 80, 24, None, False, 0],
        ),
        (
            "by hand, all fields",
            "9e 43 01 a8 3161326233633464 a1 62 01 a8 736e617073686f74 cd012c 50 18 c0 c2 00 c3 c3",
            [1, "1a2b3c4d", "b", 1, "snapshot", 300, 80, 24, None, False, 0, True, True],
        ),
    ],
    "Snapshot": [
        ("by hand", "96 44 01 cd012c 50 18 c4 00", [1, 300, 80, 24, b""]),
        (
            "by hand, the first of several parts",
            "98 44 01 cd012c 50 18 c4 01 24 a6 73637265656e c3",
            [1, 300, 80, 24, b"$", "screen", True],
        ),
    ],
    "Output": [("by hand", "94 45 01 00 c4 02 686a", [1, 0, b"hj"])],
    "Resized": [("by hand", "95 46 01 02 50 18", [1, 2, 80, 24])],
    "Live": [("by hand", "93 47 01 02", [1, 2])],
    "Exited": [
        ("by hand", "94 48 01 02 00", [1, 2, 0]),
        ("by hand, by a signal", "95 48 01 02 c0 09", [1, 2, None, 9]),
        ("by hand, by a limit", "96 48 01 02 c0 09 a2 6f6c", [1, 2, None, 9, "ol"]),
    ],
    "InputAck": [("by hand", "93 49 01 01", [1, 1])],
    "ControlChanged": [
        ("by hand", "94 4a 01 c0 c2", [1, None, False]),
        ("by hand, locked", "95 4a 01 a1 63 c3 c3", [1, "c", True, True]),
    ],
    "Detached": [("by hand", "94 4b 01 a8 6465746163686564 a0", [1, "detached", ""])],
    "Event": [("by hand", "95 4c 01 a7 72656d6f766564 a8 3161326233633464 80", [1, "removed", "1a2b3c4d", {}])],
    "Pong": [("by hand", "92 4d 00", [0])],
}

MALFORMED_ANYWHERE: list[tuple[str, str, str]] = [
    # (name, bytes, why): malformed whoever sends it
    ("nothing", "", "an empty message"),
    ("reserved byte", "c1", "0xc1 is never used in MessagePack"),
    ("nil", "c0", "not an array"),
    ("integer", "01", "not an array"),
    ("map", "80", "not an array"),
    ("empty array", "90", "no code"),
    ("code is text", "91 a1 31", "the code is not an integer"),
    ("code is nil", "91 c0", "the code is not an integer"),
    ("code is a boolean", "91 c3", "the code is not an integer"),
    ("code is a fraction", "91 cb 3ff8000000000000", "the code is not an integer"),
    ("code is negative", "91 ff", "codes are not negative"),
    ("code is an array", "91 91 01", "the code is not an integer"),
    ("array of 4,294,967,295 items", "dd ffffffff 01", "the array has not that many items"),
    ("two messages in one", "92 7f 00 92 7f 00", "bytes after the message"),
]

MALFORMED_FROM_CLIENT: list[tuple[str, str, str]] = [
    ("truncated", "92 09", "the array has not that many items"),
    ("bytes after the message", "92 09 01 00", "bytes after the message"),
    ("truncated bin", "94 04 01 01 c4 05 6162", "bin shorter than its length"),
    ("integral float for an integer", "92 09 cb 3ff0000000000000", "1.0 is a float, not an integer"),
    ("code is an integral float", "92 cb 4022000000000000 01", "9.0 is a float, not an integer"),
    ("text that is not UTF-8", "93 02 01 a1 ff", "str must be UTF-8"),
    ("map key that is not text", "94 02 01 a1 78 81 01 01", "keys of a map are str"),
]

MALFORMED_FROM_DAEMON: list[tuple[str, str, str]] = [
    ("truncated", "92 4d", "the array has not that many items"),
    ("bytes after the message", "92 4d 01 00", "bytes after the message"),
    ("truncated bin", "94 45 01 00 c4 05 6162", "bin shorter than its length"),
]

UNKNOWN_TO_BOTH: list[tuple[str, str]] = [
    ("code 0", "91 00"),
    ("code 63, a later client's", "93 3f 01 a1 78"),
    ("code 127, a later daemon's", "92 7f 81 a1 6b 01"),
    ("code 1000", "91 cd 03e8"),
    ("code 4,294,967,295", "91 ce ffffffff"),
    ("a later code with nested fields", "94 3e 91 91 91 80 c4 01 ff cb 3ff8000000000000"),
]
UNKNOWN_TO_DAEMON: list[tuple[str, str]] = [
    ("a daemon's message sent by a client", "92 4d 01"),
    ("a daemon's message sent by a client, malformed", "92 4d a1 78"),
]
UNKNOWN_TO_CLIENT: list[tuple[str, str]] = [
    ("a client's message sent by a daemon", "92 09 01"),
    ("a client's message sent by a daemon, malformed", "92 09 a1 78"),
]


@dataclass(frozen=True)
class Large:
    """Too long to write out: ``prefix`` and then ``count`` times ``repeat``."""

    name: str
    sender: str
    prefix: str
    count: int
    close_code: int | None
    repeat: str = "61"


LARGE: list[Large] = [
    Large("arrays within arrays", "client", "94 02 01 a1 78 81 a1 6b", 100_000, 1008, repeat="91"),
    Large("maps within maps", "client", "94 02 01 a1 78", 100_000, 1008, repeat="81 a1 6b"),
    Large("an unknown code with arrays within arrays", "client", "92 3f", 100_000, 1008, repeat="91"),
    Large("Input of 16,384 bytes", "client", "94 04 01 01 c5 4000", 16_384, None),
    Large("Input of 16,385 bytes", "client", "94 04 01 01 c5 4001", 16_385, 1008),
    Large("Output of 262,144 bytes", "daemon", "94 45 01 00 c6 00040000", 262_144, None),
    Large("Output of 262,145 bytes", "daemon", "94 45 01 00 c6 00040001", 262_145, 1008),
    Large("Snapshot of 262,144 bytes", "daemon", "96 44 01 00 50 18 c6 00040000", 262_144, None),
    Large("Snapshot of 262,145 bytes", "daemon", "96 44 01 00 50 18 c6 00040001", 262_145, 1008),
]
