"""The files of runs in the runtime directory: what is asked, what their programs complain of, and who waits."""

import os
from pathlib import Path
from typing import Final

MAX_ERRORS_BYTES: Final = 1024 * 1024
"""A program's standard error may grow so far before it is cut to ..."""
KEPT_ERRORS_BYTES: Final = 64 * 1024
"""... its newest part."""


def write_private(path: Path, data: bytes) -> None:
    """Replace a file in one step; nobody but the owner can read it at any moment.

    Raises:
        OSError: no space, no permission.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    new.replace(path)


def read_errors(path: Path) -> str:
    """The newest part of what a program has complained of; nothing where there is no file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        file.seek(max(0, os.fstat(fd).st_size - KEPT_ERRORS_BYTES))
        return file.read(KEPT_ERRORS_BYTES).decode(errors="replace")


def bound_errors(path: Path) -> None:
    """Cut the file where it has grown too long. Its program appends to whatever there is."""
    try:
        if path.stat().st_size <= MAX_ERRORS_BYTES:
            return
        newest = read_errors(path).encode()
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    with os.fdopen(fd, "wb") as file:
        os.ftruncate(fd, 0)
        file.write(newest)
