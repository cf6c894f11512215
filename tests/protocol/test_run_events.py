"""The lines of a run as events, however they are cut, and whatever is in them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ptyd_protocol.run_events import (
    AnyRunEvent,
    OtherBlock,
    RunBegan,
    RunGap,
    RunMessage,
    RunOther,
    RunPartial,
    RunReader,
    RunResult,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    read_line,
)

INIT = {"type": "system", "subtype": "init", "session_id": "c1", "model": "opus", "tools": ["Bash"], "new": {"a": 1}}
ASSISTANT = {
    "type": "assistant",
    "message": {
        "content": [
            {"type": "text", "text": "Looking. "},
            {"type": "thinking", "thinking": "hm", "signature": "x"},
            {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
            {"type": "hologram", "shape": "cube"},
            {"type": "text", "text": "Done."},
        ]
    },
    "parent_tool_use_id": None,
}
TOOL_RESULT = {
    "type": "user",
    "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a\nb"}]},
}
PARTIAL = {
    "type": "stream_event",
    "event": {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Loo"}},
}
RESULT = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "result": "Done.",
    "num_turns": 2,
    "duration_ms": 12,
    "total_cost_usd": 0.5,
    "session_id": "c1",
    "api_error_status": None,
}
LINES = [INIT, PARTIAL, ASSISTANT, TOOL_RESULT, {"type": "telepathy"}, RESULT]
OUTPUT = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in LINES)


def read(value: Any) -> AnyRunEvent:
    return read_line(json.dumps(value).encode())


def test_what_is_known_is_typed() -> None:
    began, message, result = read(INIT), read(ASSISTANT), read(RESULT)
    assert isinstance(began, RunBegan)
    assert (began.session_id, began.model, began.tools) == ("c1", "opus", ["Bash"])
    assert began.raw == INIT
    assert isinstance(message, RunMessage)
    assert [type(block) for block in message.blocks] == [TextBlock, ThinkingBlock, ToolUseBlock, OtherBlock, TextBlock]
    assert message.text == "Looking. Done."
    assert isinstance(result, RunResult)
    assert (result.result, result.num_turns, result.total_cost_usd, result.is_error) == ("Done.", 2, 0.5, False)


def test_results_of_tools_are_text_or_blocks() -> None:
    message = read(TOOL_RESULT)
    assert isinstance(message, RunMessage)
    [block] = message.blocks
    assert isinstance(block, ToolResultBlock)
    assert block.text == "a\nb"
    assert ToolResultBlock(content=[{"type": "text", "text": "x"}, {"type": "image"}, {"text": "y"}]).text == "x\ny"
    assert ToolResultBlock(content=None).text == ""


def test_pieces_of_text() -> None:
    partial = read(PARTIAL)
    assert isinstance(partial, RunPartial)
    assert (partial.kind, partial.text) == ("content_block_delta", "Loo")
    other = read({"type": "stream_event", "event": {"type": "message_stop"}})
    assert isinstance(other, RunPartial)
    assert other.text == ""


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"type":"assistant","message":{"content":5}}', "not as expected"),
        (b'{"type":"result","num_turns":"many"}', "not as expected"),
        (b'{"type":"system","subtype":"init","tools":"all"}', "not as expected"),
        (b'{"type":{"a":1}}', ""),
        (b'{"no":"type"}', ""),
    ],
)
def test_what_is_not_as_it_should_be_is_told(line: bytes, problem: str) -> None:
    event = read_line(line, 7)
    assert isinstance(event, RunOther)
    assert problem in event.problem
    assert bool(problem) == bool(event.problem)
    assert event.offset == 7


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda deeper: (
            st.lists(deeper)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "subtype", "message", "content", "event", "delta", "text", "is_error", "usage"]
                )
                | st.text(),
                deeper,
            )
        ),
    )
)
def test_no_line_is_an_exception(value: Any) -> None:
    for line in (
        value,
        {"type": "assistant", "message": value},
        {"type": "result", "usage": value, "errors": value},
        {"type": "stream_event", "event": value},
        {"type": "user", "message": {"content": value}},
    ):
        read(line)


@given(st.lists(st.integers(0, len(OUTPUT)), max_size=8))
def test_the_cuts_do_not_matter(cuts: list[int]) -> None:
    reader, places, events = RunReader(), [0, *sorted(cuts), len(OUTPUT)], []
    for begin, end in pairwise(places):
        events += reader.feed(OUTPUT[begin:end], begin)
    assert [event.raw for event in events] == LINES
    assert all(
        OUTPUT[event.offset :].startswith(json.dumps(event.raw, ensure_ascii=False).encode()) for event in events
    )


def test_the_last_line_may_lack_its_end() -> None:
    reader = RunReader()
    assert reader.feed(OUTPUT[:-1])[-1].raw == {"type": "telepathy"}
    [result] = reader.finish()
    assert result.raw == RESULT
    assert reader.finish() == []


@given(st.integers(1, len(OUTPUT) - 1))
def test_beginning_in_the_middle(offset: int) -> None:
    events = RunReader(offset).feed(OUTPUT[offset:])
    whole = OUTPUT[offset:].count(b"\n") - (OUTPUT[offset - 1] != 0x0A)
    assert [event.raw for event in events] == LINES[len(LINES) - whole :]


def test_what_is_missing_is_told() -> None:
    reader = RunReader()
    reader.feed(OUTPUT[:100], 0)
    gap, *events = reader.feed(OUTPUT[300:], 300)
    assert isinstance(gap, RunGap)
    assert (gap.offset, gap.skipped) == (0, 300)
    assert [event.raw for event in events] == LINES[len(LINES) - len(events) :]


def test_a_line_that_is_too_long_is_left_out_and_told() -> None:
    reader = RunReader(max_line_bytes=2000)
    long = b'{"type":"user","x":"' + b"y" * 5000 + b'"}\n'
    first, gap, last = reader.feed(b'{"a":1}\n' + long[:1000]) + reader.feed(long[1000:] + b'{"b":2}\n')
    assert (first.raw, last.raw) == ({"a": 1}, {"b": 2})
    assert isinstance(gap, RunGap)
    assert (gap.offset, gap.skipped) == (8, len(long) - 1)
    assert "2000 are the most" in gap.problem
    assert last.offset == 8 + len(long)


def test_many_megabytes_in_one_line() -> None:
    line = json.dumps({"type": "user", "message": {"content": "x" * 20_000_000}}).encode() + b"\n"
    reader, events = RunReader(), []
    for begin in range(0, len(line), 262_144):
        events += reader.feed(line[begin : begin + 262_144])
    [message] = events
    assert isinstance(message, RunMessage)
    assert len(message.text) == 20_000_000
