"""Which changes of a session the user is told of, and when. The time is the test's."""

from typing import Any

import msgspec
import pytest
from ptyd_protocol.activity import Activity
from ptyd_protocol.sessions import SessionInfo

from ptyd.core.notices.notice import Notice, clean, describe_seconds
from ptyd.core.notices.options import NotifyOptions
from ptyd.core.notices.outbox import MAX_DELIVERIES, RETRY_SECONDS, Delivery, Outbox
from ptyd.core.notices.quiet_hours import QuietHours, parse_quiet_hours
from ptyd.core.notices.rules import LEFT_SECONDS, LOOK_SECONDS, SETTLE_SECONDS, NoticeRules, Track

NOON = 12 * 60.0
DETAILS = {"tool": "Bash", "tool_detail": "rm -rf build", "prompt": "clean up"}


class Day:
    """Sessions of one daemon, over a day. ``now`` counts from noon."""

    def __init__(self, tracks: dict[str, Track] | None = None, **options: Any) -> None:
        self.rules = NoticeRules(NotifyOptions(**options), tracks)
        self.now = 0.0
        self.looked_at: set[str] = set()
        self.told: list[Notice] = []
        self.since = 0.0
        self.before: tuple[str, str | None] = ("", None)

    def pass_time(self, seconds: float) -> list[str]:
        """The titles told meanwhile; the rules are asked exactly when they say that something may be due."""
        end, told = self.now + seconds, len(self.told)
        while True:
            self.told += self.rules.take_due(self.now, self.minute, self.looked_at.__contains__)
            wait = self.rules.next_seconds(self.now, self.minute)
            if wait is None or self.now + wait > end:
                break
            assert wait > 0, "it says that something is due, and gives nothing"
            self.now += wait
        self.now = end
        return [notice.title for notice in self.told[told:]]

    @property
    def minute(self) -> float:
        return (NOON + self.now / 60) % (24 * 60)

    def become(self, state: Any, waits_for: Any = None, session: str = "a", **known: Any) -> None:
        if (state, waits_for) != self.before:
            self.before, self.since = (state, waits_for), self.now
        info = describe_session(
            session, state, self.since, waits_for, **known if state == "exited" else {"facts": known}
        )
        self.rules.note_activity(info, self.now, is_looked_at=session in self.looked_at)

    def ring(self) -> None:
        self.rules.note_bell(describe_session("a", "working", 0.0), self.now, is_looked_at="a" in self.looked_at)


def describe_session(
    session: str, state: Any, since: float, waits_for: Any = None, facts: dict[str, Any] | None = None, **known: Any
) -> SessionInfo:
    return SessionInfo(
        id=session,
        name=f"session-{session}",
        state="exited" if state == "exited" else "running",
        pid=1,
        argv=[],
        cwd="/",
        cols=80,
        rows=24,
        created_at=0.0,
        last_output_at=0.0,
        clients=0,
        controller=None,
        epoch=1,
        log_start=0,
        log_head=0,
        activity=Activity(state=state, since=since, waits_for=waits_for, **facts or {}),
        **known,
    )


# --- what is told


def test_waiting_is_told_once() -> None:
    day = Day()
    day.become("working")
    assert day.pass_time(10) == []
    day.become("waiting", "permission", **DETAILS)
    assert day.pass_time(SETTLE_SECONDS - 0.1) == []
    assert day.pass_time(0.1) == ["session-a waits for permission: Bash"]
    assert day.told[0].body == ""
    day.become("waiting", "permission", **DETAILS, model="another fact")
    assert day.pass_time(3600) == []
    day.become("working")
    day.become("waiting", "question")
    assert day.pass_time(SETTLE_SECONDS) == ["session-a waits for question"]


def test_details_only_where_asked_for() -> None:
    day = Day(with_details=True)
    day.become("waiting", "permission", **DETAILS)
    day.pass_time(10)
    assert day.told[0].body == "rm -rf build\nPrompt: clean up"


def test_a_waiting_that_is_over_at_once_is_none() -> None:
    for over in ("working", "idle", "exited"):
        day = Day()
        day.become("waiting", "permission")
        day.pass_time(SETTLE_SECONDS / 2)
        day.become(over)
        assert day.pass_time(3600) == []


def test_flapping_tells_once_in_a_while() -> None:
    day = Day(repeat_seconds=60)
    told = []
    for _ in range(60):  # five minutes of it
        day.become("waiting", "permission")
        told += day.pass_time(4)
        day.become("working")
        told += day.pass_time(1)
    assert 4 <= len(told) <= 5, told
    day.become("waiting", "permission")
    told = day.pass_time(60)
    assert len(told) == 1, "the one that lasts is told in the end"


def test_finished_after_long_work_only() -> None:
    day = Day(finished_after_seconds=60)
    day.become("working")
    day.pass_time(59)
    day.become("idle")
    assert day.pass_time(100) == []
    day.become("working")
    day.pass_time(61)
    day.become("idle")
    assert day.pass_time(100) == ["session-a has finished"]
    assert day.told[-1].body == "It has worked for 1 min 1 s."


def test_waiting_is_no_work() -> None:
    day = Day(finished_after_seconds=60, changes=["finished"])
    day.become("working")
    day.pass_time(40)
    day.become("waiting", "permission")
    day.pass_time(1000)
    day.become("working")
    day.pass_time(10)
    day.become("idle")
    assert day.pass_time(100) == []
    day.become("working")
    day.pass_time(40)
    day.become("waiting", "permission")
    day.pass_time(1000)
    day.become("working")
    day.pass_time(20)
    day.become("idle")
    assert day.pass_time(100) == ["session-a has finished"]


def test_a_turn_that_failed() -> None:
    day = Day(finished_after_seconds=0)
    day.become("working")
    day.pass_time(1)
    day.become("idle", detail="API Error: 500")
    assert day.pass_time(10) == ["session-a has stopped with an error"]
    assert "500" not in day.told[0].body


@pytest.mark.parametrize(
    ("end", "title"),
    [
        ({"exit_code": 3}, "session-a has exited with status 3"),
        ({"exit_signal": 9}, "session-a was killed by signal 9"),
        (
            {"exit_signal": 9, "end_reason": "it took more than 2G"},
            "session-a was ended: it took more than 2G",
        ),
        ({"exit_code": 0, "end_reason": "its time was up"}, "session-a was ended: its time was up"),
    ],
)
def test_failed(end: dict[str, Any], title: str) -> None:
    day = Day()
    day.become("working")
    day.pass_time(1)
    day.become("exited", **end)
    assert day.pass_time(10) == [title]
    day.become("exited", **end)
    assert day.pass_time(1000) == []


def test_a_good_end_is_told_of_long_work() -> None:
    day = Day(finished_after_seconds=60)
    day.become("active")
    day.pass_time(70)
    day.become("exited", exit_code=0)
    assert day.pass_time(10) == ["session-a has finished"]
    short = Day(finished_after_seconds=60)
    short.become("idle")
    short.pass_time(70)
    short.become("exited", exit_code=0)
    assert short.pass_time(10) == [], "it was idle, and somebody has left it"


def test_bell() -> None:
    day = Day(repeat_seconds=60)
    day.ring()
    day.ring()
    assert day.pass_time(30) == ["session-a has rung the bell"]
    day.ring()
    assert day.pass_time(40) == []
    day.ring()
    assert day.pass_time(10) == ["session-a has rung the bell"]


def test_only_the_changes_that_are_wanted() -> None:
    day = Day(changes=["failed"], finished_after_seconds=0)
    day.become("working")
    day.become("waiting", "permission")
    day.ring()
    day.pass_time(10)
    day.become("idle")
    assert day.pass_time(10) == []
    day.become("exited", exit_code=1)
    assert len(day.pass_time(10)) == 1


# --- where somebody looks


def test_who_looks_needs_no_telling() -> None:
    day = Day(finished_after_seconds=0)
    day.looked_at = {"a"}
    day.become("working")
    day.become("idle")
    day.ring()
    day.become("exited", exit_code=1)
    day.looked_at = set()
    assert day.pass_time(3600) == []


def test_who_stops_looking_is_told_in_a_while() -> None:
    day = Day()
    day.looked_at = {"a"}
    day.become("waiting", "permission")
    assert day.pass_time(600) == []
    day.looked_at = set()
    assert day.pass_time(LEFT_SECONDS - LOOK_SECONDS - 1) == []
    day.looked_at = {"a"}  # a glance at another tab
    assert day.pass_time(LEFT_SECONDS) == []
    day.looked_at = set()
    assert day.pass_time(LEFT_SECONDS + LOOK_SECONDS) == ["session-a waits for permission"]


def test_even_if_watched() -> None:
    day = Day(even_if_watched=True)
    day.looked_at = {"a"}
    day.become("waiting", "permission")
    assert len(day.pass_time(SETTLE_SECONDS)) == 1
    day.become("exited", exit_code=1)
    assert len(day.pass_time(SETTLE_SECONDS)) == 1


# --- quiet hours


@pytest.mark.parametrize(
    ("text", "minute", "remaining"),
    [
        ("", 0, 0),
        ("08:00-09:30", 8 * 60, 5400),
        ("08:00-09:30", 9 * 60 + 29.5, 30),
        ("08:00-09:30", 9 * 60 + 30, 0),
        ("08:00-09:30", 7 * 60 + 59, 0),
        ("22:00-07:00", 23 * 60, 8 * 3600),
        ("22:00-07:00", 60, 6 * 3600),
        ("22:00-07:00", 7 * 60, 0),
        ("22:00-07:00", 12 * 60, 0),
        ("12:00-12:00", 12 * 60, 0),
    ],
)
def test_quiet_hours(text: str, minute: float, remaining: float) -> None:
    assert parse_quiet_hours(text).remaining_seconds(minute) == remaining


def test_every_minute_is_quiet_or_not() -> None:
    quiet = QuietHours(22 * 60, 7 * 60)
    assert sum(quiet.remaining_seconds(minute) > 0 for minute in range(24 * 60)) == 9 * 60


def test_what_still_holds_is_told_when_quiet_hours_end() -> None:
    day = Day(quiet_hours="13:00-14:00")
    day.pass_time(3700)
    day.become("waiting", "permission", session="gone")
    day.become("waiting", "permission", session="still")
    assert day.pass_time(1800) == []
    day.become("working", session="gone")
    assert day.pass_time(1699) == []
    assert day.pass_time(2) == ["session-still waits for permission"]


def test_many_at_once_are_one() -> None:
    day = Day(quiet_hours="12:00-13:00")
    for number in range(10):
        day.become("waiting", "permission", session=str(number))
    assert day.pass_time(3600) == ["10 sessions want attention"]
    assert day.told[0].body.count("\n") == 9


# --- over a restart


def test_what_was_told_is_told_once_over_a_restart() -> None:
    day = Day()
    day.become("waiting", "permission", session="told")
    day.pass_time(10)
    day.become("waiting", "permission", session="due")
    kept = msgspec.json.decode(msgspec.json.encode(day.rules.tracks), type=dict[str, Track])
    after = Day(kept)
    after.now = day.now
    for session, since in (("told", 0.0), ("due", 0.0), ("meanwhile", 11.0)):
        after.rules.adopt(describe_session(session, "waiting", since, "permission"), after.now)
    assert after.pass_time(10) == ["session-due waits for permission", "session-meanwhile waits for permission"]


def test_ends_before_anybody_was_to_be_told_are_old_news() -> None:
    day = Day()
    day.rules.adopt(describe_session("a", "exited", 0.0, exit_code=1), 0.0)
    assert day.pass_time(100) == []
    died = Day({"a": Track(state="working")})
    died.rules.adopt(describe_session("a", "exited", 0.0, exit_code=1), 0.0)
    assert len(died.pass_time(100)) == 1, "it ended while there was no daemon"


# --- words


def test_strangers_text_is_harmless() -> None:
    assert clean("a\x1b[31m\nb\u202e") == "a [31m b"
    assert "@everyone" not in clean("@everyone") and "<!channel>" not in clean("<!channel>")
    assert clean("user@ host < 3") == "user@ host < 3"
    assert len(clean("x" * 1000)) == 300


def test_seconds() -> None:
    assert [describe_seconds(one) for one in (5, 60, 61, 3600, 3725)] == [
        "5 s",
        "1 min",
        "1 min 1 s",
        "1 h 0 min",
        "1 h 2 min",
    ]


# --- delivery


def make_notice(number: int = 0) -> Notice:
    return Notice(kind="waiting", session="a", title=f"{number}", body="", key="", at=0.0)


def take(outbox: Outbox, now: float, still_holds: bool = True) -> list[Delivery]:
    return outbox.take_due(now, lambda notice: still_holds)


def test_each_target_is_tried_by_itself() -> None:
    outbox = Outbox(2)
    assert outbox.put(make_notice(), 0.0) == []
    first, second = take(outbox, 0.0)
    assert (first.number, second.number) == (1, 2)
    assert outbox.next_at() is None
    now = 0.0
    for wait in RETRY_SECONDS:
        assert outbox.put_back(second, now)
        assert outbox.next_at() == now + wait
        assert take(outbox, now + wait - 0.1) == []
        now += wait
        [second] = take(outbox, now)
        assert second.number == 2
    assert not outbox.put_back(second, now), "it is bounded"
    assert outbox.next_at() is None


def test_what_holds_no_more_is_not_tried_again() -> None:
    outbox = Outbox(1)
    outbox.put(make_notice(), 0.0)
    [delivery] = take(outbox, 0.0)
    outbox.put_back(delivery, 0.0)
    assert take(outbox, 1000.0, still_holds=False) == []
    assert outbox.next_at() is None


def test_the_outbox_is_bounded() -> None:
    outbox = Outbox(1)
    given_up = [one for number in range(MAX_DELIVERIES + 5) for one in outbox.put(make_notice(number), 0.0)]
    assert [one.notice.title for one in given_up] == ["0", "1", "2", "3", "4"]
    assert len(take(outbox, 0.0)) == MAX_DELIVERIES


def test_urls_that_are_configured_no_more() -> None:
    kept = [Delivery(notice=make_notice(), number=1), Delivery(notice=make_notice(), number=2)]
    assert [one.number for one in take(Outbox(1, kept), 0.0)] == [1]
