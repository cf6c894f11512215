"""Where output may be cut so that a terminal that begins there shows as little nonsense as possible."""

SEARCH_BYTES = 16 * 1024
"""How far a better place is looked for."""

_LINE_FEED = 0x0A
_ESCAPE = 0x1B


def find_safe_boundary(data: bytes | memoryview) -> int:
    """Index in ``data`` at which to begin: behind the first line feed, else at the first escape, else at the first
    byte that begins a character; 0 where there is none of these."""
    head = bytes(data[:SEARCH_BYTES])
    line_feed = head.find(_LINE_FEED)
    if line_feed >= 0:
        return line_feed + 1
    escape = head.find(_ESCAPE)
    if escape >= 0:
        return escape
    # 0b10xxxxxx continues a character of UTF-8.
    return next((index for index, byte in enumerate(head) if byte & 0xC0 != 0x80), 0)
