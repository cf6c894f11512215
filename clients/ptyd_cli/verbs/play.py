"""``ptyd play``."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

import click

from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.player.cast import CastError, read_cast


@click.command("play")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(min=0.0625, max=64),
    default=1.0,
    show_default=True,
    metavar="X",
    help="So many times as fast.",
)
@click.option(
    "--idle-limit",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Pauses of at most S seconds; else as the recording says.",
)
@click.option("--start", type=click.FloatRange(min=0), default=0.0, metavar="S", help="Begin S seconds into it.")
def command(file: Path, speed: float, idle_limit: float | None, start: float) -> int:
    """Play a recording (asciicast version 2 or 3) in this terminal.

    \b
    Space        pause, go on        .        the next output, and pause
    Left, Right  5 seconds           m        to the next mark, and pause
    <, >         half, double speed  q, C-c   quit
    """
    from ptyd_cli.attach.outer_terminal import open_outer_terminal  # noqa: PLC0415 - after what may be wrong with FILE
    from ptyd_cli.player.play import play  # noqa: PLC0415

    try:
        with _open(file) as lines:
            cast = read_cast(lines, idle_limit)
    except (CastError, OSError, UnicodeDecodeError) as error:
        raise CliError(ExitCode.FAILED, f"{file}: {error}") from error
    return play(open_outer_terminal("`ptyd play`"), cast, speed=speed, start=start)


def _open(file: Path) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8")
