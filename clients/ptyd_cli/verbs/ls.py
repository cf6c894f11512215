"""``ptyd ls``."""

import click
from ptyd_protocol.methods import NoParams
from ptyd_protocol.sessions import SessionInfo
from ptyd_sdk import oneshot
from ptyd_sdk.errors import DaemonUnreachable

from ptyd_cli.activity_words import describe_activity, wants_attention
from ptyd_cli.calls import ask, keeper_runs
from ptyd_cli.limit_words import describe_trouble, describe_use
from ptyd_cli.options import json_option
from ptyd_cli.output import age_of, format_state, format_table, print_json, printable

HEADS = ("NAME", "ID", "STATE", "DOES", "PID", "SIZE", "CLIENTS", "AGE", "COMMAND", "TITLE")
MAX_COMMAND_CHARS = 60
MAX_TITLE_CHARS = 40


@click.command("ls")
@json_option
@click.option("-l", "--long", "is_long", is_flag=True, help="Show what each uses of what it may.")
def command(is_json: bool, is_long: bool) -> None:
    """List the sessions: those first that wait for somebody, then the oldest.

    A session that has exited stays listed until somebody has seen how it ended. A NOTE says which limit is near, or
    has ended it.
    """
    sessions = fetch_sessions()
    if is_json:
        print_json(sessions)
    elif sessions:
        print(format_sessions(sessions, is_long=is_long))
    else:
        print("no sessions; `ptyd new` starts one")


def fetch_sessions() -> list[SessionInfo]:
    """Every session. Where nothing of ptyd runs there is none, and nothing is started to say so."""
    try:
        sessions: list[SessionInfo] = oneshot.request("list", NoParams())
    except DaemonUnreachable:
        if not keeper_runs():
            return []
        sessions = ask("list", NoParams())
    return sorted(sessions, key=lambda info: (not wants_attention(info), info.created_at))


def format_sessions(sessions: list[SessionInfo], *, is_long: bool) -> str:
    """A table with columns for use and for notes where they are wanted, or needed."""
    columns = [("USE", [describe_use(info) for info in sessions])] if is_long else []
    notes = [describe_trouble(info) for info in sessions]
    if any(notes):
        columns.append(("NOTE", notes))
    heads = (*HEADS, *(head for head, _ in columns))
    rows = [(*format_row(info), *(cells[index] for _, cells in columns)) for index, info in enumerate(sessions)]
    return format_table(heads, rows)


def format_row(info: SessionInfo) -> tuple[str, ...]:
    return (
        info.name,
        info.id,
        format_state(info) + (", locked" if info.locked else "") + (", raw" if info.engine == "quarantined" else ""),
        describe_activity(info) or "-",
        str(info.pid),
        f"{info.cols}x{info.rows}",
        str(info.clients),
        age_of(info.created_at),
        shorten(" ".join(info.argv), MAX_COMMAND_CHARS),
        shorten(info.title, MAX_TITLE_CHARS),
    )


def shorten(text: str, max_chars: int) -> str:
    shown = printable(text)
    return shown if len(shown) <= max_chars else shown[: max_chars - 1] + "…"
