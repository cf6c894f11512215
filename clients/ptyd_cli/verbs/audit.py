"""``ptyd audit``."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from ptyd_protocol.access import AuditReadParams, AuditReadResult
from ptyd_sdk import discovery, oneshot
from ptyd_sdk.errors import ConnectionLost, DaemonUnreachable

from ptyd_cli.errors import say
from ptyd_cli.output import printable

LOOK_AGAIN_SECONDS = 0.5
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "": 1}


def _parse_since(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """``2h`` or ``90`` ago, or a date and time (local, unless it says otherwise), as Unix seconds."""
    if text is None:
        return None
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if ago is not None:
        return time.time() - float(ago[1]) * UNIT_SECONDS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a time span (30s, 5m, 2h, 7d) nor a date") from None


@dataclass(frozen=True)
class Wish:
    """Which lines to show."""

    session: str
    events: tuple[str, ...]
    since: float | None

    def fits(self, record: dict[str, Any]) -> bool:
        if record["event"] == "file_begins" and "file_begins" not in self.events:
            return False
        if self.session and self.session not in (record["session"], record["name"]):
            return False
        if self.events and record["event"] not in self.events:
            return False
        return self.since is None or datetime.fromisoformat(record["time"]).timestamp() >= self.since


@click.command("audit")
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what happens, until interrupted.")
@click.option("--session", default="", metavar="NAME", help="Only what was done to this session: its name or id.")
@click.option("--event", "events", multiple=True, metavar="E", help="Only such events; may be given again.")
@click.option("--since", callback=_parse_since, metavar="WHEN", help="30s, 5m, 2h or 7d ago, or a date and time.")
@click.option("--json", "is_json", is_flag=True, help="Print the lines as they are kept: JSON.")
def command(is_followed: bool, session: str, events: tuple[str, ...], since: float | None, is_json: bool) -> None:
    """Print the daemon's audit: who created, attached, typed (how much, not what), resized, signalled, killed, shared
    and was refused, the oldest first.

    It is kept in files of a limited size, in the daemon's directory; they are read themselves where no daemon runs.
    """
    wish = Wish(session, events, since)
    for line in read_lines(is_followed):
        record = parse_line(line)
        if record is not None and wish.fits(record):
            print(line.decode("ascii", "replace") if is_json else format_record(record), flush=is_followed)


def read_lines(is_followed: bool) -> Iterator[bytes]:
    """All lines that are kept; then, if so wished, for ever those that come."""
    position: int | None = None
    while True:
        piece = read_piece(position)
        if piece is None and not is_followed:
            yield from read_files()
            return
        if piece is not None:
            if position is not None and piece.start > position:
                say(f"{piece.start - position} bytes of the audit were rotated away before they could be printed")
            position = piece.position
            yield from piece.data.splitlines()
            if piece.data:
                continue
        if not is_followed:
            return
        time.sleep(LOOK_AGAIN_SECONDS)


def read_piece(position: int | None) -> AuditReadResult | None:
    """What the daemon has from ``position`` on; None where none answers."""
    try:
        result: AuditReadResult = oneshot.request("audit_read", AuditReadParams(position=position))
    except (DaemonUnreachable, ConnectionLost):
        return None
    return result


def read_files() -> Iterator[bytes]:
    """The lines in this user's own directory, where no daemon answers for it.

    Raises:
        DaemonUnreachable: there are none.
    """
    directory = discovery.runtime_dir()
    numbered = sorted(directory.glob("audit.log.*"), key=lambda path: int(path.suffix[1:] or 0), reverse=True)
    paths = [path for path in [*numbered, directory / "audit.log"] if path.is_file()]
    if not paths:
        raise DaemonUnreachable(f"no ptyd daemon answers, and there is no audit in {directory}")
    for path in paths:
        yield from path.read_bytes().splitlines()


def parse_line(line: bytes) -> dict[str, Any] | None:
    """A record, None for what is none (a line that a power cut has torn)."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and {"time", "event", "session", "name", "facts"} <= set(record) else None


def format_record(record: dict[str, Any]) -> str:
    """For people: local time, event, session, who from where, and the facts."""
    at = datetime.fromisoformat(record["time"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    who = " ".join(str(record.get(key) or "") for key in ("principal", "address", "client"))
    facts = " ".join(f"{key}={_word(value)}" for key, value in record["facts"].items() if value not in (None, ""))
    event, name = str(record["event"]).ljust(14), str(record["name"] or "-").ljust(12)
    return printable("  ".join((at, event, name, " ".join(who.split()) or "-", facts))).rstrip()


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
