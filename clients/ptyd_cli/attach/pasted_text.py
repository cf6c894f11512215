"""Where in what is typed a bracketed paste (mode 2004) stands: its text is the program's, whatever it looks like.

No I/O.

Source: xterm's ctlseqs (patch 390), "Bracketed Paste Mode".
"""

PASTE_START = b"\x1b[200~"
PASTE_END = b"\x1b[201~"


class PastedText:
    """Follows one stream of input. ``is_open``: what comes next is pasted."""

    def __init__(self) -> None:
        self.is_open = False
        self._tail = b""
        """What is needed to know a bracket across reads; nothing else is remembered."""

    def begin(self) -> None:
        """PASTE_START has just come, whole."""
        self.is_open = True
        self._tail = b""

    def take(self, data: bytes, start: int) -> int:
        """While it is open: the index behind what of ``data`` from ``start`` on is pasted, with the end's bracket."""
        seen = self._tail + data[start:]
        found = seen.find(PASTE_END)
        if found < 0:
            self._tail = seen[-(len(PASTE_END) - 1) :]
            return len(data)
        end = start + found + len(PASTE_END) - len(self._tail)
        self.is_open = False
        self._tail = b""
        return end

    def follow(self, data: bytes) -> None:
        """All of ``data`` has come, and nobody cares what of it was pasted: only whether it is open behind it."""
        seen = self._tail + data
        start, end = seen.rfind(PASTE_START), seen.rfind(PASTE_END)
        if start != end:
            self.is_open = start > end
        self._tail = seen[-(len(PASTE_END) - 1) :]

    def forget_unfinished(self) -> None:
        """A bracket that had begun does not go on in what comes next. Within a paste it may."""
        if not self.is_open:
            self._tail = b""
