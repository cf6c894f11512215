"""What Claude Code's PermissionRequest hook asks, and what it is to be answered. Checked against 2.1.329:

- The dialog is shown while the hook waits, and both can answer; the first counts. Where Esc or a denial in the
  dialog was first, the hook gets SIGTERM; where an allowance was, it waits on, and its answer is not looked at.
- The hook's input has no id of the tool use: that is PreToolUse's, with the same tool and input.
- ``AskUserQuestion`` is asked in the same way, and answered by its input with ``answers`` in it.
- Several of one turn are asked at once, and answered in any order.
"""

from typing import Any, cast

import msgspec
from msgspec import Struct
from ptyd_protocol.approvals import ApprovalKind

from ptyd.agents.base import Answer, AskedFor
from ptyd.agents.claude_evidence import QUESTION_TOOL, ToolInput

DENIAL = "The user denied this."
MAX_DETAIL_CHARS = 500

_REFUSED = "The user doesn't want to"
"""With this begins what the program tells the model where its own dialog was answered with no."""


class _Request(Struct, frozen=True):
    tool_name: str = ""
    tool_input: Any = None
    permission_suggestions: list[Any] = []
    cwd: str = ""
    transcript_path: str = ""


class ClaudeApprover:
    """Reads and answers such hooks (agents/base.py's Approver)."""

    def read_request(self, content: bytes) -> AskedFor | None:
        try:
            asked = msgspec.json.decode(content, type=_Request)
        except msgspec.DecodeError:
            return None
        if not asked.tool_name:
            return None
        is_question = asked.tool_name == QUESTION_TOOL
        kind: ApprovalKind = "question" if is_question else "permission"
        tool_input = asked.tool_input if isinstance(asked.tool_input, dict) else {}
        return AskedFor(
            kind=kind,
            tool=asked.tool_name,
            input=tool_input,
            subject=_find_subject(tool_input),
            cwd=asked.cwd,
            transcript=asked.transcript_path,
            suggestions=tuple(asked.permission_suggestions),
            suggestion_words=tuple(describe_suggestion(one) for one in asked.permission_suggestions),
            questions=tuple(_list_questions(tool_input)) if is_question else (),
        )

    def build_answer(self, asked: AskedFor, answer: Answer) -> bytes:
        decision: dict[str, Any] = {"behavior": answer.decision}
        if answer.decision == "deny":
            decision["message"] = answer.message or DENIAL
            if answer.interrupt:
                decision["interrupt"] = True
        elif asked.kind == "question":
            decision["updatedInput"] = {**asked.input, "answers": dict(answer.answers)}
        if answer.always is not None:
            decision["updatedPermissions"] = [asked.suggestions[answer.always]]
        output = {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}}
        return msgspec.json.encode(output)

    def denial_words(self, message: str) -> str:
        return message or DENIAL

    def describe_edit(self, asked: AskedFor) -> tuple[str, list[tuple[str, str, bool]]] | None:
        path = asked.input.get("file_path") or asked.input.get("notebook_path")
        if not isinstance(path, str):
            return None
        match asked.tool:
            case "Write":
                return path, [("", _text(asked.input, "content"), True)]
            case "Edit":
                return path, [_read_edit(asked.input)]
            case "MultiEdit":
                edits = asked.input.get("edits")
                return path, [_read_edit(one) for one in edits if isinstance(one, dict)] if isinstance(
                    edits, list
                ) else []
            case _:
                return None

    def find_result(self, line: bytes, tool_use: str) -> tuple[bool, str] | None:
        """A tool's result in a line of the transcript: whether it is an error, and its text."""
        if tool_use.encode() not in line or b"tool_result" not in line:
            return None
        try:
            blocks = msgspec.json.decode(line)["message"]["content"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return None
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, dict) and block.get("tool_use_id") == tool_use:
                return block.get("is_error") is True, str(block.get("content", ""))
        return None

    def is_refusal(self, text: str) -> bool:
        return text.startswith(_REFUSED)


def _find_subject(tool_input: dict[str, Any]) -> str:
    """The whole of what the tool is to work on: its command, path, address."""
    for name in ToolInput.__struct_fields__:
        value = tool_input.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _list_questions(tool_input: dict[str, Any]) -> list[str]:
    questions = tool_input.get("questions")
    texts = [one.get("question") for one in questions if isinstance(one, dict)] if isinstance(questions, list) else []
    return [text for text in texts if isinstance(text, str)]


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _read_edit(edit: dict[str, Any]) -> tuple[str, str, bool]:
    return _text(edit, "old_string"), _text(edit, "new_string"), edit.get("replace_all") is True


def describe_suggestion(suggestion: Any) -> str:
    """For a person: what is allowed for good by it, and where that is noted."""
    if not isinstance(suggestion, dict):
        return str(suggestion)[:MAX_DETAIL_CHARS]
    place = _PLACES.get(suggestion.get("destination", ""), str(suggestion.get("destination", "")))
    match suggestion.get("type"):
        case "addRules" | "replaceRules":
            rules = cast(list[Any], suggestion.get("rules") or [])
            words = ", ".join(_describe_rule(rule) for rule in rules if isinstance(rule, dict))
            text = f"{suggestion.get('behavior', 'allow')} {words}"
        case "setMode":
            text = f"switch to the mode {suggestion.get('mode')}"
        case "addDirectories":
            text = "allow access to " + ", ".join(str(one) for one in suggestion.get("directories") or [])
        case other:
            text = str(other)
    return f"{text} ({place})"[:MAX_DETAIL_CHARS]


def _describe_rule(rule: dict[str, Any]) -> str:
    content = rule.get("ruleContent")
    return f"{rule.get('toolName')}({content})" if content else str(rule.get("toolName"))


_PLACES = {
    "session": "for this session",
    "localSettings": "in this project, for you",
    "projectSettings": "in this project, for everybody",
    "userSettings": "in all projects",
    "cliArg": "for this session",
}
