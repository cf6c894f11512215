"""``ptyd claude``."""

from typing import Any

import click

from ptyd_cli.creation import CLAUDE, Wish, create_and_attach, creation_options, find_claude


class ClaudeCommand(click.Command):
    """Everything is Claude Code's, unless there is a ``--``: then what stands before it is ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" not in args and args not in (["--help"], ["-h"]):
            args = ["--", *args]
        return super().parse_args(ctx, args)


@click.command("claude", cls=ClaudeCommand, context_settings={"allow_interspersed_args": False})
@creation_options
@click.argument("arguments", metavar="[--] [ARGUMENTS ...]", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...], **wish: Any) -> int:
    """Start Claude Code with ARGUMENTS in a new session and attach to it.

    All arguments go to Claude Code. Options for the session itself stand before a "--":

    \b
      ptyd claude --continue
      ptyd claude -n fix-42 -d -- --model opus "mend the tests"

    The program is $PTYD_CLAUDE, else the claude of your PATH.
    """
    return create_and_attach([find_claude(), *arguments], CLAUDE, Wish(**wish))
