"""A terminal and the one that its snapshot makes cannot be told apart, whatever came before and comes after."""

from collections.abc import Sequence

from hypothesis import given, settings

from ptyd.engine.terminal import GhosttyEngine, GhosttyEngineMaker
from tests.engine.observables import ask, differences, observe
from tests.engine.strategies import SIZES, STEPS, STREAMS

MAKER = GhosttyEngineMaker()
SCROLLBACK = 50
IN_CI = settings(derandomize=True, deadline=None, max_examples=150)


def run(steps: Sequence[bytes | tuple[int, int]]) -> GhosttyEngine:
    engine = MAKER.create(20, 6, SCROLLBACK)
    for step in steps:
        if isinstance(step, bytes):
            engine.feed(step)
        else:
            engine.resize(*step)
    return engine


def copy(engine: GhosttyEngine) -> GhosttyEngine:
    state = engine._state(0)
    other = MAKER.create(state.cols, state.rows, SCROLLBACK)
    assert other.feed(engine.snapshot(-1)) == b"", "the snapshot asked something"
    return other


def assert_alike(one: GhosttyEngine, other: GhosttyEngine) -> None:
    assert differences(observe(one), observe(other)) == {}


@IN_CI
@given(STEPS)
def test_a_snapshot_makes_the_same_terminal(steps: list[bytes | tuple[int, int]]) -> None:
    engine = run(steps)
    other = copy(engine)
    assert_alike(engine, other)
    assert differences(ask(engine), ask(other)) == {}


@IN_CI
@given(STEPS, STREAMS)
def test_what_comes_after_does_the_same_to_both(steps: list[bytes | tuple[int, int]], after: bytes) -> None:
    engine = run(steps)
    other = copy(engine)
    assert engine.feed(after) == other.feed(after)
    assert_alike(engine, other)


@IN_CI
@given(STEPS, SIZES)
def test_lines_flow_alike_in_both(steps: list[bytes | tuple[int, int]], size: tuple[int, int]) -> None:
    engine = run(steps)
    other = copy(engine)
    for terminal in (engine, other):
        terminal.resize(*size)
    # The library keeps or loses the marks of wrapped rows of the alternate screen, which does not flow anew, by what
    # room its memory has.
    assert differences(observe(engine), observe(other)).keys() <= {"alternate wraps"}


@IN_CI
@given(STEPS, STREAMS)
def test_a_restored_terminal_is_the_saved_one(steps: list[bytes | tuple[int, int]], after: bytes) -> None:
    engine = run(steps)
    other = MAKER.restore(engine.save())
    assert_alike(engine, other)
    assert engine.feed(after) == other.feed(after)
    assert_alike(engine, other)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(STREAMS)
def test_a_snapshot_may_be_taken_at_any_byte(stream: bytes) -> None:
    whole = run([stream])
    for cut in range(len(stream)):
        engine = run([stream[:cut]])
        other = copy(engine)
        assert other.feed(stream[cut:]) == engine.feed(stream[cut:])
        assert_alike(whole, other)
