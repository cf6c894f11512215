"""``ptyd capture``."""

import sys

import click
from ptyd_protocol.methods import CaptureParams, CaptureResult

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("capture")
@session_argument
@click.option(
    "--scrollback",
    type=click.IntRange(min=-1),
    default=0,
    metavar="N",
    help="Add N lines from above the screen; -1: all that is kept.",
)
@json_option
def command(session: str, scrollback: int, is_json: bool) -> None:
    """Print what session NAME shows, as text.

    Reads the log with its control sequences removed: right for shells and other line-by-line output; what a
    full-screen program has drawn comes out in the order in which it was drawn.
    """
    result: CaptureResult = ask_about_session("capture", CaptureParams(session=session, scrollback=scrollback))
    if is_json:
        print_json(result)
        return
    sys.stdout.write(result.text)
    if result.text and not result.text.endswith("\n"):
        sys.stdout.write("\n")
