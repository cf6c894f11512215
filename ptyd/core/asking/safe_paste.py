"""A text as it is pasted into a program's input line: whatever it holds, it is text there, and no key."""

import re

PASTE_BEGIN, PASTE_END = b"\x1b[200~", b"\x1b[201~"

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
"""ESC becomes ␛: so the sequence that ends a paste is none any more, and can still be read."""
_C1 = re.compile("[\x80-\x9f]")
_UNSEEN = re.compile("[\u202a-\u202e\u2060-\u2069\u200b\u200e\u200f\ufeff\u2028\u2029\u00ad]|[\ud800-\udfff]")
"""What is not seen, turns the direction of text, or cannot be written as UTF-8. What joins emoji and letters stays."""


def make_harmless(text: str) -> str:
    """Line ends become LF; control characters become their pictures."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub("", _C1.sub("\ufffd", lines.translate(_CONTROL_PICTURES)))


def build_paste(text: str) -> bytes:
    """The bytes of a bracketed paste of a harmless text."""
    return PASTE_BEGIN + text.encode() + PASTE_END
