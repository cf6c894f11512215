"""What programs ask permission for: takes their hooks, hands answers over, and sees whether these took effect."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from ptyd_protocol.approvals import AnsweredHow, Approval, ApprovalDecision
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.agents import AGENTS, Answer, Approver, AskedFor
from ptyd.core.asking.approval_item import ApprovalItem
from ptyd.core.asking.approval_rules import ApprovalRule, find_rule
from ptyd.core.asking.cut_texts import MAX_TEXT_CHARS, cut_texts
from ptyd.core.asking.edit_diff import make_diff
from ptyd.core.events import EventKind
from ptyd.core.session import Session
from ptyd.edge import audit
from ptyd.edge.files.short_reads import read_last_lines, read_text_file
from ptyd.edge.tasks import Tasks
from ptyd.edge.watching.hook_spool import HookCall

logger = logging.getLogger("ptyd.approvals")

MAX_CLOSED = 200
"""So many that wait no more are remembered."""
MAX_TOOL_USES = 64
SEEN_SECONDS = 5.0
"""An answer that has not been seen to take effect after so long says so."""
TRANSCRIPT_SECONDS = 0.1
"""So often the transcript is looked at meanwhile."""
DIALOG_SECONDS = 0.5
"""The program's own word that it waits is there by then: one from before is of another dialog."""
CHECK_SECONDS = 5.0
"""So often the hooks that wait are looked at: one whose time is over is told by nobody."""

Publish = Callable[[EventKind, Session, dict[str, Any]], None]


class _Tool(Struct, frozen=True):
    """What hooks about tools are told."""

    tool_name: str = ""
    tool_use_id: str = ""
    tool_input: Any = None


@dataclass(eq=False, slots=True)
class ApprovalEntry:
    """What is asked, and whom to tell the answer."""

    session: Session
    call: HookCall
    asked: AskedFor
    approver: Approver
    item: ApprovalItem
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is closed."""

    @property
    def approval(self) -> Approval:
        """As it is told; the session may have been renamed."""
        return msgspec.structs.replace(self.item.approval, name=self.session.name)


class Approvals:
    """All of this daemon's. ``rules``: those of the configuration."""

    def __init__(self, rules: Sequence[ApprovalRule], publish: Publish, tasks: Tasks) -> None:
        self._rules = rules
        self._publish = publish
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._entries: dict[str, ApprovalEntry] = {}
        """By id, the oldest first."""
        self._tool_uses: dict[str, list[_Tool]] = {}
        """Of each session those that have begun, the latest last."""
        self._check: asyncio.TimerHandle | None = None

    # --- asking ---

    def take(self, session: Session, call: HookCall) -> None:
        """A hook waits for an answer: of now, or from before this daemon began."""
        agent = AGENTS.get(session.kind)
        approver = agent.approver if agent is not None else None
        asked = approver.read_request(call.content) if approver is not None else None
        if approver is None or asked is None:
            call.answer(None)
            return
        whole, is_cut = cut_texts(asked.input)
        approval = Approval(
            id=_make_id(session, call),
            session=session.id,
            name=session.name,
            kind=asked.kind,
            tool=asked.tool,
            asked_at=call.at,
            input=whole,
            is_cut=is_cut,
            detail=_first_line(asked.subject),
            cwd=asked.cwd,
            suggestions=list(asked.suggestion_words),
        )
        entry = ApprovalEntry(
            session, call, asked, approver, ApprovalItem(approval, asked.input, transcript=asked.transcript)
        )
        self._entries[approval.id] = entry
        self._forget_old()
        self._loop.call_later(DIALOG_SECONDS, self._look_for_dialog, entry)
        self._start_checking()
        if not self._answer_by_rule(entry):
            self._tasks.start(self._announce(entry), f"approval {approval.id}")

    async def _announce(self, entry: ApprovalEntry) -> None:
        edit = entry.approver.describe_edit(entry.asked)
        if edit is not None:
            diff = await asyncio.to_thread(_describe_change, *edit)
            is_cut = len(diff) > MAX_TEXT_CHARS
            entry.item.approval = msgspec.structs.replace(
                entry.item.approval,
                diff=diff[:MAX_TEXT_CHARS] + "…" if is_cut else diff,
                is_cut=entry.item.approval.is_cut or is_cut,
            )
        if entry.item.is_open:
            self._tell("approval_asked", entry)

    def _answer_by_rule(self, entry: ApprovalEntry) -> bool:
        asked = entry.asked
        found = find_rule(self._rules, asked.tool, asked.subject, asked.cwd)
        if found is None or (asked.kind == "question" and found[1].answer == "allow"):
            return False  # no rule knows the answer to a question
        number, rule = found
        self._give(entry, Answer(decision=rule.answer, message=rule.message), f"rule {number}", "rule")
        return True

    # --- answering ---

    def __iter__(self) -> Iterator[ApprovalEntry]:
        return iter(self._entries.values())

    def is_asked(self, session: Session) -> bool:
        """Something of this session's may have a dialog open."""
        return any(entry.item.is_open for entry in self._of(session))

    async def answer(self, entry: ApprovalEntry, answer: Answer, by: str) -> Approval:
        """Answer, and wait until it has taken effect or SEEN_SECONDS have passed.

        Raises:
            Refusal: somebody else has; it is gone; the answer does not fit.
        """
        _check_answer(entry.asked, answer)
        self._give(entry, answer, by, "client")
        await self._wait_seen(entry)
        return entry.approval

    def _give(self, entry: ApprovalEntry, answer: Answer, by: str, how: AnsweredHow) -> None:
        entry.item.take_answer(answer.decision, by, how, time.time())
        entry.item.message = entry.approver.denial_words(answer.message)
        if not entry.call.answer(entry.approver.build_answer(entry.asked, answer)):
            self._close(entry, entry.item.expire("the program does not wait for it any more"))
            if how == "client":
                entry.item.require_waiting()
            return
        audit.note(
            "approval_answered",
            by if how == "client" else "",
            entry.session,
            approval=entry.item.approval.id,
            tool=entry.asked.tool,
            decision=answer.decision,
            how=by if how == "rule" else how,
            always=answer.always is not None,
        )
        self._tasks.start(self._look_for_effect(entry, answer.decision), f"answer to {entry.item.approval.id}")

    async def _wait_seen(self, entry: ApprovalEntry) -> None:
        try:
            async with asyncio.timeout(SEEN_SECONDS):
                await entry.changed.wait()
        except TimeoutError:
            entry.item.note_unseen()

    async def _look_for_effect(self, entry: ApprovalEntry, decision: ApprovalDecision) -> None:
        """A denial stands in the transcript at once, and nothing else tells of it."""
        deadline = self._loop.time() + SEEN_SECONDS
        while entry.item.is_open and self._loop.time() < deadline:
            if decision == "deny":
                await self._look_into_transcript(entry)
            try:
                async with asyncio.timeout(TRANSCRIPT_SECONDS):
                    await entry.changed.wait()
            except TimeoutError:
                continue
        if entry.item.note_unseen():
            self._tell("approval_answered", entry)

    async def _look_into_transcript(self, entry: ApprovalEntry) -> None:
        use = self._find_use(entry)
        if not use or not entry.item.transcript:
            return
        found = await asyncio.to_thread(_find_result, entry.approver, Path(entry.item.transcript), use)
        if found is None:
            return
        is_error, text = found
        if is_error and (entry.item.message in text or entry.approver.is_refusal(text)):
            self._close(entry, entry.item.note_refused(entry.item.message in text, time.time()))
        else:
            self._close(entry, entry.item.note_ran(time.time()))

    # --- what is seen (activities.py's Follower) ---

    def note_hook(self, session: Session, call: HookCall) -> None:
        if call.event == "PreToolUse":
            uses = self._tool_uses.setdefault(session.id, [])
            uses.append(_read_tool(call.content))
            del uses[:-MAX_TOOL_USES]
        elif call.event in ("PostToolUse", "PostToolUseFailure"):
            used = _read_tool(call.content)
            for entry in self._of(session):
                if self._is_about(entry, used):
                    self._close(entry, entry.item.note_ran(time.time()))
                    break
            uses = self._tool_uses.get(session.id, [])
            uses[:] = [one for one in uses if one.tool_use_id != used.tool_use_id]

    def note_activity(self, session: Session) -> None:
        activity = session.activity
        if activity is None:
            return
        for entry in self._of(session):
            if activity.state == "waiting":
                if activity.since >= entry.item.approval.asked_at:
                    entry.item.note_dialog()
            elif activity.state == "idle":
                # The newest word may still be of before this was asked.
                if activity.since > entry.item.approval.asked_at:
                    self._close(entry, entry.item.note_rest(time.time()))
            elif activity.state == "working":
                self._close(entry, entry.item.note_left(went_on=True, now=time.time()))

    def note_end(self, session: Session) -> None:
        for entry in self._of(session):
            self._close(entry, entry.item.expire(f"session {session.name} has ended"))
        self._tool_uses.pop(session.id, None)

    def forget(self, session: Session) -> None:
        """The session is forgotten."""
        for entry in [one for one in self._entries.values() if one.session is session]:
            del self._entries[entry.item.approval.id]

    def _look_for_dialog(self, entry: ApprovalEntry) -> None:
        activity = entry.session.activity
        if entry.item.is_open and activity is not None and activity.state == "waiting":
            entry.item.note_dialog()

    def _start_checking(self) -> None:
        if self._check is None:
            self._check = self._loop.call_later(CHECK_SECONDS, self._check_hooks)

    def _check_hooks(self) -> None:
        """A hook that was ended without a word: its dialog was answered, or its time is over."""
        self._check = None
        for entry in list(self._entries.values()):
            if entry.item.approval.state == "waiting" and not entry.call.is_waiting:
                self._close(entry, entry.item.expire("the program does not wait for an answer from here any more"))
        if any(entry.item.is_open for entry in self._entries.values()):
            self._start_checking()

    # --- bookkeeping ---

    def _of(self, session: Session) -> list[ApprovalEntry]:
        return [entry for entry in self._entries.values() if entry.session is session]

    def _is_about(self, entry: ApprovalEntry, used: _Tool) -> bool:
        one = entry.item
        if not one.is_open and one.approval.decision is not None:
            return False
        use = self._find_use(entry)
        if use:
            return use == used.tool_use_id
        return entry.asked.tool == used.tool_name and one.input == used.tool_input

    def _find_use(self, entry: ApprovalEntry) -> str:
        """The id of the tool use that is asked about, as PreToolUse told it."""
        if not entry.item.tool_use:
            taken = {one.item.tool_use for one in self._of(entry.session)}
            for use in self._tool_uses.get(entry.session.id, []):
                fits = (use.tool_name, use.tool_input) == (entry.asked.tool, entry.item.input)
                if fits and use.tool_use_id not in taken:
                    entry.item.tool_use = use.tool_use_id
                    break
        return entry.item.tool_use

    def _close(self, entry: ApprovalEntry, has_news: bool) -> None:
        if not has_news:
            return
        entry.call.answer(None)  # one that lost to the dialog waits on otherwise
        entry.changed.set()
        self._tell("approval_answered", entry)

    def _tell(self, kind: EventKind, entry: ApprovalEntry) -> None:
        one = entry.approval
        data: Mapping[str, Any] = {
            "approval": one.id,
            "name": one.name,
            "kind": one.kind,
            "tool": one.tool,
            "detail": one.detail,
            "state": one.state,
            "decision": one.decision,
            "by": one.answered_by,
            "how": one.answered_how,
            "problem": one.problem,
        }
        self._publish(kind, entry.session, dict(data))

    def _forget_old(self) -> None:
        closed = [one.item.approval.id for one in self._entries.values() if not one.item.is_open]
        for approval_id in closed[:-MAX_CLOSED]:
            del self._entries[approval_id]


def _check_answer(asked: AskedFor, answer: Answer) -> None:
    """Raises Refusal: the answer does not fit what is asked."""
    if answer.decision == "deny":
        if answer.always is not None or answer.answers:
            raise Refusal(ErrorCode.BAD_REQUEST, "a denial takes a message, and neither `always` nor answers")
        return
    if answer.message or answer.interrupt:
        raise Refusal(ErrorCode.BAD_REQUEST, "a message and an interrupt go with a denial")
    if answer.always is not None and answer.always >= len(asked.suggestions):
        offered = f"it offers {len(asked.suggestions)}" if asked.suggestions else "it offers none"
        raise Refusal(ErrorCode.BAD_REQUEST, f"there is no such thing to allow for good: {offered}")
    missing = [question for question in asked.questions if question not in answer.answers]
    unknown = [question for question in answer.answers if question not in asked.questions]
    if missing:
        raise Refusal(ErrorCode.BAD_REQUEST, f"the question needs an answer: {missing[0]}")
    if unknown:
        raise Refusal(ErrorCode.BAD_REQUEST, f"this is not asked: {unknown[0]}")


def _make_id(session: Session, call: HookCall) -> str:
    """The same for the next daemon, which finds the hook still waiting."""
    digest = hashlib.sha256(f"{session.id}/{call.id}/".encode() + call.content)
    return digest.hexdigest()[:10]


def _first_line(text: str, max_chars: int = 200) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def _read_tool(content: bytes) -> _Tool:
    try:
        return msgspec.json.decode(content, type=_Tool)
    except msgspec.DecodeError:
        return _Tool()


def _find_result(approver: Approver, transcript: Path, tool_use: str) -> tuple[bool, str] | None:
    for line in read_last_lines(transcript):
        found = approver.find_result(line, tool_use)
        if found is not None:
            return found
    return None


def _describe_change(path: str, edits: list[tuple[str, str, bool]]) -> str:
    """The diff; of the edits alone where the file cannot be read or has other words in it."""
    before = read_text_file(Path(path))
    after = before or ""
    for old, new, everywhere in edits:
        if not old:
            after = new
        elif old in after:
            after = after.replace(old, new) if everywhere else after.replace(old, new, 1)
        else:
            return "\n".join(make_diff(path, old, new) for old, new, _ in edits)
    return make_diff(path, before or "", after)
