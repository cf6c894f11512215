"""``ptyd ls``."""

import click
from ptyd_protocol.methods import NoParams, SessionInfo
from ptyd_sdk import oneshot
from ptyd_sdk.errors import DaemonUnreachable

from ptyd_cli.calls import ask, keeper_runs
from ptyd_cli.options import json_option
from ptyd_cli.output import age_of, format_state, format_table, print_json, printable

HEADS = ("NAME", "ID", "STATE", "PID", "SIZE", "CLIENTS", "AGE", "COMMAND", "TITLE")
MAX_COMMAND_CHARS = 60
MAX_TITLE_CHARS = 40


@click.command("ls")
@json_option
def command(is_json: bool) -> None:
    """List the sessions, the oldest first.

    A session that has exited stays listed until somebody has seen how it ended.
    """
    sessions = fetch_sessions()
    if is_json:
        print_json(sessions)
    elif sessions:
        print(format_table(HEADS, [format_row(info) for info in sessions]))
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
    return sorted(sessions, key=lambda info: info.created_at)


def format_row(info: SessionInfo) -> tuple[str, ...]:
    return (
        info.name,
        info.id,
        format_state(info) + (", locked" if info.locked else ""),
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
