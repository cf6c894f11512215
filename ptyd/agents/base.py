"""What is known of one kind of program. The daemon treats every kind alike; an agent only fills in what it knows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ptyd_protocol.methods import SessionLimits

from ptyd.core.agent_state import Observation
from ptyd.core.output_signals import OutputSignal


class Observer(Protocol):
    """Reads what is seen of one session's program. Whatever comes, nothing is raised; None: it says nothing.

    ``at``: Unix seconds.
    """

    is_known: bool
    """It tells more of itself than its output."""

    reports: bool
    """It keeps a registry file or calls hooks."""

    looks_at_screen: bool
    """It has something to find in the screen's text."""

    deciding_hooks: frozenset[str]
    """The events whose hooks wait for an answer."""

    def observe_signal(self, signal: OutputSignal, at: float) -> Observation | None:
        """What it wrote to its terminal."""

    def observe_registry(self, content: bytes | None, at: float) -> Observation | None:
        """What the file that it keeps of itself holds; None: there is none any more."""

    def observe_hook(self, event: str, content: bytes, at: float) -> Observation | None:
        """What its hook for ``event`` was told."""

    def observe_screen(self, text: str, at: float) -> Observation | None:
        """What stands on its screen."""

    def read_transcript(self, path: Path, at: float) -> Observation | None:
        """What the end of its transcript tells. Blocks on the disk."""


class Agent(Protocol):
    """Knowledge of one kind of program."""

    kind: str
    """The word of ``CreateParams.kind``."""

    limits: SessionLimits
    """What is sane for it, where neither its creator nor the configuration says otherwise."""

    usual_memory_bytes: int
    """What it takes soon after its start: so much has to be there before it is started."""

    has_hooks: bool
    """``prepare`` has it call hooks."""

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """The command to run, from what was asked for and the environment that it will get."""

    def session_name(self, argv: Sequence[str]) -> str:
        """What to call a session that was given no name."""

    def prepare(self, argv: Sequence[str], cwd: str, folder: Path, hooks: Path) -> list[str]:
        """The command as it is executed, where the program is told what to report. ``folder``: the session's own, for
        what that takes; ``hooks``: where hooks leave what they are told.

        Raises:
            OSError: ``folder`` cannot be written to.
        """

    def registry_folder(self, environ: Mapping[str, str]) -> Path | None:
        """Where the program keeps a file of its own state, ``PID.json``; None: it does not."""

    def observe(self, argv: Sequence[str]) -> Observer:
        """What reads a session of such a program."""
