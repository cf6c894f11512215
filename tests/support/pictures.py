"""Small real pictures, and what of them has come to the Messages API."""

import base64
import struct
import zlib

from tests.support.fake_messages_api import ApiRequest

SIDE_PX = 8


def make_png(red: int, green: int, blue: int) -> bytes:
    """A square of one colour."""
    rows = (b"\0" + bytes((red, green, blue)) * SIDE_PX) * SIDE_PX

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 2, 0, 0, 0)
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def pictures_of(request: ApiRequest) -> list[bytes]:
    """The pictures in the user's newest message, decoded."""
    for message in reversed(request.body["messages"]):
        if message["role"] == "user" and not isinstance(message["content"], str):
            return [
                base64.b64decode(block["source"]["data"])
                for block in message["content"]
                if block.get("type") == "image"
            ]
    return []
