"""``ptyd events``."""

import asyncio
import json
from datetime import datetime
from typing import Any

import click
import msgspec
from ptyd_protocol.activity import EventRecord, EventsParams, EventsResult
from ptyd_protocol.messages import Event
from ptyd_protocol.sessions import SessionInfo, SessionParams
from ptyd_sdk import SessionEvent, connect
from ptyd_sdk.session_events import read_event

from ptyd_cli.activity_words import describe_activity
from ptyd_cli.calls import ask, ask_about_session
from ptyd_cli.errors import say
from ptyd_cli.options import optional_session_argument
from ptyd_cli.output import escape_json, format_state, printable

LATE = "some events before these are not kept any more"


@click.command("events")
@optional_session_argument
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what happens, until interrupted.")
@click.option("--since", type=click.IntRange(min=0), metavar="SEQ", help="Only what came after event number SEQ.")
@click.option("--json", "is_json", is_flag=True, help="Print a line of JSON for each event.")
def command(session: str, is_followed: bool, since: int | None, is_json: bool) -> None:
    """Print what has happened to the sessions, or to session NAME alone.

    The daemon keeps the last 1,024 events. With --follow only what happens from now on is printed, or with --since
    what has happened since then, too; it goes on over restarts of the daemon. Events are numbered: with the number of
    the last one that it has seen, a program misses none.
    """
    wanted = ask_about_session("get", SessionParams(session=session)).id if session else ""
    if not is_followed:
        print_kept(wanted, since or 0, is_json=is_json)
        return
    asyncio.run(follow(wanted, since, is_json=is_json))


def print_kept(wanted: str, since: int, *, is_json: bool) -> None:
    """What the daemon keeps, to its end."""
    more, is_first = True, True
    while more:
        params = EventsParams(since=since, session=wanted or None)
        result: EventsResult = ask_about_session("events", params) if wanted else ask("events", params)
        if result.is_late and since and is_first:
            say(LATE)
        for record in result.events:
            show(event_of(record), is_json=is_json)
        since, more, is_first = result.seq, result.more, False


async def follow(wanted: str, since: int | None, *, is_json: bool) -> None:
    async with connect() as ptyd:
        async for event in ptyd.events(since):
            if event.kind == "missed":
                say(LATE)
            if not wanted or event.session == wanted or (event.kind == "missed" and is_json):
                show(event, is_json=is_json)


def event_of(record: EventRecord) -> SessionEvent:
    return read_event(Event(record.seq, record.kind, record.session, record.data, record.at))


def show(event: SessionEvent, *, is_json: bool) -> None:
    if is_json:
        # What the SDK has found by comparing has no data of its own.
        data = event.data or (msgspec.to_builtins(event.info) if event.info is not None else {})
        line = {"seq": event.seq, "at": event.at, "kind": event.kind, "session": event.session, "data": data}
        print(escape_json(json.dumps(line, ensure_ascii=False)), flush=True)
    elif event.kind != "missed":
        print(printable(format_event(event)), flush=True)


def format_event(event: SessionEvent) -> str:
    """Local time, number, kind, session, and what is the matter with it."""
    at = datetime.fromtimestamp(event.at).strftime("%H:%M:%S") if event.at else "--:--:--"
    info = event.info
    name = event.session if info is None else info.name
    return f"{at}  {event.seq}  {event.kind.ljust(8)}  {name}  {_describe(event.kind, info, event.data)}".rstrip()


def _describe(kind: str, info: SessionInfo | None, data: dict[str, Any]) -> str:
    if info is None:
        return " ".join(f"{key}={value}" for key, value in data.items())
    match kind:
        case "activity":
            return describe_activity(info) or format_state(info)
        case "resized":
            return f"{info.cols}x{info.rows}"
        case "updated":
            return f"clients={info.clients}"
        case "created":
            return " ".join(info.argv)
        case "exited":
            return format_state(info)
        case _:
            return ""
