"""Any program: nothing is known of it."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from ptyd_protocol.limits import MIB
from ptyd_protocol.methods import SessionLimits


class CommandAgent:
    """A plain command; none given means the user's shell."""

    kind = "command"
    limits = SessionLimits()
    usual_memory_bytes = 2 * MIB
    """A shell. What else a command takes nobody knows."""

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return list(argv) or [environ.get("SHELL") or "/bin/sh"]

    def session_name(self, argv: Sequence[str]) -> str:
        return PurePath(argv[0]).name
