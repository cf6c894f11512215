"""``ptyd approvals``."""

import click

from ptyd_cli.approvals import fetch_approvals, format_approval
from ptyd_cli.options import json_option, optional_session_argument
from ptyd_cli.output import print_json


@click.command("approvals")
@optional_session_argument
@click.option("--all", "-a", "is_all", is_flag=True, help="Also the latest that wait no more, and who answered.")
@json_option
def command(session: str, is_all: bool, is_json: bool) -> None:
    """List what waits for permission or an answer, in session NAME or in all, the oldest first.

    `ptyd approve ID` and `ptyd deny ID` answer; so do the web client's inbox, the SDK, and the program's own dialog.
    Whoever is first, counts.
    """
    found = fetch_approvals(session or None, closed=is_all)
    if is_json:
        print_json(found)
    elif found:
        print("\n\n".join(format_approval(one) for one in found))
    else:
        print("nothing waits for an answer")
