"""What the verbs about approvals share."""

import json
import textwrap
from typing import Any

import click
from ptyd_protocol.approvals import AnswerApprovalParams, Approval, ApprovalsParams

from ptyd_cli.calls import ask_about_session
from ptyd_cli.output import age_of, print_json, printable

approval_argument = click.argument("ref", metavar="[ID|NAME]", required=False, default="")

INDENT = "    "


def fetch_approvals(session: str | None = None, *, closed: bool = False) -> list[Approval]:
    result: list[Approval] = ask_about_session("approvals", ApprovalsParams(session=session, closed=closed))
    return result


def find_approval(ref: str) -> Approval:
    """The one that ``ref`` means: its id, else the only one that waits in the session of that name.

    Raises:
        click.UsageError: none waits, or several do.
    """
    listed = fetch_approvals(closed=True)
    for one in listed:
        if ref == one.id:
            return one
    waiting = [one for one in (fetch_approvals(ref) if ref else listed) if one.state == "waiting"]
    where = f" in session {ref}" if ref else ""
    if not waiting:
        raise click.UsageError(f"nothing waits for an answer{where}")
    if len(waiting) > 1:
        lines = "\n".join(f"  {one.id}  {describe(one)}" for one in waiting)
        raise click.UsageError(f"{len(waiting)} wait for an answer{where}; say which:\n{lines}")
    return waiting[0]


def give_answer(params: AnswerApprovalParams, *, is_json: bool) -> int:
    """Answer, and say what came of it; the exit code."""
    answered: Approval = ask_about_session("answer_approval", params)
    if is_json:
        print_json(answered)
    else:
        print(describe_outcome(answered))
    return 0 if answered.state == "answered" and answered.decision == params.decision else 1


def describe(one: Approval) -> str:
    """``build: Bash make install``."""
    return printable(f"{one.name}: {one.tool} {one.detail}".rstrip())


def describe_outcome(one: Approval) -> str:
    word = {"allow": "allowed", "deny": "denied", None: "answered"}[one.decision]
    where = " in its terminal" if one.answered_how == "terminal" else ""
    text = f"{word}{where}: {describe(one)}"
    return f"{text} ({printable(one.problem)})" if one.problem else text


def format_approval(one: Approval) -> str:
    """A line, and what is asked below it."""
    state = describe_state(one)
    lines = [f"{one.id}  {printable(one.name)}  {printable(one.tool)}  {age_of(one.asked_at)}{state}"]
    lines += [INDENT + line for line in _format_input(one)]
    lines += [f"{INDENT}{number}. always: {printable(text)}" for number, text in enumerate(one.suggestions, 1)]
    return "\n".join(lines)


def describe_state(one: Approval) -> str:
    if one.state == "waiting":
        return ""
    word = {"allow": "allowed", "deny": "denied", None: one.state}[one.decision]
    by = one.answered_by or ("its terminal" if one.answered_how == "terminal" else "")
    problem = f" ({one.problem})" if one.problem else ""
    return printable(f"  {word}{f' by {by}' if by else ''}{problem}")


def _format_input(one: Approval) -> list[str]:
    if one.diff:
        return [printable(line) for line in one.diff.splitlines()]
    if one.kind == "question":
        return list(_format_questions(one.input))
    lines = []
    for name, value in one.input.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        first, *rest = text.splitlines() or [""]
        lines += [printable(f"{name}: {first}"), *(printable(f"  {line}") for line in rest)]
    return lines


def _format_questions(values: dict[str, Any]) -> list[str]:
    lines = []
    for question in values.get("questions", []):
        lines.append(printable(str(question.get("question", ""))))
        for option in question.get("options", []):
            words = f"{option.get('label', '')} - {option.get('description', '')}"
            lines += [f"  * {printable(line)}" for line in textwrap.wrap(words, 100)[:1]]
    return lines
