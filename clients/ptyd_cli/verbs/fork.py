"""``ptyd fork``."""

from typing import Any

import click

from ptyd_cli.creation import Wish
from ptyd_cli.resuming import resume_conversation, resume_options


@click.command("fork")
@click.argument("conversation", metavar="ID|NAME")
@resume_options
def command(conversation: str, **wish: Any) -> int:
    """Go on with a copy of a conversation in a new session; the conversation itself stays as it is.

    It is named by its id, which may be shortened, or by a session that has it, running or not.
    """
    return resume_conversation(conversation, Wish(directory="", **wish), fork=True)
