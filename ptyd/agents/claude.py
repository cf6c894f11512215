"""Claude Code."""

from collections.abc import Mapping, Sequence

from ptyd_protocol.limits import MIB
from ptyd_protocol.methods import SessionLimits

from ptyd.agents.claude_arguments import PROGRAM, with_session_id


class ClaudeAgent:
    """The Claude Code CLI. ``argv`` names the binary first; none given means ``claude`` from the PATH. It is told
    the id of its conversation, so that we know it."""

    kind = "claude"

    limits = SessionLimits(memory_bytes=8192 * MIB)
    """It takes 200-300 MB itself, and what it starts (compilers, browsers, test runs) seldom 4 GB. Twice that is a leak
    that would take the machine, and with it every other session."""

    usual_memory_bytes = 300 * MIB

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return with_session_id(argv or [PROGRAM])

    def session_name(self, argv: Sequence[str]) -> str:
        return "claude"
