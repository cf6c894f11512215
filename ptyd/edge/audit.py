"""``audit.note``: the one way in which anything gets into the audit, from wherever it happens.

Who acts is known from the context: a connection or an HTTP request says at its beginning on whose behalf it works
(``acting_as``), and everything that it causes, tasks included, has it from there.
"""

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from ptyd.core.access.audit import NOBODY, Actor, Fact, Subject, Throttle, format_line
from ptyd.core.access.principal import Principal
from ptyd.edge.audit_log import AuditLog
from ptyd.edge.net.client_address import UNIX_PEER, Connection, TrustedProxies, client_address, peer_address, peer_port

STRANGERS_EVENTS = frozenset({"turned_away", "login_refused"})
"""What anybody can cause without a credential, and so as often as they like."""

current_actor: ContextVar[Actor] = ContextVar("current_actor", default=NOBODY)

counts: Counter[str] = Counter()
"""How often each event has been, from the daemon's start; for the metrics."""

_connection_numbers = itertools.count(1)
_throttle = Throttle()
_log: AuditLog | None = None


def open_audit(log: AuditLog | None) -> None:
    """From now on ``note`` writes to ``log``; None: it only counts."""
    global _log
    _log = log


def note(event: str, principal: Principal | str | None = None, session: Subject | None = None, **facts: Fact) -> None:
    """Note that something was done, or refused. Never waits, and never fails.

    Args:
        principal: who did it; None: whoever the context says.
        facts: numbers and short words; never what was typed or shown, nor a secret.
    """
    counts[event] += 1
    if _log is None:
        return
    now = time.monotonic()
    for held_back, count in _throttle.take_held_back(now).items():
        _log.put(format_line(time.time(), held_back, NOBODY, None, {"left_out": count}))
    if event in STRANGERS_EVENTS and not _throttle.lets(event, now):
        return
    name = principal.name if isinstance(principal, Principal) else principal
    _log.put(format_line(time.time(), event, current_actor.get(), session, facts, name))


@contextlib.contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """What is done inside, and by tasks that are started inside, is done on this behalf."""
    token = current_actor.set(actor)
    try:
        yield
    finally:
        current_actor.reset(token)


def known_of_now() -> dict[str, int]:
    """What a line of the log is told of the context."""
    return {"connection": current_actor.get().connection}


def next_connection_number() -> int:
    return next(_connection_numbers)


def describe_client(connection: Connection, headers: Mapping[str, str], proxies: TrustedProxies) -> str:
    """Where a client is: ``127.0.0.1:50000``, ``[::1]:50000``, ``unix``; behind a trusted proxy without a port."""
    client = client_address(connection, headers, proxies)
    if client == UNIX_PEER or client != peer_address(connection):
        return client
    port = peer_port(connection)
    return f"[{client}]:{port}" if ":" in client else f"{client}:{port}"
