"""What travels over ``keeper.sock``: one JSON object per SEQPACKET datagram, descriptors by SCM_RIGHTS beside it.

Only the user's own processes may connect. The first datagram of a connection says who comes:

``{"op":"start"}``, from a starter
    Start the daemon unless it runs. Answered once, when it serves: ``{"ok":true,"daemon_pid":N}``, or if it seems
    that it never will: ``{"ok":false,"message":TEXT}``. A keeper that is just ending closes without an answer.

``{"op":"status"}``, from whoever wants to know
    ``{"ok":true,"keeper_pid":N,"is_stopping":BOOL,"sessions_running":N,"daemon_pid":N|null,"is_ready":BOOL,
    "is_wanted":BOOL,"restarts":N,"crashes":N,"recent_crashes":N,"is_over_budget":BOOL,
    "next_start_seconds":SECONDS|null,"predecessor_signal":N|null,"last_death":DEATH|null}``, DEATH being
    ``{"code":N|null,"signal":N|null,"at":UNIX_SECONDS,"reason":TEXT}`` of the last daemon that ended unasked;
    ``reason``: why the keeper ended it.

``{"op":"hello","pid":N,"cgroups":"auto"|"none"}``, from a daemon
    ``{"event":"welcome","keeper_pid":N,"restarts":N,"crashes":N,"recent_crashes":N,"is_over_budget":BOOL,
    "last_death":DEATH|null,"predecessor_signal":N|null,"alive_seconds":SECONDS,
    "activated":[NAME,...],"means":{LIMIT:TEXT},"means_problem":TEXT}``, the signal being that which ended the daemon
    just before this one, unless it was told to go; ``activated``: held sockets that the service manager made, and
    keeps; ``means``: which limits a cgroup keeps, ``"end"`` being how trees end, and why others are not. Then for each
    session ``{"event":"session","session":ID,"pid":N,"mark":N,
    "groups":[{"version":N,"controllers":[...],"path":PATH}],"record":{...},
    "exit":null or {"code":N|null,"signal":N|null,"at":UNIX_SECONDS}}`` with its four
    descriptors (below; none once closed); for each held one ``{"event":"held","name":NAME}`` with it; then
    ``{"event":"synced"}``. While another daemon is linked: ``{"event":"refused"}`` and the end.

The daemon may say, in any order; what has an ``id`` is answered with the same:

``{"op":"spawn","id":N,"session":ID,"argv":[...],"env":{...},"cwd":PATH,"cols":N,"rows":N,"record":{...},
"limits":{...}}``, the limits being some of memory_bytes, cpus, processes, open_files, file_bytes, core_bytes
    ``{"id":N,"ok":true,"pid":N,"mark":N,"groups":[...]}`` with [PTY master, input pipe's read end, its write end,
    pidfd], or
    ``{"id":N,"ok":false,"error":CODE,"message":TEXT}``, CODE being command_not_found, permission_denied,
    no_such_directory, no_ptys, no_resources, bad_request or internal. Master and pipe do not block.
``{"op":"record","session":ID,"record":{...}}``: replace the record, which means nothing to the keeper.
``{"op":"close","session":ID}``: it has ended and was read empty; close its descriptors, keep its exit.
``{"op":"forget","session":ID}``: close its descriptors and drop it.
``{"op":"hold","name":NAME}`` with a descriptor: keep it for the next daemon. ``{"op":"release","name":NAME}``.
``{"op":"alive"}``, every ``alive_seconds`` unless that is 0: it works. Once it has said so and then misses
    six in a row, it is replaced.
``{"op":"ready","log_format","log_level"}``: it serves, and logs like this, as the keeper is to.
``{"op":"restarting"}``: it will end on purpose, start the next one at once.
``{"op":"stop","kill":BOOL}``: it will end, start none. The keeper ends with its last child; ``kill``: hang up all
    children, kill after 2 s what still lives.

The daemon hears ``{"event":"exit","session":ID,"code":N|null,"signal":N|null,"at":UNIX_SECONDS}`` of each child.
"""

import json
from typing import Any, Final, TypeAlias

Message: TypeAlias = dict[str, Any]

SOCKET_NAME: Final = "keeper.sock"

MAX_DATAGRAM_BYTES: Final = 256 * 1024
"""Longest datagram accepted. A Linux kernel left at its defaults carries 416 KiB in one."""

SEND_BUFFER_BYTES: Final = 1024 * 1024
"""Asked for with SO_SNDBUF, the bound of a datagram; the kernel grants what net.core.wmem_max allows."""

MAX_FDS: Final = 8
"""File descriptors read beside one datagram; the wire uses four at most."""


class WireError(Exception):
    """A datagram that is not one JSON object of the agreed size."""


def encode(message: Message) -> bytes:
    """The datagram of a message. Lone surrogates (``os.fsdecode`` of no UTF-8) pass through."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def decode(datagram: bytes) -> Message:
    """The message in a datagram.

    Raises:
        WireError: it is not one JSON object.
    """
    try:
        message = json.loads(datagram)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise WireError("not a JSON object")
    return message
