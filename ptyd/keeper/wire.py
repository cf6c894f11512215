"""What travels over ``keeper.sock``: one JSON object per SEQPACKET datagram, file descriptors beside it."""

import json
from typing import Any, Final, TypeAlias

Message: TypeAlias = dict[str, Any]

SOCKET_NAME: Final = "keeper.sock"

MAX_DATAGRAM_BYTES: Final = 256 * 1024
"""Longest datagram accepted. A Linux kernel left at its defaults carries 416 KiB in one."""

SEND_BUFFER_BYTES: Final = 1024 * 1024
"""Asked for with SO_SNDBUF, the bound of a datagram; the kernel grants what net.core.wmem_max allows."""

MAX_FDS: Final = 8
"""File descriptors read beside one datagram; the wire uses four at most."""


class WireError(Exception):
    """A datagram that is not one JSON object of the agreed size."""


def encode(message: Message) -> bytes:
    """The datagram of a message. Lone surrogates (``os.fsdecode`` of no UTF-8) pass through."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def decode(datagram: bytes) -> Message:
    """The message in a datagram.

    Raises:
        WireError: it is not one JSON object.
    """
    try:
        message = json.loads(datagram)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise WireError("not a JSON object")
    return message
