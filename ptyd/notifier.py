"""Tells the user of sessions that need attention: joins the rules (core/notices) with the sessions and the sender.

Made only where the configuration says whom to tell. Nothing here waits for anything that is sent.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct
from ptyd_protocol.notify import NotifyOutcome, NotifyTestResult

from ptyd.core.events import EventKind
from ptyd.core.notices.options import NoticeKind, NotifyOptions
from ptyd.core.notices.outbox import Delivery, Outbox
from ptyd.core.notices.rules import NoticeRules, Track
from ptyd.core.session import Session
from ptyd.edge.notice_child import Message
from ptyd.edge.notice_sender import NoticeSender
from ptyd.edge.tasks import Tasks

logger = logging.getLogger("ptyd.notices")

MEMORY_NAME = "notices"
SAVE_SECONDS = 1.0
"""So much of what has changed, and was not told yet, a killed daemon may forget."""
MAX_SLEEP_SECONDS = 60.0
"""Clocks are set, and machines sleep: so often it is looked anew."""
TYPES: dict[NoticeKind, str] = {"waiting": "warning", "finished": "success", "failed": "failure", "bell": "info"}


class Memory(Struct, kw_only=True):
    """What the next daemon has to know."""

    tracks: dict[str, Track] = {}
    deliveries: list[Delivery] = []


class Clock:
    """The present; tests have their own."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def minute(self) -> float:
        """Of the local day, with fractions."""
        local = time.localtime(self.now())
        return local.tm_hour * 60 + local.tm_min + local.tm_sec / 60

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Notifier:
    """``path``: where its memory is kept. ``config_path``: whose ``options`` these are. ``link``: the address of a
    session for a browser, empty where there is none."""

    def __init__(
        self,
        options: NotifyOptions,
        path: Path,
        tasks: Tasks,
        sender: NoticeSender,
        link: Callable[[str], str] = lambda session_id: "",
        clock: Clock | None = None,
    ) -> None:
        self._options = options
        self._path = path
        self._tasks = tasks
        self._sender = sender
        self._link = link
        self._clock = clock or Clock()
        memory = _read_memory(path)
        self._rules = NoticeRules(options, memory.tracks)
        self._outbox = Outbox(len(options.urls), memory.deliveries)
        self._under_way: list[Delivery] = []
        self._sessions: dict[str, Session] = {}
        self._has_news = asyncio.Event()
        self._save_timer: asyncio.TimerHandle | None = None
        self.sent = 0
        self.failed = 0
        """Deliveries that were given up."""

    # --- the sessions ---

    def start(self, sessions: list[Session]) -> None:
        """``sessions``: those that this daemon has adopted."""
        for session in sessions:
            self._sessions[session.id] = session
            self._rules.adopt(session.info(), self._clock.now())
        for gone in self._rules.tracks.keys() - self._sessions.keys():
            self._rules.forget(gone)
        self._tasks.start(self._work(), "notifications")

    def note(self, kind: EventKind, session: Session) -> None:
        """An event of a session."""
        if kind == "removed":
            self._sessions.pop(session.id, None)
            self._rules.forget(session.id)
        elif kind in ("activity", "bell"):
            self._sessions[session.id] = session
            self._note_change(kind, session)
        else:
            return
        self._has_news.set()
        self._save_soon()

    def _note_change(self, kind: EventKind, session: Session) -> None:
        now, is_looked_at = self._clock.now(), _is_looked_at(session)
        if session.end_is_asked and session.exit is not None:
            self._rules.forget(session.id)
        elif kind == "bell":
            self._rules.note_bell(session.info(), now, is_looked_at=is_looked_at)
        else:
            self._rules.note_activity(session.info(), now, is_looked_at=is_looked_at)

    # --- sending ---

    async def _work(self) -> None:
        while True:
            self._has_news.clear()
            now = self._clock.now()
            for notice in self._rules.take_due(now, self._clock.minute(), self._is_looked_at):
                given_up = self._outbox.put(notice, now)
                if given_up:
                    self.failed += len(given_up)
                    logger.warning("%d notifications are given up: too many wait to be sent", len(given_up))
            due = self._outbox.take_due(now, self._rules.still_holds)
            if due:
                self._under_way = due
                await self._deliver(due)
                self._under_way = []
                self._save()  # at once: a daemon that is killed now must not make the next one tell it again
            else:
                await self._wait()

    async def _wait(self) -> None:
        """Until something may be due."""
        now = self._clock.now()
        retry_at = self._outbox.next_at()
        waits = [self._rules.next_seconds(now, self._clock.minute()), None if retry_at is None else retry_at - now]
        seconds = min([MAX_SLEEP_SECONDS, *(max(0.0, one) for one in waits if one is not None)])
        sleep = self._tasks.start(self._clock.sleep(seconds), "until a notification is due")
        news = self._tasks.start(self._has_news.wait(), "until a session changes")
        try:
            await asyncio.wait((sleep, news), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            news.cancel()

    async def _deliver(self, due: list[Delivery]) -> None:
        outcomes = await self._sender.send([self._write(index, one) for index, one in enumerate(due)])
        for delivery, outcome in zip(due, outcomes, strict=True):
            target = f"url {delivery.number} ({outcome['service']})"
            if not outcome["reason"]:
                self.sent += 1
                logger.info("session %s: %s was told to %s", delivery.notice.session, delivery.notice.kind, target)
            elif outcome["may_retry"] and self._outbox.put_back(delivery, self._clock.now()):
                logger.info("a notification to %s failed and is tried again: %s", target, outcome["reason"])
            else:
                self.failed += 1
                logger.warning("a notification to %s is given up: %s", target, outcome["reason"])

    def _write(self, number: int, delivery: Delivery) -> Message:
        notice = delivery.notice
        link = self._link(notice.session) if notice.session in self._sessions else ""
        return {
            "number": number,
            "url": self._options.urls[delivery.number - 1],
            "title": notice.title,
            "body": "\n".join(part for part in (notice.body, link) if part),
            "type": TYPES[notice.kind],
        }

    def _is_looked_at(self, session_id: str) -> bool:
        session = self._sessions.get(session_id)
        return session is not None and _is_looked_at(session)

    # --- a test ---

    async def test(self, title: str, body: str) -> NotifyTestResult:
        """Send one to each target, once, whatever hour it is."""
        messages: list[Message] = [
            {"number": number, "url": url, "title": title, "body": body, "type": "info"}
            for number, url in enumerate(self._options.urls, 1)
        ]
        return NotifyTestResult(
            outcomes=[
                NotifyOutcome(number=one["number"], service=one["service"], reason=one["reason"])
                for one in await self._sender.send(messages)
            ]
        )

    # --- between two daemons ---

    def close(self) -> None:
        self._sender.close()
        self._save()

    def _save_soon(self) -> None:
        if self._save_timer is None:
            self._save_timer = asyncio.get_running_loop().call_later(SAVE_SECONDS, self._save)

    def _save(self) -> None:
        """Through a file beside it: a daemon that is killed meanwhile leaves the old one."""
        if self._save_timer is not None:
            self._save_timer.cancel()
            self._save_timer = None
        # What is under way may not get there, and rather comes twice than never.
        deliveries = [*self._under_way, *self._outbox.deliveries]
        memory = Memory(tracks=self._rules.tracks, deliveries=deliveries)
        try:
            unfinished = self._path.with_name(f"{self._path.name}-new")
            unfinished.write_bytes(msgspec.json.encode(memory))
            unfinished.replace(self._path)
        except OSError as error:
            logger.error("what was told is not saved, and may be told again: %s", error)


def _is_looked_at(session: Session) -> bool:
    """Programs that must see every byte look at nothing."""
    return any(not one.hidden and not one.lossless for one in session.attachments)


def _read_memory(path: Path) -> Memory:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return Memory()
    except (OSError, msgspec.DecodeError) as error:
        logger.error("what was told before is lost, and may be told again: %s", error)
        return Memory()
