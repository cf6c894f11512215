"""What docs/claude.md says of Claude Code, fact by fact, without ptyd: when one fails, the program has moved.

``make claude-facts`` asks the newest version.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ptyd.agents.claude import STARTING_DIALOGS
from ptyd.agents.claude_evidence import HOOK_EVENTS, PERMISSION_WAITS, QUESTION_WAITS
from ptyd.agents.claude_settings import build_hooks
from tests.support.claude import HermeticClaude
from tests.support.claude_install import PINNED_VERSION
from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.terminal import RealTerminal
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.claude, pytest.mark.timeout(180)]

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "claude.md").read_text(encoding="utf-8")

Told = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    folder = tmp_path / "hooks"
    folder.mkdir()
    return folder


@pytest.fixture
def told(hooks: Path) -> Told:
    """What hooks were told: of one event, in the order of their processes."""

    def read(event: str) -> list[dict[str, Any]]:
        found = []
        for path in sorted(hooks.glob(f"{event}.*"), key=lambda path: path.stat().st_mtime_ns):
            if path.suffix[1:].isdigit() and path.stat().st_size:
                found.append(json.loads(path.read_text()))
        return found

    return read


@pytest.fixture
def terminal(claude: HermeticClaude, hooks: Path, tmp_path: Path) -> Iterator[RealTerminal]:
    """Claude Code with our hooks, of which none is answered, ready for keys."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"hooks": build_hooks(hooks)}))
    with RealTerminal([*claude.argv, "--settings", str(settings)], claude.env, cwd=claude.cwd) as terminal:
        wait_until(lambda: claude.read_status() == "idle", 30, terminal.text)
        yield terminal


def read_registry(claude: HermeticClaude, terminal: RealTerminal) -> dict[str, Any]:
    """The file by the program's own process id, whole."""
    path = claude.home / ".claude" / "sessions" / f"{terminal.pid}.json"

    def read() -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError):
            return None
        return found

    content = wait_until(read)
    assert content is not None
    return content


def allow(terminal: RealTerminal) -> bool:
    """Say yes as long as it asks: for a moment it is deaf. False."""
    if "Do you want to proceed?" in terminal.text():
        terminal.type("1")
    return False


def test_registry_file(claude: HermeticClaude, terminal: RealTerminal, api: FakeMessagesApi) -> None:
    middle = api.gate()
    api.script("hold on", ["One line.\n\nAnd ", middle, "another."])
    idle = read_registry(claude, terminal)
    assert (idle["pid"], idle["status"]) == (terminal.pid, "idle")
    assert idle["sessionId"]
    assert idle["statusUpdatedAt"] > 1_700_000_000_000  # milliseconds
    terminal.type("hold on\r")
    middle.wait_reached()
    wait_until(lambda: read_registry(claude, terminal)["status"] == "busy")
    middle.open()
    wait_until(lambda: read_registry(claude, terminal)["status"] == "idle")


def test_registry_file_while_it_waits(claude: HermeticClaude, terminal: RealTerminal, api: FakeMessagesApi) -> None:
    question = {
        "question": "Which one?",
        "header": "Pick",
        "multiSelect": False,
        "options": [{"label": "First", "description": "a"}, {"label": "Second", "description": "b"}],
    }
    api.script("may I", [ToolUse("Bash", {"command": "echo x > y", "description": "writes"})], ["done."])
    api.script("ask me", [ToolUse("AskUserQuestion", {"questions": [question]})], ["chosen."])
    terminal.type("may I\r")
    waiting = wait_until(lambda: (one := read_registry(claude, terminal))["status"] == "waiting" and one)
    assert waiting["waitingFor"] in PERMISSION_WAITS
    terminal.wait_for_text("Do you want to proceed?")
    terminal.type("\x1b")
    wait_until(lambda: read_registry(claude, terminal)["status"] == "idle")
    terminal.type("ask me\r")
    waiting = wait_until(lambda: (one := read_registry(claude, terminal))["status"] == "waiting" and one)
    assert waiting["waitingFor"] in QUESTION_WAITS


def test_registry_file_with_a_task_in_the_background(
    claude: HermeticClaude, terminal: RealTerminal, api: FakeMessagesApi
) -> None:
    command = {"command": "sleep 60", "description": "waits", "run_in_background": True}
    api.script("later", [ToolUse("Bash", command)], ["started."])
    terminal.type("later\r")
    wait_until(lambda: read_registry(claude, terminal)["status"] == "shell")


def test_hooks_and_what_they_are_told(terminal: RealTerminal, api: FakeMessagesApi, told: Told) -> None:
    api.script("run it", [ToolUse("Bash", {"command": "echo x > y", "description": "writes"})], ["done."])
    api.script("fail", [HttpError(400, "as it was scripted")])
    terminal.type("run it\r")
    terminal.wait_for_text("Do you want to proceed?")
    [request] = wait_until(lambda: told("PermissionRequest"))
    assert (request["tool_name"], request["tool_input"]["command"]) == ("Bash", "echo x > y")
    wait_until(lambda: allow(terminal) or told("Stop"), 30)
    terminal.type("\x15fail\r")
    [failure] = wait_until(lambda: told("StopFailure"), 30)
    assert "as it was scripted" in failure["last_assistant_message"]
    [start], [before], [after] = told("SessionStart"), told("PreToolUse"), told("PostToolUse")
    assert start["source"] == "startup"
    assert start["model"]
    assert before["tool_use_id"] == after["tool_use_id"]
    prompt = told("UserPromptSubmit")[0]
    assert (prompt["prompt"], prompt["permission_mode"]) == ("run it", "default")
    assert told("Stop")[0]["background_tasks"] == []
    for one in (start, prompt, before, after, request, failure):
        assert Path(one["transcript_path"]).name == f"{one['session_id']}.jsonl"
    terminal.type("\x15/exit\r")
    assert terminal.wait_for_end() == 0
    [end] = wait_until(lambda: told("SessionEnd"))
    assert end["reason"] == "prompt_input_exit"


def test_nothing_of_hooks_stays_on_the_screen_nor_is_waited_for(terminal: RealTerminal, hooks: Path) -> None:
    """Where nobody takes what they leave, and where their folder is gone. While one runs, its status line says so."""
    terminal.type("hello\r")
    terminal.wait_for_text("You said: hello")
    for path in hooks.glob("*"):
        path.unlink()
    hooks.rmdir()
    terminal.type("and again\r")
    terminal.wait_for_text("You said: and again")
    terminal.wait_for(lambda screen: "hook" not in screen.text().lower(), "nothing of hooks")


def test_a_hook_decides_while_the_dialog_stands(
    claude: HermeticClaude, terminal: RealTerminal, api: FakeMessagesApi, hooks: Path
) -> None:
    api.script("run it", [ToolUse("Bash", {"command": "echo x > y", "description": "writes"})], ["done."])
    terminal.type("run it\r")
    terminal.wait_for_text("Do you want to proceed?")
    [path] = wait_until(lambda: [one for one in hooks.glob("PermissionRequest.*") if one.suffix[1:].isdigit()])
    decision = {"hookEventName": "PermissionRequest", "decision": {"behavior": "allow"}}
    path.with_name(f"{path.name}.answer").write_text(json.dumps({"hookSpecificOutput": decision}))
    path.with_name(f"{path.name}.reply").write_text("answer\n")
    wait_until(lambda: (claude.cwd / "y").exists(), 30, terminal.text)
    wait_until(lambda: claude.read_status() == "idle", 30, terminal.text)


def test_titles(terminal: RealTerminal, api: FakeMessagesApi) -> None:
    middle = api.gate()
    api.script("hold on", ["One line.\n\nAnd ", middle, "another."])
    wait_until(lambda: terminal.screen.title.startswith("✳"))
    terminal.type("hold on\r")
    middle.wait_reached()
    wait_until(lambda: terminal.screen.title[:1] in "◐◑")
    middle.open()
    wait_until(lambda: terminal.screen.title.startswith("✳"))


def test_the_dialog_about_trust(claude: HermeticClaude) -> None:
    settings = claude.home / ".claude.json"
    settings.write_text(settings.read_text().replace("hasTrustDialogAccepted", "somethingElse"))
    with RealTerminal(claude.argv, claude.env, cwd=claude.cwd) as terminal:
        terminal.wait_for_text(STARTING_DIALOGS[0][0])
        assert claude.read_status() == ""


# --- the document


def list_facts() -> list[list[str]]:
    section = DOCUMENT.partition("\n## Facts\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return [list(row) for row in rows if row[0] != "fact" and not row[0].startswith("---")]


def test_each_fact_was_checked_against_the_pinned_version() -> None:
    """Who raises the pin looks at each again."""
    facts = list_facts()
    assert len(facts) >= 10
    assert {version for _, _, version in facts} == {PINNED_VERSION}


@pytest.mark.parametrize("fact", list_facts(), ids=lambda fact: fact[0][:40])
def test_each_fact_names_its_test(fact: list[str]) -> None:
    root = Path(__file__).resolve().parents[2]
    file, _, name = fact[1].strip("`").partition("::")
    text = (root / "tests" / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text or not name


def test_the_hooks_are_named() -> None:
    assert set(HOOK_EVENTS) <= set(re.findall(r"\w+", DOCUMENT))
