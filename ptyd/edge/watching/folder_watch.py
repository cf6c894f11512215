"""A folder that is watched whether it is there already or not."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ptyd.edge.watching.inotify import CREATE, IGNORED, MOVE_SELF, MOVED_TO, OVERFLOW, FolderGone, Inotify

MAX_STEPS = 16
"""Folders come and go while we go down to it; whoever plays that game wins."""


class FolderWatch:
    """Tells of changes in ``folder``; while it is missing its nearest ancestor is watched. ``on_there`` is called
    whenever everything in it should be looked at: at the beginning, and when it has been made."""

    def __init__(
        self,
        inotify: Inotify,
        folder: Path,
        mask: int,
        on_change: Callable[[int, str], None],
        on_there: Callable[[], None],
    ) -> None:
        self._inotify = inotify
        self._folder = folder
        self._mask = mask
        self._on_change = on_change
        self._on_there = on_there
        self._number: int | None = None
        self._waits_for = ""
        """The entry of an ancestor that has to come first; empty: the folder itself is watched."""
        self._is_closed = False
        self._find()

    def close(self) -> None:
        self._is_closed = True
        self._drop()

    def _drop(self) -> None:
        if self._number is not None:
            self._inotify.unwatch(self._number, self._note)
            self._number = None

    def _find(self) -> None:
        """Watch the folder, or what is nearest to it."""
        for _ in range(MAX_STEPS):
            self._drop()
            place, missing = self._folder, ""
            while not place.is_dir() and place != place.parent:
                place, missing = place.parent, place.name
            with suppress(FolderGone):
                mask = CREATE | MOVED_TO if missing else self._mask
                self._number = self._inotify.watch(place, mask | MOVE_SELF, self._note)
                if missing and (place / missing).is_dir():
                    continue  # it was made meanwhile
                self._waits_for = missing
                if not missing:
                    self._on_there()
                return
        if self._folder.is_dir():
            self._on_there()  # it cannot be watched, so this look has to do

    def _note(self, mask: int, name: str) -> None:
        if self._is_closed:
            return
        if mask & IGNORED:
            self._number = None
        if mask & (IGNORED | MOVE_SELF):
            self._find()
        elif self._waits_for:
            if mask & OVERFLOW or name == self._waits_for:
                self._find()
        elif mask & OVERFLOW:
            self._on_there()
        else:
            self._on_change(mask, name)
