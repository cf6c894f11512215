"""``ptyd detach``."""

import click
from ptyd_protocol.sessions import SessionParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import enclosing_session, optional_session_argument


@click.command("detach")
@optional_session_argument
def command(session: str) -> None:
    """Detach every client from session NAME; the program in it goes on.

    Without NAME: the session that this runs in, else the latest.
    """
    ask_about_session("detach", SessionParams(session=session or enclosing_session() or ""))
