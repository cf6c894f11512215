"""Which limits a session gets, and what becomes of one that is crossed."""

import pytest
from ptyd_protocol.errors import Refusal
from ptyd_protocol.limits import MIB
from ptyd_protocol.messages import Event
from ptyd_protocol.session_limits import SessionLimits

from ptyd.agents import AGENTS
from ptyd.config import Config
from ptyd.core.events import EventHub
from ptyd.core.limits.session_limits import Crossing
from ptyd.core.session import Session
from ptyd.edge.processes.limiter import Limiter
from ptyd.edge.terminal.paced_pty import PacedPty
from ptyd.edge.terminal.pty import Pty
from tests.core.world import make_session


class World:
    def __init__(self, config: Config) -> None:
        self.ended: list[tuple[Session, str]] = []
        self.events: list[Event] = []
        hub = EventHub()
        hub.subscribe(self.events.append)
        self.limiter = Limiter(config, hub, lambda session, reason: self.ended.append((session, reason)))

    def resolve(self, kind: str = "command", is_capped: bool = False, **wish: float) -> SessionLimits:
        return self.limiter.resolve(SessionLimits(**wish), AGENTS[kind], is_capped)  # type: ignore[arg-type]


def test_what_was_asked_for_before_the_configuration_before_the_kind() -> None:
    world = World(Config(limits=SessionLimits(processes=5), log_bytes=2 * MIB, scrollback_lines=7))
    limits = world.resolve("claude")
    assert (limits.memory_bytes, limits.processes) == (8192 * MIB, 5)
    assert (limits.log_bytes, limits.scrollback_lines) == (2 * MIB, 7)
    assert world.resolve("claude", memory_bytes=0, log_bytes=MIB).log_bytes == MIB
    assert World(Config(limits=SessionLimits(memory_bytes=MIB * 64))).resolve("claude").memory_bytes == 64 * MIB


def test_caps_are_for_those_without_the_right() -> None:
    world = World(Config(caps=SessionLimits(memory_bytes=1024 * MIB)))
    assert world.resolve(memory_bytes=0).memory_bytes == 0
    assert world.resolve(is_capped=True).memory_bytes == 1024 * MIB
    assert world.resolve("claude", is_capped=True).memory_bytes == 1024 * MIB
    assert world.resolve(is_capped=True, memory_bytes=64 * MIB).memory_bytes == 64 * MIB
    for wish in (0, 2048 * MIB):
        with pytest.raises(Refusal, match="memory_bytes may be 1 GiB at most"):
            world.resolve(is_capped=True, memory_bytes=wish)


def test_what_is_near_is_told_and_what_is_reached_ends() -> None:
    world, session = World(Config()), make_session()
    near, over = Crossing("memory_bytes", 9, 10), Crossing("memory_bytes", 10, 10, is_hard=True)
    world.limiter.note_crossing(session, near)
    assert (world.ended, [event.data for event in world.events]) == ([], [near.to_event()])
    world.limiter.note_crossing(session, over)
    assert (world.ended, len(world.events)) == ([(session, over.reason)], 1)


def test_only_a_limited_output_is_paced() -> None:
    world = World(Config())
    assert world.limiter.choose_pty(world.resolve()) is Pty
    assert world.limiter.choose_pty(world.resolve(output_bytes_per_second=2048)) is PacedPty
