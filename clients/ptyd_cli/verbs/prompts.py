"""``ptyd prompts``."""

import asyncio

import click
from ptyd_protocol.prompts import Prompt, PromptDropParams, PromptEditParams, PromptListParams
from ptyd_protocol.sessions import SessionParams
from ptyd_sdk import connect

from ptyd_cli.calls import ask_about_session
from ptyd_cli.money import format_cost
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import age_of, format_table, print_json
from ptyd_cli.verbs.ask import report_prompt

HEADS = ("ID", "STATE", "AGE", "BY", "COST", "PROMPT")
MAX_TEXT_CHARS = 60


@click.command("prompts")
@session_argument
@click.option("--all", "-a", "is_all", is_flag=True, help="Also the latest that are done.")
@click.option("--edit", nargs=2, metavar="ID TEXT", help="Give a queued one another text.")
@click.option("--drop", metavar="ID", help="Take a queued one out.")
@click.option("--wait", metavar="ID", help="Wait for the answer to this one, and print it.")
@json_option
def command(
    session: str, is_all: bool, edit: tuple[str, str] | None, drop: str | None, wait: str | None, is_json: bool
) -> int:
    """List what `ptyd ask` has queued for session NAME, and what it works on."""
    if [edit is not None, drop is not None, wait is not None].count(True) > 1:
        raise click.UsageError("one of --edit, --drop and --wait at a time")
    found = ask_about_session("get", SessionParams(session=session))
    if wait is not None:
        prompt = asyncio.run(wait_for(found.id, wait))
        if is_json:
            print_json(prompt)
        return report_prompt(prompt, found.name, is_json=is_json)
    if edit is not None:
        ask_about_session("prompt_edit", PromptEditParams(session=found.id, prompt=edit[0], text=edit[1]))
    elif drop is not None:
        ask_about_session("prompt_drop", PromptDropParams(session=found.id, prompt=drop))
    prompts: list[Prompt] = ask_about_session("prompt_list", PromptListParams(session=found.id, closed=is_all))
    if is_json:
        print_json(prompts)
    elif prompts:
        print(format_table(HEADS, [format_prompt(one) for one in prompts]))
    else:
        print("no prompts are queued")
    return 0


async def wait_for(session_id: str, prompt: str) -> Prompt:
    async with connect() as ptyd:
        session = await ptyd.get(session_id)
        return await session.wait_prompt(prompt)


def format_prompt(one: Prompt) -> tuple[str, ...]:
    state: str = one.outcome or one.state
    if one.waits_for is not None:
        state = f"waits for {one.waits_for}"
    text = " ".join(one.text.split())
    text = text if len(text) <= MAX_TEXT_CHARS else text[: MAX_TEXT_CHARS - 1] + "…"
    cost = format_cost(one.cost_usd or 0.0, one.cost_usd or 0.0)
    text = f"{text} ({one.problem})" if one.problem else text
    return one.id, state, age_of(one.added_at), one.added_by, cost, text
