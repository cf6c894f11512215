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
        # Now that nobody else can put anything there: what somebody has put there before.
        _refuse_planted(fd, path)
    finally:
        os.close(fd)


def _refuse_planted(fd: int, path: Path) -> None:
    """A directory that was open to others may hold a token that they know, or a log that is a link to a file of ours.

    Looks at the directory and at those in it: nothing of ptyd's lies deeper.
    """
    with os.scandir(fd) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            _refuse_foreign(path / entry.name, status)
            if stat.S_ISDIR(status.st_mode):
                with os.scandir(path / entry.name) as inner:
                    for one in inner:
                        _refuse_foreign(path / entry.name / one.name, one.stat(follow_symlinks=False))


def _refuse_foreign(path: Path, status: os.stat_result) -> None:
    reason = ""
    if status.st_uid != os.geteuid():
        reason = f"it belongs to user {status.st_uid}"
    elif stat.S_ISLNK(status.st_mode):
        reason = "it is a symbolic link"
    elif stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        reason = "it has a second name elsewhere (a hard link)"
    if reason:
        raise RuntimeDirError(f"{path} is not ptyd's own: {reason}; remove it if you did not expect it")
