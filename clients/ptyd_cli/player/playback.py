"""Where playing a recording is. No I/O: the time is passed in, in seconds on the caller's clock."""

from bisect import bisect_right
from dataclasses import dataclass

from ptyd_cli.player.cast import Cast, CastEvent

MIN_SPEED, MAX_SPEED = 1 / 16, 64.0

MARKER_SLACK_SECONDS = 0.001
"""The next marker is one behind this."""


@dataclass(frozen=True)
class Part:
    """What to show now. ``is_anew``: on an empty terminal."""

    text: str
    is_anew: bool = False


class Playback:
    """Plays, pauses, seeks. ``position`` is in seconds of the recording."""

    def __init__(self, cast: Cast, now: float, *, speed: float = 1.0, start: float = 0.0) -> None:
        self._cast = cast
        self._times = [event.at for event in cast.events]
        self._next = 0
        self._began_at = now
        self._began_position = 0.0
        self.speed = speed
        self.is_paused = False
        self._start = start

    def position(self, now: float) -> float:
        if self.is_paused:
            return self._began_position
        return min(self._began_position + (now - self._began_at) * self.speed, self._cast.duration)

    @property
    def is_at_end(self) -> bool:
        """Everything has been shown."""
        return self._next >= len(self._cast.events)

    def begin(self, now: float) -> Part:
        """The first part: all until where it is to begin."""
        return self.seek(self._start, now)

    def take_due(self, now: float) -> Part:
        """What has come since the last time."""
        return Part(self._take_until(self.position(now)))

    def wait_seconds(self, now: float) -> float | None:
        """How long until there is more; None while nothing comes by itself."""
        if self.is_paused or self.is_at_end:
            return None
        return max(self._times[self._next] - self.position(now), 0.0) / self.speed

    # --- what the user wants ---

    def toggle(self, now: float) -> None:
        """Pause, or go on."""
        self._set_position(self.position(now), now)
        self.is_paused = not self.is_paused

    def change_speed(self, factor: float, now: float) -> None:
        self._set_position(self.position(now), now)
        self.speed = min(max(self.speed * factor, MIN_SPEED), MAX_SPEED)

    def seek(self, position: float, now: float) -> Part:
        """Be there: from the start anew where that is behind us."""
        position = min(max(position, 0.0), self._cast.duration)
        is_behind = self._next > 0 and position < self._times[self._next - 1]
        if is_behind:
            self._next = 0
        self._set_position(position, now)
        return Part(self._take_until(position), is_anew=is_behind)

    def step(self, now: float) -> Part:
        """To the next output, and pause there."""
        self.is_paused = True
        events = self._cast.events
        while self._next < len(events):
            event = events[self._next]
            self._next += 1
            self._set_position(event.at, now)
            if event.code == "o":
                return Part(event.data)
        return Part("")

    def next_marker(self, now: float) -> tuple[CastEvent, Part] | None:
        """To the next marker and pause there; None where there is none."""
        here = self.position(now) + MARKER_SLACK_SECONDS
        marker = next((event for event in self._cast.markers if event.at > here), None)
        if marker is None:
            return None
        part = self.seek(marker.at, now)
        self.is_paused = True
        return marker, part

    def _set_position(self, position: float, now: float) -> None:
        self._began_position, self._began_at = position, now

    def _take_until(self, position: float) -> str:
        begin, self._next = self._next, max(self._next, bisect_right(self._times, position))
        return "".join(event.data for event in self._cast.events[begin : self._next] if event.code == "o")
