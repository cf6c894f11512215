"""``ptyd mark``."""

import click
from ptyd_protocol import limits
from ptyd_protocol.sessions import MarkParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import session_argument


@click.command("mark")
@session_argument
@click.argument("label", metavar="[LABEL]", default="")
def command(session: str, label: str) -> None:
    """Set a mark in the recording of session NAME, here and now.

    `ptyd export` has it as well as the file of `ptyd new --record`; players jump to marks.
    """
    if len(label) > limits.MAX_LABEL_CHARS:
        raise click.BadParameter(f"a label has at most {limits.MAX_LABEL_CHARS} characters", param_hint="LABEL")
    ask_about_session("mark", MarkParams(session=session, label=label))
