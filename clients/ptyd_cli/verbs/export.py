"""``ptyd export``."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click
from ptyd_protocol.sessions import ExportParams, ExportResult, SessionInfo, SessionParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import CliError, ExitCode, say
from ptyd_cli.options import session_argument


@click.command("export")
@session_argument
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write it there; else to standard output.",
)
@click.option("--since-start", is_flag=True, help="Fail if the beginning of the session is no longer kept.")
def command(session: str, file: Path | None, since_start: bool) -> None:
    """Write what session NAME has shown, with its times, as a recording (asciicast version 3).

    It reaches back as far as the log does; standard error tells where that is not the session's beginning. What
    was typed is not in it, but for what the program echoed. `ptyd play` plays it, and so does asciinema.
    """
    info: SessionInfo = ask_about_session("get", SessionParams(session=session))
    pieces = export_pieces(info.id)
    first = next(pieces)
    if first.start > 0:
        missing = f"the log of {info.name} no longer holds its beginning: the first {first.start} bytes are missing"
        if since_start:
            raise CliError(ExitCode.FAILED, missing)
        say(missing)
    skipped = first.skipped
    with file.open("wb") if file is not None else nullcontext(sys.stdout.buffer) as output:
        output.write(first.data)
        for piece in pieces:
            output.write(piece.data)
            skipped += piece.skipped
        output.flush()
    if skipped:
        say(f"{skipped} bytes were overwritten before they could be exported")


def export_pieces(session: str) -> Iterator[ExportResult]:
    """One after the other, as the daemon makes them."""
    resume: str | None = ""
    while resume is not None:
        result: ExportResult = ask_about_session("export", ExportParams(session=session, resume=resume))
        yield result
        resume = result.resume
