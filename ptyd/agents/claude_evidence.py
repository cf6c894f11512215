"""What Claude Code's registry file, hooks and titles mean. All of it is the CLI's own business and may change with it:
docs/claude.md says which version each fact was checked against, tests/e2e/test_claude_facts.py when one has moved.

All of it is tolerant: what is not as expected says nothing.
"""

from typing import Any

import msgspec
from msgspec import Struct
from ptyd_protocol.activity import ActivityState, WaitsFor

from ptyd.core.agent_state import Facts, Observation, ToolUse

MAX_LINE_CHARS = 200

QUESTION_TOOL = "AskUserQuestion"

PERMISSION_WAITS = frozenset({"permission prompt", "sandbox request", "worker request"})
QUESTION_WAITS = frozenset({"input needed", "goal proposal"})

HOOK_EVENTS = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse", "PostToolUseFailure"),
    *("Notification", "PreCompact", "Stop", "StopFailure", "SessionEnd"),
)
"""Those that are asked for. Each costs a small process, so none that says nothing new."""

DECIDING_EVENTS = frozenset({"PermissionRequest"})
"""The hook waits for what the daemon answers."""


class RegistryFile(Struct, frozen=True, rename="camel"):
    """``sessions/<pid>.json`` of the configuration folder."""

    pid: int
    status: str | None = None
    waiting_for: str | None = None
    session_id: str = ""
    name: str = ""
    version: str = ""
    proc_start: str = ""
    status_updated_at: float | None = None
    """Unix milliseconds."""


class ToolInput(Struct, frozen=True):
    """Of the many inputs of tools those that say in short what a use is about."""

    command: Any = None
    file_path: Any = None
    notebook_path: Any = None
    path: Any = None
    pattern: Any = None
    url: Any = None
    query: Any = None
    description: Any = None
    skill: Any = None
    prompt: Any = None

    def describe(self) -> str:
        values = (getattr(self, name) for name in self.__struct_fields__)
        return next((first_line(value) for value in values if isinstance(value, str) and value), "")


class HookInput(Struct, frozen=True):
    """What a hook is given on its standard input, as far as it is needed."""

    hook_event_name: str = ""
    session_id: str = ""
    transcript_path: str = ""
    permission_mode: str | None = None
    source: str = ""
    reason: str = ""
    model: str | None = None
    prompt: str = ""
    tool_name: str = ""
    tool_use_id: str = ""
    tool_input: ToolInput | None = None
    notification_type: str = ""
    message: str = ""
    last_assistant_message: str | None = None
    error: Any = None
    background_tasks: list[Any] = []


def first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= MAX_LINE_CHARS else line[: MAX_LINE_CHARS - 1] + "…"


# --- the registry file


def read_registry(content: bytes) -> RegistryFile | None:
    """None: it is being rewritten, or it is of another kind."""
    try:
        return msgspec.json.decode(content, type=RegistryFile)
    except msgspec.DecodeError:
        return None


def observe_registry(file: RegistryFile, at: float) -> Observation:
    """``at``: when it was read, Unix seconds."""
    changed_at = at if file.status_updated_at is None else min(at, file.status_updated_at / 1000)
    state, waits_for = _read_status(file.status, file.waiting_for)
    waiting = f", waiting for {file.waiting_for!r}" if file.waiting_for else ""
    said = "has no status yet" if file.status is None else f"says {file.status!r}{waiting}"
    return Observation(
        source="registry",
        at=changed_at,
        text=f"the registry file {said}",
        state=state,
        waits_for=waits_for,
        detail=(file.waiting_for or "") if state == "waiting" else "",
        seen_at=at,
        facts=Facts(conversation=file.session_id or None),
    )


def _read_status(status: str | None, waiting_for: str | None) -> tuple[ActivityState | None, WaitsFor | None]:
    match status:
        case "busy":
            return "working", None
        case "idle" | "shell":  # shell: idle, while a command that it has put in the background runs
            return "idle", None
        case "waiting":
            if waiting_for in PERMISSION_WAITS:
                return "waiting", "permission"
            return "waiting", "question" if waiting_for in QUESTION_WAITS else "input"
        case _:
            return None, None


def observe_no_registry(at: float) -> Observation:
    return Observation(source="registry", at=at, text="the registry file is gone", is_withdrawal=True)


# --- hooks


def read_hook(event: str, content: bytes) -> HookInput:
    """What came by the hook for ``event``; with nothing but that name where it is not as expected."""
    try:
        hook = msgspec.json.decode(content, type=HookInput)
    except msgspec.DecodeError:
        return HookInput(hook_event_name=event)
    return hook if hook.hook_event_name else msgspec.structs.replace(hook, hook_event_name=event)


def observe_hook(hook: HookInput, at: float) -> Observation:
    seen = _OBSERVERS.get(hook.hook_event_name, _observe_other)(hook, at)
    facts = msgspec.structs.replace(
        seen.facts,
        conversation=hook.session_id or None,
        transcript=hook.transcript_path or None,
        permission_mode=hook.permission_mode,
    )
    if hook.hook_event_name == "SessionEnd":
        facts = Facts()  # of a conversation that is left
    return msgspec.structs.replace(seen, facts=facts)


def _observe_other(hook: HookInput, at: float) -> Observation:
    more = f" ({hook.reason or hook.source or hook.notification_type})"
    return _seen(hook, at, more if more != " ()" else "")


def _observe_start(hook: HookInput, at: float) -> Observation:
    if hook.source == "compact":
        return _seen(hook, at, " (compact)", facts=Facts(model=hook.model))
    facts = Facts(model=hook.model, prompt="", failure="", background_tasks=0, context_tokens=0)
    # It claims nothing of the state: it was seen to come behind the first prompt on a machine that is busy.
    return _seen(hook, at, f" ({hook.source})", facts=facts, ends_all=True)


def _observe_prompt(hook: HookInput, at: float) -> Observation:
    # The CLI submits by itself what background tasks have to tell: that is nobody's prompt.
    is_typed = not hook.prompt.lstrip().startswith("<task-notification>")
    facts = Facts(prompt=first_line(hook.prompt) if is_typed else None, failure="")
    return _seen(hook, at, state="working", facts=facts, ends_all=True)


def _observe_tool_begin(hook: HookInput, at: float) -> Observation:
    return _seen(hook, at, f" of {hook.tool_name}", state="working", begins=_tool_of(hook))


def _observe_tool_end(hook: HookInput, at: float) -> Observation:
    return _seen(hook, at, f" of {hook.tool_name}", state="working", ends=_tool_of(hook))


def _observe_request(hook: HookInput, at: float) -> Observation:
    waits_for: WaitsFor = "question" if hook.tool_name == QUESTION_TOOL else "permission"
    return _seen(hook, at, f" for {hook.tool_name}", state="waiting", waits_for=waits_for, asks_about=_tool_of(hook))


def _observe_notification(hook: HookInput, at: float) -> Observation:
    match hook.notification_type:
        case "permission_prompt":
            return _seen(hook, at, " (permission_prompt)", state="waiting", waits_for="permission")
        case "elicitation_dialog" | "elicitation_url_dialog":
            return _seen(hook, at, f" ({hook.notification_type})", state="waiting", waits_for="question")
        case "agent_needs_input":
            return _seen(hook, at, " (agent_needs_input)", state="waiting", waits_for="input")
        case "idle_prompt":
            return _seen(hook, at, " (idle_prompt)", state="idle")
        case _:
            return _observe_other(hook, at)


def _observe_compact(hook: HookInput, at: float) -> Observation:
    return _seen(hook, at, state="working")


def _observe_stop(hook: HookInput, at: float) -> Observation:
    tasks = [one for one in hook.background_tasks if not isinstance(one, dict) or one.get("status") == "running"]
    more = f" with {len(tasks)} background tasks" if tasks else ""
    return _seen(hook, at, more, state="idle", facts=Facts(background_tasks=len(tasks), failure=""))


def _observe_failure(hook: HookInput, at: float) -> Observation:
    why = first_line(hook.last_assistant_message or "") or f"error: {hook.error}"
    return _seen(hook, at, f" ({why})", state="idle", facts=Facts(failure=why))


def _seen(hook: HookInput, at: float, more: str = "", **claim: Any) -> Observation:
    return Observation(source="hook", at=at, text=f"the hook {hook.hook_event_name}{more} ran", **claim)


def _tool_of(hook: HookInput) -> ToolUse:
    return ToolUse(hook.tool_use_id, hook.tool_name, hook.tool_input.describe() if hook.tool_input else "")


_OBSERVERS = {
    "SessionStart": _observe_start,
    "UserPromptSubmit": _observe_prompt,
    "PreToolUse": _observe_tool_begin,
    "PermissionRequest": _observe_request,
    "PostToolUse": _observe_tool_end,
    "PostToolUseFailure": _observe_tool_end,
    "Notification": _observe_notification,
    "PreCompact": _observe_compact,
    "Stop": _observe_stop,
    "StopFailure": _observe_failure,
}


# --- what it writes to its terminal

_BUSY_TITLES = "◐◑◒◓"
_RESTING_TITLE = "✳"


def observe_title(title: str, at: float) -> Observation | None:
    """A spinner while it works; a star while it does not, which does not tell idle from waiting."""
    mark, name = title[:1], title[1:].strip()
    if mark and mark in _BUSY_TITLES:
        return Observation(source="title", at=at, text=f"the title of {name!r} spins", state="working")
    if mark == _RESTING_TITLE:
        return Observation(source="title", at=at, text=f"the title of {name!r} rests", state="idle", or_state="waiting")
    return None
