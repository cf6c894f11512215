"""Claude Code."""

from collections.abc import Mapping, Sequence


class ClaudeAgent:
    """The Claude Code CLI. ``argv`` names the binary first; none given means ``claude`` from the PATH."""

    kind = "claude"

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return list(argv) or ["claude"]

    def session_name(self, argv: Sequence[str]) -> str:
        return "claude"
