"""Claude Code."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ptyd_protocol.limits import MIB
from ptyd_protocol.session_limits import SessionLimits

from ptyd.agents.base import Approver, Prompter
from ptyd.agents.claude_approvals import ClaudeApprover
from ptyd.agents.claude_arguments import PROGRAM, with_session_id
from ptyd.agents.claude_evidence import (
    DECIDING_EVENTS,
    observe_hook,
    observe_no_registry,
    observe_registry,
    observe_title,
    read_hook,
    read_registry,
)
from ptyd.agents.claude_prompts import ClaudePrompter
from ptyd.agents.claude_settings import add_settings, build_hooks
from ptyd.agents.claude_transcript import observe_tail, read_tail
from ptyd.core.agent_state import Observation
from ptyd.core.screen.output_signals import OutputSignal

SETTINGS_NAME = "settings.json"


class ClaudeAgent:
    """The Claude Code CLI. ``argv`` names the binary first; none given means ``claude`` from the PATH. It is told
    the id of its conversation, so that we know it."""

    kind = "claude"

    limits = SessionLimits(memory_bytes=8192 * MIB)
    """It takes 200-300 MB itself, and what it starts (compilers, browsers, test runs) seldom 4 GB. Twice that is a leak
    that would take the machine, and with it every other session."""

    usual_memory_bytes = 300 * MIB

    has_hooks = True
    approver: Approver | None = ClaudeApprover()
    prompter: Prompter | None = ClaudePrompter()

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return with_session_id(argv or [PROGRAM])

    def session_name(self, argv: Sequence[str]) -> str:
        return "claude"

    def prepare(self, argv: Sequence[str], cwd: str, folder: Path, hooks: Path) -> list[str]:
        return add_settings(argv, cwd, build_hooks(hooks), folder / SETTINGS_NAME)

    def registry_folder(self, environ: Mapping[str, str]) -> Path | None:
        configuration = environ.get("CLAUDE_CONFIG_DIR")
        if configuration:
            return Path(configuration) / "sessions"
        home = environ.get("HOME")
        return Path(home) / ".claude" / "sessions" if home else None

    def observe(self, argv: Sequence[str]) -> "ClaudeObserver":
        return ClaudeObserver()


class ClaudeObserver:
    """Reads one session of it (agents/base.py's Observer)."""

    is_known = True
    reports = True
    looks_at_screen = True
    deciding_hooks = DECIDING_EVENTS

    def observe_signal(self, signal: OutputSignal, at: float) -> Observation | None:
        match signal.kind:
            case "title":
                return observe_title(signal.text, at)
            case "notification":
                return Observation(source="notification", at=at, text=f"it notified: {signal.text!r}")
            case _:
                return None  # progress goes on while a background task runs: it tells nothing of waiting

    def observe_registry(self, content: bytes | None, at: float) -> Observation | None:
        if content is None:
            return observe_no_registry(at)
        file = read_registry(content)
        return None if file is None else observe_registry(file, at)

    def observe_hook(self, event: str, content: bytes, at: float) -> Observation | None:
        return observe_hook(read_hook(event, content), at)

    def observe_screen(self, text: str, at: float) -> Observation | None:
        for words, detail in STARTING_DIALOGS:
            if words in text:
                return Observation(
                    source="screen",
                    at=at,
                    text=f"the screen shows {words!r}",
                    state="waiting",
                    waits_for="input",
                    detail=detail,
                )
        return None

    def read_transcript(self, path: Path, at: float) -> Observation | None:
        try:
            return observe_tail(read_tail(path), at)
        except OSError:
            return None  # nothing has been said yet, or it was removed


STARTING_DIALOGS = (
    ("Yes, I trust this folder", "whether to trust the folder"),
    ("Choose the text style", "the choice of a theme"),
    ("Select login method", "a login"),
    ("Do you want to use this API key", "whether to use the API key"),
    ("Press Enter to continue", "Enter"),
)
"""What it asks before it keeps a registry file: nothing else tells of that. The words, and what it waits for."""
