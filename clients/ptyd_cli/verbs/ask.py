"""``ptyd ask``."""

import asyncio
import sys

import click
from ptyd_protocol.prompts import Prompt
from ptyd_protocol.sessions import SessionParams
from ptyd_sdk import connect

from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import ExitCode, say
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json, printable


@click.command("ask")
@session_argument
@click.argument("text", metavar="TEXT")
@click.option("--wait", "is_waited_for", is_flag=True, help="Wait for the answer, and print it.")
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="S", help="With --wait: give up after so long, with 124."
)
@json_option
def command(session: str, text: str, is_waited_for: bool, timeout: float | None, is_json: bool) -> int:
    """Give the program in session NAME the prompt TEXT, as soon as it can take one.

    It is queued while the program works, or waits for somebody, and typed when the program is idle; whatever it holds,
    it is text. "-" reads it from standard input. `ptyd prompts NAME` shows what is queued.

    With --wait the exit code is 0 where the turn ended well, and 1 where it failed, was interrupted, or the
    program waits for a permission (`ptyd approvals`).
    """
    if timeout is not None and not is_waited_for:
        raise click.UsageError("--timeout goes with --wait")
    if text == "-":
        text = sys.stdin.buffer.read().decode(errors="replace")
    if not text.strip():
        raise click.UsageError("the prompt is empty")
    found = ask_about_session("get", SessionParams(session=session))
    prompt = asyncio.run(hand_over(found.id, text, wait=is_waited_for, timeout=timeout))
    if is_json:
        print_json(prompt)
    return report_prompt(prompt, found.name, is_json=is_json)


async def hand_over(session_id: str, text: str, *, wait: bool, timeout: float | None) -> Prompt:
    """Over a connection that survives a restart of the daemon."""
    async with connect() as ptyd:
        session = await ptyd.get(session_id)
        return await session.ask(text, wait=wait, timeout=timeout)


def report_prompt(prompt: Prompt, name: str, *, is_json: bool) -> int:
    """Print the answer, say on standard error what else there is to say, and return the exit code."""
    if not is_json and prompt.message:
        print("\n".join(printable(line) for line in prompt.message.splitlines()))
    match prompt.state, prompt.outcome:
        case "done", "ok":
            return 0
        case "done", outcome:
            say(f"the turn has {outcome}" if outcome != "interrupted" else "the turn was interrupted")
        case "failed", _:
            say(prompt.problem)
        case "taken", _ if prompt.waits_for is not None:
            again = f"`ptyd prompts {name} --wait {prompt.id}`"
            say(f"{name} waits for {prompt.waits_for}: see `ptyd approvals {name}`; then {again}")
        case _:
            if not is_json:
                print(f"{prompt.id} {prompt.state}")
            return 0
    return int(ExitCode.FAILED)
