"""``ptyd explain``."""

from datetime import datetime

import click
from ptyd_protocol.activity import Evidence, ExplainResult
from ptyd_protocol.sessions import SessionInfo, SessionParams

from ptyd_cli.activity_words import describe_activity
from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import json_option, optional_session_argument
from ptyd_cli.output import format_table, print_json, printable

HEADS = ("SEEN AT", "TIMES", "SOURCE", "SAYS", "WHAT")


@click.command("explain")
@optional_session_argument
@json_option
def command(session: str, is_json: bool) -> None:
    """Say what session NAME is doing, why ptyd thinks so, and what it has seen.

    Without NAME: the latest session. A program's own registry file is trusted more than its hooks, these more than what
    it writes to its terminal, and that more than whether there is output.
    """
    info: SessionInfo = ask_about_session("get", SessionParams(session=session))
    result: ExplainResult = ask_about_session("explain", SessionParams(session=info.id))
    if is_json:
        print_json(result)
        return
    print(printable(f"{info.name}: {describe_activity(info) or result.activity.state}"))
    print(printable(f"because {result.reason}"))
    activity = result.activity
    for label in ("detail", "prompt", "tool", "tool_detail", "model", "conversation", "transcript", "permission_mode"):
        if value := getattr(activity, label):
            print(printable(f"{label.replace('_', ' ')}: {value}"))
    if activity.context_tokens is not None:
        print(f"context: {activity.context_tokens} tokens")
    if result.evidence:
        print()
        print(format_table(HEADS, [format_evidence(one) for one in result.evidence]))


def format_evidence(one: Evidence) -> tuple[str, ...]:
    at = datetime.fromtimestamp(one.last_at or one.at).strftime("%H:%M:%S.%f")[:-3]
    says = f"{one.state} for {one.waits_for}" if one.waits_for else one.state or "-"
    return at, str(one.count), one.source, says, one.text
