"""Types prompts into sessions, each when the program can take it, and follows what becomes of it."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.methods import CaptureParams
from ptyd_protocol.prompts import Prompt

from ptyd.agents import AGENTS, Prompter
from ptyd.core.capture import capture_screen
from ptyd.core.prompt_queue import OPEN_STATES, PromptQueue
from ptyd.core.safe_paste import build_paste
from ptyd.core.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge.hook_spool import HookCall
from ptyd.edge.tasks import Tasks

logger = logging.getLogger("ptyd.prompts")

FILE_NAME = "prompts"
TRUSTED_SOURCES = frozenset({"registry", "hook"})
"""Whose word that it is idle is enough to type."""
SHOWN_SECONDS = 3.0
"""A paste stands in the input line by then."""
TAKEN_SECONDS = 3.0
MAX_SUBMITS = 3
"""Some texts want Enter twice."""
RETRY_SECONDS = 1.0
"""So often a program that is idle, and cannot take a prompt yet, is looked at again."""
REST_SECONDS = 2.0
"""A turn whose end no hook tells of, and after which the program rests for so long, was interrupted."""
LOOK_SECONDS = 0.05

Send = Callable[[Session, bytes], Awaitable[None]]


@dataclass(eq=False, slots=True)
class _Line:
    """One session's prompts."""

    session: Session
    prompter: Prompter
    path: Path
    queue: PromptQueue = field(default_factory=PromptQueue)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and made anew, at each change."""
    retry: asyncio.TimerHandle | None = None
    rest: asyncio.TimerHandle | None = None


class Prompts:
    """All of this daemon's. ``is_asked``: an approval waits in that session."""

    def __init__(
        self, send: Send, folder_of: Callable[[str], Path], is_asked: Callable[[Session], bool], tasks: Tasks
    ) -> None:
        self._send = send
        self._folder_of = folder_of
        self._is_asked = is_asked
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._lines: dict[str, _Line] = {}

    # --- requests ---

    def add(self, session: Session, text: str, by: str) -> Prompt:
        """Raises Refusal: it has ended, is of a kind that takes none, or has too many; the text is no prompt."""
        line = self._open(session)
        self._check(line, text)
        if session.exit is not None:
            raise Refusal(ErrorCode.SESSION_EXITED, f"session {session.name} has exited")
        prompt = Prompt(id=secrets.token_hex(4), session=session.id, text=text, added_at=time.time(), added_by=by)
        line.queue.add(prompt)
        self._note(line)
        self._pump(line)
        return line.queue.get(prompt.id)

    def list(self, session: Session, closed: bool) -> Iterable[Prompt]:
        line = self._lines.get(session.id)
        return [one for one in line.queue.prompts if closed or one.state in OPEN_STATES] if line else []

    def edit(self, session: Session, prompt_id: str, text: str) -> Prompt:
        """Raises Refusal: there is no such prompt, or it is queued no more."""
        line = self._open(session)
        self._check(line, text)
        changed = line.queue.change(line.queue.get_queued(prompt_id), text=text)
        self._note(line)
        return changed

    def drop(self, session: Session, prompt_id: str) -> Prompt:
        """Raises Refusal: there is no such prompt, or it is queued no more."""
        line = self._open(session)
        dropped = line.queue.change(line.queue.get_queued(prompt_id), state="dropped", finished_at=time.time())
        self._note(line)
        return dropped

    async def wait(self, session: Session, prompt_id: str, or_waiting: bool) -> Prompt:
        """Until it is final. Raises Refusal: there is no such prompt."""
        line = self._open(session)
        while True:
            found = line.queue.get(prompt_id)
            if found.state not in OPEN_STATES or (or_waiting and found.waits_for is not None):
                return found
            await line.changed.wait()

    def _open(self, session: Session) -> _Line:
        line = self._lines.get(session.id)
        if line is None:
            agent = AGENTS.get(session.kind)
            if agent is None or agent.prompter is None:
                raise Refusal(
                    ErrorCode.UNAVAILABLE,
                    f"nobody knows when session {session.name} is ready for a prompt: use `ptyd send`",
                )
            line = _Line(session, agent.prompter, self._folder_of(session.id) / FILE_NAME)
            self._lines[session.id] = line
        return line

    def _check(self, line: _Line, text: str) -> None:
        """Raises Refusal: the program would take it for something else."""
        if fault := line.prompter.find_fault(text):
            raise Refusal(ErrorCode.BAD_REQUEST, fault)

    # --- typing ---

    def _pump(self, line: _Line) -> None:
        """Type the next one if the program can take it."""
        prompt = line.queue.next
        if prompt is None or not self._is_ready(line.session):
            return
        line.queue.change(prompt, state="typing", problem="")
        self._note(line)  # a daemon that dies while it types must not have it typed twice
        self._tasks.start(self._type(line, prompt), f"prompt for {line.session.id}")

    def _is_ready(self, session: Session) -> bool:
        activity = session.activity
        if activity is None or activity.state != "idle" or activity.source not in TRUSTED_SOURCES:
            return False
        return session.exit is None and not self._is_asked(session)

    async def _type(self, line: _Line, prompt: Prompt) -> None:
        """Nothing is typed but into an empty input line, and no Enter but behind what was typed."""
        text = line.prompter.prepare_text(prompt.text)
        try:
            draft = await self._look(line)
            if draft != "" or not self._is_ready(line.session):
                why = (
                    "its input line is not on the screen"
                    if draft is None
                    else "somebody's draft stands in its input line"
                )
                self._put_back(line, prompt, why)
                return
            await self._send(line.session, build_paste(text))
            if not await self._wait_for_draft(line):
                self._fail(line, "it was typed, and does not stand in the input line")
                return
            await self._submit(line)
        except Refusal as refusal:
            self._fail(line, refusal.message)

    async def _submit(self, line: _Line) -> None:
        """Press Enter behind what was pasted, while the program is idle: where it works by now, when it has done."""
        for _ in range(MAX_SUBMITS):
            while not self._is_ready(line.session):
                await line.changed.wait()
                if not self._is_typing(line):
                    return
            if not await self._look(line):
                break  # somebody else has pressed Enter, or has deleted it
            await self._send(line.session, line.prompter.submit)
            if await self._wait_taken(line):
                return
        if not await self._wait_taken(line):
            self._fail(line, "it was typed, and nobody saw the program take it")

    def _is_typing(self, line: _Line) -> bool:
        active = line.queue.active
        return active is not None and active.state == "typing"

    async def _look(self, line: _Line) -> str | None:
        """The draft in the input line; None: there is no such line."""
        screen = line.session.screen
        if screen is None:
            return None
        try:
            captured = await capture_screen(screen, CaptureParams(format="cells"))
        except EngineGone:
            return None
        return None if captured.grid is None else line.prompter.find_draft(captured.grid)

    async def _wait_for_draft(self, line: _Line) -> bool:
        deadline = self._loop.time() + SHOWN_SECONDS
        while self._loop.time() < deadline:
            if await self._look(line):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _wait_taken(self, line: _Line) -> bool:
        try:
            async with asyncio.timeout(TAKEN_SECONDS):
                while self._is_typing(line):
                    await line.changed.wait()
        except TimeoutError:
            return False
        return True

    def _put_back(self, line: _Line, prompt: Prompt, problem: str) -> None:
        active = line.queue.active
        if active is not None and active.id == prompt.id:
            line.queue.change(active, state="queued", problem=problem)
            self._note(line)
        if line.retry is None:
            line.retry = self._loop.call_later(RETRY_SECONDS, self._retry, line)

    def _retry(self, line: _Line) -> None:
        line.retry = None
        self._pump(line)

    def _fail(self, line: _Line, problem: str) -> None:
        if line.queue.note_not_taken(problem, time.time()):
            self._note(line)

    # --- what is seen (activities.py's Follower) ---

    def note_hook(self, session: Session, call: HookCall) -> None:
        line = self._lines.get(session.id)
        active = line.queue.active if line is not None else None
        if line is None or active is None:
            return
        if active.state == "typing":
            text = line.prompter.prepare_text(active.text)
            has_news = line.prompter.is_submission(call.event, call.content, text) and line.queue.note_taken(call.at)
        elif (tool := line.prompter.read_tool(call.event, call.content)) is not None:
            has_news = line.queue.note_tool(tool)
        else:
            end = line.prompter.read_end(call.event, call.content)
            has_news = end is not None and line.queue.note_done(*end, call.at)
        if has_news:
            self._note(line)

    def note_activity(self, session: Session) -> None:
        line = self._lines.get(session.id)
        activity = session.activity
        if line is None or activity is None:
            return
        waits_for = activity.waits_for if activity.state == "waiting" else None
        if line.queue.note_waiting(waits_for):
            self._note(line)
        else:
            self._wake(line)
        if line.rest is not None:
            line.rest.cancel()
            line.rest = None
        if activity.state == "idle":
            line.rest = self._loop.call_later(REST_SECONDS, self._note_rest, line)
            self._pump(line)

    def _note_rest(self, line: _Line) -> None:
        line.rest = None
        if line.queue.note_done("interrupted", "", time.time()):
            self._note(line)
        self._pump(line)

    def note_end(self, session: Session) -> None:
        line = self._lines.get(session.id)
        if line is not None and line.queue.end(time.time()):
            self._note(line)

    def start(self, session: Session) -> None:
        """A session is taken over from another daemon: its prompts are kept."""
        path = self._folder_of(session.id) / FILE_NAME
        try:
            saved = path.read_bytes()
        except OSError:
            return
        line = self._open(session)
        line.queue.restore(saved)
        self._loop.call_later(TAKEN_SECONDS, self._resume, line)

    def _resume(self, line: _Line) -> None:
        """The hooks that have run while there was no daemon have told by now what became of the one being typed."""
        if self._lines.get(line.session.id) is line:
            self._fail(line, "the daemon ended while it was being typed: nobody knows whether it was taken")
            self.note_activity(line.session)

    def forget(self, session: Session) -> None:
        """The session is forgotten."""
        line = self._lines.pop(session.id, None)
        if line is not None:
            for timer in (line.retry, line.rest):
                if timer is not None:
                    timer.cancel()
            line.changed.set()

    def _wake(self, line: _Line) -> None:
        changed, line.changed = line.changed, asyncio.Event()
        changed.set()

    def _note(self, line: _Line) -> None:
        """Keep it, tell those who wait, and go on with the next."""
        self._wake(line)
        try:
            unfinished = line.path.with_name(f"{FILE_NAME}-new")
            unfinished.write_bytes(line.queue.save())
            unfinished.replace(line.path)
        except OSError as error:
            logger.error("session %s: its prompts are not kept: %s", line.session.id, error)
        self._loop.call_soon(self._pump, line)
