"""How a prompt gets into Claude Code, and how one sees what became of it. Checked against 2.1.329:

- A bracketed paste goes into the input line; Enter behind it submits. Pastes of several lines reach the model inside
  ``<pasted_content>``, with tabs as spaces. Some texts want a second Enter.
- A paste that begins with ``!`` would be run by a shell; behind an empty line it is text, and so is one with a path.
- One that begins with ``/`` and a name is a command of the CLI's own, whatever stands before it that is not seen.
- Characters that are not seen are removed, and then Enter is wanted once more.
"""

import re

import msgspec
from msgspec import Struct
from ptyd_protocol.capture import CellGrid, CellRow
from ptyd_protocol.prompts import PromptOutcome

from ptyd.core.asking.safe_paste import make_harmless

SUBMIT = b"\r"

_PROMPT_MARK = "❯"
_RULE = "─" * 10
_COMMAND = re.compile(r"/[\w:.-]+(\s|$)")
_WORDS = re.compile(r"\w")


class _Hook(Struct, frozen=True):
    prompt: str = ""
    tool_name: str = ""
    last_assistant_message: str | None = None
    error: object = None


class ClaudePrompter:
    """Agents/base.py's Prompter."""

    submit = SUBMIT

    def find_fault(self, text: str) -> str:
        harmless = make_harmless(text).strip()
        if not _WORDS.search(harmless):
            return "there is no word in the prompt"
        if (found := _COMMAND.match(harmless)) is not None:
            command = found[0].strip()
            return (
                f"Claude Code would take {command} for a command of its own: put a word before it, or use `ptyd send`"
            )
        return ""

    def prepare_text(self, text: str) -> str:
        harmless = make_harmless(text)
        return f"\n{harmless}" if harmless.lstrip()[:1] in ("!", "/") else harmless

    def find_draft(self, grid: CellGrid) -> str | None:
        for at in range(len(grid.rows) - 1, 0, -1):
            row = grid.rows[at]
            if not row.cells or row.cells[0].text != _PROMPT_MARK or not _text(grid.rows[at - 1]).startswith(_RULE):
                continue
            draft: list[str] = []
            for below in grid.rows[at:]:
                if _text(below).startswith(_RULE):
                    return "".join(draft).strip()
                draft.append(_read_typed(below, grid))
        return None

    def is_submission(self, event: str, content: bytes, text: str) -> bool:
        if event != "UserPromptSubmit":
            return False
        told, ours = ("".join(_WORDS.findall(one)) for one in (_read(content).prompt, text))
        return ours in told

    def read_tool(self, event: str, content: bytes) -> str | None:
        return _read(content).tool_name or None if event == "PreToolUse" else None

    def read_end(self, event: str, content: bytes) -> tuple[PromptOutcome, str] | None:
        hook = _read(content)
        if event == "Stop":
            return "ok", hook.last_assistant_message or ""
        if event == "StopFailure":
            return "failed", hook.last_assistant_message or str(hook.error or "")
        return None


def _read(content: bytes) -> _Hook:
    try:
        return msgspec.json.decode(content, type=_Hook)
    except msgspec.DecodeError:
        return _Hook()


def _text(row: CellRow) -> str:
    return "".join(cell.text or " " for cell in row.cells)


def _read_typed(row: CellRow, grid: CellGrid) -> str:
    """Without the mark, the cursor, and what is only proposed, which is faint."""
    typed = []
    for cell in row.cells:
        style = grid.styles[cell.style]
        if not style.faint and not style.inverse and cell.text != _PROMPT_MARK:
            typed.append(cell.text or " ")
    return "".join(typed)
