"""Requests about the daemon itself: how it is, where it listens, its end."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ptyd_protocol.messages import Epoch, Role
from ptyd_protocol.session_limits import SessionLimits


class ClientInfo(Struct, frozen=True, kw_only=True):
    """One attachment, as ``status`` shows it. Bytes."""

    session: str
    client: str
    client_id: str
    role: Role
    lossless: bool
    cols: int
    rows: int
    epoch: Epoch
    sent: int
    acked: int
    window: int
    hidden: bool = False
    unacked: int = 0
    """Bytes on their way: of output, and of a snapshot."""
    allowed: int = 0
    """How many may be, at the rate at which this client acknowledges."""
    held: int = 0
    """Bytes that the daemon keeps for this client alone."""
    resyncs: int = 0
    """How often it fell behind and was given the screen anew."""
    principal: str = ""
    """Whose it is."""


class ListenerInfo(Struct, frozen=True, kw_only=True):
    kind: Literal["unix", "tcp"]
    address: str
    """The path of the socket, or host:port."""
    tls: bool = False
    fingerprint: str = ""
    """Of its certificate: "sha256:" and 64 hexadecimal digits. Empty without TLS."""


class Capacity(Struct, frozen=True, kw_only=True):
    """How much is used of something that there is only so much of."""

    name: str
    """For a person."""
    used: int
    allowed: int


class StatusResult(Struct, frozen=True, kw_only=True):
    daemon_pid: int
    keeper_pid: int
    version: str
    uptime: float
    sessions: int
    sessions_running: int
    max_sessions: int
    restarts: int
    """How often the keeper has started a daemon after the first."""
    engine: str
    """The screen engine in use, or "none"."""
    runtime_dir: str
    listeners: list[ListenerInfo]
    clients: list[ClientInfo]
    capacities: list[Capacity] = []
    limits: SessionLimits = SessionLimits()
    """Those of a session that is not told otherwise."""
    enforcement: dict[str, str] = {}
    """By what means each limit on processes is kept, by its name; "end": by what means trees of processes end."""
    crashes: int = 0
    """How many of those ends nobody had asked for."""
    recent_crashes: int = 0
    """In the minute before this daemon was started."""
    is_over_budget: bool = False
    """They were so many that the keeper waits before it starts another."""
    last_crash: str = ""
    """For a person: how the last one ended; empty: none has crashed."""
    last_crash_at: float = 0.0
    """Unix seconds."""
    quarantined: list[str] = []
    """Names of sessions that are kept from the engine."""
    keeper_gone: bool = False
    """The keeper has ended: sessions go on, but none can be made, and they end with this daemon."""


class ListenParams(Struct, frozen=True, kw_only=True):
    """Listen on TCP too. ``port`` 0: any free one. Listening there already is no error.

    ``tls``: with the certificate of ``tls_cert`` and ``tls_key`` (absolute paths of PEM files), else with that of the
    daemon's configuration, else with one that the daemon makes and signs itself. ``insecure``: speak without TLS even
    where other machines can listen in.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    tls: bool = False
    insecure: bool = False
    tls_cert: str = ""
    tls_key: str = ""


class ListenResult(Struct, frozen=True, kw_only=True):
    """``fingerprint``: of the certificate, as in ListenerInfo."""

    host: str
    port: int
    tls: bool = False
    fingerprint: str = ""


class ShutdownParams(Struct, frozen=True, kw_only=True):
    """Without ``kill_sessions`` the keeper goes on holding the sessions for the next daemon."""

    kill_sessions: bool = False


class ShutdownResult(Struct, frozen=True, kw_only=True):
    sessions_left: int
