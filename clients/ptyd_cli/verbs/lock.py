"""``ptyd lock``."""

import click
from ptyd_protocol.sessions import LockParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("lock")
@session_argument
@json_option
def command(session: str, is_json: bool) -> None:
    """Keep session NAME's size with whoever has it: others may type, and do not take control by that.

    A client that asks for control still gets it. `ptyd unlock` ends it.
    """
    info = ask_about_session("lock", LockParams(session=session, locked=True))
    if is_json:
        print_json(info)
