"""What Prometheus is told. Everything is read off what there is anyway, when it is asked for: no byte costs more.

docs/monitoring.md lists the names; tests hold it and the dashboard to what is exported here.
"""

import asyncio
import importlib
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ptyd_protocol.messages import Event
from ptyd_protocol.version import __version__

from ptyd.core.histogram import Histogram
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.audit_log import AuditLog
from ptyd.edge.loop_lag import LoopLag
from ptyd.edge.net.office import Office
from ptyd.edge.screen.engine_reader import EngineReader
from ptyd.manager import PtyManager
from ptyd.runs import Runs
from ptyd.services.table import Service

Labels = tuple[str, ...]


class Family(NamedTuple):
    """One metric: ``samples`` are (the labels' values, the value)."""

    kind: str
    name: str
    help: str
    labels: Labels
    samples: list[tuple[Labels, float]]


class Metrics:
    """Make it when the sessions of the daemon before have been adopted: what they wrote before is not ours."""

    def __init__(
        self,
        manager: PtyManager,
        office: Office,
        service: Service,
        runs: Runs,
        lag: LoopLag,
        audit_log: AuditLog | None,
        restarts: int,
        count_listeners: Callable[[], int],
    ) -> None:
        self._manager = manager
        self._office = office
        self._service = service
        self._runs = runs
        self._lag = lag
        self._audit_log = audit_log
        self._restarts = restarts
        self._count_listeners = count_listeners
        self._started_at = time.time()
        self._heads = {session.id: session.log_file.span.head for session in manager.registry}
        self._output_before = sum(self._heads.values())
        self._output_of_removed = 0
        self._events: dict[str, int] = dict.fromkeys(("created", "exited", "removed", "hold_ended"), 0)
        manager.events.subscribe(self._note_event)

    def _note_event(self, event: Event) -> None:
        self._events[event.kind] = self._events.get(event.kind, 0) + 1
        if event.kind == "exited":
            self._heads[event.session] = event.data["log_head"]
        elif event.kind == "removed":
            self._output_of_removed += self._heads.pop(event.session, 0)

    async def render(self) -> bytes:
        """The text for Prometheus. The library is loaded when somebody first asks, and puts it together in a thread."""
        families, histograms = list(self.collect()), self.collect_histograms()
        return await asyncio.to_thread(_render, families, histograms)

    def collect_histograms(self) -> list[tuple[str, str, list[tuple[str, float]], float]]:
        """(name, help, buckets, sum)."""

        def pick(name: str, text: str, histogram: Histogram) -> tuple[str, str, list[tuple[str, float]], float]:
            return name, text, histogram.cumulated(), histogram.total

        return [
            pick("ptyd_loop_lag_seconds", "How late the event loop was.", self._lag.histogram),
            pick(
                "ptyd_echo_seconds",
                "From a key's being taken to the session's next output, for some keys.",
                self._manager.echo.histogram,
            ),
        ]

    def collect(self) -> Iterator[Family]:
        sessions = list(self._manager.registry)
        yield from self._about_daemon()
        yield from self._about_traffic(sessions)
        yield from self._about_clients(sessions)
        yield from self._about_programs([session for session in sessions if not session.has_ended])
        yield from _about_sessions(sessions)
        yield from _about_usage([session for session in sessions if not session.has_ended])

    def _about_daemon(self) -> Iterator[Family]:
        engine = "none" if self._manager.engines is None else self._manager.engines.name
        labels = ("version", "engine", "python")
        build = (__version__, engine, platform.python_version())
        yield Family("gauge", "ptyd_build_info", "Versions.", labels, [(build, 1)])
        yield _one("gauge", "ptyd_start_time_seconds", "When this daemon began, in Unix seconds.", self._started_at)
        yield _one("counter", "ptyd_restarts_total", "Daemons that the keeper started after the first.", self._restarts)
        yield _one("gauge", "ptyd_listeners", "Sockets that are listened on.", self._count_listeners())
        lost = 0 if self._audit_log is None else self._audit_log.lost
        yield _one("counter", "ptyd_audit_lost_lines_total", "Lines of the audit that could not be written.", lost)
        yield _by("counter", "ptyd_audit_events_total", "What the audit has noted.", "event", audit.counts)

    def _about_traffic(self, sessions: list[Session]) -> Iterator[Family]:
        output = sum(session.log_file.span.head for session in sessions) + self._output_of_removed
        attachments = [one for session in sessions for one in session.attachments]
        gone = self._office.gone
        typed_bytes = gone.typed_bytes + sum(one.typed.bytes for one in attachments)
        typed_messages = gone.typed_messages + sum(one.typed.messages for one in attachments)
        yield _one(
            "counter",
            "ptyd_output_bytes_total",
            "What programs wrote.",
            output - self._output_before,
        )
        yield _one("counter", "ptyd_input_bytes_total", "What attached clients typed.", typed_bytes)
        yield _one("counter", "ptyd_input_messages_total", "In how many Inputs they did.", typed_messages)
        sent = gone.sent_bytes + sum(one.sent_bytes for one in attachments)
        yield _one("counter", "ptyd_sent_bytes_total", "Output and screens sent to clients.", sent)
        resyncs = gone.resyncs + sum(one.resyncs for one in attachments)
        yield _one("counter", "ptyd_resyncs_total", "Clients that fell behind and were given the screen anew.", resyncs)
        yield _by("counter", "ptyd_session_events_total", "What happened to sessions.", "kind", self._events)

    def _about_clients(self, sessions: list[Session]) -> Iterator[Family]:
        refusals = self._service.refusals + self._office.refusals
        yield _one("gauge", "ptyd_connections", "Open WebSockets.", len(self._office.connections))
        yield _one(
            "gauge", "ptyd_clients", "Attachments to sessions.", sum(len(session.attachments) for session in sessions)
        )
        yield _by(
            "counter",
            "ptyd_connections_dropped_total",
            "Connections that the daemon ended, by the reason.",
            "reason",
            self._office.closed_by_us,
        )
        yield _by("counter", "ptyd_refusals_total", "Requests refused, by code.", "code", refusals)
        limited = self._office.guests.refusals
        yield _by("counter", "ptyd_limited_total", "What was too much of one client, by the limit.", "limit", limited)
        yield _one(
            "counter", "ptyd_turned_away_total", "Requests that the door did not let in.", audit.counts["turned_away"]
        )
        yield _one("counter", "ptyd_login_refused_total", "Logins that failed.", audit.counts["login_refused"])

    def _about_programs(self, sessions: list[Session]) -> Iterator[Family]:
        doing = Counter[str](session.activity.state for session in sessions if session.activity is not None)
        yield _by("gauge", "ptyd_sessions_doing", "Running sessions by what their programs do.", "activity", doing)
        asked = sum(entry.approval.state == "waiting" for entry in self._manager.approvals)
        yield _one("gauge", "ptyd_approvals_waiting", "Permissions and questions that wait for an answer.", asked)
        yield _one("gauge", "ptyd_prompts_queued", "Prompts that wait for their program.", self._manager.prompts.queued)
        yield _one("gauge", "ptyd_runs_waiting", "Structured runs that wait for a place.", self._runs.waiting)


def _about_sessions(sessions: list[Session]) -> Iterator[Family]:
    running = sum(1 for session in sessions if not session.has_ended)
    states = {"running": running, "exited": len(sessions) - running}
    yield _by("gauge", "ptyd_sessions", "Sessions by state.", "state", states)
    yield _each("counter", "ptyd_session_output_bytes_total", "Output since the session began.", sessions, _head_of)
    yield _each("gauge", "ptyd_session_clients", "Attachments.", sessions, lambda one: len(one.attachments))
    yield _each("gauge", "ptyd_session_unacked_bytes", "On their way to one client, at most.", sessions, _unacked_of)
    yield _each("gauge", "ptyd_session_behind_bytes", "Not yet sent to the client that is last.", sessions, _behind_of)
    yield _each("gauge", "ptyd_session_engine_backlog_bytes", "Not yet taken by the engine.", sessions, _backlog_of)


def _about_usage(sessions: list[Session]) -> Iterator[Family]:
    """Of those whose processes somebody looks at."""
    used = [session for session in sessions if session.usage is not None]

    def of(field: str) -> Callable[[Session], float]:
        return lambda session: float(getattr(session.usage, field))

    yield _each("gauge", "ptyd_session_cpus", "CPUs in use by its processes.", used, of("cpus"))
    yield _each("gauge", "ptyd_session_memory_bytes", "Memory of its processes.", used, of("memory_bytes"))
    yield _each("gauge", "ptyd_session_processes", "Its processes.", used, of("processes"))


def _head_of(session: Session) -> float:
    return session.log_file.span.head


def _unacked_of(session: Session) -> float:
    return max((one.unacked_bytes for one in session.attachments), default=0)


def _behind_of(session: Session) -> float:
    return max((session.log_file.span.head - one.cursor for one in session.attachments), default=0)


def _backlog_of(session: Session) -> float:
    return session.screen.backlog_bytes if isinstance(session.screen, EngineReader) else 0


def _one(kind: str, name: str, text: str, value: float) -> Family:
    return Family(kind, name, text, (), [((), value)])


def _by(kind: str, name: str, text: str, label: str, counts: Mapping[str, int]) -> Family:
    return Family(kind, name, text, (label,), [((key,), count) for key, count in counts.items()])


def _each(kind: str, name: str, text: str, sessions: Iterable[Session], value: Callable[[Session], float]) -> Family:
    samples: list[tuple[Labels, float]] = [((one.id, one.name), value(one)) for one in sessions]
    return Family(kind, name, text, ("session", "name"), samples)


class _Collected:
    """What the library asks a registry for."""

    def __init__(self, metrics: list[Any]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Any]:
        return self._metrics


def _render(families: list[Family], histograms: list[tuple[str, str, list[tuple[str, float]], float]]) -> bytes:
    core = importlib.import_module("prometheus_client.core")
    exposition = importlib.import_module("prometheus_client.exposition")
    kinds = {"gauge": core.GaugeMetricFamily, "counter": core.CounterMetricFamily}
    metrics: list[Any] = []
    for family in families:
        metric = kinds[family.kind](family.name, family.help, labels=family.labels)
        for labels, value in family.samples:
            metric.add_metric(labels, value)
        metrics.append(metric)
    for name, text, buckets, total in histograms:
        metrics.append(core.HistogramMetricFamily(name, text, buckets=buckets, sum_value=total))
    process = importlib.import_module("prometheus_client").ProcessCollector(registry=None)
    content: bytes = exposition.generate_latest(_Collected([*metrics, *process.collect()]))
    return content
