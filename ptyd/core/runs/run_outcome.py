"""How a run ended, from its last line, the exit status and why the daemon ended it, if it did. No I/O.

The table of the CLI's exits, as measured with 2.1.329:

| case | exit | last line |
|---|---|---|
| done | 0 | success |
| the API refused, failed or was not reached | 1 | subtype "success", but is_error, terminal_reason "api_error" |
| too many turns, too expensive | 1 | error_max_turns, error_max_budget_usd |
| a flag, setting or model name that it does not take | 1 | none; the reason is on stderr |
| an unknown conversation to resume | 1 | error_during_execution with no turn |
| a tool that was not permitted | 0 | success; it is among permission_denials |
| SIGINT | 0 | error_during_execution |
| SIGTERM, SIGHUP | 143, 129 | none |
| SIGQUIT, SIGKILL | the signal | none |
"""

from typing import Any, Final

from ptyd_protocol.run_events import RunResult, read_line
from ptyd_protocol.runs import OutcomeKind, RunOutcome

SIGNAL_EXIT_CODES: Final = frozenset({129, 143})
"""128 and SIGHUP or SIGTERM: the CLI has noticed, and ended by itself."""

ASKING_SIGNALS: Final = frozenset({1, 2, 15})
"""Those that ask a program to end."""

MAX_STDERR_CHARS: Final = 8000

_MESSAGES: Final[dict[OutcomeKind, str]] = {
    "success": "",
    "api_error": "the API refused or was not reached",
    "max_turns": "the turns allowed were not enough; allow more, or resume the conversation",
    "max_budget": "the budget was spent",
    "interrupted": "it was interrupted; its conversation can be resumed",
    "timeout": "it took longer than it was allowed; allow more time, or resume the conversation",
    "refused": "Claude Code did not begin",
    "terminated": "it was told to end",
    "killed": "it was killed",
    "failed": "it ended with an error",
    "lost": "how it ended could not be seen",
}


def find_result(output: bytes) -> RunResult | None:
    """The ``result`` in the last lines of a run's output, of which the first may be the rest of one."""
    end = len(output)
    while end > 0:
        begin = output.rfind(b"\n", 0, end) + 1
        line = output[begin:end]
        if b'"result"' in line:
            event = read_line(line)
            if isinstance(event, RunResult):
                return event
        end = begin - 1
    return None


def judge_run(
    result: RunResult | None,
    code: int | None,
    signal: int | None,
    stopped_by: str = "",
    stderr: str = "",
    end_reason: str = "",
) -> RunOutcome:
    """The outcome. ``code`` and ``signal``: one of them, or neither where nobody saw the end; ``stopped_by``: as in
    RunRecord; ``end_reason``: as of the session, such as a limit that it has reached."""
    kind = _judge_kind(result, code, signal, stopped_by)
    usage = result.usage if result is not None else {}
    return RunOutcome(
        kind=kind,
        message=_explain(kind, result, end_reason or (f"signal {signal}" if signal is not None else ""), stderr),
        result=result.result if result is not None and not result.is_error else "",
        turns=result.num_turns if result is not None else 0,
        duration_ms=int(result.duration_ms) if result is not None else 0,
        cost_usd=result.total_cost_usd if result is not None else 0.0,
        input_tokens=_count(usage, "input_tokens"),
        output_tokens=_count(usage, "output_tokens"),
        cache_read_tokens=_count(usage, "cache_read_input_tokens"),
        cache_write_tokens=_count(usage, "cache_creation_input_tokens"),
        conversation=result.session_id if result is not None and result.num_turns else "",
        denied=_list_denied(result),
        api_status=result.api_error_status if result is not None else None,
        exit_code=code,
        exit_signal=signal,
        stderr=stderr[-MAX_STDERR_CHARS:],
    )


def _judge_kind(result: RunResult | None, code: int | None, signal: int | None, stopped_by: str) -> OutcomeKind:
    if result is not None and not result.is_error and result.subtype == "success":
        return "success"  # whatever happened then: the answer is there
    if stopped_by:
        return "timeout" if stopped_by == "timeout" else "interrupted"
    if result is not None:
        return _judge_failure(result, code)
    if signal is not None:
        return "terminated" if signal in ASKING_SIGNALS else "killed"
    if code is None:
        return "lost"
    if code in SIGNAL_EXIT_CODES:
        return "terminated"
    return "refused" if code == 1 else "failed"


def _judge_failure(result: RunResult, code: int | None) -> OutcomeKind:
    """Of a run that says itself that it has failed."""
    match result.subtype:
        case "error_max_turns":
            return "max_turns"
        case "error_max_budget_usd":
            return "max_budget"
        case "error_during_execution" if code == 0:
            return "interrupted"
        case "error_during_execution" if not result.num_turns:
            return "refused"
        case "success":
            return "api_error"
    return "api_error" if result.terminal_reason == "api_error" else "failed"


def _explain(kind: OutcomeKind, result: RunResult | None, by_what: str, stderr: str) -> str:
    said = ""
    if kind == "api_error" and result is not None:
        said = result.result
    elif kind in {"refused", "failed"}:
        errors = [str(error) for error in result.errors] if result is not None else []
        said = "; ".join(errors) or stderr.strip() or ("" if result is not None else "there was no result")
    elif kind in {"killed", "terminated"}:
        said = by_what
    text = _MESSAGES[kind]
    return f"{text}: {said[-1000:]}" if said else text


def _list_denied(result: RunResult | None) -> list[str]:
    denials = result.permission_denials if result is not None else []
    return [str(denial.get("tool_name", "")) for denial in denials]


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0
