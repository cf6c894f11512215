"""Which changes of a session the user is told of, and when.

What has to be told waits for a moment (``SETTLE_SECONDS``), so that a waiting that is over at once is none; then until
``repeat_seconds`` after the last one of this session, so that one that flaps tells once in a while; and for the end of
quiet hours. What is not so any more by then is not told. A session has at most one that waits: the newest.

Whoever looks at the session needs no telling. What happens once (finished, failed, bell) was seen then and is dropped.
Waiting lasts: it is told once nobody has looked for ``LEFT_SECONDS``, which a glance at another tab does not take.
"""

from collections.abc import Callable

from msgspec import Struct
from ptyd_protocol.activity import ActivityState
from ptyd_protocol.sessions import SessionInfo

from ptyd.core.notices import notice as words
from ptyd.core.notices.notice import Notice
from ptyd.core.notices.options import NoticeKind, NotifyOptions
from ptyd.core.notices.quiet_hours import parse_quiet_hours

SETTLE_SECONDS = 2.0
LOOK_SECONDS = 5.0
"""Between two looks whether somebody still looks."""
LEFT_SECONDS = 60.0
MAX_SINGLE_NOTICES = 3
"""More that are due at once are told as one: at the end of quiet hours."""

_WORKING: frozenset[ActivityState] = frozenset({"working", "waiting"})


class Track(Struct, kw_only=True):
    """What is remembered of one session. Times are Unix seconds."""

    state: ActivityState | None = None
    worked_seconds: float = 0.0
    working_since: float | None = None
    told_key: str = ""
    told_at: float | None = None
    pending: Notice | None = None
    due_at: float = 0.0
    looked_at: float | None = None
    """When somebody was seen to look at what is pending."""


class NoticeRules:
    """Of all sessions. ``now``: Unix seconds; ``minute``: of the local day, for quiet hours."""

    def __init__(self, options: NotifyOptions, tracks: dict[str, Track] | None = None) -> None:
        self._options = options
        self._quiet = parse_quiet_hours(options.quiet_hours)
        self.tracks = dict(tracks or {})

    # --- what happens ---

    def adopt(self, info: SessionInfo, now: float) -> None:
        """A session that was there before this daemon: what it waits for is told unless that was done."""
        if info.id in self.tracks or (info.activity is not None and info.activity.state != "exited"):
            self.note_activity(info, now, is_looked_at=False)

    def note_activity(self, info: SessionInfo, now: float, *, is_looked_at: bool) -> None:
        """``info.activity`` is new, or the session has exited."""
        activity = info.activity
        if activity is None:
            return
        track = self.tracks.setdefault(info.id, Track())
        before, track.state = track.state, activity.state
        self._count_work(track, before, activity.state, activity.since, now)
        match activity.state:
            case "waiting":
                key = f"waiting since {activity.since:.3f}"
                title, body = words.describe_waiting(info, activity, self._options.with_details)
                self._plan(track, Notice(kind="waiting", session=info.id, title=title, body=body, key=key, at=now), now)
            case "idle":
                self._withdraw(track, "waiting")
                if before in _WORKING:
                    self._note_finished(track, info, now, is_looked_at)
            case "exited":
                self._withdraw(track, "waiting", "finished", "bell")
                if before != "exited":
                    self._note_exit(track, info, before, now, is_looked_at)
            case _:
                self._withdraw(track, "waiting", "finished")

    def note_bell(self, info: SessionInfo, now: float, *, is_looked_at: bool) -> None:
        track = self.tracks.setdefault(info.id, Track())
        is_told = track.told_at is not None and now - track.told_at < self._options.repeat_seconds
        if track.pending is None and not is_told:
            self._note_once(track, "bell", info, words.describe_bell(info), now, is_looked_at)

    def forget(self, session: str) -> None:
        self.tracks.pop(session, None)

    def still_holds(self, notice: Notice) -> bool:
        """Whether it is worth while to try again: who waits no more need not be told of."""
        track = self.tracks.get(notice.session)
        return notice.kind != "waiting" or not notice.session or (track is not None and track.state == "waiting")

    # --- what follows ---

    def take_due(self, now: float, minute: float, is_looked_at: Callable[[str], bool]) -> list[Notice]:
        """What is to be told now."""
        if self._quiet.remaining_seconds(minute) > 0:
            return []
        due = []
        for session, track in self.tracks.items():
            if track.pending is None or now < track.due_at:
                continue
            if track.pending.kind == "waiting" and not self._options.even_if_watched:
                if is_looked_at(session):
                    track.looked_at = now
                    track.due_at = now + LOOK_SECONDS
                    continue
                if track.looked_at is not None and now < track.looked_at + LEFT_SECONDS:
                    track.due_at = min(now + LOOK_SECONDS, track.looked_at + LEFT_SECONDS)
                    continue
            due.append(track.pending)
            track.told_key, track.told_at = track.pending.key, now
            track.pending = track.looked_at = None
        return due if len(due) <= MAX_SINGLE_NOTICES else [words.make_digest(due)]

    def next_seconds(self, now: float, minute: float) -> float | None:
        """In how many seconds something may be due; None: nothing waits."""
        waits = [track.due_at for track in self.tracks.values() if track.pending is not None]
        return max(0.0, min(waits) - now, self._quiet.remaining_seconds(minute)) if waits else None

    # --- the parts ---

    def _count_work(
        self, track: Track, before: ActivityState | None, state: ActivityState, since: float, now: float
    ) -> None:
        """Waiting is no work, but does not end it."""
        if track.working_since is not None and state != "working":
            track.worked_seconds += max(0.0, now - track.working_since)
            track.working_since = None
        if state in _WORKING and before not in _WORKING:
            track.worked_seconds = 0.0
        if state == "working" and track.working_since is None:
            track.working_since = min(now, since) if before != "waiting" else now

    def _note_finished(self, track: Track, info: SessionInfo, now: float, is_looked_at: bool) -> None:
        assert info.activity is not None
        if track.worked_seconds >= self._options.finished_after_seconds:
            texts = words.describe_finished(info, info.activity, track.worked_seconds, self._options.with_details)
            self._note_once(track, "finished", info, texts, now, is_looked_at)

    def _note_exit(
        self, track: Track, info: SessionInfo, before: ActivityState | None, now: float, is_looked_at: bool
    ) -> None:
        assert info.activity is not None
        if info.exit_code not in (0, None) or info.exit_signal is not None or info.end_reason:
            self._note_once(track, "failed", info, words.describe_failed(info), now, is_looked_at)
        elif info.exit_code == 0 and before not in ("idle", "starting"):
            # Of a plain program that has run to its end nobody saw that it worked.
            seconds = track.worked_seconds if before in _WORKING else max(0.0, now - info.created_at)
            if seconds >= self._options.finished_after_seconds:
                texts = words.describe_finished(info, info.activity, seconds, self._options.with_details)
                self._note_once(track, "finished", info, texts, now, is_looked_at)

    def _note_once(
        self, track: Track, kind: NoticeKind, info: SessionInfo, texts: tuple[str, str], now: float, is_looked_at: bool
    ) -> None:
        if is_looked_at and not self._options.even_if_watched:
            return
        title, body = texts
        key = f"{kind} at {now:.3f}"
        self._plan(track, Notice(kind=kind, session=info.id, title=title, body=body, key=key, at=now), now)

    def _plan(self, track: Track, notice: Notice, now: float) -> None:
        if notice.kind not in self._options.changes or notice.key == track.told_key:
            return
        is_same = track.pending is not None and track.pending.key == notice.key
        track.pending = notice
        if is_same:
            return
        track.looked_at = None
        track.due_at = now + SETTLE_SECONDS
        if track.told_at is not None and track.state != "exited":
            track.due_at = max(track.due_at, track.told_at + self._options.repeat_seconds)

    def _withdraw(self, track: Track, *kinds: NoticeKind) -> None:
        if track.pending is not None and track.pending.kind in kinds:
            track.pending = None
