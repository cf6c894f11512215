"""``ptyd wait``."""

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, get_args

import click
from ptyd_protocol.activity import ActivityState
from ptyd_protocol.sessions import SessionInfo, SessionParams
from ptyd_sdk import Session, connect

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import exit_status, print_json, printable

Waiting = Callable[[Session], Coroutine[Any, Any, Any]]


@click.command("wait")
@session_argument
@click.option("--exit", "is_for_exit", is_flag=True, help="Until the program ends; exits with its status.")
@click.option("--text", "pattern", metavar="PATTERN", help="Until its output holds this regular expression.")
@click.option(
    "--idle",
    "idle_seconds",
    type=click.FloatRange(0.01, 86_400),
    metavar="SECONDS",
    help="Until it has written nothing for so long.",
)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(get_args(ActivityState)),
    help="Until its program does this; given again: or that.",
)
@click.option("--timeout", type=click.FloatRange(min=0), metavar="S", help="Give up after so many seconds, with 124.")
@json_option
def command(
    session: str,
    is_for_exit: bool,
    pattern: str | None,
    idle_seconds: float | None,
    states: tuple[ActivityState, ...],
    timeout: float | None,
    is_json: bool,
) -> int:
    """Wait for one thing to happen in session NAME.

    --text reads the log with control sequences removed, from its beginning: what has been printed already
    counts, and what a full-screen program draws is found in the order in which it was drawn. The expression
    is Python's; it is found within a line or across several.

    --state knows what Claude Code does, shells that mark their prompts, and whom a manifest describes: starting, idle,
    working, waiting (for a permission, an answer or other input); of other programs only active, quiet and bell.
    """
    if [is_for_exit, pattern is not None, idle_seconds is not None, bool(states)].count(True) != 1:
        raise click.UsageError("wait for exactly one of --exit, --text, --idle and --state")
    if states:
        waiting = wait_for_state(states, timeout)
    elif pattern is not None:
        waiting = wait_for_text(pattern, timeout)
    elif idle_seconds is not None:
        waiting = wait_for_silence(idle_seconds, timeout)
    else:
        waiting = wait_for_exit(timeout)
    found: SessionInfo = ask_about_session("get", SessionParams(session=session))
    info = asyncio.run(run_waiting(found.id, waiting))
    if is_json:
        print_json(info)
    if is_for_exit and info.end_reason:
        print(f"ptyd: session {printable(info.name)} was ended: {printable(info.end_reason)}", file=sys.stderr)
    return exit_status(info) if is_for_exit else 0


async def run_waiting(session_id: str, waiting: Waiting) -> SessionInfo:
    """Wait, over a connection that survives a restart of the daemon; returns the session as it is then."""
    async with connect() as ptyd:
        session = await ptyd.get(session_id)
        await waiting(session)
        return session.info


def wait_for_exit(timeout: float | None) -> Waiting:
    return lambda session: session.wait_exit(timeout)


def wait_for_state(states: Sequence[ActivityState], timeout: float | None) -> Waiting:
    return lambda session: session.wait_state(*states, timeout=timeout)


def wait_for_silence(seconds: float, timeout: float | None) -> Waiting:
    return lambda session: session.wait_idle(seconds, timeout)


def wait_for_text(pattern: str, timeout: float | None) -> Waiting:
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise click.BadParameter(f"{pattern!r} is no regular expression: {error}", param_hint="--text") from None
    return lambda session: session.wait_text(compiled, timeout)
