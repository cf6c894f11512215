"""``ptyd rename``."""

import click
from ptyd_protocol.sessions import RenameParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("rename")
@session_argument
@click.argument("new_name", metavar="NEW_NAME")
@json_option
def command(session: str, new_name: str, is_json: bool) -> None:
    """Call session NAME NEW_NAME.

    A name is up to 64 letters, digits, dots, underscores and dashes; it begins with a letter or a digit.
    """
    info = ask_about_session("rename", RenameParams(session=session, name=new_name))
    if is_json:
        print_json(info)
