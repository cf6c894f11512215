"""Keeps sessions within their limits: paces them, warns of what is near, and has those ended that have reached one."""

from collections.abc import Callable
from functools import partial

from ptyd_protocol.session_limits import SessionLimits

from ptyd.agents import Agent
from ptyd.config import Config
from ptyd.core.events import EventHub
from ptyd.core.limits.session_limits import Crossing, check_caps, is_unlimited, lower_to_caps, resolve_limits
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.processes.limit_timer import LimitTimer
from ptyd.edge.terminal.paced_pty import PacedPty
from ptyd.edge.terminal.pty import Pty


class Limiter:
    """One for the daemon. ``end_session``: of the manager."""

    def __init__(self, config: Config, events: EventHub, end_session: Callable[[Session, str], object]) -> None:
        self._config = config
        self._events = events
        self._end_session = end_session

    def resolve(self, wish: SessionLimits, agent: Agent, is_capped: bool) -> SessionLimits:
        """The limits of a new session. ``is_capped``: who wants it has no right "admin".

        Raises:
            Refusal: a value out of range, or more than is allowed.
        """
        configured, known = self._config.session_defaults, agent.limits
        if not is_capped:
            return resolve_limits(wish, configured, known)
        caps = self._config.caps
        limits = resolve_limits(wish, lower_to_caps(resolve_limits(SessionLimits(), configured, known), caps))
        check_caps(limits, caps)
        return limits

    @property
    def default_limits(self) -> SessionLimits:
        """Those of a plain command that nothing was said of."""
        return resolve_limits(SessionLimits(), self._config.session_defaults)

    def choose_pty(self, limits: SessionLimits) -> type[Pty]:
        return Pty if is_unlimited("output_bytes_per_second", limits.output_bytes_per_second) else PacedPty

    def start(self, session: Session, pty: Pty) -> LimitTimer:
        """Begin to keep a session within its limits, before its output is read."""
        timer = LimitTimer(session, self.note_crossing)
        limits = session.limits
        if isinstance(pty, PacedPty) and limits.output_bytes_per_second:
            pty.pace_output(limits.output_bytes_per_second, partial(timer.note_pacing, "output_bytes_per_second"))
        if limits.input_bytes_per_second:
            pty.pace_input(limits.input_bytes_per_second, partial(timer.note_pacing, "input_bytes_per_second"))
        return timer

    def note_crossing(self, session: Session, crossing: Crossing) -> None:
        """A session has come near a limit, or has reached it."""
        facts = crossing.to_event()
        audit.note("limit", None, session, limit=facts["limit"], used=facts["used"], allowed=facts["allowed"])
        if crossing.is_hard:
            self._end_session(session, crossing.reason)
        else:
            self._events.publish("limit_warning", session, facts)
