"""What a session's program does, in words for a line of a table."""

from ptyd_protocol.activity import Activity
from ptyd_protocol.sessions import SessionInfo

from ptyd_cli.output import age_of

ATTENTION = ("waiting", "bell")
"""States in which a program wants somebody."""

MAX_DETAIL_CHARS = 50


def wants_attention(info: SessionInfo) -> bool:
    return info.activity is not None and info.activity.state in ATTENTION


def describe_activity(info: SessionInfo) -> str:
    """``waiting for permission 3m: Bash rm -r build``, ``working 12s: Read notes.md``, ``idle 5m``; empty where it has
    ended, or the daemon does not say."""
    activity = info.activity
    if activity is None or activity.state == "exited":
        return ""
    state = f"{activity.state} for {activity.waits_for}" if activity.waits_for else activity.state
    more = _describe_more(activity)
    return f"{state} {age_of(activity.since)}" + (f": {more}" if more else "")


def _describe_more(activity: Activity) -> str:
    tool = f"{activity.tool} {activity.tool_detail}".strip()
    match activity.state:
        case "waiting":
            text = tool or activity.detail
        case "working":
            text = tool or activity.prompt
        case "idle" if activity.background_tasks:
            text = f"{activity.background_tasks} in the background"
        case _:
            text = activity.detail
    return text if len(text) <= MAX_DETAIL_CHARS else text[: MAX_DETAIL_CHARS - 1] + "…"
