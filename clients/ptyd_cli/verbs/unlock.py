"""``ptyd unlock``."""

import click
from ptyd_protocol.sessions import LockParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("unlock")
@session_argument
@json_option
def command(session: str, is_json: bool) -> None:
    """Let whoever types into session NAME take control of its size again."""
    info = ask_about_session("lock", LockParams(session=session, locked=False))
    if is_json:
        print_json(info)
