"""The end of a transcript of Claude Code: which model answered last, and how much it was given to read."""

import os
import stat
from pathlib import Path

import msgspec
from msgspec import Struct

from ptyd.core.agent_state import Facts, Observation

TAIL_BYTES = 128 * 1024
"""Of a transcript of any length. An answer with a whole file in it is longer at times: then nothing is learned."""


class Usage(Struct, frozen=True):
    input_tokens: int = 0
    cache_read_input_tokens: int | None = 0
    cache_creation_input_tokens: int | None = 0

    @property
    def context_tokens(self) -> int:
        return self.input_tokens + (self.cache_read_input_tokens or 0) + (self.cache_creation_input_tokens or 0)


class Message(Struct, frozen=True):
    model: str = ""
    usage: Usage | None = None


class Line(Struct, frozen=True, rename="camel"):
    type: str = ""
    is_sidechain: bool = False
    """A subagent's, with a context of its own."""
    message: Message | None = None


_DECODER = msgspec.json.Decoder(Line)


def read_tail(path: Path) -> bytes:
    """The last whole lines. Blocks on the disk.

    Raises:
        OSError: there is no such file, or it is none.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"{path} is no file")
        start = max(0, about.st_size - TAIL_BYTES)
        file.seek(start)
        data = file.read(TAIL_BYTES)
    return data.partition(b"\n")[2] if start else data


def observe_tail(tail: bytes, at: float) -> Observation | None:
    """None: it tells nothing."""
    for line in reversed(tail.splitlines()):
        if b'"assistant"' not in line:
            continue
        try:
            read = _DECODER.decode(line)
        except msgspec.DecodeError:
            continue  # it is being written, or of another kind
        message = read.message
        if read.type != "assistant" or read.is_sidechain or message is None or message.usage is None:
            continue
        if not message.usage.context_tokens:
            continue  # the program's own words, where the API failed
        tokens = message.usage.context_tokens
        return Observation(
            source="hook",
            at=at,
            text=f"the transcript ends with an answer of {message.model} to {tokens} tokens",
            facts=Facts(model=message.model or None, context_tokens=tokens),
        )
    return None
