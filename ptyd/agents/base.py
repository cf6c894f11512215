"""What is known of one kind of program. The daemon treats every kind alike; an agent only fills in what it knows."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Agent(Protocol):
    """Knowledge of one kind of program."""

    kind: str
    """The word of ``CreateParams.kind``."""

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """The command to run, from what was asked for and the environment that it will get."""

    def session_name(self, argv: Sequence[str]) -> str:
        """What to call a session that was given no name."""
