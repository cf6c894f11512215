"""One line of a transcript of Claude Code, ``<config dir>/projects/<directory>/<conversation>.jsonl``. No I/O.

What is known of the lines was seen with version 2.1.329; everything is optional here, since the format is
nobody's promise. A line that is no JSON, or of a kind that says nothing to us, is None.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

MAX_LINE_BYTES = 8 * 1024 * 1024
"""A longer line (pictures, in the main) is passed over: decoding it would hold the interpreter for too long."""

TITLE_CHARS = 120


class CacheCreation(Struct, frozen=True):
    ephemeral_1h_input_tokens: int = 0


class Usage(Struct, frozen=True):
    """Tokens of one answer, as the API counts them. ``cache_creation_input_tokens`` has those of an hour in it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_creation: CacheCreation | None = None


class ModelUsage(Struct, frozen=True, rename="camel"):
    """Tokens of one model in a ``cost-state`` line."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_creation_ephemeral_1h_input_tokens: int = msgspec.field(default=0, name="cacheCreationEphemeral1hInputTokens")


class Message(Struct, frozen=True):
    """``content``: a text, or a list of blocks; only read where it is wanted."""

    id: str = ""
    role: str = ""
    model: str = ""
    content: msgspec.Raw = msgspec.Raw(b'""')
    usage: Usage | None = None


class Line(Struct, frozen=True, rename="camel"):
    """The fields that we read, of all kinds of lines."""

    type: str = ""
    timestamp: str = ""
    cwd: str = ""
    session_id: str = ""
    request_session_id: str = ""
    """Of the conversation that asked for this answer, where this one was forked from it."""
    request_ref: str = ""
    request_id: str = ""
    is_meta: bool = False
    is_sidechain: bool = False
    is_compact_summary: bool = False
    message: Message | None = None
    summary: str = ""
    custom_title: str = ""
    ai_title: str = ""
    last_prompt: str = ""
    cost_usd: float | None = msgspec.field(default=None, name="costUSD")
    """Of one answer; only old versions wrote it."""
    total_cost_usd: float | None = msgspec.field(default=None, name="totalCostUSD")
    """Of the whole conversation so far, and of what it was forked from, in a ``cost-state`` line."""
    model_usage: dict[str, ModelUsage] = {}

    @property
    def at(self) -> float:
        """Unix seconds; 0 where the line does not say."""
        try:
            return datetime.fromisoformat(self.timestamp).timestamp()
        except ValueError:
            return 0.0

    @property
    def is_inherited(self) -> bool:
        """An answer that another conversation asked for and paid for."""
        return bool(self.request_session_id) and self.request_session_id != self.session_id

    @property
    def answer_key(self) -> str:
        """The same for all lines that one answer of the API was written in, also in another conversation's file."""
        message = self.message
        return "" if message is None or not message.id else f"{message.id}/{self.request_ref or self.request_id}"


class Block(Struct, frozen=True):
    """A piece of a message."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    name: str = ""
    input: Any = None
    content: Any = None
    is_error: bool | None = None


_LINE = msgspec.json.Decoder(Line)
_ANY = msgspec.json.Decoder()
_BLOCKS = msgspec.json.Decoder(str | list[Block])

WANTED = (
    b'"user"',
    b'"assistant"',
    b'"cost-state"',
    b'"summary"',
    b'"custom-title"',
    b'"ai-title"',
    b'"last-prompt"',
)
"""A line without one of these words says nothing to us and need not be decoded."""

PASSED_OVER = (b'{"type":"api-request', b'{"type":"queue-operation"')


def parse_line(raw: bytes) -> Line | None:
    """The line, as far as it says something to us."""
    if len(raw) > MAX_LINE_BYTES or raw.startswith(PASSED_OVER) or not any(word in raw for word in WANTED):
        return None
    try:
        return _LINE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _parse_loosely(raw)


def _parse_loosely(raw: bytes) -> Line | None:
    """A line in which a field has become something else: without the fields that do not fit."""
    try:
        plain = _ANY.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if not isinstance(plain, dict):
        return None
    if isinstance(plain.get("message"), dict):
        plain["message"] = _keep_fitting(plain["message"], Message)
    return _LINE.decode(msgspec.json.encode(_keep_fitting(plain, Line)))


def _keep_fitting(plain: dict[str, Any], kind: type[Struct]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if _fits({name: value}, kind)}


def _fits(plain: dict[str, Any], kind: type[Struct]) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(plain), type=kind)
    except msgspec.MsgspecError:
        return False
    return True


def read_blocks(message: Message) -> list[Block]:
    """What the message consists of; empty where nobody knows."""
    try:
        content = _BLOCKS.decode(message.content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    return [Block(type="text", text=content)] if isinstance(content, str) else content


def plain_text(blocks: list[Block]) -> str:
    """What was said, without tools and thoughts."""
    return "\n\n".join(block.text for block in blocks if block.type == "text" and block.text)


def is_prompt(line: Line, blocks: list[Block]) -> bool:
    """Whether somebody typed it: no tool's result, and nothing that the program put in by itself."""
    return (
        line.type == "user"
        and not line.is_meta
        and not line.is_compact_summary
        and any(block.type != "tool_result" for block in blocks)
        and not plain_text(blocks).lstrip().startswith(_BY_ITSELF)
    )


_BY_ITSELF = (
    *("<local-command", "<command-name>", "<command-message>", "<task-notification>", "<system-reminder>"),
    "[Request interrupted",
)


def title_of(text: str) -> str:
    """A text's first line, for a list."""
    first = text.strip().partition("\n")[0].strip()
    return first if len(first) <= TITLE_CHARS else f"{first[: TITLE_CHARS - 1]}…"
