"""The allowance of a viewer: what it digests in half a second. Time is passed in."""

from ptyd_protocol.limits import MIN_WINDOW_BYTES

from ptyd.core.viewing.pace import FIRST_ALLOWED_BYTES, TARGET_SECONDS, Pace

WINDOW = 256 * 1024


class Link:
    """A viewer that takes ``rate`` bytes a second."""

    def __init__(self, pace: Pace, rate: float) -> None:
        self.pace = pace
        self.rate = rate
        self.sent = 0
        self.now = 100.0

    def send(self, length: int) -> None:
        """Send so much, and wait until it is acknowledged."""
        self.sent += length
        self.pace.look(self.sent, length, self.now)
        self.now += length / self.rate
        self.pace.look(self.sent, 0, self.now)


def test_it_begins_small_and_grows_to_the_window() -> None:
    pace = Pace(WINDOW)
    assert pace.allowed == FIRST_ALLOWED_BYTES
    link = Link(pace, 1e9)
    allowed = []
    for _ in range(10):
        link.send(pace.allowed)
        allowed.append(pace.allowed)
    assert allowed == sorted(allowed)
    assert allowed[-1] == WINDOW
    assert pace.bytes_per_second is None


def test_a_small_window_is_never_passed() -> None:
    pace = Pace(5000)
    assert pace.allowed == 5000
    Link(pace, 1e9).send(5000)
    assert pace.allowed == 5000


def test_a_slow_link_gets_what_it_takes_in_half_a_second() -> None:
    pace = Pace(WINDOW)
    link = Link(pace, 12_000.0)
    link.send(FIRST_ALLOWED_BYTES)
    assert pace.bytes_per_second is not None
    assert abs(pace.bytes_per_second - 12_000) < 1
    assert abs(pace.allowed - 12_000 * TARGET_SECONDS) <= 1


def test_the_slowest_link_still_gets_the_least() -> None:
    pace = Pace(WINDOW)
    Link(pace, 100.0).send(FIRST_ALLOWED_BYTES)
    assert pace.allowed == MIN_WINDOW_BYTES


def test_a_link_that_recovers_is_no_longer_slow() -> None:
    pace = Pace(WINDOW)
    link = Link(pace, 8_000.0)
    link.send(FIRST_ALLOWED_BYTES)
    assert pace.bytes_per_second is not None
    link.rate = 1e9
    for _ in range(20):
        link.send(pace.allowed)
    assert pace.bytes_per_second is None
    assert pace.allowed == WINDOW


def test_single_keys_say_nothing() -> None:
    pace = Pace(WINDOW)
    link = Link(pace, 1.0)
    for _ in range(5):
        link.send(1)  # a second each
    assert (pace.allowed, pace.bytes_per_second) == (FIRST_ALLOWED_BYTES, None)
    link.rate = 1e9
    for _ in range(5):
        link.send(1)
    assert pace.allowed == FIRST_ALLOWED_BYTES


def test_what_is_sent_meanwhile_is_measured_next() -> None:
    pace = Pace(WINDOW)
    pace.look(16_000, 16_000, 10.0)
    pace.look(32_000, 20_000, 11.0)  # 12,000 of the first are acknowledged
    assert pace.bytes_per_second is None
    pace.look(32_000, 16_000, 12.0)  # the first is through, in two seconds
    assert pace.bytes_per_second == 8_000
    pace.look(32_000, 0, 14.0)
    assert pace.bytes_per_second == 8_000
