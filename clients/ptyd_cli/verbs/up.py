"""``ptyd up``."""

import ipaddress
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import msgspec
from ptyd_protocol.access import TicketResult
from ptyd_protocol.daemon import ListenParams, ListenResult, StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_sdk import discovery, oneshot

from ptyd_cli.calls import start_daemon
from ptyd_cli.errors import CliError, ExitCode, say
from ptyd_cli.remote import is_remote, refuse_remote, remote_name


@click.command("up")
@click.option(
    "--listen", "address", metavar="HOST:PORT", help="Serve the web client and programs on TCP too. Port 0: any."
)
@click.option(
    "--tls", "is_tls", is_flag=True, help="Listen with TLS, by a certificate of ptyd's own unless one is given."
)
@click.option(
    "--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="PEM certificate."
)
@click.option(
    "--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Its key, PEM."
)
@click.option("--insecure", "is_insecure", is_flag=True, help="Let other machines come without TLS.")
@click.option("--open", "is_opened", is_flag=True, help="Open the web client in a browser, logged in.")
@click.option("--foreground", "is_foreground", is_flag=True, help="Stay, log to standard error, end with Ctrl-C.")
def command(
    address: str | None,
    is_tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    is_insecure: bool,
    is_opened: bool,
    is_foreground: bool,
) -> int:
    """Start the daemon where none runs, and say where it is.

    Other verbs start it by themselves. Without TLS, --listen takes addresses that only this machine can reach
    (127.0.0.1, ::1, localhost). With --tls the certificate's fingerprint is printed: `ptyd login` elsewhere wants to
    know it. PTYD_NO_BROWSER=1 makes --open print the address.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    is_tls = is_tls or tls_cert is not None
    if address is None and (is_tls or is_insecure):
        raise click.UsageError("--tls and --insecure go with --listen")
    if is_remote():
        return open_remote(is_opened and address is None and not is_foreground)
    listen = None if address is None else parse_address(address, is_open=is_tls or is_insecure)
    if listen is not None:
        listen = msgspec.structs.replace(
            listen,
            tls=is_tls,
            insecure=is_insecure,
            tls_cert="" if tls_cert is None else str(tls_cert.absolute()),
            tls_key="" if tls_key is None else str(tls_key.absolute()),
        )
    if is_foreground and ("NOTIFY_SOCKET" in os.environ or "LISTEN_PID" in os.environ):
        become_service(listen)
    if is_foreground:
        return run_in_foreground(listen, is_opened=is_opened)
    start_daemon()
    status: StatusResult = oneshot.request("status", NoParams())
    print(f"ptyd {status.version} is up: pid {status.daemon_pid}, {discovery.socket_path()}")
    serve_web(listen, is_opened=is_opened)
    return 0


def open_remote(is_possible: bool) -> int:
    """Open the web client of a daemon elsewhere, by the address by which we know it.

    Raises:
        CliError: something else was asked for.
    """
    if not is_possible:
        refuse_remote("`up` starts the daemon of this machine; `up --open` can be done from here")
    from ptyd_cli.browser import open_login  # noqa: PLC0415 - webbrowser takes its time

    ticket: TicketResult = oneshot.request("login_ticket", NoParams())
    open_login(msgspec.structs.replace(ticket, url=f"{remote_name()}/login#{ticket.ticket}"))
    return 0


def parse_address(address: str, *, is_open: bool = False) -> ListenParams:
    """``is_open``: other machines may reach it.

    ``127.0.0.1:8080``, ``[::1]:0``, ``localhost:8080``, ``:8080``.

    Raises:
        click.BadParameter: it makes no sense.
        CliError: it is open to other machines.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise click.BadParameter(f"{address!r} is not HOST:PORT", param_hint="--listen")
    if not is_open and not is_loopback(host):
        raise CliError(
            ExitCode.NOT_ALLOWED,
            f"{host} can be reached from other machines: listen with --tls, or on 127.0.0.1 and come through an SSH"
            f" tunnel (ssh -L {port}:127.0.0.1:{port} HOST); --insecure does without both",
        )
    return ListenParams(host=host, port=int(port))


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve_web(listen: ListenParams | None, *, is_opened: bool) -> None:
    """Listen as asked; --open alone listens somewhere on this machine."""
    if listen is None and not is_opened:
        return
    if listen is None:
        status: StatusResult = oneshot.request("status", NoParams())
        has_web = any(listener.kind == "tcp" for listener in status.listeners)
        listen = None if has_web else ListenParams()
    if listen is not None:
        result: ListenResult = oneshot.request("listen", listen)
        print(f"web client: {'https' if result.tls else 'http'}://{format_host(result.host)}:{result.port}/")
        if result.tls:
            print(f"fingerprint: {result.fingerprint}")
    if is_opened:
        from ptyd_cli.browser import open_login  # noqa: PLC0415 - webbrowser takes its time

        ticket: TicketResult = oneshot.request("login_ticket", NoParams())
        open_login(ticket)


def format_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def become_service(listen: ListenParams | None) -> NoReturn:
    """Turn this process into the keeper: systemd wants to hear from the very process that it has started, and what it
    hands over is for that one."""
    if listen is not None:
        os.environ["PTYD_LISTEN"] = f"{format_host(listen.host)}:{listen.port}"
    directory = str(discovery.runtime_dir())
    os.execv(sys.executable, [sys.executable, "-m", "ptyd.keeper", directory, "--foreground"])


def run_in_foreground(listen: ListenParams | None, *, is_opened: bool) -> int:
    """Be the keeper's parent until it ends; Ctrl-C reaches it by the terminal, and it ends in order.

    Raises:
        CliError: a keeper runs already.
    """
    ready_read, ready_write = os.pipe()
    directory = str(discovery.runtime_dir())
    keeper = subprocess.Popen(
        [sys.executable, "-m", "ptyd.keeper", directory, "--foreground", "--ready-fd", str(ready_write)],
        pass_fds=[ready_write],
    )
    os.close(ready_write)
    with os.fdopen(ready_read) as ready:
        word = ready.readline().strip()
    if word == "running":
        keeper.wait()
        raise CliError(ExitCode.TAKEN, "ptyd is up already; `ptyd down --kill-sessions` ends it")
    if word != "ready":
        keeper.wait()
        raise CliError(ExitCode.UNREACHABLE, word or "ptyd could not be started")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: keeper.send_signal(number))
    say(f"up in the foreground: {discovery.socket_path()}")
    serve_web(listen, is_opened=is_opened)
    return keeper.wait()
