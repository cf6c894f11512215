"""Where the daemon of this user is to be found. The only place that computes the runtime directory."""

import os
import stat
from pathlib import Path
from typing import Final

from ptyd_sdk.errors import DaemonUnreachable

DAEMON_SOCKET: Final = "ptyd.sock"
KEEPER_SOCKET: Final = "keeper.sock"
TOKEN_FILE: Final = "token"


def runtime_dir() -> Path:
    """``$PTYD_DIR``, else where ``$PTYD_SOCKET`` is (inside a session: its own daemon's), else
    ``$XDG_RUNTIME_DIR/ptyd``, else ``ptyd-<uid>`` among the temporary files.

    It need not exist.
    """
    if chosen := os.environ.get("PTYD_DIR"):
        return Path(chosen).absolute()
    if socket := os.environ.get("PTYD_SOCKET"):
        return Path(socket).absolute().parent
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "ptyd"
    import tempfile  # noqa: PLC0415 - takes 10 ms, and is seldom needed

    return Path(tempfile.gettempdir()) / f"ptyd-{os.getuid()}"


def socket_path(directory: Path | None = None) -> Path:
    """The daemon's Unix socket."""
    return (directory or runtime_dir()) / DAEMON_SOCKET


def keeper_socket_path(directory: Path | None = None) -> Path:
    return (directory or runtime_dir()) / KEEPER_SOCKET


def token_path(directory: Path | None = None) -> Path:
    """The file (mode 0600) that holds the bearer token for TCP."""
    return (directory or runtime_dir()) / TOKEN_FILE


def check_runtime_dir(directory: Path) -> None:
    """Make sure that nobody else can have put a socket there for us to trust.

    Raises:
        DaemonUnreachable: there is no such directory, it is a link, or it belongs or is open to others.
    """
    try:
        status = directory.lstat()
    except OSError as error:
        raise DaemonUnreachable(f"no ptyd daemon runs: {directory}: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise DaemonUnreachable(f"{directory} is not a directory")
    if status.st_uid != os.geteuid():
        raise DaemonUnreachable(f"{directory} belongs to user {status.st_uid}, not to you")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise DaemonUnreachable(f"{directory} is open to other users (its mode should be 0700)")
