"""``ptyd restart``."""

import time

import click
from ptyd_protocol.daemon import StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_sdk import oneshot
from ptyd_sdk.errors import ConnectionLost, DaemonUnreachable

from ptyd_cli.calls import start_daemon
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.processes import END_TIMEOUT_SECONDS, wait_for_ends
from ptyd_cli.remote import is_remote

ASK_AGAIN_SECONDS = 0.1


@click.command("restart")
def command() -> None:
    """Replace the daemon by a new one, as after an upgrade. The sessions go on and clients come back by
    themselves."""
    if is_remote():
        restart_remote()
        return
    try:
        old: StatusResult = oneshot.request("status", NoParams())
    except DaemonUnreachable:
        print(f"the daemon was not running; it is now, pid {start_daemon()}")
        return
    with wait_for_ends([old.daemon_pid]):
        oneshot.request("restart", NoParams())
    print(f"the daemon is new: pid {start_daemon()} after {old.daemon_pid}")


def restart_remote() -> None:
    """Wait until another daemon answers there.

    Raises:
        CliError: none has in time.
    """
    old: StatusResult = oneshot.request("status", NoParams())
    oneshot.request("restart", NoParams())
    deadline = time.monotonic() + END_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            new: StatusResult = oneshot.request("status", NoParams(), timeout=END_TIMEOUT_SECONDS)
        except (DaemonUnreachable, ConnectionLost):
            new = old
        if new.daemon_pid != old.daemon_pid:
            print(f"the daemon is new: pid {new.daemon_pid} after {old.daemon_pid}")
            return
        time.sleep(ASK_AGAIN_SECONDS)
    raise CliError(ExitCode.TIMEOUT, f"no new daemon answers within {END_TIMEOUT_SECONDS:g} s")
