"""The kitty keyboard protocol's stacks of flags, one for each screen, as far as output has changed them. No
I/O."""

from dataclasses import dataclass

MAX_DEPTH = 32
"""Terminals keep fewer entries than this and drop the oldest; a program that only ever pushes is not followed
further."""


@dataclass
class _Screen:
    pushed: int = 0
    is_base_changed: bool = False


class KittyKeyboard:
    """Follows ``CSI > flags u`` (push), ``CSI < n u`` (pop) and ``CSI = flags ; mode u`` (set)."""

    def __init__(self) -> None:
        self._screens = {False: _Screen(), True: _Screen()}

    def push(self, *, alternate: bool) -> None:
        screen = self._screens[alternate]
        screen.pushed = min(screen.pushed + 1, MAX_DEPTH)

    def pop(self, count: int, *, alternate: bool) -> None:
        screen = self._screens[alternate]
        screen.pushed = max(screen.pushed - max(count, 1), 0)

    def set_flags(self, flags: int, mode: int, *, alternate: bool) -> None:
        """``mode`` 1 replaces the flags, 2 adds, 3 takes away. Inside a push it ends with the push."""
        screen = self._screens[alternate]
        if screen.pushed == 0:
            screen.is_base_changed = flags != 0 or (mode != 1 and screen.is_base_changed)

    def reset(self) -> None:
        """The terminal was reset: both stacks are empty."""
        self._screens = {False: _Screen(), True: _Screen()}

    def leave_screen(self, *, alternate: bool) -> bytes:
        """What brings this screen's flags back; to be written while it is shown."""
        screen = self._screens[alternate]
        pop = b"\x1b[<%du" % screen.pushed if screen.pushed else b""
        return pop + (b"\x1b[=0;1u" if screen.is_base_changed else b"")

    @property
    def is_changed(self) -> bool:
        return any(screen.pushed or screen.is_base_changed for screen in self._screens.values())
