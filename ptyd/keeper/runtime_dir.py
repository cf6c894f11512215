"""The directory in which keeper and daemon meet their clients: ours alone, or nothing starts."""

import os
import stat
from pathlib import Path
from typing import Final

DIRECTORY_MODE: Final = 0o700
MAX_SOCKET_PATH_BYTES: Final = 107
"""``sun_path`` of a Unix socket address holds 108 bytes, a NUL among them."""

LONGEST_SOCKET_NAME: Final = "keeper.sock"


class RuntimeDirError(Exception):
    """The runtime directory cannot be used; the message is for a person."""


def prepare_runtime_dir(path: Path) -> Path:
    """Create the directory, or check that the one there is ours, and shut it to everybody else.

    Returns:
        The absolute path.

    Raises:
        RuntimeDirError: not ours, a symbolic link, no directory, too long a name, or it cannot be created.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the very link that is refused
    _check_length(path)
    try:
        path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        _claim_directory(path)
    except OSError as error:
        raise RuntimeDirError(f"cannot use the runtime directory {path}: {error.strerror}") from error
    return path


def _check_length(path: Path) -> None:
    if len(os.fsencode(path / LONGEST_SOCKET_NAME)) > MAX_SOCKET_PATH_BYTES:
        raise RuntimeDirError(
            f"the runtime directory's name is too long for a socket: {path} (set PTYD_DIR to a shorter one)"
        )


def _claim_directory(path: Path) -> None:
    if path.is_symlink():
        raise RuntimeDirError(f"the runtime directory is a symbolic link: {path}")
    # Everything is asked of the opened directory, so that it cannot be exchanged between check and use.
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid():
            raise RuntimeDirError(f"the runtime directory belongs to user {status.st_uid}, not to you: {path}")
        if stat.S_IMODE(status.st_mode) != DIRECTORY_MODE:
            os.fchmod(fd, DIRECTORY_MODE)
    finally:
        os.close(fd)
