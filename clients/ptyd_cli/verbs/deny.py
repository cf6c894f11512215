"""``ptyd deny``."""

import click
from ptyd_protocol.approvals import AnswerApprovalParams

from ptyd_cli.approvals import approval_argument, find_approval, give_answer
from ptyd_cli.options import json_option


@click.command("deny")
@approval_argument
@click.option("--message", "-m", default="", metavar="TEXT", help="What the program is told: why, or what to do.")
@click.option("--interrupt", is_flag=True, help="It is to stop its turn, not to go on without.")
@json_option
def command(ref: str, message: str, interrupt: bool, is_json: bool) -> int:
    """Deny what waits: the one with this ID, or the only one in session NAME, or the only one there is.

    The exit code is 0 when it was seen to have taken effect.
    """
    found = find_approval(ref)
    params = AnswerApprovalParams(decision="deny", approval=found.id, message=message, interrupt=interrupt)
    return give_answer(params, is_json=is_json)
