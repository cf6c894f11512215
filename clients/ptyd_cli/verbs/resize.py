"""``ptyd resize``."""

import click
from ptyd_protocol import limits
from ptyd_protocol.sessions import ResizeParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import print_json


@click.command("resize")
@session_argument
@click.argument("cols", type=click.IntRange(limits.MIN_COLS, limits.MAX_COLS))
@click.argument("rows", type=click.IntRange(limits.MIN_ROWS, limits.MAX_ROWS))
@json_option
def command(session: str, cols: int, rows: int, is_json: bool) -> None:
    """Give session NAME's terminal COLS columns and ROWS rows.

    An attached client that controls the size sets it again when its own window changes.
    """
    info = ask_about_session("resize", ResizeParams(session=session, cols=cols, rows=rows))
    if is_json:
        print_json(info)
