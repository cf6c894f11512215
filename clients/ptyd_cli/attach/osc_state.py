"""What OSC sequences have changed in the outer terminal: colours, title, an open link, a progress bar. No
I/O."""

_TITLE_NUMBERS = frozenset({0, 2})
_PALETTE, _SPECIAL = 4, 5
_DYNAMIC = range(10, 20)
_RESET_OFFSET = 100
"""OSC 104 takes OSC 4 back, 110 takes 10 back, and so on."""


class OscState:
    """Fed with the text of each complete OSC sequence, without its ``ESC ]`` and its end."""

    def __init__(self) -> None:
        self.title: bytes | None = None
        """The title last set, None before any was."""
        self._palette: dict[int, set[int]] = {_PALETTE: set(), _SPECIAL: set()}
        self._dynamic: set[int] = set()
        self._is_link_open = False
        self._has_progress = False

    def take(self, text: bytes) -> None:
        number_text, _, rest = text.partition(b";")
        if not number_text.isdigit():
            return
        number = int(number_text)
        fields = rest.split(b";") if rest else []
        if number in _TITLE_NUMBERS:
            self.title = rest
        elif number in self._palette:
            pairs = zip(fields[::2], fields[1::2], strict=False)
            self._palette[number].update(int(i) for i, spec in pairs if i.isdigit() and spec != b"?")
        elif number in _DYNAMIC:
            # A second field belongs to the next number: OSC 10;fg;bg.
            self._dynamic.update(number + place for place, spec in enumerate(fields) if spec not in (b"", b"?"))
        elif number - _RESET_OFFSET in self._palette:
            changed = self._palette[number - _RESET_OFFSET]
            changed.difference_update([int(i) for i in fields if i.isdigit()] or set(changed))
        elif number - _RESET_OFFSET in _DYNAMIC:
            self._dynamic.discard(number - _RESET_OFFSET)
        elif number == 8:
            self._is_link_open = bool(rest.partition(b";")[2])
        elif number == 9 and fields[:1] == [b"4"]:
            self._has_progress = fields[1:2] not in ([], [b"0"], [b""])

    def leave(self) -> bytes:
        """The sequences that take every change back, but for the title (see TerminalModes)."""
        parts = []
        for number, changed in self._palette.items():
            if changed:
                indexes = ";".join(map(str, sorted(changed)))
                parts.append(f"{number + _RESET_OFFSET};{indexes}")
        parts += [str(number + _RESET_OFFSET) for number in sorted(self._dynamic)]
        if self._is_link_open:
            parts.append("8;;")
        if self._has_progress:
            parts.append("9;4;0")
        return "".join(f"\x1b]{part}\x1b\\" for part in parts).encode()

    def reset(self) -> None:
        """The terminal was reset (RIS). Terminals differ in whether colours are: those stay marked as
        changed."""
        self._is_link_open = False
