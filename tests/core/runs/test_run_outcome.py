"""Each row of the table of the CLI's exits. ``tests/runs`` tries the same with the CLI itself."""

import json
from typing import Any

import pytest
from ptyd_protocol.run_events import RunResult, read_line

from ptyd.core.runs.run_outcome import MAX_STDERR_CHARS, find_result, judge_run


def make_result(**fields: Any) -> RunResult:
    line = {"type": "result", "subtype": "success", "is_error": False, "num_turns": 1, "session_id": "c1", **fields}
    event = read_line(json.dumps(line).encode())
    assert isinstance(event, RunResult)
    return event


DONE = make_result(result="42", total_cost_usd=0.5, duration_ms=7, usage={"input_tokens": 3, "output_tokens": 4})
API_ERROR = make_result(
    is_error=True, terminal_reason="api_error", api_error_status=529, result="API Error: 529 overloaded"
)
ABORTED = make_result(subtype="error_during_execution", is_error=True, errors=["aborted"])
NO_SUCH_CONVERSATION = make_result(
    subtype="error_during_execution", is_error=True, num_turns=0, errors=["no conversation"]
)


@pytest.mark.parametrize(
    ("result", "code", "signal", "stopped_by", "kind", "said"),
    [
        (DONE, 0, None, "", "success", ""),
        (API_ERROR, 1, None, "", "api_error", "529 overloaded"),
        (make_result(is_error=True, result="Invalid API key"), 1, None, "", "api_error", "Invalid API key"),
        (make_result(subtype="error_max_turns", is_error=True), 1, None, "", "max_turns", "allow more"),
        (make_result(subtype="error_max_budget_usd", is_error=True), 1, None, "", "max_budget", "budget"),
        (None, 1, None, "", "refused", "unknown option"),
        (NO_SUCH_CONVERSATION, 1, None, "", "refused", "no conversation"),
        (ABORTED, 0, None, "", "interrupted", "resumed"),
        (ABORTED, 0, None, "interrupt", "interrupted", "resumed"),
        (ABORTED, 0, None, "timeout", "timeout", "more time"),
        (None, 0, None, "timeout", "timeout", "more time"),
        (None, None, 9, "timeout", "timeout", "more time"),
        (None, 143, None, "", "terminated", "told to end"),
        (None, 129, None, "", "terminated", "told to end"),
        (None, None, 15, "", "terminated", "signal 15"),
        (None, None, 9, "", "killed", "signal 9"),
        (None, None, 3, "", "killed", "signal 3"),
        (ABORTED, 1, None, "", "failed", "aborted"),
        (make_result(subtype="error_of_tomorrow", is_error=True), 1, None, "", "failed", "error"),
        (None, 0, None, "", "failed", "unknown option"),
        (None, 70, None, "", "failed", "unknown option"),
        (None, None, None, "", "lost", "not be seen"),
        # The answer was there before it was ended.
        (DONE, 0, None, "timeout", "success", ""),
        (DONE, None, 9, "interrupt", "success", ""),
    ],
)
def test_the_table(
    result: RunResult | None, code: int | None, signal: int | None, stopped_by: str, kind: str, said: str
) -> None:
    outcome = judge_run(result, code, signal, stopped_by, "error: unknown option '--x'\n")
    assert outcome.kind == kind
    assert said in outcome.message
    assert (outcome.exit_code, outcome.exit_signal) == (code, signal)


def test_what_was_used_and_what_came_of_it() -> None:
    outcome = judge_run(DONE, 0, None)
    assert (outcome.result, outcome.cost_usd, outcome.duration_ms, outcome.turns) == ("42", 0.5, 7, 1)
    assert (outcome.input_tokens, outcome.output_tokens, outcome.cache_read_tokens) == (3, 4, 0)
    assert outcome.conversation == "c1"


def test_a_failure_has_no_answer_and_no_conversation_where_it_did_not_begin() -> None:
    assert judge_run(API_ERROR, 1, None).result == ""
    assert judge_run(API_ERROR, 1, None).api_status == 529
    assert judge_run(NO_SUCH_CONVERSATION, 1, None).conversation == ""


def test_tools_that_were_not_permitted() -> None:
    result = make_result(permission_denials=[{"tool_name": "Bash", "tool_input": {}}, {"tool_name": "Write"}, {}])
    outcome = judge_run(result, 0, None)
    assert (outcome.kind, outcome.denied) == ("success", ["Bash", "Write", ""])


def test_which_limit_ended_it() -> None:
    reason = "it used more memory than its limit, 1 GiB"
    assert reason in judge_run(None, None, 9, end_reason=reason).message
    assert judge_run(None, 0, None).message == "it ended with an error: there was no result"


def test_of_many_complaints_the_last_are_kept() -> None:
    stderr = judge_run(None, 1, None, "", "x" * 100_000 + "end").stderr
    assert len(stderr) == MAX_STDERR_CHARS
    assert stderr.endswith("end")


def test_the_last_line_is_found() -> None:
    other = b'{"type":"assistant","message":{"content":[{"type":"text","text":"a \\"result\\""}]}}\n'
    line = json.dumps({"type": "result", "result": "here"}).encode()
    for output in (other + line + b"\n", line, line + b"\n" + other * 3, b'rest of a line"}\n' + line + b"\n\n"):
        found = find_result(output)
        assert found is not None
        assert found.result == "here"
    for output in (b"", b"\n", other, line[:-5]):
        assert find_result(output) is None
