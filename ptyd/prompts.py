"""Types prompts into sessions, each when the program can take it, and follows what becomes of it."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from ptyd_protocol.capture import CaptureParams
from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.prompts import Prompt, PromptOutcome

from ptyd.agents import AGENTS, Prompter
from ptyd.conversations.lines import Stopped
from ptyd.conversations.turn_cost import Turn, TurnCost
from ptyd.core.asking.prompt_queue import OPEN_STATES, PromptQueue
from ptyd.core.asking.safe_paste import build_paste
from ptyd.core.events import EventKind
from ptyd.core.screen.capture import capture_screen
from ptyd.core.screen.screen_source import EngineGone
from ptyd.core.session import Session
from ptyd.edge.tasks import Tasks
from ptyd.edge.watching.hook_spool import HookCall

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
Publish = Callable[[EventKind, Session, dict[str, Any]], None]
CountTurn = Callable[[Turn], Awaitable[TurnCost]]
"""Raises OSError, Stopped."""


@dataclass(eq=False, slots=True)
class _Line:
    """One session's prompts."""

    session: Session
    prompter: Prompter
    path: Path
    queue: PromptQueue = field(default_factory=PromptQueue)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and made anew, at each change."""
    turn: Turn | None = None
    """That of the active prompt; None: a daemon before us has typed it."""
    uncounted: set[str] = field(default_factory=set)
    """The ids of prompts that are done, and whose cost is being found out."""
    retry: asyncio.TimerHandle | None = None
    rest: asyncio.TimerHandle | None = None


class Prompts:
    """All of this daemon's. ``is_asked``: an approval waits in that session."""

    def __init__(
        self,
        send: Send,
        folder_of: Callable[[str], Path],
        is_asked: Callable[[Session], bool],
        publish: Publish,
        tasks: Tasks,
    ) -> None:
        self._send = send
        self._publish = publish
        self._folder_of = folder_of
        self._is_asked = is_asked
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._lines: dict[str, _Line] = {}
        self.count_turn: CountTurn | None = None
        """Says what a turn has cost; None: nobody can."""

    @property
    def queued(self) -> int:
        """How many, in all sessions."""
        return sum(one.state == "queued" for line in self._lines.values() for one in line.queue.prompts)

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
        """Until it is final, and its cost is known. Raises Refusal: there is no such prompt."""
        line = self._open(session)
        while True:
            found = line.queue.get(prompt_id)
            is_final = found.state not in OPEN_STATES and found.id not in line.uncounted
            if is_final or (or_waiting and found.waits_for is not None):
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
        line.turn = _begin_turn(line.session)
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
        has_news = False
        if active.state == "typing":
            text = line.prompter.prepare_text(active.text)
            has_news = line.prompter.is_submission(call.event, call.content, text) and line.queue.note_taken(call.at)
        elif (tool := line.prompter.read_tool(call.event, call.content)) is not None:
            has_news = line.queue.note_tool(tool)
        elif (end := line.prompter.read_end(call.event, call.content)) is not None:
            self._finish(line, *end, call.at)
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
        self._finish(line, "interrupted", "", time.time())
        self._pump(line)

    def note_end(self, session: Session) -> None:
        line = self._lines.get(session.id)
        if line is None:
            return
        self._finish(line, "exited", "", time.time())
        if line.queue.end(time.time()):
            self._note(line)

    def _finish(self, line: _Line, outcome: PromptOutcome, message: str, at: float) -> None:
        """The turn of the active prompt has ended, if there is one."""
        active = line.queue.active
        if active is None or not line.queue.note_done(outcome, message, at):
            return
        turn, line.turn = line.turn, None
        if turn is None or not turn.transcript.name:
            turn = _begin_turn(line.session, active.taken_at)
        if self.count_turn is not None and turn.transcript.name:
            line.uncounted.add(active.id)
            turn = msgspec.structs.replace(turn, last_message=message if outcome == "ok" else "")
            self._tasks.start(self._count(line, active.id, self.count_turn(turn)), f"cost of prompt {active.id}")
        self._note(line)

    async def _count(self, line: _Line, prompt_id: str, counted: Awaitable[TurnCost]) -> None:
        try:
            cost = await counted
            if cost.is_whole or cost.cost_usd:
                line.queue.change(line.queue.get(prompt_id), cost_usd=cost.cost_usd, tokens=cost.tokens)
        except (OSError, Stopped, Refusal):
            pass  # nothing was written down, or nobody wants to know any more
        finally:
            line.uncounted.discard(prompt_id)
            if self._lines.get(line.session.id) is line:
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
        """Keep it, tell of it, and go on with the next."""
        self._wake(line)
        for changed in line.queue.take_changed():
            self._publish("prompt", line.session, _describe(changed))
        try:
            unfinished = line.path.with_name(f"{FILE_NAME}-new")
            unfinished.write_bytes(line.queue.save())
            unfinished.replace(line.path)
        except OSError as error:
            logger.error("session %s: its prompts are not kept: %s", line.session.id, error)
        self._loop.call_soon(self._pump, line)


def _describe(prompt: Prompt) -> dict[str, Any]:
    """What an event tells; the words of it are for who asks for them."""
    return {
        "prompt": prompt.id,
        "state": prompt.state,
        "outcome": prompt.outcome,
        "waits_for": prompt.waits_for,
        "problem": prompt.problem,
        "cost_usd": prompt.cost_usd,
    }


def _begin_turn(session: Session, since: float | None = None) -> Turn:
    """One that begins now, or began at ``since``. Its transcript is ``Path()`` where the program has not said."""
    said = "" if session.activity is None else session.activity.transcript
    transcript, offset = Path(said), 0
    if since is None:
        with contextlib.suppress(OSError):
            offset = transcript.stat().st_size if said else 0
    return Turn(transcript=transcript, since=since or time.time(), offset=offset)
