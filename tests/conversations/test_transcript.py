"""Lines of transcripts: what is known of them, and whatever else stands there."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptyd.conversations.transcript import (
    MAX_LINE_BYTES,
    Line,
    is_prompt,
    parse_line,
    plain_text,
    read_blocks,
    title_of,
)
from tests.support.transcripts import Talk, to_line

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["type", "message", "timestamp", "cwd", "sessionId", "requestSessionId", "isMeta", "modelUsage", "totalCostUSD"]


def parse(line: dict[str, Any]) -> Line:
    parsed = parse_line(to_line(line).encode().rstrip())
    assert parsed is not None
    return parsed


def test_a_prompt_and_an_answer() -> None:
    talk = Talk()
    prompt = parse(talk.prompt("héllo\nthere"))
    assert prompt.message is not None and is_prompt(prompt, read_blocks(prompt.message))
    assert (plain_text(read_blocks(prompt.message)), prompt.cwd, prompt.at) == ("héllo\nthere", talk.cwd, talk.at - 1)
    answer = parse(talk.answer("yes", {"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}))
    assert answer.message is not None and answer.message.usage is not None
    assert answer.message.usage.input_tokens == 1000
    assert [block.type for block in read_blocks(answer.message)] == ["text", "tool_use"]
    assert answer.answer_key.endswith("/ref-1") and not answer.is_inherited


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("<command-name>/clear</command-name>", {}),
        ("<task-notification>done</task-notification>", {}),
        ("[Request interrupted by user]", {}),
        ("a caveat", {"isMeta": True}),
        ("all that was said before", {"isCompactSummary": True}),
    ],
)
def test_what_the_program_says_itself_is_no_prompt(text: str, fields: dict[str, Any]) -> None:
    line = parse(Talk().prompt(text, **fields))
    assert line.message is not None and not is_prompt(line, read_blocks(line.message))


def test_a_tools_result_is_no_prompt() -> None:
    line = parse(Talk().tool_result("ok"))
    assert line.message is not None and not is_prompt(line, read_blocks(line.message))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"user"',
        b'{"type":"mode","mode":"normal"}',
        b'{"type":"api-request-blob","message":{"role":"user"}}',
        b'{"type":"user" \xff\xfe}',
        b'{"type":"user","message":"' + b"x" * MAX_LINE_BYTES + b'"}',
    ],
)
def test_what_says_nothing_is_passed_over(raw: bytes) -> None:
    assert parse_line(raw) is None


def test_a_field_that_has_become_something_else_is_left_out() -> None:
    line = Talk().answer("still there")
    line["cwd"] = {"path": "/x"}
    line["message"]["usage"] = {"input_tokens": "many"}
    parsed = parse(line)
    assert parsed.cwd == "" and parsed.message is not None and parsed.message.usage is None
    assert plain_text(read_blocks(parsed.message)) == "still there"


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), values, max_size=8), st.sampled_from(["user", "assistant", "cost-state"])
)
def test_any_line_is_read_or_passed_over(fields: dict[str, Any], kind: str) -> None:
    line = parse_line(json.dumps({**fields, "type": kind}).encode())
    assert line is None or (line.type == kind and isinstance(line.at, float))
    if line is not None and line.message is not None:
        plain_text(read_blocks(line.message))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_passed_over(raw: bytes) -> None:
    parse_line(raw)
    parse_line(b'{"type":"user",' + raw)


def test_a_title_is_one_short_line() -> None:
    assert title_of("  \n first line \n second") == "first line"
    assert len(title_of("x" * 500)) == 120
