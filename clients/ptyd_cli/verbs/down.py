"""``ptyd down``."""

import click
from ptyd_protocol.daemon import ShutdownParams, ShutdownResult, StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_sdk import oneshot
from ptyd_sdk.errors import DaemonUnreachable

from ptyd_cli.calls import keeper_runs, start_daemon
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.processes import wait_for_ends
from ptyd_cli.remote import is_remote, refuse_remote, remote_name


@click.command("down")
@click.option("--kill-sessions", is_flag=True, help="End the sessions too.")
def command(kill_sessions: bool) -> None:
    """Stop the daemon. The sessions go on, and `ptyd up` takes them up again; with --kill-sessions they
    end."""
    if is_remote():
        end_remote(kill_sessions)
        return
    if not keeper_runs():
        end_without_keeper(kill_sessions)
        return
    # Only a daemon can end sessions (the keeper alone keeps them), so one that is down has to come up for that.
    if kill_sessions:
        start_daemon()
    try:
        status: StatusResult = oneshot.request("status", NoParams())
    except DaemonUnreachable:
        print("the daemon is down already")
        return
    pids = [status.daemon_pid, status.keeper_pid] if kill_sessions else [status.daemon_pid]
    with wait_for_ends(pids):
        result: ShutdownResult = oneshot.request("shutdown", ShutdownParams(kill_sessions=kill_sessions))
    if result.sessions_left:
        plural = "session goes" if result.sessions_left == 1 else "sessions go"
        print(f"the daemon is down; {result.sessions_left} {plural} on, and `ptyd up` takes up again what runs")
    else:
        print("the daemon is down")


def end_remote(kill_sessions: bool) -> None:
    """Raises:
    CliError: the sessions would go on where nobody from here could come back to them.
    """
    if not kill_sessions:
        refuse_remote("a daemon elsewhere could not be started again from here: only `down --kill-sessions` ends it")
    oneshot.request("shutdown", ShutdownParams(kill_sessions=True))
    print(f"the daemon at {remote_name()} and its sessions have ended")


def end_without_keeper(kill_sessions: bool) -> None:
    """A keeper that was killed has left its daemon alone, and the sessions with it: they live as long as it does.

    Raises:
        CliError: sessions would end that are not to.
    """
    try:
        status: StatusResult = oneshot.request("status", NoParams())
    except DaemonUnreachable:
        print("ptyd is not running")
        return
    if status.sessions_running and not kill_sessions:
        raise CliError(
            ExitCode.NOT_ALLOWED,
            f"the keeper has ended, so the {status.sessions_running} running sessions would end with the daemon;"
            " --kill-sessions ends both",
        )
    with wait_for_ends([status.daemon_pid]):
        oneshot.request("shutdown", ShutdownParams(kill_sessions=kill_sessions))
    print("the daemon is down")
