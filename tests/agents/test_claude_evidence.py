"""What Claude Code's registry file, hooks and titles mean, as they were seen of version 2.1.329."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.agents.claude import ClaudeObserver
from ptyd.agents.claude_evidence import HOOK_EVENTS
from ptyd.core.agent_state import Observation
from ptyd.core.screen.output_signals import OutputSignal

AT = 1_700_000_000.0
READ = ClaudeObserver()


def registry(**content: Any) -> Observation:
    file = {"pid": 4711, "sessionId": "c-1", "procStart": "5", "version": "2.1.329"} | content
    seen = READ.observe_registry(json.dumps(file).encode(), AT)
    assert seen is not None
    return seen


def hook(event: str, **content: Any) -> Observation:
    told = {"session_id": "c-1", "transcript_path": "/t.jsonl", "cwd": "/", "hook_event_name": event} | content
    seen = READ.observe_hook(event, json.dumps(told).encode(), AT)
    assert seen is not None
    return seen


@pytest.mark.parametrize(
    ("status", "waiting_for", "state", "waits_for"),
    [
        ("idle", None, "idle", None),
        ("shell", None, "idle", None),
        ("busy", None, "working", None),
        ("waiting", "permission prompt", "waiting", "permission"),
        ("waiting", "sandbox request", "waiting", "permission"),
        ("waiting", "input needed", "waiting", "question"),
        ("waiting", "dialog open", "waiting", "input"),
        ("waiting", None, "waiting", "input"),
        (None, None, None, None),
        ("something new", None, None, None),
    ],
)
def test_registry(status: str | None, waiting_for: str | None, state: str | None, waits_for: str | None) -> None:
    seen = registry(status=status, waitingFor=waiting_for, statusUpdatedAt=(AT - 2) * 1000)
    assert (seen.state, seen.waits_for, seen.at) == (state, waits_for, AT - 2)
    assert seen.facts.conversation == "c-1"


def test_a_registry_of_the_future_is_of_now() -> None:
    assert registry(status="idle", statusUpdatedAt=(AT + 60) * 1000).at == AT


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b'{"status": 5, "pid": 1}'])
def test_a_registry_file_that_is_none_says_nothing(content: bytes) -> None:
    assert READ.observe_registry(content, AT) is None


def test_a_prompt() -> None:
    seen = hook("UserPromptSubmit", permission_mode="plan", prompt="\n  mend it\nand test it")
    assert (seen.state, seen.ends_all) == ("working", True)
    facts = seen.facts
    assert (facts.prompt, facts.conversation, facts.transcript, facts.permission_mode) == (
        *("mend it", "c-1", "/t.jsonl", "plan"),
    )


def test_what_a_background_task_tells_is_nobodys_prompt() -> None:
    assert hook("UserPromptSubmit", prompt="<task-notification>\n<task-id>b4</task-id>").facts.prompt is None


def test_tools() -> None:
    began = hook("PreToolUse", tool_name="Bash", tool_use_id="t-1", tool_input={"command": "make\nall", "x": [1]})
    assert began.begins is not None
    assert (began.begins.id, began.begins.name, began.begins.detail) == ("t-1", "Bash", "make")
    for event in ("PostToolUse", "PostToolUseFailure"):
        ended = hook(event, tool_name="Bash", tool_use_id="t-1", tool_input={"command": "make\nall"}).ends
        assert ended == began.begins


@pytest.mark.parametrize(("tool", "waits_for"), [("Write", "permission"), ("AskUserQuestion", "question")])
def test_requests(tool: str, waits_for: str) -> None:
    seen = hook("PermissionRequest", tool_name=tool, tool_input={"file_path": "/x.py", "content": "y"})
    assert (seen.state, seen.waits_for) == ("waiting", waits_for)
    assert seen.asks_about is not None
    assert (seen.asks_about.name, seen.asks_about.detail) == (tool, "/x.py")


def test_the_end_of_a_turn() -> None:
    seen = hook("Stop", background_tasks=[{"status": "running"}, {"status": "completed"}])
    assert (seen.state, seen.facts.background_tasks, seen.facts.failure) == ("idle", 1, "")
    failed = hook("StopFailure", error="unknown", last_assistant_message="API Error: 400 bad thing")
    assert (failed.state, failed.facts.failure) == ("idle", "API Error: 400 bad thing")


def test_conversations() -> None:
    begun = hook("SessionStart", source="clear", model="opus")
    assert (begun.state, begun.facts.model, begun.facts.prompt) == (None, "opus", "")
    assert hook("SessionStart", source="compact").state is None  # in the middle of a turn
    assert hook("SessionEnd", reason="clear").facts.conversation is None


@pytest.mark.parametrize(
    ("title", "state", "or_state"),
    [("✳ Claude Code", "idle", "waiting"), ("◐ mend it", "working", None), ("◑ mend it", "working", None)],
)
def test_titles(title: str, state: str, or_state: str | None) -> None:
    seen = READ.observe_signal(OutputSignal("title", title), AT)
    assert seen is not None
    assert (seen.state, seen.or_state) == (state, or_state)


def test_a_spinning_title_says_one_thing() -> None:
    one, two = (READ.observe_signal(OutputSignal("title", f"{mark} mend it"), AT) for mark in "◐◑")
    assert one == two


def test_other_titles_say_nothing() -> None:
    for title in ("", "bash", "~/src"):
        assert READ.observe_signal(OutputSignal("title", title), AT) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["session_id", "prompt", "tool_name", "tool_input", "tool_use_id", "background_tasks", "error", "model", "source"]
)


@given(st.sampled_from([*HOOK_EVENTS, "SomethingNew"]), st.dictionaries(KEYS, JSON, max_size=5))
def test_whatever_a_hook_is_told_something_is_made_of_it(event: str, content: dict[str, Any]) -> None:
    seen = READ.observe_hook(event, json.dumps(content).encode(), AT)
    assert seen is not None
    assert event in seen.text


@given(st.binary(max_size=100))
def test_any_bytes_will_do(content: bytes) -> None:
    READ.observe_hook("Stop", content, AT)
    READ.observe_registry(content, AT)
