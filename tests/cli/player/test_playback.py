"""Playing, pausing and seeking, on a clock that the test moves."""

import pytest
from ptyd_cli.player.cast import read_cast
from ptyd_cli.player.playback import MAX_SPEED, MIN_SPEED, Part, Playback

from tests.cli.player.casts import make_v3

# at 1, 2, 3, 4, 10 and 12 seconds
CAST = read_cast(
    make_v3(
        [
            (1, "o", "a"),
            (1, "i", "typed"),
            (1, "m", "one"),
            (1, "o", "b"),
            (6, "o", "c"),
            (2, "m", "two"),
            (0, "x", "0"),
        ]
    )
)


def start(now: float = 100.0, **more: float) -> Playback:
    playback = Playback(CAST, now, **more)
    playback.begin(now)
    return playback


def test_output_comes_when_it_came() -> None:
    playback = start()
    assert playback.take_due(100.9).text == ""
    assert playback.wait_seconds(100.9) == pytest.approx(0.1)
    assert playback.take_due(101.0).text == "a"
    assert playback.take_due(110.0).text == "bc"
    assert not playback.is_at_end
    assert playback.take_due(200.0).text == ""
    assert playback.is_at_end
    assert playback.wait_seconds(200.0) is None
    assert playback.position(200.0) == CAST.duration


def test_beginning_later() -> None:
    assert Playback(CAST, 0.0, start=4.0).begin(0.0) == Part("ab")
    assert Playback(CAST, 0.0, start=99.0).begin(0.0) == Part("abc")


def test_speed() -> None:
    playback = start(speed=2.0)
    assert playback.take_due(102.0).text == "ab"
    playback.change_speed(0.25, 102.0)
    assert playback.position(104.0) == 5.0
    assert playback.wait_seconds(104.0) == pytest.approx(10.0)
    for _ in range(20):
        playback.change_speed(2, 104.0)
    assert playback.speed == MAX_SPEED
    for _ in range(20):
        playback.change_speed(0.5, 104.0)
    assert playback.speed == MIN_SPEED


def test_pause() -> None:
    playback = start()
    playback.toggle(101.5)
    assert playback.take_due(150.0).text == "a"
    assert playback.wait_seconds(150.0) is None
    playback.toggle(150.0)
    assert playback.position(151.0) == 2.5


def test_seeking_forward_adds_what_is_between_and_backward_begins_anew() -> None:
    playback = start()
    assert playback.take_due(101.0) == Part("a")
    assert playback.seek(5.0, 101.0) == Part("b")
    assert playback.seek(1.0, 101.0) == Part("a", is_anew=True)
    assert playback.seek(0.0, 101.0) == Part("", is_anew=True)
    assert playback.seek(-5.0, 101.0) == Part("")
    assert playback.position(102.0) == 1.0
    assert playback.seek(50.0, 102.0) == Part("abc")


def test_seeking_backward_past_no_output_begins_nothing_anew() -> None:
    playback = start()
    playback.take_due(108.0)
    assert playback.seek(5.0, 108.0) == Part("")


def test_steps() -> None:
    playback = start()
    assert [playback.step(100.0).text for _ in range(4)] == ["a", "b", "c", ""]
    assert playback.is_paused and playback.is_at_end


def test_marks() -> None:
    playback = start()
    found = playback.next_marker(100.0)
    assert found is not None and (found[0].data, found[1]) == ("one", Part("a"))
    assert playback.is_paused
    found = playback.next_marker(100.0)
    assert found is not None and (found[0].data, found[1]) == ("two", Part("bc"))
    assert playback.next_marker(100.0) is None
