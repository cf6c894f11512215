"""Whether a new session, or a new attachment, still fits. No I/O: what there is, is told."""

from collections.abc import Iterable
from dataclasses import dataclass

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.limit_values import format_size

from ptyd.core.session import Session

SETTLING_SECONDS = 20.0
"""A program that is younger has not yet taken the memory that it will take."""

FILES_A_SESSION = 8
"""Descriptors of the daemon: master, pidfd, both ends of the input pipe, log, times, and now and then one for a
file."""

SPARE_FILES_FRACTION = 8
"""One of so many descriptors is left for connections, without which nobody could end anything."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the system has of what a session needs. None: it does not say."""

    ptys_used: int | None = None
    ptys_max: int | None = None
    files_open: int | None = None
    files_max: int | None = None
    memory_available_bytes: int | None = None


def check_count(count: int, allowed: int, option: str, whose: str) -> None:
    """Whether one more session may run.

    Raises:
        Refusal: ``too_many_sessions``
    """
    if count >= allowed:
        raise Refusal(
            ErrorCode.TOO_MANY_SESSIONS,
            f"{allowed} sessions{whose} run already, which is the limit ({option}); end one with `ptyd kill`",
        )


def check_room(room: Room, floor_bytes: int, needed_bytes: int, promised_bytes: int) -> None:
    """Whether the system has room for one more session. ``promised_bytes``: what sessions that have just begun will
    still take.

    Raises:
        Refusal: ``no_ptys`` or ``no_resources``
    """
    if room.ptys_used is not None and room.ptys_max is not None and room.ptys_used >= room.ptys_max:
        raise Refusal(
            ErrorCode.NO_PTYS,
            f"no terminal is left on this system: {room.ptys_used} of {room.ptys_max} are in use;"
            " end a session, or raise kernel.pty.max with sysctl",
        )
    if room.files_open is not None and room.files_max is not None:
        spare = room.files_max // SPARE_FILES_FRACTION
        if room.files_open + FILES_A_SESSION > room.files_max - spare:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"the daemon has {room.files_open} files open of the {room.files_max} that it may, and a session needs"
                f" {FILES_A_SESSION}; end a session, or raise the limit (ulimit -n) and restart ptyd",
            )
    available = room.memory_available_bytes
    if floor_bytes and available is not None and available - promised_bytes - needed_bytes < floor_bytes:
        promised = f", of which {format_size(promised_bytes)} are for sessions just begun" if promised_bytes else ""
        raise Refusal(
            ErrorCode.NO_RESOURCES,
            f"{format_size(available)} of memory are available{promised}; a session takes {format_size(needed_bytes)}"
            f" at first, and {format_size(floor_bytes)} must stay (memory_floor_bytes); end one with `ptyd kill`",
        )


def check_attachments(session: Session, allowed: int, principal: str, count: int, allowed_to_principal: int) -> None:
    """Whether one more client may attach. ``count``: the attachments of ``principal`` to all sessions.

    Raises:
        Refusal: ``too_many_clients``
    """
    if len(session.attachments) >= allowed:
        raise Refusal(
            ErrorCode.TOO_MANY_CLIENTS,
            f"session {session.name} has {allowed} clients, which is the limit (max_clients_per_session)",
        )
    if count >= allowed_to_principal:
        raise Refusal(
            ErrorCode.TOO_MANY_CLIENTS,
            f"{principal} has {allowed_to_principal} attachments, which is the limit (max_clients_per_principal);"
            " detach one",
        )


def count_attachments(sessions: Iterable[Session], principal: str) -> int:
    return sum(one.principal.name == principal for session in sessions for one in session.attachments)


def promised_memory(session: Session, usual_bytes: int, now: float) -> int:
    """How much more memory a session is going to take, as far as one can know. ``now``: on the clock of
    ``began_at``."""
    if now - session.began_at >= SETTLING_SECONDS:
        return 0
    return max(0, usual_bytes - (session.usage.memory_bytes if session.usage is not None else 0))
