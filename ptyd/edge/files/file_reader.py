"""Reads files that lie below a directory, and never what lies elsewhere.

The way down is walked part by part, each opened in the directory before it and never by a link: whatever a program
exchanges meanwhile, it ends below the directory or not at all. ``openat2`` would do it in one call, but many containers
forbid it.
"""

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ptyd_protocol.errors import ErrorCode, Refusal


class FilePiece(NamedTuple):
    data: bytes
    size: int
    version: str
    """Of the file itself: another one in its place has another."""


def find_relative(path: str, bases: list[Path]) -> tuple[Path, PurePosixPath]:
    """In which of ``bases`` a path lies, and where there. One that is not absolute is below the first.

    Raises:
        Refusal: in none, or it goes up.
    """
    wish = PurePosixPath(path)
    if "\0" in path or ".." in wish.parts:
        raise Refusal(ErrorCode.NOT_ALLOWED, f"{path!r}: a path that goes up (..) is not followed")
    if not wish.is_absolute():
        return bases[0], wish
    for base in bases:
        if wish.is_relative_to(base):
            return base, wish.relative_to(base)
    raise Refusal(
        ErrorCode.NOT_ALLOWED,
        f"{path!r} is outside: only what is below {bases[0]}, or was put into the session, is given out",
    )


def read_piece(base: Path, relative: PurePosixPath, offset: int, max_bytes: int, version: str, limit: int) -> FilePiece:
    """A piece of the regular file ``relative`` to ``base``. ``limit``: of the file's size, in bytes.

    Raises:
        Refusal: there is none, it is no regular file, too large, behind a link, forbidden, or not the one of
            ``version`` any more.
    """
    try:
        fd = _open_beneath(base, relative)
    except OSError as error:
        raise _explain(relative, error) from error
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        if status.st_size > limit:
            raise Refusal(
                ErrorCode.NO_RESOURCES,
                f"{str(relative)!r} has {status.st_size} bytes, and at most {limit} are given out (max_file_bytes)",
            )
        present = f"{status.st_dev:x}.{status.st_ino:x}"
        if version and version != present:
            raise Refusal(ErrorCode.UNAVAILABLE, f"{str(relative)!r} was replaced while it was read: get it again")
        return FilePiece(os.pread(fd, max_bytes, offset), status.st_size, present)
    except OSError as error:
        raise _explain(relative, error) from error
    finally:
        os.close(fd)


def _open_beneath(base: Path, relative: PurePosixPath) -> int:
    directory = os.open(base, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *parents, name = relative.parts or (".",)
        for part in parents:
            below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            os.close(directory)
            directory = below
        # A look first: to open a device is to do something with it. A pipe with nobody at it must not be waited for.
        kind = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        if not stat.S_ISREG(kind):
            raise OSError(errno.ELOOP if stat.S_ISLNK(kind) else errno.EINVAL, "no regular file")
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    finally:
        os.close(directory)


def _explain(relative: PurePosixPath, error: OSError) -> Refusal:
    name = repr(str(relative))
    match error.errno:
        case errno.ENOENT:
            return Refusal(ErrorCode.NO_SUCH_FILE, f"there is no file {name}")
        case errno.EACCES | errno.EPERM:
            return Refusal(ErrorCode.PERMISSION_DENIED, f"{name} may not be read")
        case errno.ELOOP | errno.ENOTDIR:
            # A link where a directory has to be is no directory to O_NOFOLLOW.
            return Refusal(
                ErrorCode.NOT_ALLOWED,
                f"the way to {name} leads through a symbolic link, or through what is no directory",
            )
        case errno.EINVAL:
            return Refusal(ErrorCode.NOT_ALLOWED, f"{name} is no regular file")
        case _:
            return Refusal(ErrorCode.NO_RESOURCES, f"{name} cannot be read: {error.strerror}")
