"""From a session's change to a notification that was taken: the real apprise in its process, the time is the test's."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from ptyd_protocol.activity import Activity

from ptyd.core.notices.options import NotifyOptions
from ptyd.core.notices.outbox import RETRY_SECONDS
from ptyd.core.notices.rules import SETTLE_SECONDS
from ptyd.core.session import Session
from ptyd.edge.notice_sender import NoticeSender
from ptyd.edge.tasks import Tasks
from ptyd.notifier import MEMORY_NAME, Clock, Notifier
from tests.core.world import attach, end_program, make_session
from tests.notices.mailbox import SECRET, Mailbox, free_port_url, open_mailbox
from tests.support.waiting import wait_until_async

SECONDS_TO_EIGHT = 8 * 3600.0


class HandClock(Clock):
    """A clock that the test sets; whoever sleeps on it wakes when it has come so far."""

    def __init__(self) -> None:
        self._now = 10 * 86_400.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self._now

    def minute(self) -> float:
        return self._now / 60 % (24 * 60)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        sleeper = (self._now + seconds, woken)
        self._sleepers.append(sleeper)
        try:
            await woken.wait()
        finally:
            self._sleepers.remove(sleeper)

    async def advance(self, seconds: float) -> None:
        """Once everything is done that was due, and somebody waits for more."""
        await wait_until_async(lambda: self._sleepers, what="the notifier to have nothing to do")
        self._now += seconds
        for due_at, woken in self._sleepers:
            if due_at <= self._now:
                woken.set()
        await asyncio.sleep(0)


class Bench:
    def __init__(self, place: Path, clock: HandClock, options: NotifyOptions, sender: NoticeSender) -> None:
        self.path = place / MEMORY_NAME
        self.clock = clock
        self.tasks = Tasks()
        self.notifier = Notifier(options, self.path, self.tasks, sender, lambda session: f"https://x/#{session}", clock)
        self.session = make_session(activity=Activity(state="working", since=clock.now()))

    def become(self, state: Any, waits_for: Any = None, session: Session | None = None) -> None:
        one = session or self.session
        one.activity = Activity(state=state, waits_for=waits_for, since=self.clock.now())
        self.notifier.note("activity", one)

    async def end(self) -> None:
        await self.tasks.cancel_all()
        self.notifier.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        yield mailbox


class Benches:
    """Daemons one after the other, in one place."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.clock = HandClock()
        self.running: list[Bench] = []

    def make(self, *urls: str, sender: NoticeSender | None = None, **options: Any) -> Bench:
        bench = Bench(self.place, self.clock, NotifyOptions(urls=list(urls), **options), sender or NoticeSender())
        self.running.append(bench)
        return bench

    def begin(self, *urls: str, sender: NoticeSender | None = None, **options: Any) -> Bench:
        bench = self.make(*urls, sender=sender, **options)
        bench.notifier.start([])
        return bench


@pytest_asyncio.fixture
async def benches(tmp_path: Path) -> AsyncIterator[Benches]:
    benches = Benches(tmp_path)
    yield benches
    for bench in benches.running:
        await bench.end()


async def wait_for_mail(mailbox: Mailbox, count: int) -> None:
    await wait_until_async(lambda: len(mailbox.taken) >= count, 30, lambda: f"{count} notifications; {mailbox.titles}")


async def test_waiting_reaches_the_mailbox(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(mailbox.url)
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_for_mail(mailbox, 1)
    assert (
        mailbox.taken[0]
        | {"title": "", "message": "", "type": ""}
        | {
            "title": "build waits for permission",
            "message": "https://x/#1a2b3c4d",
            "type": "warning",
        }
        == mailbox.taken[0]
    )


async def test_failures_are_tried_again_until_it_is_taken(
    benches: Benches, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mailbox.refusals = 2
    bench = benches.begin(mailbox.url)
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    for attempt, wait in enumerate(RETRY_SECONDS[:2], 1):
        await wait_until_async(lambda attempt=attempt: mailbox.attempts == attempt, 30)  # type: ignore[misc]
        await benches.clock.advance(wait)
    await wait_for_mail(mailbox, 1)
    assert mailbox.attempts == 3
    await wait_until_async(lambda: bench.notifier.sent == 1)
    assert "url 1 (JSON) failed and is tried again" in caplog.text
    assert "503" in caplog.text
    assert SECRET not in caplog.text


async def test_attempts_are_bounded(benches: Benches, caplog: pytest.LogCaptureFixture) -> None:
    bench = benches.begin(free_port_url())
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    for wait in RETRY_SECONDS:
        await benches.clock.advance(wait)
    await wait_until_async(lambda: bench.notifier.failed == 1, 30)
    assert "is given up" in caplog.text
    assert "[Errno 111] Connection refused" in caplog.text
    assert SECRET not in caplog.text


async def test_one_that_fails_is_not_in_the_way_of_others(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(free_port_url(), "nonsense://what", mailbox.url)
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_for_mail(mailbox, 1)
    await benches.clock.advance(RETRY_SECONDS[0])
    assert bench.notifier.failed == 1, "what apprise does not know is not tried again"
    assert mailbox.attempts == 1, "and who has it is not told again"


async def test_quiet_hours(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(mailbox.url, quiet_hours="22:00-08:00")
    other = make_session(id="99999999", name="other")
    bench.become("waiting", "permission")
    bench.become("waiting", "question", session=other)
    await benches.clock.advance(SECONDS_TO_EIGHT - 61)
    bench.become("working")
    for _ in range(2):
        await benches.clock.advance(60)  # it looks at the clock each minute
    await wait_for_mail(mailbox, 1)
    assert mailbox.titles == ["other waits for question"]


async def test_who_looks_is_not_told(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(mailbox.url)
    attach(bench.session)
    end_program(bench.session, code=1)
    bench.become("exited")
    hidden = make_session(id="99999999", name="hidden")
    attach(hidden).hidden = True
    end_program(hidden, code=1)
    bench.become("exited", session=hidden)
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_for_mail(mailbox, 1)
    assert mailbox.titles == ["hidden has exited with status 1"]


async def test_an_end_that_was_asked_for_is_no_news(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(mailbox.url)
    bench.session.end_is_asked = True
    end_program(bench.session, code=None, signal=15)
    bench.become("exited")
    other = make_session(id="99999999", name="other")
    end_program(other, code=None, signal=15)
    bench.become("exited", session=other)
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_for_mail(mailbox, 1)
    assert mailbox.titles == ["other was killed by signal 15"]


async def test_what_is_not_delivered_outlives_the_daemon(benches: Benches, mailbox: Mailbox) -> None:
    mailbox.refusals = 1
    before = benches.begin(mailbox.url)
    before.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_until_async(lambda: mailbox.attempts == 1, 30)
    await benches.clock.advance(1)
    await before.end()
    assert SECRET.encode() not in before.path.read_bytes()
    after = benches.make(mailbox.url)
    after.notifier.start([before.session])
    await benches.clock.advance(RETRY_SECONDS[0])
    await wait_for_mail(mailbox, 1)
    await benches.clock.advance(3600)
    await benches.clock.advance(0)
    assert mailbox.attempts == 2, "told once"


async def test_a_process_that_cannot_be_started(benches: Benches, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = benches.begin("json://127.0.0.1/", sender=NoticeSender(["/nonexistent"]))
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_until_async(lambda: "is tried again" in caplog.text)


async def test_a_process_that_hangs(benches: Benches, tmp_path: Path) -> None:
    """The daemon's end does not wait for it."""
    begun = tmp_path / "begun"
    bench = benches.begin("json://127.0.0.1/", sender=NoticeSender(["sh", "-c", f"touch {begun}; exec sleep 1000"]))
    bench.become("waiting", "permission")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_until_async(begun.exists)
    await bench.end()
    assert msgspec.json.decode(bench.path.read_bytes())["deliveries"], "the next daemon sends it"


async def test_a_memory_of_another_kind(tmp_path: Path, benches: Benches, mailbox: Mailbox) -> None:
    (tmp_path / MEMORY_NAME).write_bytes(b"\xffwhat")
    bench = benches.begin(mailbox.url)
    bench.become("waiting", "input")
    await benches.clock.advance(SETTLE_SECONDS)
    await wait_for_mail(mailbox, 1)


async def test_the_test(benches: Benches, mailbox: Mailbox) -> None:
    bench = benches.begin(mailbox.url, free_port_url(), "nonsense://token-t0ken")
    result = await bench.notifier.test("Hello", "from a test")
    assert mailbox.titles == ["Hello"]
    assert [(one.number, one.service, bool(one.reason)) for one in result.outcomes] == [
        (1, "JSON", False),
        (2, "JSON", True),
        (3, "nonsense", True),
    ]
    assert result.outcomes[1].reason.endswith("[Errno 111] Connection refused")
    assert "t0ken" not in result.outcomes[2].reason


def test_the_daemon_imports_nothing_of_it() -> None:
    """Whoever configures nothing pays nothing."""
    code = "import ptyd.daemon, sys; print({'apprise', 'requests', 'yaml'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
