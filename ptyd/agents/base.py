"""What is known of one kind of program. The daemon treats every kind alike; an agent only fills in what it knows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ptyd_protocol.methods import SessionLimits


class Agent(Protocol):
    """Knowledge of one kind of program."""

    kind: str
    """The word of ``CreateParams.kind``."""

    limits: SessionLimits
    """What is sane for it, where neither its creator nor the configuration says otherwise."""

    usual_memory_bytes: int
    """What it takes soon after its start: so much has to be there before it is started."""

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        """The command to run, from what was asked for and the environment that it will get."""

    def session_name(self, argv: Sequence[str]) -> str:
        """What to call a session that was given no name."""
