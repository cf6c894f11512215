"""``ptyd send``."""

import os
import sys

import click
from ptyd_protocol.sessions import SendParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.key_names import encode_key
from ptyd_cli.options import session_argument

MAX_PART_BYTES = 64 * 1024
"""One request's share of a long text: well under what the daemon queues for a program that does not read."""


@click.command("send")
@session_argument
@click.argument("text", metavar="[TEXT]", required=False)
@click.option("--enter", is_flag=True, help="Press Enter at the end.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Press a key: C-c, M-x, Up, F3, Enter, Esc, Tab, S-Tab, PageUp, C-M-Left, ... May be given several times.",
)
def command(session: str, text: str | None, enter: bool, keys: tuple[str, ...]) -> None:
    """Type TEXT into session NAME, then the keys, then Enter if asked.

    TEXT goes as it is, nothing is added or escaped. "-" reads it from standard input; behind "--" it may
    begin with a dash.
    """
    data = read_text(text) + encode_keys(keys) + (b"\r" if enter else b"")
    if not data:
        raise click.UsageError("nothing to send: give TEXT, --key or --enter")
    for start in range(0, len(data), MAX_PART_BYTES):
        ask_about_session("send", SendParams(session=session, data=data[start : start + MAX_PART_BYTES]))


def read_text(text: str | None) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    return os.fsencode(text or "")


def encode_keys(names: tuple[str, ...]) -> bytes:
    try:
        return b"".join(encode_key(name) for name in names)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--key") from None
