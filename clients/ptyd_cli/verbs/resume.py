"""``ptyd resume``."""

from typing import Any

import click
from ptyd_protocol.conversations import ForgetKeptParams, KeptSession
from ptyd_protocol.methods import NoParams

from ptyd_cli.calls import ask
from ptyd_cli.creation import Wish
from ptyd_cli.output import age_of, format_table, print_json
from ptyd_cli.resuming import resume_conversation, resume_options

HEADS = ("NAME", "CONVERSATION", "AGE", "KEEP", "DIRECTORY", "PROBLEM")


@click.command("resume")
@click.argument("conversation", metavar="[ID|NAME]", required=False, default="")
@resume_options
@click.option("--forget", "forgotten", metavar="NAME", help="Offer the session NAME no more.")
def command(conversation: str, forgotten: str | None, **wish: Any) -> int:
    """Go on with a conversation of Claude Code in a new session, in its directory, and attach to it.

    Without an argument: list the sessions that were ended with the daemon or the machine and were to be kept.
    `ptyd resume NAME` starts one of them as it was. `ptyd conversations` lists all conversations; an ID may be
    shortened.
    """
    if forgotten is not None:
        ask("forget_kept", ForgetKeptParams(name=forgotten))
        return 0
    if not conversation:
        list_kept(is_json=wish["is_json"])
        return 0
    return resume_conversation(conversation, Wish(directory="", **wish), fork=False)


def list_kept(*, is_json: bool) -> None:
    kept: list[KeptSession] = ask("kept", NoParams())
    if is_json:
        print_json(kept)
    elif kept:
        print(format_table(HEADS, [format_kept(one) for one in kept]))
    else:
        print("no session waits to be resumed; `ptyd conversations` lists all conversations")


def format_kept(one: KeptSession) -> tuple[str, ...]:
    return one.name, one.conversation, age_of(one.created_at), one.keep, one.cwd, one.problem
