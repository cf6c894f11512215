"""Which conversation a command line of Claude Code means, and how it is resumed."""

import uuid

import pytest

from ptyd.agents.claude_arguments import (
    arguments_to_begin,
    arguments_to_resume,
    parse_arguments,
    with_session_id,
)

ID = "b3eda9ba-0f8b-45c1-b51d-2c032db853ba"
OTHER = "957b0040-5da2-4892-8579-19cbbc81e896"


@pytest.mark.parametrize(
    "argv",
    [
        ["claude"],
        ["/usr/bin/claude", "--model", "opus", "mend it"],
        ["claude", "-p", "hello"],
        ["claude", "--", "--resume"],
        ["claude", "mcpx"],
    ],
)
def test_a_new_conversation_gets_an_id(argv: list[str]) -> None:
    made = with_session_id(argv)
    assert made[0] == argv[0] and made[3:] == argv[1:]
    assert made[1] == "--session-id" and parse_arguments(made).session_id == str(uuid.UUID(made[2]))


@pytest.mark.parametrize(
    "argv",
    [
        ["claude", "--resume", ID],
        ["claude", f"--resume={ID}"],
        ["claude", "-r"],
        ["claude", "--model", "opus", "-c"],
        ["claude", "--continue", "--fork-session"],
        ["claude", "--from-pr", "12"],
        ["claude", "--session-id", ID],
        ["claude", f"--session-id={ID}"],
        ["claude", "mcp", "list"],
        ["claude", "--version"],
        ["claude", "-p", "--no-session-persistence", "hello"],
        ["claude-wrapper"],
        ["sh", "-c", "exec claude"],
    ],
)
def test_what_has_one_or_needs_none_is_left_alone(argv: list[str]) -> None:
    """The CLI refuses --session-id together with --resume and --continue."""
    assert with_session_id(argv) == argv


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["--resume", ID], ID),
        (["-r", ID, "go on"], ID),
        ([f"--resume={ID}"], ID),
        (["--resume", "a title"], ""),
        (["--resume", ID, "--fork-session"], ""),
        (["--resume", ID, "--fork-session", "--session-id", OTHER], OTHER),
        (["--continue"], ""),
        (["--session-id", "no-uuid"], ""),
        (["--model", "--session-id", ID], ""),
    ],
)
def test_what_the_command_line_says(arguments: list[str], known: str) -> None:
    assert parse_arguments(["claude", *arguments]).session_id == known


def test_resumed_with_its_options_and_without_its_prompt() -> None:
    argv = [
        *("/opt/claude", "--session-id", OTHER, "--model", "opus", "mend the tests"),
        *("--allowedTools", "Bash(git *)", "Edit", "--permission-mode", "plan", "--verbose", "-w", "tree"),
        *("--add-dir", "/a", "/b", "--settings={}", "--some-new-flag"),
    ]
    kept = [
        *("--model", "opus", "--allowedTools", "Bash(git *)", "Edit", "--permission-mode", "plan", "--verbose"),
        *("--add-dir", "/a", "/b", "--settings={}", "--some-new-flag"),
    ]
    assert arguments_to_resume(argv, ID) == ["/opt/claude", "--resume", ID, *kept]
    assert arguments_to_begin(argv, ID) == ["/opt/claude", "--session-id", ID, *kept]
    assert arguments_to_resume(["claude", "-c"], ID) == ["claude", "--resume", ID]


def test_a_fork_is_told_its_id() -> None:
    argv = arguments_to_resume(["claude", "--resume", OTHER], ID, fork=True)
    assert argv[:4] == ["claude", "--resume", ID, "--fork-session"]
    assert parse_arguments(argv).session_id not in ("", ID)
