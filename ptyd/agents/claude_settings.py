"""The settings that Claude Code is started with: the user's, and our hooks.

``--settings`` may be given once. So what the user gave is read, our hooks are put behind theirs, and the whole is
written to a file of the session's own. What cannot be read is left as it is: the CLI then says what is wrong with it.
"""

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from ptyd.agents.claude_evidence import DECIDING_EVENTS, HOOK_EVENTS

OPTION = "--settings"
PROGRAM = "claude"
SCRIPTS = frozenset({"cli.js", "claude.js", "claude.exe"})
"""What the program is called where an interpreter is given it."""

NOTE_TIMEOUT_SECONDS = 10
DECISION_TIMEOUT_SECONDS = 24 * 3600
"""The program shows its dialog meanwhile, and goes on when that is answered."""

# The shell is the user's (bash, zsh or sh). Nothing is printed, and 0 is returned, whatever happens: exit status 2
# would keep the program from what it was about to do.
# What is told is always read to its end: the program may take offence at a pipe that breaks.
_NOTE_SCRIPT = "{{ [ -d {folder} ] && cat >{folder}/{event}.$$ || cat >/dev/null; }} 2>/dev/null; exit 0"

_DECISION_SCRIPT = (
    "exec 2>/dev/null; f={folder}/{event}.$$;"
    ' mkfifo -m 600 "$f.reply" || {{ cat >/dev/null; exit 0; }}; exec 3<>"$f.reply"; cat >"$f";'
    ' read -r word <&3; [ "$word" = answer ] && cat "$f.answer"; rm -f "$f.reply" "$f.answer"; exit 0'
)
"""The FIFO is open for reading before the daemon can know of it, so its answer is never lost
(edge/watching/hook_spool.py)."""


def build_hooks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The value of ``hooks``, for hooks that leave what they are told in ``folder``."""
    return {event: [{"hooks": [_build_hook(event, shlex.quote(str(folder)))]}] for event in HOOK_EVENTS}


def _build_hook(event: str, folder: str) -> dict[str, Any]:
    if event in DECIDING_EVENTS:
        command = _DECISION_SCRIPT.format(folder=folder, event=event)
        return {"type": "command", "command": command, "timeout": DECISION_TIMEOUT_SECONDS}
    command = _NOTE_SCRIPT.format(folder=folder, event=event)
    return {"type": "command", "command": command, "timeout": NOTE_TIMEOUT_SECONDS, "async": True}


def add_settings(argv: Sequence[str], cwd: str, hooks: dict[str, list[dict[str, Any]]], path: Path) -> list[str]:
    """The command with our hooks in its settings, which are written to ``path``. The command as it is where it is none
    of Claude Code's, or where the user's own settings are not such as we understand.

    Raises:
        OSError: ``path`` cannot be written.
    """
    at = find_program(argv)
    if at is None:
        return list(argv)
    given, rest = _take_option(argv[at + 1 :])
    settings = {} if given is None else _read_settings(given, cwd)
    theirs = None if settings is None else settings.get("hooks", {})
    if settings is None or not isinstance(theirs, dict) or not all(isinstance(one, list) for one in theirs.values()):
        return list(argv)
    merged = {**settings, "hooks": theirs | {event: [*theirs.get(event, []), *ours] for event, ours in hooks.items()}}
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(merged, file)
    return [*argv[: at + 1], OPTION, str(path), *rest]


def find_program(argv: Sequence[str]) -> int | None:
    """Which word of the command is Claude Code: the first, or one that an interpreter or wrapper is given."""
    for at, word in enumerate(argv):
        name = PurePath(word).name
        if name == PROGRAM or name in SCRIPTS or (at == 0 and name.startswith(PROGRAM)):
            return at
        if at and word.startswith("-"):
            return None  # options of a wrapper: what follows them nobody knows
    return None


def _take_option(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of the last ``--settings``, and the words without any."""
    given, rest, at = None, [], 0
    while at < len(words):
        word = words[at]
        if word == "--":
            break
        if word == OPTION and at + 1 < len(words):
            given, at = words[at + 1], at + 2
        elif word.startswith(f"{OPTION}="):
            given, at = word.removeprefix(f"{OPTION}="), at + 1
        else:
            rest.append(word)
            at += 1
    return given, [*rest, *words[at:]]


def _read_settings(given: str, cwd: str) -> dict[str, Any] | None:
    """``given``: JSON, or the path of a file. None: neither can be had of it."""
    try:
        text = given if given.lstrip().startswith("{") else (Path(cwd) / given).read_text(encoding="utf-8")
        settings = json.loads(text)
    except (OSError, ValueError):
        return None
    return settings if isinstance(settings, dict) else None
