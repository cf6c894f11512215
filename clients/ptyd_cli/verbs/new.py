"""``ptyd new``."""

from typing import Any

import click

from ptyd_cli.creation import Wish, create_and_attach, creation_options, kind_of


@click.command("new", context_settings={"allow_interspersed_args": False})
@creation_options
@click.argument("command_line", metavar="[-- CMD ...]", nargs=-1, type=click.UNPROCESSED)
def command(command_line: tuple[str, ...], **wish: Any) -> int:
    """Start CMD (else your shell) in a new session and attach to it.

    It gets the terminal's size, your language, PATH, proxies and the like, not your whole environment: pass
    on more with -e. Detach with C-\\ d; the session goes on.
    """
    return create_and_attach(command_line, kind_of(command_line), Wish(**wish))
