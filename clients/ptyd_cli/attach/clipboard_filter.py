"""Taking out of output what would fill the user's clipboard: what is pasted next may be run by a shell. No I/O.

OSC 52 (xterm), OSC 5522 (kitty) and OSC 1337;Copy (iTerm2), also where controls that terminals pass over are strewn in.
"""

import re

MAX_HEAD_BYTES = 4096
"""No program says which OSC it means in more."""

_INTRODUCER = re.compile(rb"(?:\x1b[\x00-\x17\x19\x1c-\x1f\x7f]*\]|\xc2\x9d)")
_BEGINNING = re.compile(rb"(?:\x1b[\x00-\x17\x19\x1c-\x1f\x7f]*|\xc2)\Z")
_PASSED_OVER = re.compile(rb"[\x00-\x06\x08-\x17\x19\x1c-\x1f\x7f]")
_END = re.compile(rb"\x07|\x1b\\|\xc2\x9c|[\x18\x1a]|\x1b(?=[^\\])")
_NUMBER = re.compile(rb"0*(\d*)")

_CLIPBOARDS = (b"52", b"5522")
_ITERM = b"1337"
_ITERM_VERBS = (b"copy", b"endcopy")


class ClipboardFilter:
    """Streaming: any split of the input gives the same output."""

    def __init__(self) -> None:
        self.attempts = 0
        """How often the output has tried."""
        self._held = b""
        self._is_dropping = False

    def feed(self, data: bytes) -> bytes:
        """``data`` without what fills a clipboard. The beginning of what may do so is held until it is known."""
        data, self._held = self._held + data, b""
        kept: list[bytes] = []
        position = 0
        while position < len(data):
            if self._is_dropping:
                position = self._skip_dropped(data, position)
                continue
            found = _INTRODUCER.search(data, position)
            if found is None:
                begun = _BEGINNING.search(data, max(position, len(data) - MAX_HEAD_BYTES))
                end = begun.start() if begun else len(data)
                self._held = data[end:]
                kept.append(data[position:end])
                break
            kept.append(data[position : found.start()])
            position = found.end()
            verdict = fills_clipboard(data[position : position + MAX_HEAD_BYTES])
            if verdict is None and len(data) - position < MAX_HEAD_BYTES:
                self._held = data[found.start() :]
                break
            if verdict is False:
                kept.append(found[0])
            else:
                self._is_dropping = True
                self.attempts += 1
        return b"".join(kept)

    def reset(self) -> None:
        """Forget an unfinished sequence: the output starts anew."""
        self._held, self._is_dropping = b"", False

    def _skip_dropped(self, data: bytes, start: int) -> int:
        end = _END.search(data, start)
        if end is not None:
            self._is_dropping = False
            return end.end() if end[0] != b"\x1b" else end.start()
        if data.endswith((b"\x1b", b"\xc2")):
            self._held = data[-1:]
        return len(data)


def fills_clipboard(head: bytes) -> bool | None:
    """Whether an OSC that begins so does; None: more of it must be seen."""
    ended = _END.search(head)
    text = _PASSED_OVER.sub(b"", head[: ended.start()] if ended else head)
    matched = _NUMBER.match(text)
    assert matched is not None
    number, rest = matched[1], text[matched.end() :].lower()
    if not rest and not ended:
        return None if any(one.startswith(number) for one in (*_CLIPBOARDS, _ITERM)) else False
    if number in _CLIPBOARDS:
        return True
    if number != _ITERM:
        return False
    verb = rest[1:]
    if verb.startswith(_ITERM_VERBS):
        return True
    is_open = not ended and any(one.startswith(verb) for one in _ITERM_VERBS)
    return None if is_open else False
