"""``ptyd put``."""

import sys
from pathlib import Path

import click
from ptyd_protocol.sessions import SessionInfo, SessionParams
from ptyd_sdk.blocking import Session, connect
from ptyd_sdk.files import words_of

from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.options import session_argument
from ptyd_cli.output import printable
from ptyd_cli.transfer_bar import TransferBar


@click.command("put")
@session_argument
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--as", "name", metavar="NAME", help="What the one file is called there.")
@click.option("--no-paste", is_flag=True, help="Only store them, and print where.")
def command(session: str, files: tuple[str, ...], name: str | None, no_paste: bool) -> None:
    """Store files for session NAME and paste their paths into its program, as dropping them onto a terminal does.

    Claude Code attaches pictures that come so. The files lie in a private folder of the session, on the daemon's
    machine, and are removed with the session. "-" reads standard input. What is printed is their paths.
    """
    if name is not None and len(files) > 1:
        raise click.UsageError("--as names one file")
    if "-" in files and name is None:
        raise click.UsageError("standard input has no name: give --as NAME")
    info: SessionInfo = ask_about_session("get", SessionParams(session=session))
    with connect() as ptyd:
        found = ptyd.get(info.id)
        paths = [put_one(found, file, name) for file in files]
        for path in paths:
            print(printable(path))
        if not no_paste:
            found.paste(words_of(paths))


def put_one(session: Session, file: str, name: str | None) -> str:
    source: bytes | str = sys.stdin.buffer.read() if file == "-" else file
    try:
        if isinstance(source, str) and not Path(source).is_file():
            raise CliError(ExitCode.USAGE, f"{file} is {'no file' if Path(source).exists() else 'not there'}")
        with TransferBar(name or file) as bar:
            return session.put(source, name or "", progress=bar.show)
    except OSError as error:
        raise CliError(ExitCode.FAILED, f"{file} cannot be read: {error.strerror or error}") from error
