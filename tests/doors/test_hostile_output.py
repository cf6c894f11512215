"""Output that wants to be typed: what the daemon's terminal answers holds nothing that the program has chosen, and no
sequence, however long or however often repeated, costs more than a little memory."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

terminal = pytest.importorskip("ptyd.engine.terminal")

COMMAND = b"; touch pwned"
HEX = COMMAND.hex().encode()

ECHOES = {
    "title (XTWINOPS 21)": b"\x1b]2;" + COMMAND + b"\x1b\\\x1b[21t",
    "icon (XTWINOPS 20)": b"\x1b]1;" + COMMAND + b"\x07\x1b[20t",
    "title stack": b"\x1b]2;" + COMMAND + b"\x07\x1b[22t\x1b[23t\x1b[21t",
    "DECRQSS": b"\x1bP$q" + COMMAND + b"\x1b\\",
    "DECRQSS with a line end": b"\x1bP$q\r" + COMMAND + b"\r\x1b\\",
    "DECRQSS of the pen": b"\x1bP$qm\x1b\\",
    "XTGETTCAP": b"\x1bP+q" + HEX + b"\x1b\\",
    "XTGETTCAP raw": b"\x1bP+q\r" + COMMAND + b"\r\x1b\\",
    "ENQ": b"\x05",
    "XTVERSION, DA, DECID": b"\x1b[>q\x1b[c\x1b[>c\x1b[=c\x1bZ",
    "clipboard": b"\x1b]52;c;OyB0b3VjaCBwd25lZAo=\x07\x1b]52;c;?\x07\x1b]5522;type=read;.\x1b\\",
    "colours": b"\x1b]4;1;?;" + COMMAND + b"\x07\x1b]11;?;" + COMMAND + b"\x07\x1b]21;x=" + COMMAND + b";y=?\x07",
    "font": b"\x1b]50;" + COMMAND + b"\x07\x1b]50;?\x07",
    "X property": b"\x1b]3;?" + COMMAND + b"\x07",
    "directory": b"\x1b]7;file:///" + COMMAND + b"\x07",
    "link": b"\x1b]8;id=" + COMMAND + b";http://x\x07x\x1b]8;;\x07",
    "kitty graphics": b"\x1b_Gi=31,I=1,s=1,v=1,a=q,t=d,f=24;" + COMMAND + b"\x1b\\",
    "kitty graphics from a file": b"\x1b_Gi=1,a=q,t=f,f=100;L2V0Yy9wYXNzd2Q=\x1b\\",
    "kitty notification": b"\x1b]99;i=" + COMMAND + b":p=?;\x1b\\",
    "iTerm2 variable": b"\x1b]1337;SetUserVar=a=OyB0b3VjaA==\x07\x1b]1337;ReportVariable=dXNlci5h\x07",
    "tmux passthrough": b"\x1bPtmux;\x1b\x1b]2;" + COMMAND + b"\x07\x1b\x1b[21t\x1b\\",
    "checksum": COMMAND + b"\x1b[1;1;1;1;1;80*y",
    "function keys (DECUDK)": b"\x1bP0;1|17/" + HEX + b"\x1b\\",
    "answerback by a macro": b"\x1bP0;0;0!z" + COMMAND + b"\r\x1b\\\x1b[0*z",
    "modes": b"\x1b[?9999$p\x1b[9999$p\x1b[?u\x1b[?4m",
    "sizes": b"\x1b[14t\x1b[16t\x1b[18t\x1b[19t\x1b[11t\x1b[13t",
    "status": b"\x1b[5n\x1b[6n\x1b[?6n\x1b[?996n",
}

ANSWER = re.compile(
    rb"\x1b\[[?>]?[\d;]*[$ ]?[a-zA-Z]"  # numbers
    rb"|\x1b\][\d;a-z=]*rgb:[0-9a-f/]+(?:\x07|\x1b\\)"  # colours
    rb"|\x1bP[01][$+]r[0-9A-Fa-f=;]*[mr]?\x1b\\"  # a capability or a setting of ours
    rb"|\x1bP!\|[0-9A-F]{8}\x1b\\"
    rb"|\x1bP>\|ptyd [0-9.]+[a-z0-9.+]*\x1b\\"
)
"""All that it ever says: no letter of the program's, and no line end."""

LONG_BYTES = 160 * 1024 * 1024
MAX_GROWTH_BYTES = 80 * 1024 * 1024
"""A picture that has begun is kept up to 64 MiB and then given up; everything else takes next to nothing."""

ENDLESS = {
    "title": b"\x1b]2;",
    "clipboard": b"\x1b]52;c;",
    "link": b"\x1b]8;;http://x/",
    "OSC without a number": b"\x1b]",
    "iTerm2 file": b"\x1b]1337;File=inline=1:",
    "sixel": b"\x1bPq",
    "XTGETTCAP": b"\x1bP+q",
    "tmux control mode": b"\x1bP1000p",
    "kitty picture": b"\x1b_Ga=T,f=24,s=9999,v=9999;",
    "APC": b"\x1b_x",
    "PM": b"\x1b^",
    "SOS": b"\x1bX",
    "CSI": b"\x1b[",
}

MANY = {
    "kitty chunks": lambda number: b"\x1b_Ga=t,i=%d,f=24,s=100,v=100,m=1;" % number + b"A" * 4096 + b"\x1b\\",
    "links": lambda number: b"\x1b]8;id=%d;http://x/%d\x1b\\x" % (number, number),
    "title stack": lambda number: b"\x1b]2;%d\x07\x1b[22;0t" % number,
    "keyboard stack": lambda number: b"\x1b[>%du" % (number % 32),
    "colours": lambda number: b"\x1b]4;%d;#123456\x07" % (number % 1000),
    "combining": lambda number: "e\u0301\u0301\u0301".encode() if number % 100 == 0 else "\u0301".encode(),
    "saved modes": lambda number: b"\x1b[?%ds" % number,
}

COUNTS = ("b", "S", "T", "L", "M", "@", "P", "X", "I", "Z", "A", "B", "C", "D", "E", "F", "G", "d", "m", "r", "t", "g")


@pytest.fixture
def engine() -> Iterator[terminal.GhosttyEngine]:
    made = terminal.GhosttyEngineMaker().create(80, 24, 1000)
    yield made
    made.close()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
def test_an_answer_is_the_terminals_own(engine: terminal.GhosttyEngine, echo: bytes) -> None:
    answers = engine.feed(echo) + engine.feed(echo)
    assert b"pwned" not in answers
    assert HEX.lower() not in answers.lower()
    assert ANSWER.sub(b"", answers) == b"", "something else than the answers that are known"
    assert not {10, 13, 4, 3} & set(answers)
    assert engine.feed(b"\x1b[5n") == b"\x1b[0n"


@pytest.mark.parametrize("start", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_sequence_without_an_end_is_not_kept(engine: terminal.GhosttyEngine, start: bytes) -> None:
    piece = (b"1;" if start == b"\x1b[" else b"A1") * 128 * 1024
    size = LONG_BYTES // 10 if start.startswith(b"\x1bP") else LONG_BYTES  # the library takes its time with these
    engine.feed(start + piece)
    before = resident_bytes()
    for _ in range(size // len(piece)):
        engine.feed(piece)
    assert resident_bytes() - before < MAX_GROWTH_BYTES
    assert len(engine.save()) < 2 * 1024 * 1024
    engine.feed(b"\x1b\\\x18\x1b[2J\x1b[Hstill here")
    assert "still here" in engine.text(0)


@pytest.mark.parametrize("make", MANY.values(), ids=MANY.keys())
def test_what_comes_often_is_not_kept(engine: terminal.GhosttyEngine, make: object) -> None:
    assert callable(make)
    data = b"".join(make(number) for number in range(4000))
    engine.feed(data)
    before = resident_bytes()
    for _ in range(5):
        engine.feed(data)
    assert resident_bytes() - before < MAX_GROWTH_BYTES
    assert len(engine.snapshot(10)) < 1024 * 1024


def test_counts_without_measure(engine: terminal.GhosttyEngine) -> None:
    """They end, and none makes the screen larger."""
    for final in COUNTS:
        for count in (2**31 - 1, 2**32, 2**64, 10**30):
            engine.feed(f"x\x1b[{count}{final}\x1b[{count};{count}{final}".encode())
    engine.feed(b"\x1b[8;65535;65535t\x1bc\x1b[Hstill here")
    assert engine.text(0).startswith("still here")
    assert len(engine.text(0).splitlines()) == 24


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


def test_a_shell_is_typed_nothing_by_what_it_shows(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    """As `cat hostile.txt` in a shell: what comes back as keys is run only if it ends in a line end."""
    hostile = tmp_path / "hostile.txt"
    hostile.write_bytes(b"".join(ECHOES.values()))
    info = ptyd.request("create", argv=["bash", "--norc", "--noprofile"], cwd=str(tmp_path))
    ptyd.request("send", session=info["id"], data=f"cat {hostile}; echo shown-$((1+1))\r".encode())
    wait_until(lambda: "shown-2" in ptyd.request("capture", session=info["id"], scrollback=-1)["text"])
    ptyd.request("send", session=info["id"], data=b"\x03\x15\rtrue\recho alive-$((2+2))\r")
    wait_until(lambda: "alive-4" in ptyd.request("capture", session=info["id"], scrollback=-1)["text"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hostile.txt"]


def test_captured_html_is_inert(ptyd: PtydUnderTest) -> None:
    hostile = (
        "\x1b]8;;javascript:alert(1)\x1b\\one\x1b]8;;\x1b\\ \x1b]8;;JAVASCRIPT:alert(1)\x1b\\two\x1b]8;;\x1b\\ "
        "\x1b]8;;data:text/html,x\x1b\\three\x1b]8;;\x1b\\ "
        "\x1b]8;;http://x/\"onmouseover='alert(1)'\x1b\\four\x1b]8;;\x1b\\ "
        "<script>alert(1)</script> \x1b]2;</pre><script>alert(1)</script>\x07\"'&"
    )
    info = ptyd.request("create", argv=["sh", "-c", 'printf %s "$0"; exec sleep 600', hostile])
    wait_until(lambda: "four" in ptyd.request("capture", session=info["id"])["text"])
    html = ptyd.request("capture", session=info["id"], format="html")["text"]
    assert "<script" not in html.lower()
    assert set(re.findall(r"<([a-z]+)", html)) == {"pre", "a"}
    assert re.findall(r'href="([^"]*)"', html) == ["http://x/&quot;onmouseover=&#x27;alert(1)&#x27;"]
    assert set(re.findall(r"<(?:a|pre) ([a-z]+)=", html)) == {"href", "style"}
