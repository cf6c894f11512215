"""``ptyd keep``."""

import click
from ptyd_protocol.conversations import KeepParams, KeepPolicy
from ptyd_protocol.sessions import SessionInfo, SessionParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import session_argument


@click.command("keep")
@session_argument
@click.argument("policy", type=click.Choice(["never", "ask", "always"]), required=False)
@click.option(
    "--restart-on-failure/--no-restart-on-failure",
    "is_restarted",
    default=None,
    help="Start it again where it fails, some times and later and later.",
)
def command(session: str, policy: KeepPolicy | None, is_restarted: bool | None) -> None:
    """Say what becomes of the Claude session NAME when it is ended with the daemon or the machine.

    \b
    never   nothing; its conversation stays, as all do
    ask     it is offered again: `ptyd resume` lists such sessions
    always  it is started again with the next daemon

    It comes back with its conversation, directory, name and limits. One that ends by itself, or that somebody kills,
    does not. Without a policy or an option: print what was said.
    """
    info: SessionInfo = (
        ask_about_session("get", SessionParams(session=session))
        if policy is None and is_restarted is None
        else ask_about_session("keep", KeepParams(session=session, keep=policy, restart_on_failure=is_restarted))
    )
    now = info.conversation
    if now is None:
        print("never")
    else:
        print(now.keep + (", started again where it fails" if now.restart_on_failure else ""))
