"""The pinned Claude Code without ptyd: whether it still is what the other tests take it for.

When one of these fails after CLAUDE_VERSION was raised, the program has moved, and not ptyd.
"""

import json
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.support.claude import HermeticClaude
from tests.support.claude_install import CLAUDE_VERSION
from tests.support.fake_messages_api import FakeMessagesApi
from tests.support.pictures import make_png, pictures_of
from tests.support.screen import INITIAL_MODES
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_for_event, wait_until

pytestmark = pytest.mark.claude

MODES_OF_THE_TUI = {1000, 1002, 1003, 1004, 1006, 1049, 2004, 2031}
"""Mouse, focus, alternate screen, bracketed paste, colour scheme reports."""


@pytest.fixture
def terminal(claude: HermeticClaude) -> Iterator[RealTerminal]:
    """Claude Code in a terminal, ready for keys."""
    with RealTerminal(claude.argv, claude.env, cwd=claude.cwd) as terminal:
        wait_until(lambda: claude.read_status() == "idle", what=terminal.text)
        yield terminal


def test_the_pinned_version_is_installed(claude: HermeticClaude) -> None:
    answer = subprocess.run([claude.program, "--version"], env=claude.env, capture_output=True, text=True, check=True)
    assert answer.stdout.split()[0] == CLAUDE_VERSION


def test_it_talks_only_to_the_api_it_is_given(claude: HermeticClaude, api: FakeMessagesApi) -> None:
    done = subprocess.run(
        [*claude.argv, "-p", "hello"],
        env=claude.env,
        cwd=claude.cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "You said: hello"
    assert len(api.turns) == 1


def test_it_sets_and_leaves_the_modes_that_are_known(terminal: RealTerminal) -> None:
    assert terminal.screen.modes >= MODES_OF_THE_TUI
    terminal.type("/exit\r")
    assert terminal.wait_for_end() == 0
    assert terminal.screen.modes == INITIAL_MODES
    assert not terminal.screen.in_alternate
    assert terminal.screen.kitty_flags == 0


def test_it_shows_an_answer_while_it_streams(
    terminal: RealTerminal, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    middle = api.gate()
    api.script("count to two", ["First line.\n\nand then ", middle, "the second.\n"])
    terminal.type("please count to two\r")
    middle.wait_reached()
    terminal.wait_for_text("First line.")
    assert claude.read_status() == "busy"
    middle.open()
    terminal.wait_for_text("and then the second.")
    wait_until(lambda: claude.read_status() == "idle")


def test_esc_interrupts_it(terminal: RealTerminal, claude: HermeticClaude, api: FakeMessagesApi) -> None:
    api.script("count to two", ["First line.\n\nand then ", api.gate(), "the second.\n"])
    terminal.type("please count to two\r")
    terminal.wait_for_text("First line.")
    terminal.type("\x1b")
    wait_for_event(api.wait_for_turn().finished)
    assert api.turns[0].hung_up
    wait_until(lambda: claude.read_status() == "idle")
    assert "the second" not in terminal.text()


def test_it_repaints_for_a_new_size(terminal: RealTerminal) -> None:
    terminal.resize(60, 20)
    terminal.wait_for(lambda screen: "─" * 60 in screen.lines(), "a rule as wide as the window")


def test_it_attaches_a_picture_whose_path_is_pasted(
    terminal: RealTerminal, claude: HermeticClaude, api: FakeMessagesApi
) -> None:
    """With its spaces escaped, and several with a space between them."""
    pictures = [make_png(255, 0, 0), make_png(0, 0, 255)]
    for name, picture in zip(("red one.png", "blue.png"), pictures, strict=True):
        (claude.home / name).write_bytes(picture)
    terminal.type(f"\x1b[200~{claude.home}/red\\ one.png {claude.home}/blue.png \x1b[201~")
    terminal.wait_for_text("[Image #1] [Image #2]")
    terminal.type("compare\r")
    assert pictures_of(api.wait_for_turn()) == pictures


def test_an_id_of_our_choice_goes_with_a_new_conversation_only(claude: HermeticClaude, api: FakeMessagesApi) -> None:
    """And the CLI writes down, as the last thing, what it has cost."""
    known, other = str(uuid.uuid4()), str(uuid.uuid4())

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*claude.argv, "-p", *arguments],
            env=claude.env,
            cwd=claude.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("--session-id", known, "hello").returncode == 0
    [transcript] = (claude.home / ".claude" / "projects").glob(f"*/{known}.jsonl")
    assert json.loads(transcript.read_text().splitlines()[-1])["type"] == "cost-state"
    for how in (["--resume", known], ["--continue"]):
        refused = run("--session-id", other, *how, "hello")
        assert refused.returncode == 1 and "--fork-session" in refused.stderr
    assert run("--session-id", other, "--resume", known, "--fork-session", "hello").returncode == 0
    missing = run("--resume", str(uuid.uuid4()), "hello")
    assert missing.returncode == 1 and "No conversation found" in missing.stderr
