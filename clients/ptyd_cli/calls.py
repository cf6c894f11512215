"""Asking the daemon one thing, and starting it where it is needed."""

import socket
from typing import Any

from msgspec import Struct
from ptyd_sdk import discovery, oneshot
from ptyd_sdk.errors import DaemonUnreachable, NoSuchSession
from ptyd_sdk.peer import connect_to_own

from ptyd_cli.remote import is_remote, refuse_remote

STEP_TIMEOUT_SECONDS = 30.0


def ask(method: str, params: Struct | None = None, *, timeout: float | None = STEP_TIMEOUT_SECONDS) -> Any:
    """Ask; start the daemon first where none runs. For what makes sense on a fresh daemon.

    Raises:
        PtydError: as ``ptyd_sdk.oneshot.request``.
    """
    try:
        return oneshot.request(method, params, timeout=timeout)
    except DaemonUnreachable:
        if is_remote():
            raise
        start_daemon()
        return oneshot.request(method, params, timeout=timeout)


def ask_about_session(method: str, params: Struct, *, timeout: float | None = STEP_TIMEOUT_SECONDS) -> Any:
    """Ask about a session that is to exist already. Without a keeper there is none: nothing is started to
    learn that.

    Raises:
        NoSuchSession: also when nothing of ptyd runs.
        PtydError: as ``ptyd_sdk.oneshot.request``.
    """
    try:
        return oneshot.request(method, params, timeout=timeout)
    except DaemonUnreachable:
        if is_remote():
            raise
        if not keeper_runs():
            raise NoSuchSession("no_such_session", "there are no sessions: ptyd is not running") from None
        start_daemon()
        return oneshot.request(method, params, timeout=timeout)


def keeper_runs() -> bool:
    """Whether a keeper holds sessions, be the daemon up or not. Of a daemon elsewhere it has to be supposed."""
    if is_remote():
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        try:
            connect_to_own(link, str(discovery.keeper_socket_path()))
        except (OSError, DaemonUnreachable):
            return False
        return True


def start_daemon() -> int:
    """Make sure that a daemon serves; its pid.

    Raises:
        DaemonUnreachable: it could not be started.
        CliError: it is not this user's own.
    """
    refuse_remote("only this machine's own daemon can be started from here")
    from ptyd_sdk.starter import ensure_daemon  # noqa: PLC0415 - not needed while a daemon runs

    return ensure_daemon()
