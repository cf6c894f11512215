"""``ptyd notify``."""

import sys

import click
from ptyd_protocol.methods import NoParams
from ptyd_protocol.notify import NotifyOutcome, NotifyTestResult

from ptyd_cli.calls import ask
from ptyd_cli.options import json_option
from ptyd_cli.output import print_json, printable

TEST_TIMEOUT_SECONDS = 90.0
"""Services are slow, and one that hangs is given up after 30 s."""


@click.group("notify")
def command() -> None:
    """Notifications of sessions that need attention: [notify] in the configuration (docs/notifications.md)."""


@command.command("test")
@json_option
def test(is_json: bool) -> int:
    """Send a notification to each configured URL, and say which failed and why. Exits 1 where one did."""
    result: NotifyTestResult = ask("notify_test", NoParams(), timeout=TEST_TIMEOUT_SECONDS)
    if is_json:
        print_json(result)
    else:
        for outcome in result.outcomes:
            print(describe(outcome))
        sys.stdout.flush()
        for warning in result.warnings:
            print(f"warning: {printable(warning)}", file=sys.stderr)
    return int(any(outcome.reason for outcome in result.outcomes))


def describe(outcome: NotifyOutcome) -> str:
    """``url 2 (Slack): failed: ...``: the URL itself is a secret."""
    said = f"failed: {outcome.reason}" if outcome.reason else "sent"
    return printable(f"url {outcome.number} ({outcome.service}): {said}")
