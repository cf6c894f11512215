"""``ptyd kill``."""

import click
from ptyd_protocol.sessions import KillParams, SessionInfo, SignalParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("kill")
@session_argument
@click.option(
    "-s", "--signal", "signal_name", metavar="SIG", help="Send this signal (INT, 15, ...) to the foreground program."
)
@json_option
def command(session: str, signal_name: str | None, is_json: bool) -> None:
    """End session NAME and everything it started: HUP, then TERM, then KILL, and wait until it is gone.

    With -s: only send that signal to the program in the foreground, as the terminal would. An exited session
    is taken off the list.
    """
    info: SessionInfo
    if signal_name is None:
        info = ask_about_session("kill", KillParams(session=session))
    else:
        number = int(signal_name) if signal_name.isdigit() else signal_name
        info = ask_about_session("signal", SignalParams(session=session, signal=number))
    if is_json:
        print_json(info)
