"""``ptyd top``."""

import sys

import click
from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import SessionInfo
from ptyd_sdk import oneshot

from ptyd_cli.options import json_option
from ptyd_cli.output import print_json

MIN_INTERVAL_SECONDS = 0.2


@click.command("top")
@click.option(
    "-d",
    "--interval",
    type=click.FloatRange(MIN_INTERVAL_SECONDS, 3600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", "is_once", is_flag=True, help="Print the table once; so it is without a terminal, too.")
@json_option
def command(interval: float, is_once: bool, is_json: bool) -> int | None:
    """Show the sessions with what they use and do, again and again.

    s sorts by the next column, up and down choose a session, k ends it (asks first), Enter attaches to it, q ends.
    """
    from ptyd_cli.top.table import Rates, make_table  # noqa: PLC0415 - rich takes its time

    sessions: list[SessionInfo] = oneshot.request("list", NoParams())
    if is_json:
        print_json(sessions)
        return None
    if is_once or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from rich.console import Console  # noqa: PLC0415 - likewise

        Console(highlight=False).print(make_table(sessions, Rates(), "name", None))
        return None
    from ptyd_cli.top.screen import run_top  # noqa: PLC0415 - likewise

    chosen = run_top(interval)
    if chosen is None:
        return None
    from ptyd_cli.main import run  # noqa: PLC0415 - it imports us

    return run(["attach", chosen])
