"""The lines of a run as typed events. Sans-I/O: bytes of the output in, events out.

What the CLI says changes often. So every event keeps the whole line (``raw``); kinds and fields that nobody knows are
handed on (``RunOther``), and a line that is not what its kind should be is told with the reason instead of ending
anything.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ptyd_protocol import limits


class RunEvent(Struct, kw_only=True):
    """One line. ``offset``: where it begins in the session's output; ``raw``: all of it, as it came."""

    offset: int = 0
    raw: dict[str, Any] = {}


class RunBegan(RunEvent, kw_only=True):
    """``system/init``: the CLI is ready; once more where a turn begins anew."""

    session_id: str = ""
    """Of the conversation."""
    model: str = ""
    cwd: str = ""
    tools: list[str] = []
    permission_mode: str = msgspec.field(default="", name="permissionMode")


class TextBlock(Struct, kw_only=True, tag_field="type", tag="text"):
    text: str = ""


class ThinkingBlock(Struct, kw_only=True, tag_field="type", tag="thinking"):
    thinking: str = ""


class ToolUseBlock(Struct, kw_only=True, tag_field="type", tag="tool_use"):
    """The program wants to use a tool, with this input."""

    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}


class ToolResultBlock(Struct, kw_only=True, tag_field="type", tag="tool_result"):
    """What came of it. ``content``: text, or blocks of it."""

    tool_use_id: str = ""
    content: Any = ""
    is_error: bool | None = None

    @property
    def text(self) -> str:
        """The text in ``content``."""
        if isinstance(self.content, str):
            return self.content
        blocks = self.content if isinstance(self.content, list) else []
        return "\n".join(str(block.get("text", "")) for block in blocks if isinstance(block, dict) and "text" in block)


class OtherBlock(Struct, kw_only=True):
    """A kind of block that nobody knows yet."""

    raw: Any = None


Block = TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | OtherBlock


class RunMessage(RunEvent, kw_only=True):
    """A whole message: of the model ("assistant"), or what tools gave it back ("user")."""

    role: str = ""
    blocks: list[Block] = []
    parent_tool_use_id: str | None = None
    """The tool use that it belongs to, where a subagent speaks."""

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks if isinstance(block, TextBlock))


class RunPartial(RunEvent, kw_only=True):
    """``stream_event``: a piece of a message that comes whole later. ``text``: what it adds to a text."""

    kind: str = ""
    """As the API calls it: "content_block_delta", ..."""
    text: str = ""
    parent_tool_use_id: str | None = None


class RunResult(RunEvent, kw_only=True):
    """``result``, the last line. ``is_error`` counts, and not ``subtype``, which is "success" where the API refused."""

    subtype: str = ""
    is_error: bool = False
    result: str = ""
    errors: list[Any] = []
    num_turns: int = 0
    duration_ms: float = 0
    total_cost_usd: float = 0.0
    usage: dict[str, Any] = {}
    permission_denials: list[dict[str, Any]] = []
    terminal_reason: str | None = None
    api_error_status: int | None = None
    session_id: str = ""


class RunOther(RunEvent, kw_only=True):
    """Any other line: a status, a retry, what nobody knows yet, or (``problem``) what is not as it should be."""

    type: str = ""
    subtype: str = ""
    problem: str = ""


class RunGap(RunEvent, kw_only=True):
    """Output is missing: it was overwritten before it could be read, or a line was too long. ``skipped``: bytes, as far
    as known."""

    skipped: int = 0
    problem: str = ""


T = TypeVar("T")

AnyRunEvent = RunBegan | RunMessage | RunPartial | RunResult | RunOther | RunGap


class RunReader:
    """Cuts output into lines. ``offset``: where the output that it will be given begins. Only 0 is certainly the
    beginning of a line; elsewhere the rest of a line whose beginning is gone is left out."""

    def __init__(self, offset: int = 0, max_line_bytes: int = limits.MAX_RUN_LINE_BYTES) -> None:
        self._max_line_bytes = max_line_bytes
        self._offset = offset
        """Of the next byte to be fed."""
        self._line = bytearray()
        self._is_unsure = offset > 0
        """Whether what is next may be the rest of a line."""
        self._left_out = 0
        """Bytes of a line that is too long; 0: it is not."""

    def feed(self, data: bytes, offset: int | None = None) -> list[AnyRunEvent]:
        """The events that ``data``, which begins at ``offset`` (None: where the data before ended), makes complete."""
        events: list[AnyRunEvent] = []
        if offset is not None and offset != self._offset:
            events.append(self._jump(offset))
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            self._take(data[begin:end])
            events += self._end_line()
            self._offset += 1
            begin = end + 1
        self._take(data[begin:])
        return events

    def finish(self) -> list[AnyRunEvent]:
        """The output has ended: what is left is a line without its end."""
        return self._end_line()

    def _jump(self, offset: int) -> RunGap:
        """What is before ``offset`` will not come."""
        begin = self._offset - len(self._line) - self._left_out
        self._line.clear()
        self._left_out = 0
        self._is_unsure = offset > 0
        self._offset = offset
        skipped = max(0, offset - begin)
        return RunGap(
            offset=begin, skipped=skipped, problem=f"{skipped} bytes were overwritten before they could be read"
        )

    def _take(self, piece: bytes) -> None:
        self._offset += len(piece)
        if self._left_out or len(self._line) + len(piece) > self._max_line_bytes:
            self._left_out += len(self._line) + len(piece)
            self._line.clear()
        else:
            self._line += piece

    def _end_line(self) -> list[AnyRunEvent]:
        """The line that has been taken, which ends at ``self._offset``."""
        line, self._line = bytes(self._line), bytearray()
        left_out, self._left_out = self._left_out, 0
        was_unsure, self._is_unsure = self._is_unsure, False
        if left_out:
            problem = f"a line of {left_out} bytes was left out: {self._max_line_bytes} are the most that is read"
            return [RunGap(offset=self._offset - left_out, skipped=left_out, problem=problem)]
        if not line.strip():
            return []
        event = read_line(line, self._offset - len(line))
        # The rest of a JSON object is never one itself.
        is_rest = was_unsure and isinstance(event, RunOther) and event.problem
        return [] if is_rest else [event]


def read_line(line: bytes, offset: int = 0) -> AnyRunEvent:
    """One line as an event; never fails."""
    try:
        raw = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return RunOther(offset=offset, problem=f"not JSON: {error}", raw={"text": line.decode(errors="replace")[:1000]})
    if not isinstance(raw, dict):
        return RunOther(offset=offset, problem="not a JSON object", raw={"value": raw})
    try:
        event = _read_object(raw)
    except (msgspec.ValidationError, TypeError, AttributeError) as error:
        event = _read_other(raw)
        event.problem = f"a line of type {event.type!r} is not as expected: {error}"
    event.offset, event.raw = offset, raw
    return event


def _read_object(raw: dict[str, Any]) -> AnyRunEvent:
    match raw.get("type"), raw.get("subtype"):
        case "system", "init":
            return _convert(raw, RunBegan)
        case (("assistant" | "user"), _):
            return _read_message(raw)
        case "stream_event", _:
            return _read_partial(raw)
        case "result", _:
            return _convert(raw, RunResult)
    return _read_other(raw)


def _convert(raw: dict[str, Any], kind: type[T]) -> T:
    """``raw`` as a structure; what is null counts as not said."""
    own = {name: value for name, value in raw.items() if value is not None and name not in ("offset", "raw")}
    return msgspec.convert(own, kind)


def _read_message(raw: dict[str, Any]) -> RunMessage:
    message = raw["message"] if isinstance(raw.get("message"), dict) else {}
    content = message.get("content", [])
    blocks: list[Block] = (
        [TextBlock(text=content)] if isinstance(content, str) else [_read_block(one) for one in content]
    )
    return RunMessage(role=str(raw["type"]), blocks=blocks, parent_tool_use_id=_text_or_none(raw, "parent_tool_use_id"))


def _read_block(raw: Any) -> Block:
    try:
        return msgspec.convert(raw, TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock)
    except msgspec.ValidationError:
        return OtherBlock(raw=raw)


def _read_partial(raw: dict[str, Any]) -> RunPartial:
    event = raw["event"] if isinstance(raw.get("event"), dict) else {}
    delta = event["delta"] if isinstance(event.get("delta"), dict) else {}
    return RunPartial(
        kind=str(event.get("type", "")),
        text=str(delta.get("text", "")) if delta.get("type") == "text_delta" else "",
        parent_tool_use_id=_text_or_none(raw, "parent_tool_use_id"),
    )


def _read_other(raw: dict[str, Any]) -> RunOther:
    return RunOther(type=str(raw.get("type", "")), subtype=str(raw.get("subtype", "")))


def _text_or_none(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) else None
