"""The daemons of other machines that ``ptyd login`` has been let in at: token and certificate, in a private file."""

import json
import os
import stat
from pathlib import Path

import msgspec
from msgspec import Struct

from ptyd_sdk.errors import PtydError


class SavedLogin(Struct, frozen=True, kw_only=True):
    """``fingerprint``: the certificate that was shown and accepted. ``ca``: a file that vouches for it instead."""

    token: str
    fingerprint: str = ""
    ca: str = ""
    insecure: bool = False


def logins_path() -> Path:
    import platformdirs  # noqa: PLC0415 - only for other machines

    return platformdirs.user_config_path("ptyd") / "logins.json"


def load_logins() -> dict[str, SavedLogin]:
    """By base URL.

    Raises:
        PtydError: the file is damaged, or others can read it.
    """
    path = logins_path()
    try:
        status, text = path.stat(), path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PtydError(f"{path}: {error.strerror}") from error
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise PtydError(f"{path} holds tokens and is open to other users: chmod 600 it, and change the tokens")
    try:
        return msgspec.json.decode(text, type=dict[str, SavedLogin])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PtydError(f"{path}: {error}") from error


def find_login(base_url: str) -> SavedLogin | None:
    return load_logins().get(base_url)


def save_login(base_url: str, login: SavedLogin) -> None:
    _write({**load_logins(), base_url: login})


def forget_login(base_url: str) -> bool:
    """Whether there was one."""
    logins = load_logins()
    if logins.pop(base_url, None) is None:
        return False
    _write(logins)
    return True


def _write(logins: dict[str, SavedLogin]) -> None:
    """In one step, readable by nobody else at any moment."""
    path = logins_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
        json.dump(msgspec.to_builtins(logins), file, indent=2)
    new.replace(path)
