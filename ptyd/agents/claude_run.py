"""Claude Code as a structured run: the prompt from a file, lines of JSON out, no terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ptyd_protocol.runs import RunParams

from ptyd.agents.claude import ClaudeAgent

STRUCTURED: Final = ("-p", "--output-format=stream-json", "--verbose")
"""``stream-json`` needs ``--verbose``. The prompt is read from the standard input."""


class ClaudeRunAgent(ClaudeAgent):
    """As Claude Code in a terminal, as far as resources go."""

    kind = "run"

    has_hooks = False
    """Its lines say all that hooks would, and what hooks do would be among them."""
    approver = None
    prompter = None

    def build_argv(self, argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
        return list(argv)

    def session_name(self, argv: Sequence[str]) -> str:
        return "run"

    def prepare(self, argv: Sequence[str], cwd: str, folder: Path, hooks: Path) -> list[str]:
        return list(argv)


def build_run_argv(params: RunParams, new_conversation: str) -> list[str]:
    """The command of a run. Values go with their flags in one word: none can be taken for a flag of its own.

    ``new_conversation``: the id (a UUID) of the one that it begins, unless it resumes one.
    """
    argv = [params.program or "claude", *STRUCTURED]
    if params.partial:
        argv.append("--include-partial-messages")
    if params.model:
        argv.append(f"--model={params.model}")
    if params.max_turns is not None:
        argv.append(f"--max-turns={params.max_turns}")
    if params.resume:
        argv.append(f"--resume={params.resume}")
    if params.resume and params.fork:
        argv.append("--fork-session")
    if not params.resume:
        argv.append(f"--session-id={new_conversation}")
    return argv
