"""The screens of many sessions at once, to be looked at in small."""

from typing import Annotated

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import Offset, SessionRef


class MiniaturesParams(Struct, frozen=True, kw_only=True):
    """``known``: by the ids of the sessions that are wanted, up to which offset each is known; 0: not at all."""

    known: Annotated[dict[SessionRef, Offset], Meta(max_length=limits.MAX_MINIATURES)]


class Miniature(Struct, frozen=True, kw_only=True):
    """A session's screen at ``offset``. ``text``: its lines with SGR sequences, as ``capture`` has them in the format
    "vt"; without the exact screen the end of its log, without any."""

    session: str
    offset: int
    cols: int
    rows: int
    text: str
