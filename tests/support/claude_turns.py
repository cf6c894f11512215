"""Turns of the real Claude Code in a session, each with the states that it must go through, as the fake API knows them.

A turn is a list of steps: keys that are typed, and what must be so then. Gates in the API's answers, and FIFOs that the
program's tools read, hold it in each state until the daemon has been seen to say so.
"""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ptyd_protocol.activity import Activity
from ptyd_sdk import SessionEvent, blocking

from tests.support.claude import HermeticClaude
from tests.support.daemon import PtydUnderTest
from tests.support.fake_messages_api import FakeMessagesApi, HttpError, ToolUse
from tests.support.waiting import kill_process, wait_for_event, wait_until

STATE_SECONDS = 20.0
"""A state that is not told by then is wrong."""
RETRY_SECONDS = 1.0
"""A dialog is deaf for a moment after it was painted: a key that had no effect is pressed again."""

SUBMIT_SECONDS = 5.0
"""A prompt that is not worked on by then was not submitted."""

CLEAR_LINE = "\x15"

State = tuple[str, str | None]
"""With what it waits for."""
IDLE: State = ("idle", None)
WORKING: State = ("working", None)
PERMISSION: State = ("waiting", "permission")
QUESTION: State = ("waiting", "question")
EXITED: State = ("exited", None)


@dataclass
class Change:
    """A change of state, as a subscriber was told of it. Unix seconds."""

    state: State
    told_at: float
    activity: Activity


class Witness:
    """Subscribes to the daemon's events, and keeps the changes of state of each session."""

    def __init__(self, ptyd: PtydUnderTest) -> None:
        self.changes: dict[str, list[Change]] = {}
        self.seqs: list[int] = []
        self._stack = contextlib.ExitStack()
        connection = self._stack.enter_context(blocking.connect(f"unix://{ptyd.sock_path}"))
        self._events = connection.events()
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # the connection was closed
            for event in self._events:
                self._take(event, time.time())

    def _take(self, event: SessionEvent, now: float) -> None:
        self.seqs.append(event.seq)
        activity = event.info.activity if event.info is not None else None
        if activity is None:
            return
        changes = self.changes.setdefault(event.session, [])
        state = (activity.state, activity.waits_for)
        if not changes or changes[-1].state != state:
            changes.append(Change(state, now, activity))

    def close(self) -> None:
        self._stack.close()
        self._thread.join()


@dataclass
class Report:
    """What came of all turns. Delays in seconds."""

    turns: int = 0
    right: int = 0
    """States that came as they should, one after the other, and no other between them."""
    wrong: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    """From the program's own time stamp of the change to the subscriber."""
    delays_since_written: list[float] = field(default_factory=list)
    """From when the program had written the change down, which it does some time after its stamp."""
    delays_since_cause: dict[str, list[float]] = field(default_factory=dict)
    """From what brought it about (a key, the end of an answer), by the state. The program's own time is in it."""


class ClaudeUnderWatch:
    """One Claude Code in a session, and what is known to be true of it."""

    def __init__(
        self, ptyd: PtydUnderTest, claude: HermeticClaude, api: FakeMessagesApi, witness: Witness, report: Report
    ) -> None:
        self.ptyd, self.claude, self.api, self.witness, self.report = ptyd, claude, api, witness, report
        self.fifo = claude.cwd / "fifo"
        if not self.fifo.exists():
            os.mkfifo(self.fifo)
        self._numbers = itertools.count(1)
        self._seen = 0
        """So many changes of state have been looked at."""
        info = self._start()
        self.session: str = info["id"]
        self.pid: int = info["pid"]
        self._expect_now(("starting", None), 0.0)
        self._expect_now(IDLE, 0.0)

    def _start(self) -> dict[str, Any]:
        settings = '{"permissions": {"allow": ["Bash(cat fifo)"]}}'
        info: dict[str, Any] = self.ptyd.request(
            "create",
            argv=[*self.claude.argv, "--settings", settings],
            cwd=str(self.claude.cwd),
            env=self.claude.env,
            kind="claude",
            cols=100,
            rows=30,
        )
        return info

    # --- what is done to it

    def type(self, keys: str) -> float:
        """Returns when, in Unix seconds."""
        at = time.time()
        self.ptyd.request("send", session=self.session, data=keys.encode())
        return at

    def ask(self, prompt: str) -> float:
        """Submit a prompt; again where the program took Enter for part of a paste, as it does soon after its start."""
        before, at = self._count(), self.type(f"{CLEAR_LINE}{prompt}\r")
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self._count() > before, SUBMIT_SECONDS)
            return at
        return self.type("\r")

    def press(self, keys: str, dialog: str) -> float:
        """Answer the dialog that shows ``dialog``; again where it was deaf."""
        wait_until(lambda: dialog in self.text(), STATE_SECONDS, lambda: f"{dialog!r} on the screen:\n{self.text()}")
        while True:
            before, at = self._count(), self.type(keys)
            with contextlib.suppress(AssertionError):
                wait_until(lambda before=before: self._count() > before, RETRY_SECONDS)  # type: ignore[misc]
                return at

    def text(self) -> str:
        result: str = self.ptyd.request("capture", session=self.session)["text"]
        return result

    def name_prompt(self, kind: str) -> str:
        """One that no other turn has."""
        return f"{kind} number {next(self._numbers)} of {self.session}"

    def let_tool_go(self) -> float:
        """The tool that reads the FIFO comes to its end."""
        with self.fifo.open("w") as end:
            end.write("enough\n")
        return time.time()

    # --- what must be so

    def expect(self, *states: tuple[State, float]) -> Activity:
        """These states come next, and no other between them; each with the time of its cause (0: unknown)."""
        for state, cause in states:
            activity = self._expect_now(state, cause)
        return activity

    def _count(self) -> int:
        return len(self.witness.changes.get(self.session, []))

    def _expect_now(self, state: State, cause: float) -> Activity:
        try:
            wait_until(lambda: self._count() > self._seen, STATE_SECONDS)
        except AssertionError:
            self.report.wrong.append(f"{state} never came; {self._explain()}")
            raise
        change = self.witness.changes[self.session][self._seen]
        self._seen += 1
        if change.state != state:
            self.report.wrong.append(f"{change.state} instead of {state}; {self._explain()}")
            raise AssertionError(self.report.wrong[-1])
        self.report.right += 1
        if change.activity.source in ("registry", "exit"):
            self.report.delays.append(change.told_at - change.activity.since)
            written_at = self.claude.status_written_at(self.pid)
            if change.activity.since <= written_at <= change.told_at:  # and it has not written again since
                self.report.delays_since_written.append(change.told_at - written_at)
        if cause:
            name = " ".join(filter(None, state))
            self.report.delays_since_cause.setdefault(name, []).append(change.told_at - cause)
        return change.activity

    def _explain(self) -> str:
        explained = self.ptyd.request("explain", session=self.session)
        lines = "\n".join(f"  {one['at']:.3f} {one['source']}: {one['text']}" for one in explained["evidence"][-20:])
        return f"{explained['reason']}\n{lines}\n{self.text()}"

    def finish_turn(self) -> None:
        """Nothing more came than what was expected."""
        if self._count() > self._seen:
            late = self.witness.changes[self.session][self._seen :]
            self._seen = self._count()
            self.report.wrong.append(f"too much: {[change.state for change in late]}; {self._explain()}")
            raise AssertionError(self.report.wrong[-1])
        self.report.turns += 1

    def wait_answered(self, prompt: str) -> float:
        """The API has answered the turn's last request; when. Its stream may have been hung up."""
        asked = [one for one in self.api.turns if prompt in one.prompt][-1]
        wait_for_event(asked.finished, what=f"the end of the answer to {prompt!r}")
        return time.time()


# --- the turns

Turn = Callable[[ClaudeUnderWatch], None]


def play_plain(it: ClaudeUnderWatch) -> None:
    prompt, middle = it.name_prompt("plain"), it.api.gate()
    it.api.script(prompt, ["begins ", middle, "and ends."])
    activity = it.expect((WORKING, it.ask(prompt)))
    middle.wait_reached()
    middle.open()
    activity = it.expect((IDLE, it.wait_answered(prompt)))
    assert activity.conversation
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["prompt"] == prompt)


def play_tool(it: ClaudeUnderWatch) -> None:
    prompt = it.name_prompt("tool")
    it.api.script(prompt, [ToolUse("Bash", {"command": "cat fifo", "description": "reads"})], ["done."])
    it.expect((WORKING, it.ask(prompt)))
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["tool"] == "Bash")
    it.let_tool_go()
    wait_until(lambda: len([one for one in it.api.turns if prompt in one.prompt]) == 2)
    it.expect((IDLE, it.wait_answered(prompt)))


def ask_permission(it: ClaudeUnderWatch, kind: str) -> str:
    prompt = it.name_prompt(kind)
    command = f"echo {prompt.split()[-1]} > written"
    middle = it.api.gate()
    it.api.script(prompt, [middle, ToolUse("Bash", {"command": command, "description": "writes"})], ["done."])
    it.expect((WORKING, it.ask(prompt)))
    middle.wait_reached()
    middle.open()
    activity = it.expect((PERMISSION, it.wait_answered(prompt)))
    assert activity.detail == "permission prompt"
    return prompt


def play_allowed(it: ClaudeUnderWatch) -> None:
    prompt = ask_permission(it, "allowed")
    it.expect((WORKING, it.press("1", "Do you want to proceed?")))
    wait_until(lambda: len([one for one in it.api.turns if prompt in one.prompt]) == 2)
    it.expect((IDLE, it.wait_answered(prompt)))


def play_denied(it: ClaudeUnderWatch) -> None:
    ask_permission(it, "denied")
    it.expect((IDLE, it.press("\x1b", "Do you want to proceed?")))


def play_question(it: ClaudeUnderWatch) -> None:
    prompt = it.name_prompt("question")
    options = [{"label": "First", "description": "a"}, {"label": "Second", "description": "b"}]
    question = {"question": "Which one?", "header": "Pick", "multiSelect": False, "options": options}
    answered = it.api.gate()
    it.api.script(prompt, [ToolUse("AskUserQuestion", {"questions": [question]})], [answered, "chosen."])
    it.expect((WORKING, it.ask(prompt)), (QUESTION, 0.0))
    it.expect((WORKING, it.press("1", "Which one?")))
    answered.open()
    wait_until(lambda: len([one for one in it.api.turns if prompt in one.prompt]) == 2)
    it.expect((IDLE, it.wait_answered(prompt)))


def interrupt(it: ClaudeUnderWatch, kind: str, key: str) -> None:
    prompt, never = it.name_prompt(kind), it.api.gate()
    it.api.script(prompt, ["It begins.\n\nAnd ", never, "never ends."])
    it.expect((WORKING, it.ask(prompt)))
    never.wait_reached()
    wait_until(lambda: "It begins." in it.text())
    it.expect((IDLE, it.type(key)))


def play_esc(it: ClaudeUnderWatch) -> None:
    interrupt(it, "esc", "\x1b")


def play_ctrl_c(it: ClaudeUnderWatch) -> None:
    interrupt(it, "interrupt", "\x03")


def play_esc_in_tool(it: ClaudeUnderWatch) -> None:
    prompt = it.name_prompt("esc in tool")
    it.api.script(prompt, [ToolUse("Bash", {"command": "cat fifo", "description": "reads"})], ["done."])
    it.expect((WORKING, it.ask(prompt)))
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["tool"] == "Bash")
    wait_until(lambda: "cat fifo" in it.text())
    activity = it.expect((IDLE, it.type("\x1b")))
    assert activity.tool == ""


def play_error(it: ClaudeUnderWatch) -> None:
    prompt = it.name_prompt("error")
    it.api.script(prompt, [HttpError(400, "as it was scripted")])
    it.expect((WORKING, it.ask(prompt)), (IDLE, 0.0))
    wait_until(lambda: "as it was scripted" in it.ptyd.request("get", session=it.session)["activity"]["detail"])


def play_clear(it: ClaudeUnderWatch) -> None:
    before = it.ptyd.request("get", session=it.session)["activity"]["conversation"]
    it.expect((WORKING, it.ask("/clear")), (IDLE, 0.0))
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["conversation"] not in ("", before))


def play_background(it: ClaudeUnderWatch) -> None:
    """What it has put in the background ends, and it tells the model so by itself."""
    prompt = it.name_prompt("background")
    command = {"command": "cat fifo", "description": "reads", "run_in_background": True}
    it.api.script(prompt, [ToolUse("Bash", command)], ["started."])
    it.expect((WORKING, it.ask(prompt)), (IDLE, 0.0))
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["background_tasks"] == 1)
    it.finish_turn()
    it.let_tool_go()
    it.expect((WORKING, 0.0), (IDLE, 0.0))
    wait_until(lambda: it.ptyd.request("get", session=it.session)["activity"]["background_tasks"] == 0)


def play_kill(it: ClaudeUnderWatch) -> None:
    """The last turn of this one: it is killed in the middle of its work."""
    prompt, never = it.name_prompt("kill"), it.api.gate()
    it.api.script(prompt, ["It begins.\n\nAnd ", never, "never ends."])
    it.expect((WORKING, it.ask(prompt)))
    never.wait_reached()
    at = time.time()
    kill_process(it.pid)
    it.expect((EXITED, at))
    never.open()


TURNS: dict[str, Turn] = {
    "plain": play_plain,
    "tool": play_tool,
    "permission allowed": play_allowed,
    "permission denied": play_denied,
    "question": play_question,
    "Esc": play_esc,
    "Ctrl-C": play_ctrl_c,
    "Esc in a tool": play_esc_in_tool,
    "API error": play_error,
    "/clear": play_clear,
    "background task": play_background,
    "kill -9": play_kill,
}


@contextlib.contextmanager
def watched(ptyd: PtydUnderTest) -> Iterator[Witness]:
    witness = Witness(ptyd)
    try:
        yield witness
    finally:
        witness.close()
