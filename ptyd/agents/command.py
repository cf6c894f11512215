"""Any program: nothing is known of it but what a manifest says, or what shells have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from ptyd_protocol.limits import MIB
from ptyd_protocol.session_limits import SessionLimits

from ptyd.agents.base import Approver, Prompter
from ptyd.agents.manifest import ManifestObserver, Manifests
from ptyd.core.agent_state import Observation
from ptyd.core.agent_state.marks import observe_mark
from ptyd.core.screen.output_signals import OutputSignal

MANIFESTS = Manifests()


class CommandAgent:
    """A plain command; none given means the user's shell."""

    kind = "command"
    limits = SessionLimits()
    usual_memory_bytes = 2 * MIB
    """A shell. What else a command takes nobody knows."""
    has_hooks = False
    approver: Approver | None = None
    prompter: Prompter | None = None

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return list(argv) or [environ.get("SHELL") or "/bin/sh"]

    def session_name(self, argv: Sequence[str]) -> str:
        return PurePath(argv[0]).name

    def prepare(self, argv: Sequence[str], cwd: str, folder: Path, hooks: Path) -> list[str]:
        return list(argv)

    def registry_folder(self, environ: Mapping[str, str]) -> Path | None:
        return None

    def observe(self, argv: Sequence[str]) -> "CommandObserver | ManifestObserver":
        manifest = MANIFESTS.find(argv)
        return CommandObserver() if manifest is None else ManifestObserver(manifest)


class CommandObserver:
    """Understands a shell's prompt marks (agents/base.py's Observer)."""

    is_known = False
    reports = False
    looks_at_screen = False
    deciding_hooks: frozenset[str] = frozenset()

    def observe_signal(self, signal: OutputSignal, at: float) -> Observation | None:
        return observe_mark(signal.text, at) if signal.kind == "mark" else None

    def observe_registry(self, content: bytes | None, at: float) -> Observation | None:
        return None

    def observe_hook(self, event: str, content: bytes, at: float) -> Observation | None:
        return None

    def observe_screen(self, text: str, at: float) -> Observation | None:
        return None

    def read_transcript(self, path: Path, at: float) -> Observation | None:
        return None
