"""Our hooks in the settings of Claude Code, beside the user's."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ptyd.agents.claude_settings import add_settings, build_hooks, find_program

OURS = {"Stop": [{"hooks": [{"type": "command", "command": "ours"}]}]}
THEIRS = {"Stop": [{"hooks": [{"type": "command", "command": "theirs"}]}], "PreToolUse": [{"matcher": "Bash"}]}


def add(argv: list[str], place: Path) -> tuple[list[str], dict[str, Any]]:
    """The command, and the settings written."""
    path = place / "settings.json"
    path.unlink(missing_ok=True)
    command = add_settings(argv, str(place), OURS, path)
    return command, json.loads(path.read_text()) if path.exists() else {}


def test_settings_of_our_own(tmp_path: Path) -> None:
    command, settings = add(["claude", "--model", "opus"], tmp_path)
    path = tmp_path / "settings.json"
    assert command == ["claude", "--settings", str(path), "--model", "opus"]
    assert settings == {"hooks": OURS}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("form", ["two words", "one word", "a file", "a file in the folder"])
def test_the_users_settings_stay(tmp_path: Path, form: str) -> None:
    theirs = {"model": "opus", "hooks": THEIRS}
    (tmp_path / "mine.json").write_text(json.dumps(theirs))
    given = {
        "two words": ["--settings", json.dumps(theirs)],
        "one word": [f"--settings={json.dumps(theirs)}"],
        "a file": ["--settings", str(tmp_path / "mine.json")],
        "a file in the folder": ["--settings", "mine.json"],
    }[form]
    command, settings = add(["claude", "-c", *given, "hello"], tmp_path)
    assert command == ["claude", "--settings", str(tmp_path / "settings.json"), "-c", "hello"]
    assert settings == {"model": "opus", "hooks": THEIRS | {"Stop": THEIRS["Stop"] + OURS["Stop"]}}
    assert json.loads((tmp_path / "mine.json").read_text()) == theirs


@pytest.mark.parametrize(
    "argv",
    [
        ["claude", "--settings", "not there.json"],
        ["claude", "--settings", "{no json"],
        ["claude", "--settings", '{"hooks": []}'],
        ["claude", "--settings", '{"hooks": {"Stop": 1}}'],
        ["cat", "x"],
        ["bash", "-c", "claude"],
    ],
)
def test_what_is_not_understood_is_left_as_it_is(tmp_path: Path, argv: list[str]) -> None:
    command, settings = add(argv, tmp_path)
    assert command == argv
    assert settings == {}


def test_behind_two_dashes_is_a_prompt(tmp_path: Path) -> None:
    command, _ = add(["claude", "--", "--settings", "x"], tmp_path)
    assert command[3:] == ["--", "--settings", "x"]


@pytest.mark.parametrize(
    ("argv", "at"),
    [
        (["claude"], 0),
        (["/usr/bin/claude", "x"], 0),
        (["/opt/claude-2.1"], 0),
        (["node", "/lib/cli.js", "x"], 1),
        (["nice", "claude"], 1),
        (["nice", "-n", "5", "claude"], None),
        (["cat"], None),
    ],
)
def test_which_word_is_the_program(argv: list[str], at: int | None) -> None:
    assert find_program(argv) == at


def test_hooks_that_note_are_not_waited_for_and_those_that_decide_are() -> None:
    hooks = build_hooks(Path("/run/it's here"))
    waited_for = {event for event, [entry] in hooks.items() if not entry["hooks"][0].get("async")}
    assert waited_for == {"PermissionRequest"}
