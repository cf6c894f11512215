"""Every option of the daemon, once: name, default, range and what it is for.

An option comes from the configuration file (``[daemon]`` in ``config.toml``), or from the environment as
``PTYD_<NAME>``, which wins. What sessions may use stands in ``[limits]`` and ``PTYD_LIMIT_<NAME>``, and what principals
without the right "admin" may ask for at most in ``[caps]`` and ``PTYD_CAP_<NAME>``: sizes and times may be text there,
such as ``"2G"`` and ``"8h"`` (core/limits/session_limits.py says which limits there are). Whom to notify stands in
``[notify]``, for it is secret, and rules that answer requests for permissions in ``[[approvals.rules]]``
(core/asking/approval_rules.py): both in the file alone.
"""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from ptyd_protocol.conversations import KeepPolicy
from ptyd_protocol.errors import Refusal
from ptyd_protocol.limit_values import LIMIT_NAMES, BadLimit, parse_limit
from ptyd_protocol.session_limits import SessionLimits

from ptyd.core.asking.approval_rules import ApprovalRule
from ptyd.core.limits.session_limits import resolve_limits
from ptyd.core.notices.options import NotifyOptions

KIB = 1024
MIB = 1024 * KIB


class Config(Struct, frozen=True, kw_only=True):
    """The daemon's options. Sizes in bytes, times in seconds."""

    max_sessions: Annotated[int, Meta(ge=1, le=100_000, description="Running sessions at once.")] = 512
    max_clients_per_session: Annotated[int, Meta(ge=1, le=10_000, description="Attachments to one session.")] = 64
    log_bytes: Annotated[
        int,
        Meta(
            ge=512 * KIB, le=1024 * MIB, multiple_of=64 * KIB, description="Replay log of one session, in whole 64 KiB."
        ),
    ] = 8 * MIB
    engine: Annotated[
        Literal["auto", "none"],
        Meta(description="auto: keep each session's exact screen where libghostty-vt is to be had; none: do not."),
    ] = "auto"
    scrollback_lines: Annotated[
        int, Meta(ge=0, le=100_000, description="Lines above the screen that a session's engine keeps.")
    ] = 10_000
    hold_grace_seconds: Annotated[
        float,
        Meta(ge=0, le=3600, description="A lossless attachment's hold outlives its connection by this."),
    ] = 10.0
    hold_stall_seconds: Annotated[
        float,
        Meta(
            ge=0.1,
            le=86_400,
            description="A hold that slows its child and acknowledges nothing for so long ends.",
        ),
    ] = 60.0
    exited_seen_seconds: Annotated[
        float, Meta(ge=0, le=86_400, description="An exited session is kept so long after its end was seen.")
    ] = 60.0
    exited_unseen_seconds: Annotated[
        float,
        Meta(ge=0, le=31_536_000, description="An exited session nobody has looked at is kept so long."),
    ] = 86_400.0
    listen: Annotated[str, Meta(description="HOST:PORT to listen on besides the Unix socket; empty: none.")] = ""
    allowed_hosts: Annotated[
        list[str], Meta(description="Host headers accepted besides the listeners' own, as HOST or HOST:PORT.")
    ] = []
    pass_environment: Annotated[
        list[str], Meta(description="Names of further environment variables that sessions inherit.")
    ] = []
    audit_bytes: Annotated[
        int,
        Meta(ge=0, le=1024 * MIB, description="The audit's file grows to this, then a new one begins; 0: none."),
    ] = 8 * MIB
    audit_files: Annotated[int, Meta(ge=1, le=1000, description="Files of the audit that are kept.")] = 4
    audit_typed_seconds: Annotated[
        float, Meta(ge=1, le=86_400, description="What was typed is counted in the audit at least so often.")
    ] = 300.0
    log_format: Annotated[
        Literal["human", "json"], Meta(description="How the logs of daemon and keeper look: human or json.")
    ] = "human"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level that is logged.")
    ] = "info"
    max_connections: Annotated[
        int,
        Meta(ge=8, le=1_000_000, description="Connections at once, in all; less where few files may be opened."),
    ] = 4096
    max_connections_per_address: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Of these from one address (of IPv6: one /64) over TCP.")
    ] = 512
    max_strangers: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Connections over TCP that have not logged in yet; beyond it the oldest is let go.",
        ),
    ] = 512
    max_strangers_per_address: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Of these from one address; beyond it no further one is let in.")
    ] = 128
    request_head_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="From connecting to the end of a request's head.")
    ] = 10.0
    request_body_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="From a request's beginning to the end of its body.")
    ] = 30.0
    max_failed_logins: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="From one address; then each further one costs it more waiting (429)."),
    ] = 10
    max_failed_logins_loopback: Annotated[
        int, Meta(ge=1, le=1_000_000, description="The same for addresses of this machine, which many may share.")
    ] = 1000
    message_rate: Annotated[
        float,
        Meta(ge=1, le=1e9, description="Messages and frames a second that one connection may send; more is slowed."),
    ] = 20_000.0
    message_bytes_rate: Annotated[
        float, Meta(ge=1024, le=1e12, description="Bytes a second that one connection may send; more is slowed.")
    ] = float(32 * MIB)
    request_rate: Annotated[
        float, Meta(ge=0.1, le=1e9, description="Requests a second on one connection; more are slowed.")
    ] = 500.0
    max_requests_per_connection: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Requests at once on one connection.")
    ] = 4096
    max_subscribers: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Connections that are told events, at once.")
    ] = 256
    listen_tls: Annotated[
        bool, Meta(description="Speak TLS on `listen`; with a certificate of the daemon's own making unless given one.")
    ] = False
    listen_insecure: Annotated[
        bool, Meta(description="Let `listen` be an address that other machines can reach, without TLS.")
    ] = False
    tls_cert: Annotated[str, Meta(description="PEM file of the certificate (with its chain) for TLS.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file of its key.")] = ""
    trusted_proxies: Annotated[
        list[str],
        Meta(
            description="Addresses or networks of reverse proxies whose X-Forwarded-For, -Proto and -Host are believed."
        ),
    ] = []
    base_path: Annotated[
        str,
        Meta(description="Path under which a reverse proxy serves the daemon and that it does not take off: /ptyd."),
    ] = ""
    public_url: Annotated[
        str,
        Meta(description="Where browsers reach the daemon through a proxy; its host is allowed, login links use it."),
    ] = ""
    max_sessions_per_principal: Annotated[
        int, Meta(ge=1, le=100_000, description="Running sessions at once that one principal has created.")
    ] = 512
    max_clients_per_principal: Annotated[
        int, Meta(ge=1, le=100_000, description="Attachments of one principal, to all sessions together.")
    ] = 4096
    memory_floor_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Memory that stays available: a session that would take of it is refused. 0: none is.",
        ),
    ] = 256 * MIB
    limits: Annotated[
        SessionLimits, Meta(description="[limits]: what a session may use that is not told otherwise.")
    ] = SessionLimits()
    caps: Annotated[
        SessionLimits,
        Meta(description='[caps]: what a session may use at most where its principal has no right "admin".'),
    ] = SessionLimits()
    max_file_bytes: Annotated[
        int, Meta(ge=0, le=1024 * MIB, description="The largest file that is put into a session or got out of it.")
    ] = 64 * MIB
    max_session_files_bytes: Annotated[
        int, Meta(ge=0, description="All files together that were put into one session.")
    ] = 256 * MIB

    cgroups: Annotated[
        Literal["auto", "none"],
        Meta(description="auto: give each session cgroups of its own where the system lets us; none: do not."),
    ] = "auto"
    leftovers: Annotated[
        Literal["end", "keep"],
        Meta(description="What becomes of the processes that a program leaves behind when it ends by itself."),
    ] = "end"

    max_runs: Annotated[int, Meta(ge=1, le=10_000, description="Structured runs at once; the others wait.")] = 4
    max_queued_runs: Annotated[int, Meta(ge=0, le=100_000, description="Runs that may wait.")] = 1000
    run_timeout_seconds: Annotated[
        float, Meta(ge=0, le=31_536_000, description="A run that says nothing else is ended after so long. 0: never.")
    ] = 0.0
    run_socket_seconds: Annotated[
        float, Meta(ge=0.1, le=86_400, description="A run on the WebSocket /ws/claude is ended after so long.")
    ] = 300.0
    run_kept_seconds: Annotated[
        float, Meta(ge=0, le=31_536_000, description="A run that has ended is kept so long, whoever has seen its end.")
    ] = 3600.0
    keep: Annotated[
        KeepPolicy,
        Meta(
            description="What becomes of a Claude session that was ended with the daemon or the machine:"
            " never (nothing), ask (offered again), always (started again)."
        ),
    ] = "never"
    notify: Annotated[NotifyOptions, Meta(description="[notify]: whom to tell that a session needs attention.")] = (
        NotifyOptions()
    )
    approval_rules: Annotated[
        list[ApprovalRule],
        Meta(description="[[approvals.rules]]: what is allowed or denied without asking anybody; the first that fits."),
    ] = []

    @property
    def session_defaults(self) -> SessionLimits:
        """``limits``, with those that have options of their own."""
        return msgspec.structs.replace(self.limits, log_bytes=self.log_bytes, scrollback_lines=self.scrollback_lines)


_LISTS = frozenset({"allowed_hosts", "pass_environment", "trusted_proxies"})

_TABLES = frozenset({"limits", "caps", "notify", "approval_rules"})
"""Fields that are tables of their own in the file, and no options of [daemon]."""

OWN_OPTIONS = frozenset({"log_bytes", "scrollback_lines"})
"""Limits whose defaults stand in [daemon]."""


class ConfigError(Exception):
    """The configuration cannot be used; the message says which option and why."""


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration from a file, which need not exist, and the environment.

    Raises:
        ConfigError: unreadable, not TOML, an unknown option, or a value out of range.
    """
    tables = _read_file(path)
    values = _read_table(tables, "daemon", path)
    unknown = sorted(set(values) - set(Config.__struct_fields__) | set(values) & _TABLES)
    if unknown:
        raise ConfigError(f"{path}: [daemon] has no option {', '.join(unknown)}")
    for name in set(Config.__struct_fields__) - _TABLES:
        text = environ.get(f"PTYD_{name.upper()}")
        if text is not None and name not in _TABLES:
            values[name] = _split_list(text) if name in _LISTS else text
    values["limits"] = _read_limits(_read_table(tables, "limits", path), "PTYD_LIMIT_", environ, OWN_OPTIONS)
    values["caps"] = _read_limits(_read_table(tables, "caps", path), "PTYD_CAP_", environ, frozenset())
    values["notify"] = _read_table(tables, "notify", path)
    unknown = sorted(set(values["notify"]) - set(NotifyOptions.__struct_fields__))
    if unknown:
        raise ConfigError(f"{path}: [notify] has no option {', '.join(unknown)}")
    values["approval_rules"] = _read_rules(_read_table(tables, "approvals", path), path)
    try:
        config = msgspec.convert(values, Config, strict=False)
        for limits in (config.limits, config.caps):
            resolve_limits(limits)
    except (msgspec.ValidationError, Refusal) as error:
        raise ConfigError(f"configuration: {error}") from error
    return config


def find_exposed_secrets(path: Path, config: Config) -> str:
    """For a person: that others can read secrets in the configuration file, and what to do; empty: they cannot."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if not config.notify.urls or not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ""
    return f"{path} holds secrets ([notify] urls), and others can read it: chmod 600 {path}"


def _read_limits(
    table: Mapping[str, Any], prefix: str, environ: Mapping[str, str], barred: frozenset[str]
) -> SessionLimits:
    said = dict(table) | {
        name: environ[f"{prefix}{name.upper()}"] for name in LIMIT_NAMES if f"{prefix}{name.upper()}" in environ
    }
    for name in said:
        if name in barred:
            raise ConfigError(f"configuration: {name} is an option of [daemon], and none of [limits]")
        if name not in LIMIT_NAMES:
            raise ConfigError(f"configuration: there is no limit {name}; there are {', '.join(LIMIT_NAMES)}")
    try:
        return SessionLimits(**{name: parse_limit(name, str(value)) for name, value in said.items()})  # type: ignore[arg-type]
    except BadLimit as error:
        raise ConfigError(f"configuration: {error}") from error


def _read_rules(table: Mapping[str, Any], path: Path) -> list[ApprovalRule]:
    unknown = sorted(set(table) - {"rules"})
    if unknown:
        raise ConfigError(f"{path}: [approvals] has no option {', '.join(unknown)}; there is [[approvals.rules]]")
    rules = table.get("rules", [])
    if not isinstance(rules, list):
        raise ConfigError(f"{path}: rules of approvals are tables: [[approvals.rules]]")
    found = []
    for number, values in enumerate(rules, 1):
        try:
            rule = msgspec.convert(values, ApprovalRule)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{path}: rule {number} of [[approvals.rules]]: {error}") from error
        if fault := rule.find_fault():
            raise ConfigError(f"{path}: rule {number} of [[approvals.rules]]: {fault}")
        found.append(rule)
    return found


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _read_table(tables: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    values = tables.get(name, {})
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: {name} must be a table, [{name}]")
    return dict(values)


def _split_list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
