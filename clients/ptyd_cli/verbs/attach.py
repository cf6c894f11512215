"""``ptyd attach``."""

import click
from ptyd_protocol import limits
from ptyd_protocol.sessions import SessionInfo, SessionParams

from ptyd_cli.attach.attach import attach_terminal
from ptyd_cli.attach.nesting import refuse_nesting
from ptyd_cli.attach.outer_terminal import open_outer_terminal
from ptyd_cli.calls import ask_about_session
from ptyd_cli.options import clipboard_option, optional_session_argument
from ptyd_cli.settings import load_detach_keys, load_may_copy


@click.command("attach")
@optional_session_argument
@click.option("-r", "--read-only", "is_observer", is_flag=True, help="Only look: nothing typed reaches the session.")
@click.option(
    "--scrollback",
    type=click.IntRange(0, limits.MAX_SCROLLBACK_LINES),
    default=limits.DEFAULT_SCROLLBACK_LINES,
    metavar="N",
    help=f"Bring N lines from above its screen along; {limits.DEFAULT_SCROLLBACK_LINES} if not said.",
)
@click.option("--force", "is_forced", is_flag=True, help="Attach even inside another session.")
@clipboard_option
def command(session: str, is_observer: bool, scrollback: int, is_forced: bool, clipboard: str | None) -> int:
    """Show session NAME, else the latest, in this terminal.

    The session takes this terminal's size. C-\\ d detaches; C-\\ twice sends it once. Other keys can be
    chosen with PTYD_DETACH_KEYS="C-a d", or detach_keys in the [cli] part of config.toml; "none" switches
    them off, and `ptyd detach` still works. Exits with the program's own status when it ends.

    With -r the session keeps its size, and keys other than these are ignored.
    """
    keys, may_copy = load_detach_keys(), load_may_copy(clipboard)
    info: SessionInfo = ask_about_session("get", SessionParams(session=session))
    refuse_nesting(info.id, is_forced=is_forced)
    terminal = open_outer_terminal("`ptyd attach`")
    return attach_terminal(terminal, info.id, keys, is_observer=is_observer, scrollback=scrollback, may_copy=may_copy)
