"""``ptyd get``."""

import sys
from pathlib import Path, PurePosixPath

import click
from ptyd_protocol.sessions import SessionInfo, SessionParams
from ptyd_sdk.blocking import connect

from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.options import session_argument
from ptyd_cli.transfer_bar import TransferBar


@click.command("get")
@session_argument
@click.argument("path", metavar="PATH")
@click.option("-o", "--output", metavar="FILE", help='Write it there, also over what is there; "-": standard output.')
def command(session: str, path: str, output: str | None) -> None:
    """Fetch a file from below session NAME's working directory, or one that was put into the session.

    It is written here under its own name, unless something of that name is here already. Symbolic links and ".." are
    not followed.
    """
    target = Path(output or PurePosixPath(path).name)
    if output is None and (not target.name or target.exists() or target.is_symlink()):
        raise CliError(ExitCode.TAKEN, f"{target} is here already: say -o FILE")
    info: SessionInfo = ask_about_session("get", SessionParams(session=session))
    with connect() as ptyd:
        found = ptyd.get(info.id)
        if output == "-":
            sys.stdout.buffer.write(found.get(path))
            sys.stdout.buffer.flush()
            return
        try:
            with TransferBar(path) as bar:
                found.get_to(path, target, progress=bar.show)
        except OSError as error:
            raise CliError(ExitCode.FAILED, f"{target} cannot be written: {error.strerror or error}") from error
