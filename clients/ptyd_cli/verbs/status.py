"""``ptyd status``."""

from collections.abc import Mapping

import click
from ptyd_protocol.daemon import ListenerInfo, StatusResult
from ptyd_protocol.methods import NoParams
from ptyd_sdk import oneshot

from ptyd_cli.limit_words import describe_limits
from ptyd_cli.options import json_option
from ptyd_cli.output import age_of, format_age, format_bytes, format_table, print_json, printable

CLIENT_HEADS = ("SESSION", "CLIENT", "ROLE", "SIZE", "ON ITS WAY", "MEMORY", "RESYNCS")


@click.command("status")
@json_option
def command(is_json: bool) -> None:
    """Say how the daemon is. Does not start it: exits 6 if it is not there."""
    status: StatusResult = oneshot.request("status", NoParams())
    if is_json:
        print_json(status)
        return
    print(format_table(("daemon", f"pid {status.daemon_pid}"), list_facts(status)))
    if status.clients:
        print()
        print(format_table(CLIENT_HEADS, list_clients(status)))


def list_facts(status: StatusResult) -> list[tuple[str, str]]:
    restarts = f", restarted {status.restarts} times" if status.restarts else ""
    gone = ": gone; no session can be made, see `ptyd doctor`" if status.keeper_gone else ""
    return [
        ("version", status.version),
        ("up for", format_age(status.uptime) + restarts),
        ("keeper", f"pid {status.keeper_pid}{gone}"),
        *list_crashes(status),
        ("sessions", f"{status.sessions_running} running of at most {status.max_sessions}, {status.sessions} listed"),
        *((printable(one.name), f"{one.used} of {one.allowed}") for one in status.capacities[1:]),
        ("limits", f"{describe_limits(status.limits)}, for a session that is not told otherwise"),
        *list_means(status.enforcement),
        ("screen engine", status.engine),
        ("directory", status.runtime_dir),
        *(fact for listener in status.listeners for fact in describe_listener(listener)),
    ]


def list_means(enforcement: Mapping[str, str]) -> list[tuple[str, str]]:
    """By what means limits are kept here: one row for each, with the limits that it keeps."""
    kept: dict[str, list[str]] = {}
    for name, means in enforcement.items():
        kept.setdefault(means, []).append("whole trees end" if name == "end" else name)
    return [("  kept by", f"{printable(means)}: {', '.join(map(printable, names))}") for means, names in kept.items()]


def describe_listener(listener: ListenerInfo) -> list[tuple[str, str]]:
    if not listener.tls:
        return [("listens on", listener.address)]
    return [("listens on", f"{listener.address}, TLS"), ("  fingerprint", listener.fingerprint)]


def list_crashes(status: StatusResult) -> list[tuple[str, str]]:
    """Nothing, where the daemon has never crashed."""
    facts = []
    if status.crashes:
        times = "once" if status.crashes == 1 else f"{status.crashes} times"
        facts.append(("crashed", f"{times}; {age_of(status.last_crash_at)} ago: {printable(status.last_crash)}"))
    if status.is_over_budget:
        facts.append(
            ("crash budget", f"spent: {status.recent_crashes} in a minute; the keeper waits before each start")
        )
    if status.quarantined:
        names = ", ".join(printable(name) for name in status.quarantined)
        facts.append(("without screen", f"{names}: their output made the screen engine crash"))
    return facts


def list_clients(status: StatusResult) -> list[tuple[str, ...]]:
    return [
        (
            client.session,
            client.client,
            client.role + (", lossless" if client.lossless else "") + (", hidden" if client.hidden else ""),
            f"{client.cols}x{client.rows}",
            format_bytes(client.unacked or client.sent - client.acked),
            format_bytes(client.held),
            str(client.resyncs),
        )
        for client in status.clients
    ]
