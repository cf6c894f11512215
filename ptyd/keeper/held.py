"""Descriptors that a daemon leaves with the keeper for the next one, by name: its listening sockets."""

import os
from collections.abc import Iterator


class HeldFds:
    """Owns one descriptor for each name."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(list(self._fds.items()))

    def hold(self, name: str, fd: int) -> None:
        """Take ownership of ``fd``; one of the same name is closed."""
        self.release(name)
        self._fds[name] = fd

    def release(self, name: str) -> None:
        fd = self._fds.pop(name, None)
        if fd is not None:
            os.close(fd)
