"""Streams whose snapshots another terminal judges: recorded (streams/) and made up."""

from pathlib import Path

STREAMS = Path(__file__).parent.parent / "streams"
SIZES = {"bash": (60, 15)}
DEFAULT_SIZE = (80, 24)

MADE_UP: dict[str, bytes] = {
    "scrolled": b"".join(b"line %d\r\n" % number for number in range(200)),
    "colours": b"".join(b"\x1b[38;5;%dm%d\x1b[48;5;%dm#\x1b[0m " % (n, n, 255 - n) for n in range(256)),
    "true colours": b"".join(b"\x1b[38;2;%d;%d;7m*\x1b[48;2;9;%d;%dm+" % (n, 255 - n, n, n) for n in range(0, 255, 5)),
    "attributes": b"".join(b"\x1b[%dmword %d\x1b[0m " % (n, n) for n in (1, 2, 3, 4, 5, 7, 8, 9, 53))
    + b"\x1b[4:3mcurl",
    "background only": b"\x1b[44m\x1b[2J\x1b[3;1H\x1b[41m\x1b[K\x1b[5;5H\x1b[42mx\x1b[K\x1b[7;7H\x1b[45m\x1b[9X",
    "background wrapped": b"\r\n" * 23 + b"\x1b[44m" + b"x" * 90 + b"\r\ny",
    "wide": "日本語テスト 한국어 中文\r\n".encode() * 3 + ("日" * 45).encode(),
    "wide at the margin": b"x" * 79 + "日本".encode(),
    "combining": "e\u0301 a\u0308 o\u0302\u0323 n\u0303".encode(),
    "links": b"\x1b]8;;http://a/\x1b\\one\x1b]8;;\x1b\\ \x1b]8;id=7;http://b/\x07two\x1b]8;;\x07 three",
    "wrapped": b"word " * 60 + b"\r\nshort\r\n" + b"y" * 80 + b"\r\nafter",
    "pending wrap": b"x" * 80,
    "pending wrap in colour": b"\x1b[31m" + b"x" * 79 + b"\x1b[44mY",
    "pending wrap of wide": b"x" * 78 + "日".encode(),
    "margins": b"\x1b[5;10r\x1b[5;1H" + b"in\r\n" * 9,
    "origin": b"\x1b[5;10r\x1b[?6h\x1b[2;3Hthere",
    "saved cursor": b"\x1b[5;6H\x1b[1;31m\x1b7\x1b[0m\x1b[HX",
    "tabs": b"\x1b[3g\x1b[1;5H\x1bH\x1b[1;20H\x1bH\r\tA\tB",
    "charsets": b"\x1b(0lqqk\x1b(B text \x1b)0\x0exxx\x0f",
    "charset left on": b"\x1b(0lqqk",
    "alternate": b"main\r\n" * 30 + b"\x1b[?1049h\x1b[3;4Halternate \x1b[7minverse",
    "alternate left": b"main\x1b[?1049h\x1b[3;4Halternate\x1b[?1049l back",
    "modes": b"\x1b[?1h\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b=\x1b[4h\x1b[?45h",
    "no wraparound": b"\x1b[?7l" + b"x" * 90,
    "cursor": b"\x1b[4 q\x1b[?25lhidden",
    "title": b"\x1b]0;A title\x07text",
    "erased": b"x" * 400 + b"\x1b[2;10H\x1b[K\x1b[3;10H\x1b[1K\x1b[4;3H\x1b[5P\x1b[2L\x1b[3@",
    "blank tail": b"text\x1b[31m     \x1b[0m     \r\n     ",
    "cut in a sequence": b"text\x1b[38;2;1",
    "cut in a character": b"text\xe6\x97",
    "cut in a title": b"text\x1b]2;half a ti",
    "synchronized": b"\x1b[?2026hpart of a frame",
    "reset": b"\x1b[31mred\x1b[?1049h\x1bcfresh",
    "repeated": b"\x1b[32m=\x1b[20b and -",
    "repeat to come": b"\x1b[32m=",
}


def corpus() -> dict[str, tuple[bytes, tuple[int, int]]]:
    """Name -> (stream, (cols, rows))."""
    found = {
        path.stem: (path.read_bytes(), SIZES.get(path.stem, DEFAULT_SIZE)) for path in sorted(STREAMS.glob("*.bin"))
    }
    return found | {name: (stream, DEFAULT_SIZE) for name, stream in MADE_UP.items()}
