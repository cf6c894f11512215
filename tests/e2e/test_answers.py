"""The daemon answers what a program asks its terminal: each question once, in order, whoever is attached."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.version import __version__

from tests.e2e import asker
from tests.e2e.viewers import wait_for_clients
from tests.support.claude import HermeticClaude
from tests.support.daemon import PTYD_COMMAND, PtydUnderTest
from tests.support.detour import Detour, make_detour
from tests.support.faulty_proxy import draw_faults
from tests.support.sdk_client import SdkClient
from tests.support.soak import choose_scale
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_until

QUESTIONS = choose_scale(600, 10_000)
STEP_QUESTIONS = QUESTIONS // 10
"""So many are answered between one thing that happens and the next."""
CUTS = choose_scale(4, 40)
BYTES_BETWEEN_FAULTS = 6_000
DETACH_KEYS = "\x1cd"
DARK, LIGHT = 0x1C1C1C, 0xFAFAF0


class Asking:
    """A session in which ``asker.py`` asks, and what it has found so far."""

    def __init__(self, ptyd: PtydUnderTest, folder: Path, seed: int, questions: int = QUESTIONS) -> None:
        self.ptyd = ptyd
        self.folder = folder
        folder.mkdir()
        command = [sys.executable, asker.__file__, str(folder), str(questions), str(seed), f"ptyd {__version__}"]
        self.session: str = ptyd.request("create", argv=command, name="asking")["id"]

    def answered(self) -> int:
        """How many questions have been answered, about. A wrong answer fails the test at once."""
        self.check()
        try:
            return int((self.folder / "asked").read_text())
        except FileNotFoundError:
            return 0

    def go_on(self) -> None:
        """Wait for some more answers."""
        before = self.answered()
        wait_until(
            lambda: self.answered() >= before + STEP_QUESTIONS,
            120,
            lambda: f"{STEP_QUESTIONS} answers more than {before}, not {self.answered()}; {self.state()}",
        )

    def check(self) -> dict[str, Any] | None:
        try:
            report: dict[str, Any] = json.loads((self.folder / "report").read_text())
        except FileNotFoundError:
            return None
        assert report["wrong"] is None, report
        return report

    def finish(self) -> int:
        """No more questions; how many there were. What was typed then is all that has come besides answers."""
        (self.folder / "stop").touch()
        report = wait_until(self.check, 120, lambda: f"the end; {self.answered()} answers; {self.state()}")
        assert report is not None
        self.ptyd.request("send", session=self.session, data=b"typed!")
        typed = wait_until(lambda: self._read("typed"), what=lambda: f"a key; {self.state()}")
        assert typed == b"typed!"
        asked: int = report["asked"]
        return asked

    def state(self) -> str:
        return str(self.ptyd.request("capture", session=self.session))

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return b""


@contextlib.contextmanager
def cli_attached(detour: Detour, session: str, *, outlives: bool) -> Iterator[RealTerminal]:
    """``ptyd attach`` in a terminal that answers questions too, if it is asked any. ``outlives``: the session ends
    before."""
    with RealTerminal([PTYD_COMMAND, "attach", session], detour.env, cols=80, rows=24) as terminal:
        yield terminal
        if not outlives:
            terminal.type(DETACH_KEYS)
        assert terminal.wait_for_end() == 0


@pytest.mark.timeout(choose_scale(240, 1200))
def test_each_question_is_answered_once(ptyd: PtydUnderTest, tmp_path: Path) -> None:
    asking = Asking(ptyd, tmp_path / "asking", seed=1)

    # Nobody is attached.
    asking.go_on()
    killed = ptyd.kill_daemon()
    ptyd.wait_for_new_daemon(killed)
    asking.go_on()

    # One is, over connections that break.
    with (
        make_detour(ptyd, "one", draw_faults(11, BYTES_BETWEEN_FAULTS), CUTS, disarmed=True) as detour,
        SdkClient(detour.address, asking.session, lossless=False),
    ):
        detour.proxy.arm()
        wait_until(lambda: asking.answered() and detour.proxy.is_spent, 120, lambda: f"{detour.proxy.struck}")
        asking.go_on()
    wait_for_clients(ptyd, asking.session, 0)
    asking.go_on()

    # Three are, of three sizes, one of them in a terminal, over connections that break; and the daemon is killed.
    with (
        make_detour(ptyd, "three", draw_faults(12, BYTES_BETWEEN_FAULTS), CUTS, disarmed=True) as detour,
        SdkClient(detour.address, asking.session, lossless=False, appearance={"background": DARK}) as first,
        SdkClient(detour.address, asking.session, cols=90, rows=30),
        cli_attached(detour, asking.session, outlives=False),
    ):
        wait_for_clients(ptyd, asking.session, 3)
        asking.go_on()
        first.term.take_control()
        asking.go_on()
        detour.proxy.arm()
        killed = ptyd.kill_daemon()
        wait_until(lambda: asking.answered() and detour.proxy.is_spent, 120, lambda: f"{detour.proxy.struck}")
        ptyd.wait_for_new_daemon(killed)
        wait_for_clients(ptyd, asking.session, 3)
        asking.go_on()
    wait_for_clients(ptyd, asking.session, 0)
    asking.go_on()
    assert asking.finish() >= QUESTIONS


def test_colours_are_those_of_who_is_in_control(ptyd: PtydUnderTest) -> None:
    ask = r"printf '\033]11;?\007'; head -c 24 | od -An -c | tr -d ' \n'"
    program = f"stty raw -echo; while head -c 1 >/dev/null; do {ask}; done"
    session = ptyd.request("create", argv=["bash", "-c", program])["id"]
    address = f"unix://{ptyd.sock_path}"

    def asks(told: str, times: int) -> None:
        wait_until(lambda: told * times in read_output(ptyd, session), what=lambda: read_output(ptyd, session))

    with (
        SdkClient(address, session, lossless=False, appearance={"background": DARK}) as dark,
        SdkClient(address, session, lossless=False, appearance={"background": LIGHT}) as light,
    ):
        dark.write(b"k")
        asks("rgb:1c1c/1c1c/1c1c", 1)
        light.write(b"k")
        asks("rgb:fafa/fafa/f0f0", 1)
        dark.write(b"k")
        wait_until(lambda: read_output(ptyd, session).count("1c1c/1c1c/1c1c") == 2)
        killed = ptyd.kill_daemon()
        ptyd.wait_for_new_daemon(killed)
        wait_until(lambda: dark.attached == light.attached == 2)
        light.write(b"k")
        wait_until(
            lambda: read_output(ptyd, session).count("fafa/fafa/f0f0") == 2, what=lambda: read_output(ptyd, session)
        )
    assert read_output(ptyd, session).count("rgb:") == 4


def read_output(ptyd: PtydUnderTest, session: str) -> str:
    data: bytes = ptyd.request("read_log", session=session)["data"]
    return data.decode(errors="replace")


# --- real programs ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["alone", "with clients"])
def onlookers(request: pytest.FixtureRequest, ptyd: PtydUnderTest) -> "Onlookers":
    return Onlookers(ptyd, request.param)


class Onlookers:
    """Who is attached while a program starts: nobody, or an SDK client and a terminal that would answer too."""

    def __init__(self, ptyd: PtydUnderTest, are_there: bool) -> None:
        self.ptyd = ptyd
        self.are_there = are_there

    @contextlib.contextmanager
    def watching(self, session: str, outlives: bool = True) -> Iterator[None]:
        if not self.are_there:
            yield
            return
        with (
            make_detour(self.ptyd, "d", iter(())) as detour,
            SdkClient(detour.address, session, lossless=False),
            cli_attached(detour, session, outlives=outlives),
        ):
            wait_for_clients(self.ptyd, session, 2)
            yield


def start(ptyd: PtydUnderTest, argv: list[str], cwd: Path, env: dict[str, str] | None = None, kind: str = "") -> str:
    """Start a program once somebody says so, so that it asks its questions when everybody is there: its session."""
    wait = ["sh", "-c", 'read _; exec "$@"', "sh"]
    session: str = ptyd.request(
        "create", argv=[*wait, *argv], cwd=str(cwd), env=env or {}, kind=kind or "command", cols=80, rows=24
    )["id"]
    return session


def send(ptyd: PtydUnderTest, session: str, keys: str) -> None:
    ptyd.request("send", session=session, data=keys.encode())


def screen_of(ptyd: PtydUnderTest, session: str) -> list[str]:
    text: str = ptyd.request("capture", session=session)["text"]
    return [line.rstrip() for line in text.splitlines()]


def wait_for_line(ptyd: PtydUnderTest, session: str, line: str) -> None:
    """Wait for a line that is ``line``, but for what stands apart at its right end."""
    wait_until(
        lambda: any(shown.partition("    ")[0] == line for shown in screen_of(ptyd, session)),
        30,
        lambda: "\n".join(screen_of(ptyd, session)),
    )


def test_vim_knows_its_terminal_and_shows_no_garbage(ptyd: PtydUnderTest, onlookers: Onlookers, tmp_path: Path) -> None:
    session = start(ptyd, ["vim", "--clean", "-i", "NONE", "--not-a-term"], tmp_path)
    with onlookers.watching(session):
        send(ptyd, session, "\r")
        # Not for its ruler: by when the answers come vim draws that again, or clears it.
        wait_until(lambda: any("Vi IMproved" in line for line in screen_of(ptyd, session)), 30)
        send(ptyd, session, ":echo strtrans(v:termresponse)\r")
        wait_for_line(ptyd, session, "^[[>1;10;0c")
        send(ptyd, session, ":echo 'changed:' . &modified . ' lines:' . string(getline(1, '$'))\r")
        wait_for_line(ptyd, session, "changed:0 lines:['']")
        send(ptyd, session, "iplain text\x1b:echo 'now ' . string(getline(1, '$'))\r")
        wait_for_line(ptyd, session, "now ['plain text']")
        send(ptyd, session, ":q!\r")
        assert ptyd.request("wait", session=session, until="exit")["exit_code"] == 0


def test_fish_starts_and_its_line_is_empty(ptyd: PtydUnderTest, onlookers: Onlookers, tmp_path: Path) -> None:
    prompt = "function fish_prompt; echo -n 'fish> '; end; function fish_greeting; end"
    session = start(
        ptyd, ["fish", "--private", "-C", prompt], tmp_path, {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    )
    with onlookers.watching(session):
        send(ptyd, session, "\r")
        wait_for_line(ptyd, session, "fish>")
        send(ptyd, session, "echo one-(math 1 + 1)\r")
        wait_for_line(ptyd, session, "one-2")
        wait_until(lambda: last_line(ptyd, session) == "fish>")
        lines = [line for line in screen_of(ptyd, session) if line]
        assert lines[-3:] == ["fish> echo one-(math 1 + 1)", "one-2", "fish>"], lines
        send(ptyd, session, "exit\r")
        assert ptyd.request("wait", session=session, until="exit")["exit_code"] == 0


def last_line(ptyd: PtydUnderTest, session: str) -> str:
    return [line for line in screen_of(ptyd, session) if line][-1]


@pytest.mark.claude
@pytest.mark.timeout(180)
def test_claude_starts_with_an_empty_prompt(ptyd: PtydUnderTest, onlookers: Onlookers, claude: HermeticClaude) -> None:
    session = start(ptyd, claude.argv, claude.cwd, claude.env, "claude")
    with onlookers.watching(session, outlives=False):
        send(ptyd, session, "\r")
        wait_until(lambda: claude.read_status() == "idle", 60, lambda: "\n".join(screen_of(ptyd, session)))
        # A lone key is drawn where the prompt begins: nothing else has been typed into it.
        send(ptyd, session, "plain-words")
        wait_until(
            lambda: any("plain-words" in line for line in screen_of(ptyd, session)),
            what=lambda: "\n".join(screen_of(ptyd, session)),
        )
        (prompt,) = [line for line in screen_of(ptyd, session) if "plain-words" in line]
        assert prompt.strip(" ❯>\xa0│") == "plain-words", prompt
