"""A session shown inside a session: refused as in tmux, for it easily ends in one that shows itself."""

from ptyd_cli.errors import CliError, ExitCode
from ptyd_cli.options import enclosing_session


def refuse_nesting(target_id: str | None, *, is_forced: bool) -> None:
    """``target_id``: whom to attach; None: a session still to be created.

    Every nesting within one daemon is refused, not only a session in itself: A that shows B that shows A is a
    loop too, and from within B it cannot be seen.

    Raises:
        CliError: this runs in a session of the same daemon, and it was not forced.
    """
    outer_id = enclosing_session()
    if outer_id is None or is_forced:
        return
    if outer_id == target_id:
        raise CliError(
            ExitCode.NOT_ALLOWED,
            f"this terminal is session {outer_id} itself: attached to itself, it would show its own output for ever"
            " (--force does it all the same)",
        )
    raise CliError(
        ExitCode.NOT_ALLOWED,
        f"this terminal is already a session of ptyd ({outer_id}): detach first, or use another terminal; for a new"
        " session -d starts it in the background (--force nests)",
    )
