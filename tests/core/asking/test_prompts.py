"""The queue of prompts, and how text is made harmless."""

import pytest
from ptyd_protocol.errors import Refusal
from ptyd_protocol.prompts import Prompt

from ptyd.agents.claude_prompts import ClaudePrompter
from ptyd.core.asking.prompt_queue import MAX_CLOSED, MAX_QUEUED, PromptQueue
from ptyd.core.asking.safe_paste import build_paste, make_harmless


def make_queue(*texts: str) -> PromptQueue:
    queue = PromptQueue()
    for text in texts:
        queue.add(Prompt(id=text, session="s", text=text, added_at=1.0))
    return queue


def begin(queue: PromptQueue) -> Prompt:
    assert queue.next is not None
    return queue.change(queue.next, state="typing")


def states(queue: PromptQueue) -> list[str]:
    return [one.state for one in queue.prompts]


def test_one_after_the_other() -> None:
    queue = make_queue("a", "b")
    begin(queue)
    assert queue.next is None
    assert not queue.note_done("ok", "", 2.0)
    assert queue.note_taken(2.0)
    assert not queue.note_taken(2.0)
    assert queue.note_tool("Read")
    assert queue.note_waiting("permission")
    assert not queue.note_waiting("permission")
    assert queue.note_done("ok", "answer", 3.0)
    first = queue.get("a")
    assert (first.outcome, first.message, first.tools, first.waits_for) == ("ok", "answer", ["Read"], None)
    assert queue.next is queue.get("b")


def test_changes_are_told_once() -> None:
    queue = make_queue("a", "b")
    assert [(one.id, one.state) for one in queue.take_changed()] == [("a", "queued"), ("b", "queued")]
    begin(queue)
    queue.note_taken(2.0)
    assert [(one.id, one.state) for one in queue.take_changed()] == [("a", "taken")]
    assert queue.take_changed() == []


def test_only_queued_ones_change() -> None:
    queue = make_queue("a", "b")
    begin(queue)
    assert queue.get_queued("b").text == "b"
    with pytest.raises(Refusal, match="only a queued one"):
        queue.get_queued("a")
    with pytest.raises(Refusal, match="no prompt 'z'"):
        queue.get_queued("z")


def test_the_end_of_the_program() -> None:
    queue = make_queue("a", "b")
    begin(queue)
    queue.note_taken(2.0)
    assert queue.end(3.0)
    assert [(one.state, one.outcome) for one in queue.prompts] == [("done", "exited"), ("failed", None)]
    assert not queue.end(4.0)


def test_it_is_kept() -> None:
    queue = make_queue("a", "b")
    begin(queue)
    other = PromptQueue()
    other.restore(queue.save())
    assert states(other) == ["typing", "queued"]
    assert other.note_not_taken("nobody knows", 3.0)
    assert states(other) == ["failed", "queued"]
    other.restore(b"nonsense")
    assert states(other) == ["failed", "queued"]


def test_there_is_an_end_to_it() -> None:
    queue = make_queue(*(str(number) for number in range(MAX_QUEUED)))
    with pytest.raises(Refusal, match="drop some"):
        queue.add(Prompt(id="more", session="s", text="more", added_at=1.0))
    for one in list(queue.prompts):
        queue.change(one, state="dropped")
    queue.add(Prompt(id="more", session="s", text="more", added_at=1.0))
    assert len(queue.prompts) == MAX_CLOSED + 1


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[201~\x03\x00\x7f", "␛[201~␃␀␡"),
        ("\x9b201~", "\ufffd201~"),
        ("\u202eturned\u2066 \u200bunseen\ud800", "turned unseen"),
        ("👩\u200d👩 é ☃", "👩\u200d👩 é ☃"),
    ],
)
def test_harmless(text: str, harmless: str) -> None:
    assert make_harmless(text) == harmless
    pasted = build_paste(make_harmless(text))
    assert pasted.count(b"\x1b") == 2
    assert pasted.startswith(b"\x1b[200~") and pasted.endswith(b"\x1b[201~")


def test_what_claude_code_takes_for_something_else() -> None:
    prompter = ClaudePrompter()
    assert prompter.prepare_text("!rm x") == "\n!rm x"
    assert prompter.prepare_text(" \u200b!rm x").startswith("\n")
    assert prompter.prepare_text("why?") == "why?"
    for text in ("/clear", " /model x", "\u200b/plugin:run", "/a"):
        assert "command of its own" in prompter.find_fault(text)
    for text in ("/home/x is a path", "see /clear", "why?"):
        assert prompter.find_fault(text) == ""
    assert prompter.find_fault(" \x00 ")
