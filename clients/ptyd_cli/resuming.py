"""What `ptyd resume` and `ptyd fork` share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from ptyd_protocol import limits
from ptyd_protocol.conversations import ResumeParams

from ptyd_cli.calls import ask
from ptyd_cli.creation import (
    CLAUDE,
    KEEP_OPTIONS,
    Wish,
    build_environment,
    choose_size,
    find_claude,
    make_and_attach,
)
from ptyd_cli.errors import CliError
from ptyd_cli.options import clipboard_option, json_option

Function = TypeVar("Function", bound=Callable[..., Any])


def resume_options(function: Function) -> Function:
    """As of `ptyd new`, as far as they make sense here; the function gets Wish's fields."""
    options = [
        click.option("-n", "--name", default="", metavar="NAME", help="The session's name; else as it was."),
        click.option("-d", "--detached", "is_detached", is_flag=True, help="Do not attach; print its name."),
        click.option(
            "-e", "--env", "variables", multiple=True, metavar="K=V", help="Set an environment variable; as `ptyd new`."
        ),
        click.option("--cols", type=click.IntRange(limits.MIN_COLS, limits.MAX_COLS), help="Columns, when detached."),
        click.option("--rows", type=click.IntRange(limits.MIN_ROWS, limits.MAX_ROWS), help="Rows, when detached."),
        click.option("--force", "is_forced", is_flag=True, help="Attach even inside another session."),
        json_option,
        clipboard_option,
        *KEEP_OPTIONS,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def resume_conversation(conversation: str, wish: Wish, *, fork: bool) -> int:
    """Returns the exit code. Raises CliError, PtydError."""
    return make_and_attach(
        wish,
        lambda size: ask("resume", build_params(conversation, wish, size, fork=fork)),
        "fork" if fork else "resume",
    )


def build_params(conversation: str, wish: Wish, size: tuple[int, int], *, fork: bool) -> ResumeParams:
    cols, rows = choose_size(wish, size)
    return ResumeParams(
        conversation=conversation,
        fork=fork,
        program=find_program(),
        name=wish.name,
        env=build_environment(wish, CLAUDE),
        cols=cols,
        rows=rows,
        keep=wish.keep,
        restart_on_failure=wish.is_restarted,
    )


def find_program() -> str:
    """Claude Code's here; empty where there is none: a kept session knows its own."""
    try:
        return find_claude()
    except CliError:
        return ""
