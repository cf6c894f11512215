"""Files into a session and out of it, piece by piece, and text pasted into its program.

A piece may be sent again: the same bytes come to lie in the same place, and a file that is complete stays one file. So
a transfer goes on over a broken connection and over a daemon that was replaced.
"""

from typing import Annotated

from msgspec import Meta, Struct

from ptyd_protocol import limits
from ptyd_protocol.messages import ClientId, Offset, SessionRef

FilePiece = Annotated[bytes, Meta(max_length=limits.MAX_FILE_PIECE_BYTES)]
FilePath = Annotated[str, Meta(min_length=1, max_length=limits.MAX_PATH_CHARS)]


class FilePutParams(Struct, frozen=True, kw_only=True):
    """A piece of a file for the session's private folder.

    ``upload``: made up by the client, 96 random bits at least; the same for all pieces. ``name``: what the file shall
    be called. ``size``: of the whole file, in bytes. ``offset``: where ``data`` begins in it.
    """

    upload: ClientId
    name: FilePath
    size: Offset
    offset: Offset = 0
    data: FilePiece
    session: SessionRef = ""


class FilePutResult(Struct, frozen=True, kw_only=True):
    """``received``: so many bytes are there from the beginning on: the next piece begins there, even if that is less
    than what was sent. ``path``: where the file is, once it is complete; else empty."""

    received: int
    path: str = ""


class FileGetParams(Struct, frozen=True, kw_only=True):
    """A piece of a file. ``path``: below the session's working directory, or an absolute one that leads there or into
    its private folder. ``version``: of the result before, so that all pieces are of one file; empty: any."""

    path: FilePath
    offset: Offset = 0
    max_bytes: Annotated[int, Meta(ge=1, le=limits.MAX_FILE_PIECE_BYTES)] = limits.MAX_FILE_PIECE_BYTES
    version: Annotated[str, Meta(max_length=limits.MAX_RESUME_CHARS)] = ""
    session: SessionRef = ""


class FileGetResult(Struct, frozen=True, kw_only=True):
    """``data`` is empty at the end of the file. ``size``: what it is now, in bytes."""

    data: bytes
    size: int
    version: str


class PasteParams(Struct, frozen=True, kw_only=True):
    """Text for the program, as a terminal pastes it: in brackets where the program has asked for that, without control
    characters that would end them or mean something else."""

    text: Annotated[str, Meta(min_length=1, max_length=limits.MAX_PASTE_CHARS)]
    session: SessionRef = ""
