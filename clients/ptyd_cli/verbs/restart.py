"""``ptyd restart``."""

import click
from ptyd_protocol.methods import NoParams, StatusResult
from ptyd_sdk import oneshot
from ptyd_sdk.errors import DaemonUnreachable

from ptyd_cli.calls import start_daemon
from ptyd_cli.processes import wait_for_ends


@click.command("restart")
def command() -> None:
    """Replace the daemon by a new one, as after an upgrade. The sessions go on and clients come back by
    themselves."""
    try:
        old: StatusResult = oneshot.request("status", NoParams())
    except DaemonUnreachable:
        print(f"the daemon was not running; it is now, pid {start_daemon()}")
        return
    with wait_for_ends([old.daemon_pid]):
        oneshot.request("restart", NoParams())
    print(f"the daemon is new: pid {start_daemon()} after {old.daemon_pid}")
