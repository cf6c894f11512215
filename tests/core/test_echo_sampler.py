"""Histograms, and which keys are measured."""

from ptyd.core.echo_sampler import EVERY, GIVE_UP_SECONDS, EchoSampler
from ptyd.core.histogram import Histogram


def test_histogram() -> None:
    histogram = Histogram((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 99.0):
        histogram.add(seconds)
    assert histogram.cumulated() == [("1.0", 2), ("2.0", 3), ("+Inf", 4)]
    assert histogram.total == 102.0


def test_one_in_many_is_measured() -> None:
    sampler = EchoSampler()
    assert [sampler.is_due() for _ in range(2 * EVERY)].count(True) == 2


def test_the_next_output_is_the_echo() -> None:
    sampler = EchoSampler()
    sampler.note_input("a", 10.0)
    sampler.note_output("b", 10.1)
    sampler.note_input("a", 10.2)  # while the first waits
    sampler.note_output("a", 10.5)
    sampler.note_output("a", 10.6)
    assert sum(sampler.histogram.counts) == 1
    assert abs(sampler.histogram.total - 0.5) < 1e-9
    assert sampler.waiting == {}


def test_a_silent_program_is_given_up() -> None:
    sampler = EchoSampler()
    sampler.note_input("a", 0.0)
    sampler.note_output("a", GIVE_UP_SECONDS + 1)
    assert sum(sampler.histogram.counts) == 0
    sampler.note_input("a", 10.0)
    sampler.note_input("a", 11.0 + GIVE_UP_SECONDS)
    assert sampler.waiting == {"a": 11.0 + GIVE_UP_SECONDS}
