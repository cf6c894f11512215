"""``ptyd capture``."""

import sys
from pathlib import Path

import click
import msgspec
from ptyd_protocol.capture import CaptureFormat, CaptureParams, CaptureResult

from ptyd_cli.calls import ask_about_session
from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.options import json_option, session_argument
from ptyd_cli.output import escape_json, print_json

FORMATS: dict[str, CaptureFormat] = {"text": "text", "vt": "vt", "html": "html", "json": "cells"}


class Lines(click.ParamType[int]):
    """A number of lines, or ``all``, which is -1 (and may be given so)."""

    name = "lines"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text in ("all", "-1"):
            return -1
        if not (text.isascii() and text.isdigit()):
            self.fail(f"{text!r} is neither a number of lines nor 'all'", param, ctx)
        return int(text)


@click.command("capture")
@session_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    help="text; vt: text with colours, or all that rebuilds the screen; html; json: cell by cell.",
)
@click.option(
    "--scrollback",
    type=Lines(),
    default=0,
    metavar="N|all",
    help="Add N lines from above the screen, or all that is kept.",
)
@click.option("--join", is_flag=True, help="Make one line of each that the terminal has wrapped.")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write to FILE instead.",
    metavar="FILE",
)
@json_option
def command(session: str, form: str, scrollback: int, join: bool, file: Path | None, is_json: bool) -> None:
    """Print what session NAME shows.

    A daemon without a screen engine reads the log with its control sequences removed: right for shells and other
    line-by-line output; what a full-screen program has drawn comes out in the order in which it was drawn. --json
    prints the whole answer, which says where it comes from.
    """
    params = CaptureParams(session=session, scrollback=scrollback, format=FORMATS[form], join=join)
    result: CaptureResult = ask_about_session("capture", params)
    if is_json and file is None:
        print_json(result)
        return
    write_text(escape_json(msgspec.json.encode(result).decode()) if is_json else text_of(result, form), file)


def text_of(result: CaptureResult, form: str) -> str:
    """What is to be printed.

    Raises:
        CliError: the daemon has no screen to take it from.
    """
    if form == "json" and result.grid is not None:
        return escape_json(msgspec.json.encode(result.grid).decode())
    if form in ("json", "html") and result.source == "log":
        raise CliError(ExitCode.FAILED, f"--format {form} needs a screen engine, and the daemon has none here")
    return result.text


def write_text(text: str, file: Path | None) -> None:
    """To ``file``, or to standard output; a line feed at its end is added where there is none."""
    if text and not text.endswith("\n"):
        text += "\n"
    if file is None or str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CliError(ExitCode.FAILED, f"{file}: {error.strerror}") from None
