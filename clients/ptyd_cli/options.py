"""Options and arguments that several verbs share."""

import os

import click
from ptyd_sdk import discovery

from ptyd_cli.remote import is_remote

json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON.")

clipboard_option = click.option(
    "--clipboard",
    type=click.Choice(["refuse", "allow"]),
    help="Whether programs in the session may fill this terminal's clipboard (OSC 52); refused if not said.",
)


def _refuse_empty(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """An empty reference means the latest session: not what a script with an unset variable wants to kill."""
    if not value:
        raise click.BadParameter("a session's name cannot be empty")
    return value


session_argument = click.argument("session", metavar="NAME", callback=_refuse_empty)
optional_session_argument = click.argument("session", metavar="[NAME]", required=False, default="")


def enclosing_session() -> str | None:
    """The id of the session that this program runs in, if it is one of the same daemon's."""
    if is_remote():
        return None
    session, socket_path = os.environ.get("PTYD_SESSION"), os.environ.get("PTYD_SOCKET")
    if not session:
        return None
    if socket_path and os.path.realpath(socket_path) != os.path.realpath(discovery.socket_path()):
        return None
    return session
