"""One thing that the user is told, and its words."""

import re
from collections.abc import Sequence

from msgspec import Struct
from ptyd_protocol.activity import Activity
from ptyd_protocol.sessions import SessionInfo

from ptyd.core.notices.options import NoticeKind

MAX_TEXT_CHARS = 300

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_MENTION = re.compile(r"(?<=[@<])(?=[\w!@#])")
_WORD_JOINER = "\u2060"


class Notice(Struct, frozen=True, kw_only=True):
    """``key``: what it is about is the same where this is. ``at``: Unix seconds."""

    kind: NoticeKind
    session: str
    title: str
    body: str
    key: str
    at: float


def describe_waiting(info: SessionInfo, activity: Activity, with_details: bool) -> tuple[str, str]:
    """Title and body."""
    what = activity.waits_for or "something"
    tool = activity.tool if activity.waits_for in ("permission", "question") else ""
    title = f"{info.name} waits for {what}" + (f": {tool}" if tool else "")
    return clean(title), _describe_details(activity, with_details)


def describe_finished(info: SessionInfo, activity: Activity, seconds: float, with_details: bool) -> tuple[str, str]:
    """``seconds``: how long it has worked."""
    outcome = "has stopped with an error" if activity.state == "idle" and activity.detail else "has finished"
    body = f"It has worked for {describe_seconds(seconds)}."
    if with_details:
        body = " ".join(part for part in (body, clean(activity.detail), _describe_details(activity, True)) if part)
    return clean(f"{info.name} {outcome}"), body


def describe_failed(info: SessionInfo) -> tuple[str, str]:
    if info.end_reason:
        how = f"was ended: {info.end_reason}"
    elif info.exit_signal is not None:
        how = f"was killed by signal {info.exit_signal}"
    else:
        how = f"has exited with status {info.exit_code}"
    return clean(f"{info.name} {how}"), ""


def describe_bell(info: SessionInfo) -> tuple[str, str]:
    return clean(f"{info.name} has rung the bell"), ""


def make_digest(notices: Sequence[Notice]) -> Notice:
    """One in place of many that are due at once."""
    first = notices[0]
    return Notice(
        kind=first.kind,
        session="",
        title=f"{len(notices)} sessions want attention",
        body="\n".join(notice.title for notice in notices),
        key="",
        at=first.at,
    )


def describe_seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes and not rest else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clean(text: str) -> str:
    """Text of a program's, harmless to whoever shows it: one line, and it calls nobody by name (``@everyone``)."""
    line = _MENTION.sub(_WORD_JOINER, _UNPRINTABLE.sub(" ", text).strip())
    return line if len(line) <= MAX_TEXT_CHARS else line[: MAX_TEXT_CHARS - 1] + "…"


def _describe_details(activity: Activity, with_details: bool) -> str:
    if not with_details:
        return ""
    parts = (activity.tool_detail, f"Prompt: {activity.prompt}" if activity.prompt else "")
    return "\n".join(clean(part) for part in parts if part)
