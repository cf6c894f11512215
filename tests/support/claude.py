"""The real Claude Code, pinned and hermetic: its own HOME, an environment from nothing, a loopback API."""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.support.claude_install import CLAUDE_VERSION, locate_claude

API_KEY = "sk-ant-" + "0123456789" * 4
"""Means nothing to anybody."""
APPROVED_KEY_CHARS = 20
"""How much of the key's end the CLI notes when a user approves it."""
FLAGS = ("--permission-mode", "default")
"""Without it the full-screen program may start in auto mode."""


@dataclass(frozen=True)
class HermeticClaude:
    """A place to run Claude Code in. ``env`` is the whole environment, ``argv`` the command."""

    program: Path
    home: Path
    cwd: Path
    env: dict[str, str]

    @property
    def argv(self) -> list[str]:
        return [str(self.program), *FLAGS]

    def read_status(self) -> str:
        """What the running program says of itself: "idle", "busy", "waiting"; "" where none runs."""
        for path in (self.home / ".claude" / "sessions").glob("*.json"):
            try:
                return str(json.loads(path.read_text()).get("status", ""))
            except (OSError, ValueError):  # being rewritten, or just removed
                return ""
        return ""

    def status_written_at(self, pid: int) -> float:
        """When the program last wrote that down, in Unix seconds; 0: it has not, or is gone."""
        try:
            return (self.home / ".claude" / "sessions" / f"{pid}.json").stat().st_mtime
        except OSError:
            return 0.0


def require_claude() -> Path:
    """The pinned program; says how to get it where it is missing."""
    program = locate_claude()
    if not program.exists():
        raise FileNotFoundError(f"Claude Code {CLAUDE_VERSION} is not at {program}: run ./dev setup")
    return program


def make_hermetic_claude(place: Path, api_url: str, project: str = "project") -> HermeticClaude:
    """Lay out ``place`` (an empty folder) as its HOME, temporary folder and trusted working directory ``project``."""
    home, cwd, temporary = place / "home", place / project, place / "tmp"
    for folder in (home, cwd, temporary):
        folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [API_KEY[-APPROVED_KEY_CHARS:]], "rejected": []},
        "projects": {str(cwd): {"hasTrustDialogAccepted": True}},
    }
    (home / ".claude.json").write_text(json.dumps(settings))
    program = require_claude()
    env = {
        "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **build_claude_variables(api_url),
    }
    return HermeticClaude(program, home, cwd, env)


def build_claude_variables(api_url: str) -> dict[str, str]:
    """What keeps the CLI on loopback, and its looks the same from run to run."""
    return {
        "ANTHROPIC_BASE_URL": api_url,
        "ANTHROPIC_API_KEY": API_KEY,
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",  # else it runs git against the internet
        "CLAUDE_CODE_NO_FLICKER": "1",  # pins the full-screen renderer
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "API_TIMEOUT_MS": "120000",
    }
