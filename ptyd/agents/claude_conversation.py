"""Which conversation a process of Claude Code begins with, by its command line; and where conversations are."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ptyd_protocol.conversations import KeepPolicy

from ptyd.agents.claude_arguments import parse_arguments
from ptyd.core.conversation import ConversationState, folder_of


def config_dir_of(environ: Mapping[str, str]) -> Path:
    """Where the CLI keeps its things in this environment."""
    said = environ.get("CLAUDE_CONFIG_DIR")
    return Path(said) if said else Path(environ.get("HOME") or "/") / ".claude"


def begin_conversation(
    argv: Sequence[str], cwd: str, environ: Mapping[str, str], keep: KeepPolicy, restart_on_failure: bool
) -> ConversationState:
    """Of a session that is about to start with this command, directory and environment."""
    return ConversationState(
        id=parse_arguments(argv).session_id,
        config_dir=str(config_dir_of(environ)),
        folder=folder_of(os.path.realpath(cwd)),
        keep=keep,
        restart_on_failure=restart_on_failure,
    )


def has_transcript(config_dir: str, conversation: str) -> bool:
    """Whether something was said in it: the CLI can resume no other."""
    return next((Path(config_dir) / "projects").glob(f"*/{conversation}.jsonl"), None) is not None
